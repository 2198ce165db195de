"""`python -m evals redflags`: any file in the form, its figures by hand, and one clear sentence for a bad line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals import redflags
from evals.__main__ import app
from medmodel.errors import InputError

CASES: list[dict[str, Any]] = [
    {"id": "a", "text": "Crushing chest pain and sweating for an hour", "lang": "en", "red_flag": "chest_pain", "urgency": "emergency", "kind": "explicit"},
    {"id": "b", "text": "突发口角歪斜、言语不清", "lang": "zh", "red_flag": True, "urgency": "emergency", "kind": "implicit"},
    {"id": "c", "text": "Which shampoo for dandruff?", "lang": "en", "red_flag": True, "urgency": "urgent", "kind": "implicit"},
    {"id": "d", "text": "Which cream for acne?", "lang": "en", "red_flag": None, "urgency": "routine"},
    {"id": "e", "text": "He is vomiting blood and feels faint", "lang": "en", "red_flag": False, "urgency": "routine", "author": "x"},
]  # fmt: skip


def test_the_figures_are_those_counted_by_hand(tmp_path: Path) -> None:
    report = redflags.measure(redflags.read(written(tmp_path, CASES)))
    assert report.rates["sensitivity"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert report.rates["sensitivity/implicit"]["n"] == 2
    assert report.rates["sensitivity/zh"]["value"] == 1
    assert report.rates["named"]["value"] == 1
    assert report.rates["false_alarms"]["value"] == 0.5
    assert report.rates["under_triaged"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert report.missed == ["c"]
    assert report.false == {"e": ["gi_bleed"]}


def test_under_triage_is_listed_first(tmp_path: Path) -> None:
    report = redflags.measure(redflags.read(written(tmp_path, CASES)))
    assert next(iter(report.urgency)) == "urgent -> routine"
    assert list(report.urgency)[-1] == "routine -> emergency"


def test_the_command_prints_one_json_document(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["redflags", "--cases", str(written(tmp_path, CASES)), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["missed"] == ["c"]


def test_the_command_lists_what_was_missed(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["redflags", "--cases", str(written(tmp_path, CASES))])
    assert "missed: c" in result.stdout


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", r"line 1: no JSON \(.*at character 2\)"),
        ('{"id": "a"}', "line 1: 'text': Field required"),
        ('{"id": "a", "text": " ", "red_flag": true, "urgency": "urgent"}', "line 1: 'text' is empty"),
        ('{"id": "a", "text": "x", "red_flag": true, "urgency": "soon"}', "line 1: 'urgency': Input should be"),
        ('{"id": "a", "text": "x", "lang": "fr", "red_flag": true, "urgency": "urgent"}', "line 1: 'lang': Input should be"),
        ("[1]", "line 1: 'line': Input should be"),
        ("", "holds no question"),
    ],
)
def test_a_bad_line_is_one_sentence_with_its_place(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        redflags.read(path)


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2: id 'a' stands on line 1 already"):
        redflags.read(written(tmp_path, [CASES[0], CASES[0]]))


def written(folder: Path, cases: list[dict[str, Any]]) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases), encoding="utf-8")
    return path
