"""Releases: refused unless the gate passed; refused on load when a byte, a file or a key is not what was signed."""

import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from medmodel.errors import GateFailed, InputError, ReleaseRefused, UnknownName
from medmodel.keys import development_key, public_fingerprint, sign_file
from medmodel.records import GateReport, GateResult, Override
from medmodel.release import build_release, check_report, gate_table, verify_release

PASSED = GateResult(gate="grounding", verdict="pass", value=0.6, baseline=0.1, interval=(0.3, 0.7), n=30, rule="rises")
MISSED = GateResult(gate="bits_per_byte", verdict="fail", value=1.2, baseline=1.1, n=30, rule="falls", missed_by=0.1)
OPEN = GateResult(
    gate="medqa", verdict="cannot tell", value=0.3, n=12, rule="not worse", why="12 items, and this gate wants 500"
)
OVERRIDE = Override(
    gate="bits_per_byte", reason="the general texts are being rewritten", by="Dr Example", on=date(2026, 11, 25)
)


def report(*results: GateResult, errors: int = 0) -> GateReport:
    return GateReport(profile="demo", candidate="c", index="i", baseline="b", engine="fake", results=results, errors=errors)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def build(tmp_path: Path, name: str, **more: Any) -> Path:
    for part in ("model", "index"):
        (tmp_path / part).mkdir(exist_ok=True)
        (tmp_path / part / "data.bin").write_bytes(part.encode() * 100)
    folder = tmp_path / "release"
    fields: dict[str, Any] = {"manifests": [], "licence": "apache-2.0", "key": "development"}
    build_release(folder, name=name, model=tmp_path / "model", index=tmp_path / "index", **{**fields, **more})
    return folder


@pytest.fixture
def release(tmp_path: Path, home: Path) -> Path:
    return build(tmp_path, "tiny", report=report(PASSED))


def test_a_signed_release_verifies_and_says_that_its_key_is_a_development_key(release: Path) -> None:
    info = verify_release(release)
    assert (info.name, info.key, info.gated) == ("tiny", "development", True)
    assert "development key" in (release / "README.md").read_text()


def test_the_development_key_lies_outside_the_release_and_only_its_owner_reads_it(release: Path, home: Path) -> None:
    assert stat.S_IMODE(development_key().stat().st_mode) == 0o600
    assert not any("PRIVATE" in path.read_text(errors="replace") for path in release.rglob("*") if path.is_file())


