"""A gate report that was edited, or whose rows were, is refused in one sentence; one that follows from its rows is not."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evals.gate import digest_of, kept
from evals.profiles import Gate
from evals.run import errors
from evals.suite import Part, Scored
from evals.verdicts import conclude
from evals.verify import verify
from medmodel import keys
from medmodel.errors import InputError, ReleaseRefused
from medmodel.records import Case, GateReport, Measured

GATE = Gate(
    name="grounding",
    suite="grounding",
    metric="grounded",
    rule="rises",
    n=12,
    baseline="base",
    why="it matters",
    owner="training",
)
EXACT = GATE.model_copy(update={"name": "exact", "rule": "equals", "baseline": None})


def scored(values: list[float]) -> list[Scored]:
    return [
        Scored(id=f"i{number}", cluster=f"c{number}", values={"grounded": value, "well_formed": 0.1 + number / 3})
        for number, value in enumerate(values)
    ]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    """A signed report of twelve items, as the stage writes one."""
    out = tmp_path / "gate"
    rows = {
        Part("base", "grounding"): scored([0.0] * 12),
        Part("candidate", "grounding"): scored([1.0, 1.0, 1.0, 0.0] * 3),
    }
    measured = []
    for part, found in rows.items():
        path = kept(out, part)
        path.parent.mkdir(parents=True)
        text = "".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in found)
        path.write_text(text, encoding="utf-8")
        measured.append(
            Measured(
                role=part.role,
                suite=part.suite,
                file=path.relative_to(out).as_posix(),
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                rows=len(found),
                items=digest_of([]),
            )
        )
    report = GateReport(
        profile="demo",
        candidate="c",
        index="i",
        baseline="b",
        engine="fake",
        results=conclude([GATE, EXACT], rows),
        errors=sum(errors(found) for found in rows.values()),
        gates=tuple(gate.model_dump(mode="json") for gate in (GATE, EXACT)),
        measured=tuple(measured),
    )
    write(out, report)
    return out


def write(out: Path, report: GateReport) -> None:
    (out / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
    keys.sign_file(out / "report.json", "development")


def rows_of(folder: Path) -> Path:
    return folder / "answers" / "candidate" / "grounding.jsonl"


def test_a_report_that_follows_from_its_rows_verifies_by_folder_and_by_file(folder: Path) -> None:
    found = verify(folder)
    assert {result.gate: result.verdict for result in found.report.results} == {"grounding": "pass", "exact": "fail"}
    assert len(found.rows[Part("candidate", "grounding")]) == 12
    assert verify(folder / "report.json").fingerprint == found.fingerprint
    assert "gates.yaml has changed since" in found.notes[0]


def test_an_edited_number_is_refused(folder: Path) -> None:
    path = folder / "report.json"
    path.write_text(path.read_text().replace('"value": 0.75', '"value": 0.95'), encoding="utf-8")
    with pytest.raises(ReleaseRefused, match=r"report\.json was changed after it was signed"):
        verify(folder)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda result: result.model_copy(update={"value": 0.95}),
            r"gate 'grounding': value is 0\.95 in the report.*give 0\.75",
        ),
        (
            lambda result: result.model_copy(update={"interval": (0.6, 0.9)}),
            r"gate 'grounding': interval is 0\.6 in the report",
        ),
        (lambda result: result.model_copy(update={"verdict": "not gated"}), r"verdict is 'not gated' in the report.*'pass'"),
        (lambda result: result.model_copy(update={"n": 13}), "gate 'grounding': n is 13 in the report"),
        (lambda result: result.model_copy(update={"detail": {}}), "detail: difference is None in the report"),
    ],
)
def test_a_number_signed_by_a_trusted_key_and_not_borne_out_by_its_rows_is_refused(
    folder: Path, edit: Callable[..., object], said: str
) -> None:
    report = GateReport.model_validate_json((folder / "report.json").read_bytes())
    write(folder, report.model_copy(update={"results": (edit(report.results[0]), *report.results[1:])}))
    with pytest.raises(ReleaseRefused, match=said):
        verify(folder)


def test_a_gate_left_out_of_the_results_is_missed(folder: Path) -> None:
    report = GateReport.model_validate_json((folder / "report.json").read_bytes())
    write(folder, report.model_copy(update={"results": report.results[:1]}))
    with pytest.raises(ReleaseRefused, match="1 results for 2 gates"):
        verify(folder)


def test_a_changed_row_is_refused_and_its_file_named(folder: Path) -> None:
    text = rows_of(folder).read_text()
    rows_of(folder).write_text(text.replace('"grounded":0.0', '"grounded":1.0', 1), encoding="utf-8")
    with pytest.raises(ReleaseRefused, match=r"answers/candidate/grounding\.jsonl is not what.*a row in it was changed"):
        verify(folder)


def test_a_missing_row_is_refused_and_counted(folder: Path) -> None:
    lines = rows_of(folder).read_text().splitlines(keepends=True)
    rows_of(folder).write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(ReleaseRefused, match="holds 11 rows, and the report was made from 12"):
        verify(folder)


def test_missing_rows_a_missing_report_and_a_missing_signature_are_each_named(folder: Path) -> None:
    rows_of(folder).rename(folder / "elsewhere")
    with pytest.raises(ReleaseRefused, match=r"answers/candidate/grounding\.jsonl is missing"):
        verify(folder)
    (folder / "report.sig").unlink()
    with pytest.raises(ReleaseRefused, match=r"not signed: report\.sig is missing"):
        verify(folder)
    with pytest.raises(InputError, match="there is no gate report"):
        verify(folder / "answers")


def test_a_failed_call_that_the_report_does_not_count_is_found(folder: Path) -> None:
    report = GateReport.model_validate_json((folder / "report.json").read_bytes())
    write(folder, report.model_copy(update={"errors": 1}))
    with pytest.raises(ReleaseRefused, match="counts 1 failed calls, its rows hold 0"):
        verify(folder)


def test_a_signer_that_is_not_trusted_is_named_and_can_be(folder: Path, home: Path) -> None:
    fingerprint = verify(folder).fingerprint
    (home / "trusted.txt").unlink()
    with pytest.raises(ReleaseRefused, match=fingerprint):
        verify(folder)
    assert verify(folder, [fingerprint]).fingerprint == fingerprint


@pytest.mark.parametrize("signature", ["", "{}", '{"public": "x", "signature": "y"}', "[1]"])
def test_a_damaged_signature_is_one_sentence(folder: Path, signature: str) -> None:
    (folder / "report.sig").write_text(signature, encoding="utf-8")
    with pytest.raises(ReleaseRefused, match=r"report\.sig is damaged"):
        verify(folder)


def test_a_report_of_another_version_is_one_sentence(folder: Path) -> None:
    (folder / "report.json").write_text('{"profile": "demo"}', encoding="utf-8")
    keys.sign_file(folder / "report.json", "development")
    with pytest.raises(ReleaseRefused, match="no gate report of this version"):
        verify(folder)


def test_the_same_report_has_the_same_signature(folder: Path) -> None:
    before = (folder / "report.sig").read_bytes()
    keys.sign_file(folder / "report.json", "development")
    assert (folder / "report.sig").read_bytes() == before


def test_the_digest_of_items_changes_with_any_of_them() -> None:
    items = [Case(id="a", question="Why?"), Case(id="b", question="How?")]
    assert digest_of(items) == digest_of(list(items))
    assert digest_of(items) != digest_of([items[0], items[1].model_copy(update={"question": "When?"})])
    assert digest_of(items) != digest_of(items[:1])


@pytest.mark.slow
def test_the_command_ends_with_a_code_a_sentence_and_a_page(folder: Path, home: Path) -> None:
    def call(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "evals", "verify", str(folder), *more]
        return subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)

    done = call("--json", "--page", str(folder / "page.html"))
    assert (done.returncode, json.loads(done.stdout)["verified"]) == (0, True)
    assert json.loads(done.stdout)["passed"] is False
    assert "May not be released" in (folder / "page.html").read_text(encoding="utf-8")
    rows_of(folder).unlink()
    refused = call()
    assert refused.returncode == 6
    assert "is missing" in refused.stderr
