"""A candidate and its passing gate report, made into a signed folder; and the check before anything in it is loaded.

    model/ index/ gate/report.json README.md recipe.lock.yaml lineage.json
    manifest.json     SHA-256 and size of every file above
    signer.pub        the public key; its fingerprint is what a server trusts
    model.sig         OpenSSF model-signing bundle over the whole folder

A release refuses a candidate whose report failed, is about another candidate, or is missing. Loading refuses a folder
with any byte changed, added or removed, and names the file; and a signer whose fingerprint is not configured.
The development key is made on first use in `$MEDMODEL_HOME/keys` with mode 0600, and every release signed with it says
"development". No command makes a release without a gate; `build_release` can, for tests, and such a folder says "ungated" wherever it is shown.

    medmodel release demo        medmodel serve --release R
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from medmodel.artifacts import Manifest, hash_files, lineage, open_artifact, write_atomic
from medmodel.errors import GateFailed, ReleaseRefused
from medmodel.job import Job
from medmodel.recipe import home_dir
from medmodel.records import GateReport, GateResult, Record

SIGNATURE = "model.sig"
PUBLIC_KEY = "signer.pub"
UNLISTED = (SIGNATURE, PUBLIC_KEY)  # in the signature or beside it, so not in the manifest


class ReleaseInfo(Record):
    """What a verified release says of itself: shown as the badge."""

    name: str
    fingerprint: str  # SHA-256 of the signer's public key (DER)
    key: str  # "development", or the name of the key file, as the signer wrote it into the signed manifest
    digest: str  # SHA-256 of manifest.json: which release this is
    gated: bool
    report: GateReport | None = None


def run(job: Job) -> dict[str, Any]:
    """Stage `release`. Raises GateFailed with the table of what missed by how much."""
    job.clear()
    model, index, gate = (job.inputs[role] for role in ("model", "index", "gate"))
    report = GateReport.model_validate_json((gate.path / "report.json").read_bytes())
    check_report(report, candidate=model.digest, index=index.digest)
    manifests = [manifest for role in ("model", "index", "gate") for manifest in lineage(job.inputs[role].path)]
    unique = {manifest.key: manifest for manifest in manifests}
    build_release(
        job.out / "release",
        name=job.config.name,
        model=model.path / "model",
        index=index.path,
        report=report,
        report_page=gate.path / "report.html",
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


def check_report(report: GateReport, *, candidate: str, index: str) -> None:
    """Raise GateFailed unless the report passed and is about this candidate and this index."""
    if report.candidate != candidate or report.index != index:
        raise GateFailed("the gate report is about another candidate or index; run the gate again")
    if report.errors:
        raise GateFailed(
            f"{report.errors} calls failed while the gate ran: an error is never a score; see the gate's log and run it again"
        )
    missed = [result for result in report.results if result.gated and not result.passed]
    if missed or not report.results:
        raise GateFailed("the gate stopped the release:\n" + gate_table(report.results))


def gate_table(results: Iterable[GateResult]) -> str:
    """Plain text, one line a gate: verdict, value against baseline, interval, n, and by how much it missed."""
    rows = [("", "gate", "value", "baseline", "95 % interval", "n", "rule", "missed by")]
    for result in results:
        verdict = ("pass" if result.passed else "FAIL") if result.gated else "info"
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
    report_page: Path | None,
    manifests: Sequence[Manifest],
    licence: str,
    key: str,
) -> None:
    """Copy, describe, list and sign. `report` None makes an ungated release, which says so."""
    private = development_key() if key == "development" else Path(key)
    folder.mkdir(parents=True)
    shutil.copytree(model, folder / "model")
    shutil.copytree(index, folder / "index", ignore=shutil.ignore_patterns("log.txt"))
    if report is not None:
        (folder / "gate").mkdir()
        (folder / "gate" / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
        if report_page and report_page.exists():
            shutil.copyfile(report_page, folder / "gate" / "report.html")
    lines = [json.loads(manifest.model_dump_json(exclude={"files"})) for manifest in manifests]
    (folder / "lineage.json").write_text(json.dumps(lines, indent=1), encoding="utf-8")
    lock = {manifest.stage: {**manifest.config, "key": manifest.key, "packages": manifest.packages} for manifest in manifests}
    (folder / "recipe.lock.yaml").write_text(yaml.safe_dump(lock, sort_keys=True), encoding="utf-8")
    (folder / "README.md").write_text(_card(name, report, manifests, licence, key), encoding="utf-8")
    about = {
        "name": name,
        "gated": report is not None,
        "key": "development" if key == "development" else private.stem,
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
    trusted = trusted_fingerprints() | {value.lower(): "given by --trust" for value in trust}
    if fingerprint not in trusted:
        raise ReleaseRefused(
            f"{folder.name} is signed by a key this server does not trust (fingerprint {fingerprint}); "
            f"if you know the signer, pass --trust {fingerprint} or add it to {_trusted_file()}"
        )
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
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise ReleaseRefused("manifest.json is damaged: it does not parse") from None
    if info.gated and (info.report is None or not info.report.passed):
        raise ReleaseRefused("gate/report.json does not say that the gate passed")
    return info


def lineage_of(path: Path) -> list[Manifest]:
    """Manifests behind a release folder (from its lineage.json), or behind an artifact (from the store)."""
    if (path / "lineage.json").is_file():
        lines = json.loads((path / "lineage.json").read_bytes())
        return [Manifest.model_validate({**line, "files": []}) for line in lines]
    if (path / "release" / "lineage.json").is_file():
        return [open_artifact(path).manifest, *lineage_of(path / "release")]
    return lineage(path)


def development_key() -> Path:
    """The development key (P-256, PEM, mode 0600), made and trusted on first use."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    path = home_dir() / "keys" / "development.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        temporary = path.with_suffix(".tmp")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    fingerprint = hashlib.sha256(_public_der(path.read_bytes())).hexdigest()
    if fingerprint not in trusted_fingerprints():
        with open(_trusted_file(), "a", encoding="utf-8") as trusted:
            trusted.write(f"{fingerprint} development\n")
    return path


def trusted_fingerprints() -> dict[str, str]:
    """Fingerprint -> label, from `$MEDMODEL_HOME/trusted.txt` (one `<fingerprint> <label>` a line)."""
    try:
        lines = _trusted_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    parts = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return {part[0].lower(): part[1] if len(part) > 1 else "" for part in parts}


def public_fingerprint(path: Path) -> str:
    """SHA-256 of a public key file's DER form, in hex. Raises ValueError when it holds no key."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_public_key(path.read_bytes())
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _trusted_file() -> Path:
    return home_dir() / "trusted.txt"


def _public_der(private_pem: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(private_pem, password=None)
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _check_names(folder: Path, listed: set[str]) -> None:
    """Name a file that the manifest does not list: the signature's own walk leaves out git's files."""
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for path in sorted(present ^ (listed | {"manifest.json", *UNLISTED})):
        raise ReleaseRefused(
            f"{folder.name}: {path} is {'not part of the release that was signed' if path in present else 'missing'}"
        )


def _sign(folder: Path, private: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from model_signing import hashing, signing

    public = serialization.load_pem_private_key(private.read_bytes(), password=None).public_key()
    (folder / PUBLIC_KEY).write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
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


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _card(name: str, report: GateReport | None, manifests: Sequence[Manifest], licence: str, key: str) -> str:
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
