"""A request to forget holds for every later build, whatever its recipe says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_build import flow
from data_build.__main__ import app
from medmodel import forgetting
from medmodel.artifacts import read_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document
from medmodel.stages.documents import Documents

RECIPE = """
schema_version: 1
name: tiny
seed: 3
stages:
  documents: {{uses: documents, sources: [{{format: jsonl, path: {path}, licence: CC0-1.0, tier: textbook}}]}}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDMODEL_STORE", str(tmp_path / "store"))
    notes = [{"id": f"n{number}", "text": f"Synthetic note {number}: " + f"word{number} " * 30} for number in range(3)]
    (tmp_path / "notes.jsonl").write_text("".join(json.dumps(note) + "\n" for note in notes))
    path = tmp_path / "tiny.yaml"
    path.write_text(RECIPE.format(path=tmp_path / "notes.jsonl"))
    return path


def forget(*arguments: str) -> Any:
    done = CliRunner().invoke(app, ["forget", *arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def ids(store: Path) -> list[list[str]]:
    """Of each documents artifact, the oldest first."""
    made = sorted(store.glob("documents-*/manifest.json"), key=lambda path: path.stat().st_mtime_ns)
    return [[found.id for found in read_records(path.parent / "documents", Document)] for path in made]


@pytest.mark.slow
def test_a_forgotten_document_is_in_no_later_build_and_what_held_it_is_listed(recipe: Path, tmp_path: Path) -> None:
    from medmodel.cli import run_recipe

    run_recipe(str(recipe), (), "documents")
    [first] = ids(tmp_path / "store")
    name = next(each for each in first if each.endswith("1"))
    told = forget(name, "--recipe", str(recipe))
    assert [each["documents"] for each in told["affected"]] == [1]
    assert forgetting.names() == (name,)
    assert ids(tmp_path / "store")[-1] == [each for each in first if each != name]
    text = "".join(path.read_text() for path in tmp_path.glob("store/documents-*/drops/*.jsonl"))
    assert "forgotten on request" in text
    assert "word1" not in text


def test_a_dry_run_changes_nothing(recipe: Path) -> None:
    forget("n1", "--dry-run", "--anyway")
    assert forgetting.names() == ()


def test_an_id_that_nothing_holds_is_an_error_before_anything_is_noted(recipe: Path) -> None:
    with pytest.raises(InputError, match="holds 'n9': check the id"):
        CliRunner().invoke(app, ["forget", "n9"], catch_exceptions=False)
    assert forgetting.names() == ()
    forget("n9", "--anyway")
    assert forgetting.names() == ("n9",)


def test_the_list_is_part_of_the_key_and_a_name_stands_on_it_once(recipe: Path) -> None:
    config = Documents(uses="documents")
    before = config.outside()
    forgetting.add(["a source", "n1"])
    after = config.outside()
    assert before != after
    forgetting.add(["n1"])
    assert forgetting.names() == ("a source", "n1")
    assert config.outside() == after


def test_a_line_that_an_editor_left_without_an_end_keeps_apart_from_the_next(recipe: Path, tmp_path: Path) -> None:
    forgetting.add(["n1"])
    path = tmp_path / "home" / "forget.txt"
    path.write_text(path.read_text() + "2026-01-01 n2")
    forgetting.add(["n3"])
    assert forgetting.names() == ("n1", "n2", "n3")


def test_a_forgotten_source_that_a_recipe_always_trains_on_or_holds_out_stops_no_build(recipe: Path, tmp_path: Path) -> None:
    forgetting.add(["gone"])
    for number, choice in enumerate(("always_train", "always_heldout")):
        out = tmp_path / f"out{number}"
        out.mkdir()
        entry = {"format": "jsonl", "path": str(tmp_path / "notes.jsonl"), "licence": "CC0-1.0"}
        sources = [entry, {**entry, "id": "gone"}]
        flow.run(Job(Documents.model_validate({"uses": "documents", "sources": sources, choice: ["gone"]}), {}, out, seed=1))
        assert {each.source.id for each in read_records(out / "documents", Document)} == {"notes"}