def test_a_flipped_byte_in_any_file_is_refused_and_the_file_named(release: Path) -> None:
    for path in sorted(path for path in release.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        at = len(whole) // 2
        path.write_bytes(whole[:at] + bytes([(whole[at] if whole else 0) ^ 1]) + whole[at + 1 :])
        with pytest.raises(ReleaseRefused) as refusal:
            verify_release(release)
        assert path.name in str(refusal.value), path
        path.write_bytes(whole)
    assert verify_release(release).name == "tiny"


def test_an_added_or_missing_file_is_refused_and_named(release: Path) -> None:
    (release / "model" / "extra.bin").write_bytes(b"x")
    with pytest.raises(ReleaseRefused, match=r"extra\.bin"):
        verify_release(release)
    (release / "model" / "extra.bin").unlink()
    (release / "index" / "data.bin").unlink()
    with pytest.raises(ReleaseRefused, match=r"Missing files.*index/data\.bin"):
        verify_release(release)


def test_a_foreign_key_is_refused_and_its_fingerprint_named(release: Path, home: Path) -> None:
    (home / "trusted.txt").unlink()
    fingerprint = public_fingerprint(release / "signer.pub")
    with pytest.raises(ReleaseRefused, match=fingerprint):
        verify_release(release)
    assert verify_release(release, trust=[fingerprint]).name == "tiny"


def test_a_manifest_rewritten_to_match_changed_bytes_fails_the_signature(release: Path) -> None:
    import hashlib
    import json

    (release / "model" / "data.bin").write_bytes(b"evil")
    about = json.loads((release / "manifest.json").read_text())
    for entry in about["files"]:
        if entry["path"] == "model/data.bin":
            entry.update(size=4, sha256=hashlib.sha256(b"evil").hexdigest())
    (release / "manifest.json").write_text(json.dumps(about))
    with pytest.raises(ReleaseRefused, match=r"model\.sig"):
        verify_release(release)


def test_a_failed_gate_stops_the_release_and_says_which_number_missed_by_how_much() -> None:
    with pytest.raises(GateFailed, match=r"FAIL\s+bits_per_byte") as refusal:
        check_report(report(PASSED, MISSED), candidate="c", index="i")
    assert "0.1" in str(refusal.value)


def test_an_error_is_never_a_pass() -> None:
    with pytest.raises(GateFailed, match="2 calls failed"):
        check_report(report(PASSED, errors=2), candidate="c", index="i")


def test_a_report_about_another_candidate_does_not_count() -> None:
    with pytest.raises(GateFailed, match="another candidate"):
        check_report(report(PASSED), candidate="other", index="i")


def test_a_report_without_results_does_not_pass() -> None:
    with pytest.raises(GateFailed):
        check_report(report(), candidate="c", index="i")


def test_results_that_are_only_reported_stop_nothing() -> None:
    check_report(report(PASSED, MISSED.model_copy(update={"verdict": "not gated"})), candidate="c", index="i")
    assert "info" in gate_table([MISSED.model_copy(update={"verdict": "not gated"})])


def test_what_cannot_be_told_stops_a_release_and_says_why() -> None:
    with pytest.raises(GateFailed, match=r"CANNOT TELL\s+medqa.*this gate wants 500"):
        check_report(report(PASSED, OPEN), candidate="c", index="i")


def test_an_override_lets_its_gate_through_and_no_other() -> None:
    check_report(report(PASSED, MISSED), candidate="c", index="i", overrides=[OVERRIDE])
    with pytest.raises(GateFailed, match="medqa"):
        check_report(report(MISSED, OPEN), candidate="c", index="i", overrides=[OVERRIDE])


def test_calls_that_failed_cannot_be_overridden() -> None:
    with pytest.raises(GateFailed, match="cannot be overridden"):
        check_report(report(MISSED, errors=1), candidate="c", index="i", overrides=[OVERRIDE])


def test_an_override_of_no_gate_or_of_one_that_passed_is_refused() -> None:
    misspelt, idle = (OVERRIDE.model_copy(update={"gate": gate}) for gate in ("bits_per_bite", "grounding"))
    with pytest.raises(UnknownName, match="did you mean 'bits_per_byte'"):
        check_report(report(PASSED, MISSED), candidate="c", index="i", overrides=[misspelt])
    with pytest.raises(InputError, match="stands in nobody's way"):
        check_report(report(PASSED, MISSED), candidate="c", index="i", overrides=[OVERRIDE, idle])


@pytest.mark.parametrize("field", ["gate", "reason", "by"])
def test_an_override_without_a_reason_or_a_name_is_none(field: str) -> None:
    with pytest.raises(ValidationError, match=f"'{field}' is empty"):
        Override.model_validate({"gate": "g", "reason": "r", "by": "b", field: " "})


def test_a_release_with_an_override_says_so_in_its_readme_and_when_it_is_loaded(tmp_path: Path, home: Path) -> None:
    folder = build(tmp_path, "overridden", report=report(PASSED, MISSED), overrides=[OVERRIDE])
    assert verify_release(folder).overrides == (OVERRIDE,)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "Released with an override" in card
    assert "**bits_per_byte**: the general texts are being rewritten (Dr Example, 2026-11-25)" in card


def test_a_failed_report_in_a_release_without_an_override_is_refused_on_load(tmp_path: Path, home: Path) -> None:
    with pytest.raises(ReleaseRefused, match="no override says who let it through"):
        verify_release(build(tmp_path, "failed", report=report(PASSED, MISSED)))


@pytest.fixture
def evidence(tmp_path: Path, home: Path) -> Path:
    """A gate's folder: nothing measured, so every gate of its profile is missing and none of its numbers can be wrong."""
    folder = tmp_path / "gate"
    folder.mkdir()
    (folder / "report.json").write_text(report().model_dump_json(indent=1), encoding="utf-8")
    sign_file(folder / "report.json", "development")
    return folder


@pytest.mark.slow
def test_a_release_takes_the_signed_report_over_and_writes_its_page_anew(tmp_path: Path, evidence: Path) -> None:
    folder = build(tmp_path, "whole", report=report(), evidence=evidence)
    assert (folder / "gate" / "report.sig").read_bytes() == (evidence / "report.sig").read_bytes()
    assert "Gate report" in (folder / "gate" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_report_that_was_edited_makes_no_release(tmp_path: Path, evidence: Path) -> None:
    edited = report(PASSED)
    (evidence / "report.json").write_text(edited.model_dump_json(indent=1), encoding="utf-8")
    with pytest.raises(GateFailed, match=r"does not hold up.*report\.json was changed after it was signed"):
        build(tmp_path, "edited", report=edited, evidence=evidence)


@pytest.mark.slow
def test_a_report_signed_again_that_its_rows_do_not_bear_out_makes_no_release(tmp_path: Path, evidence: Path) -> None:
    edited = report(PASSED)
    (evidence / "report.json").write_text(edited.model_dump_json(indent=1), encoding="utf-8")
    sign_file(evidence / "report.json", "development")
    with pytest.raises(GateFailed, match="1 results for 0 gates"):
        build(tmp_path, "edited", report=edited, evidence=evidence)


def test_a_report_without_its_signature_makes_no_release(tmp_path: Path, evidence: Path) -> None:
    (evidence / "report.sig").unlink()
    with pytest.raises(GateFailed, match=r"report\.sig is missing"):
        build(tmp_path, "unsigned", report=report(), evidence=evidence)
