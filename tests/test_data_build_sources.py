"""The sources that come with the lock: complete, described, and read without importing the package they come in."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from data_build.__main__ import app
from data_build.sources.open_medicine import package_folder
from data_build.steps.clean import clean
from data_build.steps.decontaminate import LONGEST_RUN, repeated
from data_build.words import runs, words
from medmodel import registry
from medmodel.recipe import data_dir
from medmodel.records import Document

NAMES = ("differentials", "general", "open_medicine")


def read(name: str) -> list[Document]:
    return list(registry.get("source", name)())


def test_open_medicine_gives_every_section_file_of_every_guideline() -> None:
    documents = read("open_medicine")
    files = (package_folder() / "guidelines" / "content").rglob("*.md")
    assert {document.id for document in documents} == {f"{path.parent.name}/{path.stem}" for path in files}
    assert len({document.source.id for document in documents}) == 43
    assert len(documents) == 145


def test_a_guideline_names_its_publication_and_who_summarised_it() -> None:
    document = next(found for found in read("open_medicine") if found.source.id == "acc_aha_af_2023")
    assert document.source.year == 2023
    assert document.source.doi
    assert document.source.url == f"https://doi.org/{document.source.doi}"
    assert "ACC" in document.source.organization
    assert (document.source.licence, document.source.tier, document.source.summary_by) == ("MIT", "guideline", "OpenMedicine")


def test_a_differential_reads_as_headings_likelihoods_and_bullets() -> None:
    document = next(found for found in read("differentials") if found.id == "differential_chest_pain/diagnoses")
    lines = document.text.split("\n")
    assert lines[0].startswith("# ")
    at = next(number for number, line in enumerate(lines) if "must not miss" in line)
    diagnosis = lines[at - 2].removeprefix("## ")
    assert lines[at] == f"Likelihood of {diagnosis}: must not miss."
    assert lines[at + 2] == "### Key features"
    assert lines[at + 4].startswith("- ")
    assert "### Red flags" in lines
    assert document.source.year


def test_no_differential_recommends_a_function_of_the_package() -> None:
    assert not [document.id for document in read("differentials") if "calculate_" in document.text]
    assert len(read("differentials")) == 14


def test_the_general_texts_are_ours_and_carry_no_evidence() -> None:
    documents = read("general")
    assert all(document.text.startswith("# ") and len(document.text) > 200 for document in documents)
    assert {(document.source.licence, document.source.tier) for document in documents} == {("Apache-2.0", "none")}


def test_the_general_texts_repeat_nothing_of_the_prose_that_the_gate_measures() -> None:
    measured = Path(__file__).parents[1] / "evals" / "suites" / "general_heldout.md"
    heldout = np.unique(runs(words(measured.read_text(encoding="utf-8").lower(), plain=True), LONGEST_RUN))
    own = {document.id: words(document.text.lower(), plain=True) for document in read("general")}
    assert not [name for name, found in own.items() if repeated(found, heldout)]


@pytest.mark.parametrize("name", NAMES)
def test_every_document_has_an_id_of_its_own_that_begins_with_its_source(name: str) -> None:
    documents = read(name)
    assert len({document.id for document in documents}) == len(documents)
    assert all(document.id.startswith(f"{document.source.id}/") for document in documents)


@pytest.mark.parametrize("name", NAMES)
def test_cleaning_a_source_twice_is_cleaning_it_once_and_leaves_no_markup(name: str) -> None:
    for document in read(name):
        text = clean(document.text)
        assert clean(text) == text, document.id
        for markup in ("**", "`", "](", "OpenMedicine", "<!--", "\r", "\n\n\n"):
            assert markup not in text, f"{document.id}: {markup!r}"


@pytest.mark.parametrize("there", [False, True])
def test_the_command_counts_what_is_there_and_says_why_it_did_not_read_the_rest(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if there:
        (tmp_path / "cmrc2018").mkdir()
        rows = [{"context_id": "A", "context_text": "合成的句子。"}, {"context_id": "B"}]
        (tmp_path / "cmrc2018" / "squad.json").write_text(json.dumps(rows), encoding="utf-8")
        monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    else:
        monkeypatch.delenv("MEDMODEL_DATA", raising=False)
    done = CliRunner().invoke(app, ["sources", "--json"])
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    rows = {row["source"]: row for row in said["sources"]}
    assert rows["open_medicine"]["documents"] == 145
    assert said["not_read"]["pdf"] == "a format: a recipe says where it is and on which licence"
    if there:
        row = rows["cmrc2018"]
        assert (row["documents"], row["characters"], row["unreadable"], row["licences"]) == (1, 6, 1, {"CC-BY-SA-4.0": 1})
        assert said["not_read"]["medquad"] == f"source medquad: there is no folder {tmp_path / 'medquad'}"
    else:
        assert said["not_read"]["medquad"].startswith("source medquad needs MEDMODEL_DATA")
    assert not set(rows) & set(said["not_read"])
    assert set(rows) | set(said["not_read"]) == set(registry.names("source"))
    table = CliRunner().invoke(app, ["sources"])
    assert "open_medicine" in table.stdout
    assert "not read: " in table.stdout


def test_every_source_named_after_a_folder_has_its_use_in_the_list() -> None:
    uses = yaml.safe_load((Path(__file__).parents[1] / "data_build" / "sources" / "uses.yaml").read_text(encoding="utf-8"))
    formats = {
        name for name in registry.names("source") if "licence" in inspect.signature(registry.get("source", name)).parameters
    }
    assert set(registry.names("source")) - formats - set(NAMES) - made_here() <= set(uses)
    assert not formats & set(uses)


@pytest.mark.slow
def test_every_folder_at_hand_loads_and_each_document_has_an_id_a_licence_and_a_language() -> None:
    data = data_dir()
    if data is None:
        pytest.skip("MEDMODEL_DATA unset")
    folders = [name for name in registry.names("source") if (data / name).is_dir()]
    assert folders
    for name in folders:
        seen: set[str] = set()
        for found in registry.get("source", name)():
            if isinstance(found, Document):
                assert found.id not in seen, found.id
                seen.add(found.id)
                assert found.id.startswith(f"{found.source.id}/"), found.id
                assert found.text.strip(), found.id
                assert found.source.licence, found.id
                assert found.language in ("en", "zh"), found.id
        assert seen, name


def made_here() -> set[str]:
    """Sources that other test files register for themselves."""
    return {name for name in registry.names("source") if registry.get("source", name).__module__.startswith("test_")}


def test_reading_does_not_import_the_package() -> None:
    program = (
        "import sys; from medmodel import registry; list(registry.get('source', 'open_medicine')()); "
        "list(registry.get('source', 'differentials')()); sys.exit('open_medicine' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_the_package_the_error_says_what_to_install() -> None:
    program = (
        "import sys; from data_build.sources.open_medicine import read; "
        "sys.path[:] = [path for path in sys.path if 'site-packages' not in path]; sys.path_importer_cache.clear(); list(read())"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert "InputError: source open_medicine is not installed: pip install" in done.stderr
