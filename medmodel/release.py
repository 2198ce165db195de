"""A candidate and its passing gate report, made into a signed folder; and the check before anything in it is loaded.

    model/ index/ README.md recipe.lock.yaml lineage.json
    gate/             report.json with its signature and the rows it was made from, and the page made from these
    manifest.json     SHA-256 and size of every file above
    signer.pub        the public key; its fingerprint is what a server trusts
    model.sig         OpenSSF model-signing bundle over the whole folder

A release refuses a candidate whose report failed, is about another candidate, is missing, or does not follow from its rows
(`python -m evals verify`, which the stage runs). Loading refuses a folder with any byte changed, added or removed, and
names the file; and a signer whose fingerprint is not configured. Every release signed with the development key
(`medmodel.keys`) says "development". No command makes a release without a gate; `build_release` can, for tests, and such a
folder says "ungated" wherever it is shown.

A gate that did not pass can be overridden by somebody who gives a reason and a name; both are in the release, its README
and its badge. Calls that failed cannot: nothing is known of them.

    medmodel release demo        medmodel serve --release R
    medmodel release demo --override choice --reason "…" --by "…"
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from medmodel.artifacts import Manifest, hash_files, lineage, open_artifact, write_atomic
from medmodel.errors import GateFailed, InputError, ReleaseRefused, UnknownName
from medmodel.job import Job
from medmodel.keys import key_name, private_key, public_fingerprint, public_pem, require_trust
from medmodel.records import GateReport, GateResult, Override, Record

SIGNATURE = "model.sig"
PUBLIC_KEY = "signer.pub"
OVERRIDES = "overrides.json"  # in gate/, beside the report
VERDICTS = {"pass": "pass", "fail": "FAIL", "cannot tell": "CANNOT TELL", "not gated": "info"}
UNLISTED = (SIGNATURE, PUBLIC_KEY)  # in the signature or beside it, so not in the manifest


class ReleaseInfo(Record):
    """What a verified release says of itself: shown as the badge."""

    name: str
    fingerprint: str  # SHA-256 of the signer's public key (DER)
    key: str  # "development", or the name of the key file, as the signer wrote it into the signed manifest
    digest: str  # SHA-256 of manifest.json: which release this is
    gated: bool
    report: GateReport | None = None
    overrides: tuple[Override, ...] = ()


def run(job: Job) -> dict[str, Any]:
    """Stage `release`. Raises GateFailed with the table of what missed by how much."""
    job.clear()
    model, index, gate = (job.inputs[role] for role in ("model", "index", "gate"))
    report = GateReport.model_validate_json((gate.path / "report.json").read_bytes())
    today = datetime.now(UTC).date()
    overrides = tuple(override.model_copy(update={"on": today}) for override in job.config.overrides)
    check_report(report, candidate=model.digest, index=index.digest, overrides=overrides)
    manifests = [manifest for role in ("model", "index", "gate") for manifest in lineage(job.inputs[role].path)]
    unique = {manifest.key: manifest for manifest in manifests}
    build_release(
        job.out / "release",
        name=job.config.name,
        model=model.path / "model",
        index=index.path,
        report=report,
        evidence=gate.path,
        overrides=overrides,
        manifests=list(unique.values()),
        licence=job.config.licence,
        key=job.config.key,
    )
    info = verify_release(job.out / "release", trust=[public_fingerprint(job.out / "release" / PUBLIC_KEY)])
    return {"name": info.name, "digest": info.digest, "fingerprint": info.fingerprint, "key": info.key}


def release_folder(artifact: Any) -> Path:
    """Where the stage's artifact holds the release itself."""
    folder: Path = artifact.path / "release"
    return folder


def check_report(report: GateReport, *, candidate: str, index: str, overrides: Sequence[Override] = ()) -> None:
    """Raise GateFailed unless the report is about this candidate and index and every gate passed or is overridden.

    Raises InputError for an override that names no gate, or one that stands in nobody's way.
    """
    if report.candidate != candidate or report.index != index:
        raise GateFailed("the gate report is about another candidate or index; run the gate again")
    if report.errors:
        raise GateFailed(
            f"{report.errors} calls failed while the gate ran: an error is never a score and cannot be overridden; "
            "see the gate's log and run it again"
        )
    results = {result.gate: result for result in report.results}
    for override in overrides:
        if override.gate not in results:
            raise UnknownName("gate", override.gate, results, "--override")
        if results[override.gate].passed:
            raise InputError(f"--override {override.gate}: that gate stands in nobody's way; take the override out")
    if report.blocking(overrides) or not report.decides:
        raise GateFailed("the gate stopped the release:\n" + gate_table(report.results))


