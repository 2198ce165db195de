"""Releases: refused unless the gate passed; refused on load when a byte, a file or a key is not what was signed."""

import stat
from pathlib import Path

import pytest

from medmodel.errors import GateFailed, ReleaseRefused
from medmodel.records import GateReport, GateResult
from medmodel.release import build_release, check_report, development_key, gate_table, public_fingerprint, verify_release

PASSED = GateResult(gate="grounding", passed=True, value=0.6, baseline=0.1, interval=(0.3, 0.7), n=30, rule="rises")
MISSED = GateResult(gate="bits_per_byte", passed=False, value=1.2, baseline=1.1, n=30, rule="falls", missed_by=0.1)


def report(*results: GateResult, errors: int = 0) -> GateReport:
    return GateReport(profile="demo", candidate="c", index="i", baseline="b", engine="fake", results=results, errors=errors)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def release(tmp_path: Path, home: Path) -> Path:
    for name in ("model", "index"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.bin").write_bytes(name.encode() * 100)
    folder = tmp_path / "release"
    build_release(
        folder,
        name="tiny",
        model=tmp_path / "model",
        index=tmp_path / "index",
        report=report(PASSED),
        report_page=None,
        manifests=[],
        licence="apache-2.0",
        key="development",
    )
    return folder


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
    check_report(report(PASSED, MISSED.model_copy(update={"gated": False})), candidate="c", index="i")
    assert "info" in gate_table([MISSED.model_copy(update={"gated": False})])
