"""Does a gate report say what was measured? Its signature, the digest of every file of rows, and every number made again.

A report names the rows it was made from (answers/<model>/<suite>.jsonl beside it), the gates as they were when it was made,
and nothing that cannot be computed from these: so anyone can compute it again, without the models and without the data.
Each of an edited report, a changed row, a missing row and an unknown signer ends in one sentence. Not covered: whether the
rows are what the models really said, and what suites say beside their numbers (spreads, slices): the signer vouches for both.

    python -m evals verify store/gate-*          # or the gate/ folder of a release
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from evals import run
from evals.profiles import GATES, Gate, load_profile
from evals.suite import Part, Scored
from evals.verdicts import conclude
from medmodel import keys
from medmodel.errors import InputError, MedmodelError, ReleaseRefused
from medmodel.records import GateReport, Measured, Override

TOLERANCE = 1e-9  # of a number: another machine may add in another order
OVERRIDES = "overrides.json"  # beside a release's report: what somebody answers for


class Verified(NamedTuple):
    """A report that its rows bear out."""

    report: GateReport
    rows: dict[Part, list[Scored]]
    fingerprint: str  # of the key that signed it
    overrides: tuple[Override, ...]
    notes: tuple[str, ...]  # what a reader should know and what refuses nothing


def verify(path: Path, trust: Sequence[str] = ()) -> Verified:
    """Raises ReleaseRefused with what differs, where, and between which two numbers."""
    path = path / "report.json" if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"there is no gate report {path}: give report.json or its folder")
    fingerprint = keys.verify_file(path, trust)
    try:
        report = GateReport.model_validate_json(path.read_bytes())
        gates = [Gate.model_validate(entry) for entry in report.gates]
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ReleaseRefused(f"{path} is no gate report of this version: '{where}': {fault['msg']}") from None
    rows = {Part(measured.role, measured.suite): _rows(path.parent, measured) for measured in report.measured}
    failed = sum(run.errors(found) for found in rows.values())
    if failed != report.errors:
        raise ReleaseRefused(f"{path}: the report counts {report.errors} failed calls, its rows hold {failed}")
    try:
        again = conclude(gates, rows, _said(report, gates, rows))
    except KeyError as missing:
        raise ReleaseRefused(f"{path}: a gate rests on rows the report does not name: {missing}") from None
    if len(again) != len(report.results):
        raise ReleaseRefused(f"{path}: {len(report.results)} results for {len(again)} gates")
    for said, found in zip(report.results, again, strict=True):
        _same(json.loads(said.model_dump_json()), json.loads(found.model_dump_json()), f"{path.name}: gate '{found.gate}'")
    return Verified(report, rows, fingerprint, read_overrides(path.parent), tuple(_notes(report, gates)))


def read_overrides(folder: Path) -> tuple[Override, ...]:
    """The overrides a release went out with; they are the release's, and signed with it."""
    path = folder / OVERRIDES
    if not path.is_file():
        return ()
    return tuple(Override.model_validate(entry) for entry in json.loads(path.read_bytes()))


def _said(report: GateReport, gates: Sequence[Gate], rows: Mapping[Part, Any]) -> dict[Part, dict[str, Any]]:
    """What suites said with their material at hand, as the report has it: shown, and no verdict follows from it."""
    found: dict[Part, dict[str, Any]] = {part: {} for part in rows}
    for gate, result in zip(gates, report.results, strict=False):
        for part in found:
            if part.suite == gate.suite and part.role in result.detail:
                found[part] = result.detail[part.role]
    return found


def _rows(folder: Path, measured: Measured) -> list[Scored]:
    path = folder / measured.file
    if not path.is_file():
        raise ReleaseRefused(f"{measured.file} is missing: the rows of {measured.suite} for {measured.role}")
    lines = path.read_bytes().split(b"\n")[:-1]
    if len(lines) != measured.rows:
        raise ReleaseRefused(f"{measured.file} holds {len(lines)} rows, and the report was made from {measured.rows}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != measured.sha256:
        raise ReleaseRefused(f"{measured.file} is not what the report was made from: a row in it was changed")
    try:
        return [Scored.model_validate_json(line) for line in lines]
    except ValidationError:
        raise ReleaseRefused(f"{measured.file} holds a line that is no row of this version") from None


def _same(said: Any, found: Any, where: str) -> None:
    """Raise unless two results say the same; `where` grows to name the field."""
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        for key in [*said, *(key for key in found if key not in said)]:
            _same(said.get(key), found.get(key), f"{where}: {key}")
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for one, other in zip(said, found, strict=True):
            _same(one, other, where)
    elif isinstance(said, int | float) and isinstance(found, int | float):
        if abs(said - found) > TOLERANCE * max(1.0, abs(found)):
            raise ReleaseRefused(f"{where} is {said:g} in the report, and its rows give {found:g}")
    elif said != found:
        raise ReleaseRefused(f"{where} is {said!r} in the report, and its rows give {found!r}")


def _notes(report: GateReport, gates: Sequence[Gate]) -> list[str]:
    try:
        today = load_profile(report.profile, GATES).gates
    except MedmodelError as gone:
        return [f"the profile is not what this checkout has: {gone}"]
    if list(today) != list(gates):
        return [f"{GATES.name} has changed since: the report was decided by the profile '{report.profile}' as it holds it"]
    return []