def gate_table(results: Iterable[GateResult]) -> str:
    """Plain text, one line a gate: verdict, value against baseline, interval, n, and by how much it missed."""
    rows = [("", "gate", "value", "baseline", "95 % interval", "n", "rule", "missed by", "why")]
    for result in results:
        verdict = VERDICTS[result.verdict]
        interval = f"{result.interval[0]:+.3f} … {result.interval[1]:+.3f}" if result.interval else ""
        missed = f"{result.missed_by:.4g}" if result.missed_by is not None and not result.passed else ""
        rows.append(
            (
                verdict,
                result.gate,
                _number(result.value),
                _number(result.baseline),
                interval,
                str(result.n),
                result.rule,
                missed,
                result.why,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def build_release(
    folder: Path,
    *,
    name: str,
    model: Path,
    index: Path,
    report: GateReport | None,
    evidence: Path | None = None,
    overrides: Sequence[Override] = (),
    manifests: Sequence[Manifest],
    licence: str,
    key: str,
) -> None:
    """Copy, describe, list and sign. `report` None makes an ungated release, which says so.

    `evidence` is the gate's folder: its report must follow from its rows, and both go into the release.
    """
    private = private_key(key)
    folder.mkdir(parents=True)
    shutil.copytree(model, folder / "model")
    shutil.copytree(index, folder / "index", ignore=shutil.ignore_patterns("log.txt"))
    if report is not None:
        (folder / "gate").mkdir()
        if overrides:
            said = [override.model_dump(mode="json") for override in overrides]
            (folder / "gate" / OVERRIDES).write_text(json.dumps(said, indent=1), encoding="utf-8")
        if evidence is None:
            (folder / "gate" / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
        else:
            _take_over(evidence, folder / "gate")
    lines = [json.loads(manifest.model_dump_json(exclude={"files"})) for manifest in manifests]
    (folder / "lineage.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")
    lock = {manifest.stage: {**manifest.config, "key": manifest.key, "packages": manifest.packages} for manifest in manifests}
    (folder / "recipe.lock.yaml").write_text(yaml.safe_dump(lock, sort_keys=True), encoding="utf-8")
    (folder / "README.md").write_text(_card(name, report, overrides, manifests, licence, key), encoding="utf-8")
    about = {
        "name": name,
        "gated": report is not None,
        "key": key_name(key),
        "files": [entry.model_dump() for entry in hash_files(folder)],
    }
    write_atomic(folder / "manifest.json", json.dumps(about, indent=1))
    _sign(folder, private)


def verify_release(folder: Path, trust: Sequence[str] = ()) -> ReleaseInfo:
    """Check signer, signature and every byte before anything is loaded.

    `trust` adds fingerprints to those in `$MEDMODEL_HOME/trusted.txt`. Raises ReleaseRefused naming the file or key.
    """
    if not (folder / "manifest.json").is_file():
        raise ReleaseRefused(f"{folder} is no release: it has no manifest.json")
    for needed in UNLISTED:
        if not (folder / needed).is_file():
            raise ReleaseRefused(f"{folder} is not signed: {needed} is missing")
    try:
        fingerprint = public_fingerprint(folder / PUBLIC_KEY)
    except ValueError:
        raise ReleaseRefused(f"{PUBLIC_KEY} is damaged: it holds no public key") from None
    require_trust(fingerprint, folder.name, trust)
    _verify_signature(folder)  # hashes every file: what follows may trust what it reads
    try:
        about = json.loads((folder / "manifest.json").read_bytes())
        _check_names(folder, {entry["path"] for entry in about["files"]})
        info = ReleaseInfo(
            name=about["name"],
            fingerprint=fingerprint,
            key=about["key"],
            digest=hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(),
            gated=about["gated"],
            report=_report(folder) if about["gated"] else None,
            overrides=_overrides(folder),
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise ReleaseRefused("manifest.json is damaged: it does not parse") from None
    if info.gated and (
        info.report is None or info.report.errors or not info.report.decides or info.report.blocking(info.overrides)
    ):
        raise ReleaseRefused("gate/report.json does not say that the gate passed, and no override says who let it through")
    return info


def lineage_of(path: Path) -> list[Manifest]:
    """Manifests behind a release folder (from its lineage.json), or behind an artifact (from the store)."""
    if (path / "lineage.json").is_file():
        lines = json.loads((path / "lineage.json").read_bytes())
        return [Manifest.model_validate({**line, "files": []}) for line in lines]
    if (path / "release" / "lineage.json").is_file():
        return [open_artifact(path).manifest, *lineage_of(path / "release")]
    return lineage(path)


def _check_names(folder: Path, listed: set[str]) -> None:
    """Name a file that the manifest does not list: the signature's own walk leaves out git's files."""
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for path in sorted(present ^ (listed | {"manifest.json", *UNLISTED})):
        raise ReleaseRefused(
            f"{folder.name}: {path} is {'not part of the release that was signed' if path in present else 'missing'}"
        )


def _take_over(evidence: Path, into: Path) -> None:
    """Copy report, signature and rows, and let `evals verify` compute the report again and write its page. Its own process:
    the library knows nothing of evaluations."""
    for name in ("report.json", "report.sig"):
        if not (evidence / name).is_file():
            raise GateFailed(f"the gate's {name} is missing from {evidence.name}; run the gate again")
        shutil.copyfile(evidence / name, into / name)
    if (evidence / "answers").is_dir():
        shutil.copytree(evidence / "answers", into / "answers")
    command = [sys.executable, "-m", "evals", "verify", str(into), "--page", str(into / "report.html")]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise GateFailed(f"the gate report does not hold up, so there is no release: {said}")


def _sign(folder: Path, private: Path) -> None:
    from model_signing import hashing, signing

    (folder / PUBLIC_KEY).write_bytes(public_pem(private))
    config = signing.Config().use_elliptic_key_signer(private_key=private)
    config.set_hashing_config(hashing.Config().set_ignored_paths(paths=[folder / SIGNATURE]))
    config.sign(folder, folder / SIGNATURE)


def _verify_signature(folder: Path) -> None:
    from model_signing import hashing, verifying

    config = verifying.Config().use_elliptic_key_verifier(public_key=folder / PUBLIC_KEY)
    config.set_hashing_config(hashing.Config().set_ignored_paths(paths=[folder / SIGNATURE]))
    try:
        config.verify(folder, folder / SIGNATURE)
    except Exception as error:  # model-signing raises many kinds; whichever it is, the release is refused
        raise ReleaseRefused(
            f"{folder.name} is not what {SIGNATURE} was made for: {' '.join(str(error).split())[:400]}"
        ) from None


def _report(folder: Path) -> GateReport | None:
    path = folder / "gate" / "report.json"
    return GateReport.model_validate_json(path.read_bytes()) if path.exists() else None


def _overrides(folder: Path) -> tuple[Override, ...]:
    path = folder / "gate" / OVERRIDES
    return tuple(Override.model_validate(said) for said in json.loads(path.read_bytes())) if path.exists() else ()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _card(
    name: str,
    report: GateReport | None,
    overrides: Sequence[Override],
    manifests: Sequence[Manifest],
    licence: str,
    key: str,
) -> str:
    """The model card, with Hugging Face's metadata header."""
    from huggingface_hub import EvalResult, ModelCardData

    base = next((str(m.config["model"]) for m in manifests if m.uses == "base"), "unknown")
    scored = report.results if report else ()
    results = [
        EvalResult(
            task_type="text-generation",
            dataset_type="medmodel-gate",
            dataset_name=f"gate {report.profile}" if report else "",
            metric_type=r.gate,
            metric_value=r.value,
        )
        for r in scored
        if r.value is not None
    ]
    data = ModelCardData(
        language="en", license=licence, model_name=name, eval_results=results or None, tags=["medical", "citations"]
    )
    gate = f"```\n{gate_table(report.results)}\n```" if report else "**Ungated**: no gate has run on this model."
    if overrides:
        said = "\n".join(f"- **{one.gate}**: {one.reason} ({one.by}, {one.on})" for one in overrides)
        gate = f"**Released with an override**: what follows did not pass, and somebody answers for it.\n\n{said}\n\n{gate}"
    rows = "\n".join(
        f"| {m.stage} | {m.uses} | `{m.digest[:16]}` | {', '.join(f'{p} {v}' for p, v in m.packages.items())} |"
        for m in manifests
    )
    signer = (
        "the development key of the machine that made it: a test signature, not a publisher's"
        if key == "development"
        else f"the key `{Path(key).stem}`"
    )
    return f"""---
{data.to_yaml()}
---
# {name}

Signed by {signer}. Base model: {"SmolLM2-135M-Instruct (embedded)" if base == "embedded" else base}.

## Intended use
Decision support for clinicians, with its basis shown beside every sentence. Not for emergencies, not for patients
without supervision, not a device. See docs/intended-use.md of the project.

## Limits
A small model trained to cite a numbered sentence of the references it is shown and to repeat it. Whether it chooses the
right one is in the table below (pointing); it knows little medicine of its own; what it says is only as good as the references, which carry their author, year and DOI.

## Gate
{gate}

## Lineage
| stage | kind | content digest | packages |
|---|---|---|---|
{rows}
"""
