"""Stage `gate`: may this candidate be released? Base and candidate, the same questions, the same index, one profile.

Both models are served by the product itself on real vLLM and asked through `Client`; likelihoods come from the same
servers. Rule suites are asked of a product without a model while the engines start. The report is published whether
it passed or not: `medmodel.release` refuses what did not. A call that failed is counted and fails the gate.

Rows are kept as they come, in answers/<model>/<suite>.jsonl, so a killed gate goes on where it stopped, and a model
whose rows are all there is not started again.

    medmodel run demo --until gate
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from evals import report
from evals.profiles import Gate, Rows, decide, load_profile
from evals.run import errors, is_complete, measure
from evals.subjects import RunningProduct, running_product
from evals.suite import Material, Part, Scored, Subject, Suite
from medmodel import registry
from medmodel.artifacts import Artifact, write_atomic
from medmodel.job import Job
from medmodel.records import Case, ChoiceItem, Document, Example, GateReport, Passage

CANDIDATE, BASE = "candidate", "base"
ENGINE = "vllm"


def run(job: Job) -> dict[str, Any]:
    """Measure, decide, and write report.json and report.html; returns what `medmodel status` shows."""
    return hold(job, ENGINE)


def hold(job: Job, engine: str) -> dict[str, Any]:
    gates = load_profile(job.config.profile)
    material = read_material(job.inputs)
    suites: dict[str, Suite[Any]] = {name: registry.get("suite", name)(material) for name in {gate.suite for gate in gates}}
    rows = _measure_all(job, parts(gates), suites, engine)
    decided = conclude(job, gates, suites, rows)
    write_atomic(job.out / "report.json", decided.model_dump_json(indent=1))
    write_atomic(job.out / "report.html", report.gate_page(decided, rows))
    missed = [result.gate for result in decided.results if result.gated and not result.passed]
    return {"passed": decided.passed, "missed": missed, "errors": decided.errors, "items": sum(len(r) for r in rows.values())}


def read_material(inputs: Mapping[str, Artifact]) -> Material:
    """Everything the suites draw on, from the stage's inputs."""
    return Material(
        cases=list(inputs["examples"].read("cases", Case)),
        choices=list(inputs["examples"].read("choices", ChoiceItem)),
        documents=list(inputs["documents"].read("documents", Document)),
        examples=list(inputs["examples"].read("examples", Example)),
        passages={passage.id: passage for passage in inputs["index"].read("passages", Passage)},
    )


def parts(gates: Sequence[Gate]) -> list[Part]:
    """What must be measured for these gates: the base only where a gate compares with it."""
    needed = {Part(CANDIDATE, gate.suite) for gate in gates} | {Part(BASE, gate.suite) for gate in gates if gate.baseline}
    return sorted(needed)


def conclude(
    job: Job, gates: Sequence[Gate], suites: Mapping[str, Suite[Any]], rows: Mapping[Part, Sequence[Scored]]
) -> GateReport:
    """Every gate decided, with what its suite has to say beside it."""
    results = []
    for gate in gates:
        measured = Rows(rows[Part(CANDIDATE, gate.suite)], rows.get(Part(BASE, gate.suite), ()) if gate.baseline else ())
        beside = {CANDIDATE: suites[gate.suite].detail(measured.candidate)}
        if gate.baseline:
            beside[BASE] = suites[gate.suite].detail(measured.baseline)
        result = decide(gate, measured)
        results.append(result.model_copy(update={"detail": {**result.detail, **{k: v for k, v in beside.items() if v}}}))
    answered = (row.answer.engine for row in rows.get(Part(CANDIDATE, "grounding"), ()) if row.answer)
    return GateReport(
        profile=job.config.profile,
        candidate=job.inputs[CANDIDATE].digest,
        index=job.inputs["index"].digest,
        baseline=job.inputs[BASE].digest,
        engine=next(answered, ""),
        results=tuple(results),
        errors=sum(errors(found) for found in rows.values()),
    )


def _measure_all(job: Job, todo: Sequence[Part], suites: Mapping[str, Suite[Any]], engine: str) -> dict[Part, list[Scored]]:
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
            # Gates compare first tries: the base's answers are read by nobody, and nearly all of them would be asked twice.
            model = job.inputs[role].path / "model"
            return own, own.enter_context(running_product(model, index, engine, repair=role == CANDIDATE))

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


def kept(out: Path, part: Part) -> Path:
    return out / "answers" / part.role / f"{part.suite}.jsonl"
