"""`python -m evals support`: a file of pairs in, recall and false alarms out; a bad line is named and costs no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evals.support import WRITTEN, make, measure, read
from medmodel.errors import InputError
from medmodel.records import Document, Source

GOOD = {
    "id": "1",
    "claim": "Give 5 mg of apixaban twice daily.",
    "quote": "Apixaban 5 mg BID is given.",
    "lang": "en",
    "label": "supported",
}


def line(**changed: Any) -> str:
    return json.dumps({**GOOD, **changed}, ensure_ascii=False)


def test_recall_and_false_alarms_are_counted_apart(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    quote = "Warfarin 5 mg is given daily to adults with atrial fibrillation."
    rows = [
        line(id="a", claim=quote, quote=quote, note="any further field is kept"),
        line(id="b", claim="In adults with AF, warfarin 5 mg is given every day.", quote=quote, paraphrase="written"),
        line(id="c", claim=quote.replace("5 mg", "50 mg"), quote=quote, label="contradicted", perturbation="number"),
        line(id="d", claim="Bananas ripen faster beside apples.", quote=quote, label="not_found", perturbation="unrelated"),
        line(id="e", claim="Bananas ripen faster beside apples.", quote=quote, label="supported"),  # a wrong label
    ]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    given, problems = read(file)
    report = measure(given, problems)
    assert (report.pairs, report.bad_lines) == (5, 0)
    assert report.recall is not None
    assert (report.recall.value, report.recall.n) == (1.0, 2)
    assert report.false_alarms is not None
    assert (report.false_alarms.value, report.false_alarms.n) == (0.3333, 3)
    assert report.false_alarms.low < 0.3333 < report.false_alarms.high
    assert report.false_alarms_written is not None
    assert report.false_alarms_written.value == 0
    assert set(report.by_perturbation) == {"number", "unrelated"}
    assert report.confusion == {
        "supported": {"supported": 2, "not_found": 1},
        "contradicted": {"contradicted": 1},
        "not_found": {"not_found": 1},
    }
    assert given[0].model_dump()["note"] == "any further field is kept"


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no JSON object"),
        (line(label="maybe"), "label: Input should be 'supported', 'contradicted' or 'not_found'"),
        (line(id="2", claim="  "), "claim: is empty"),
        (json.dumps({"id": "2", "claim": "x"}), "quote: Field required"),
        (line(), "the id '1' was there before"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_goes_on(tmp_path: Path, bad: str, told: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(f"{line()}\n{bad}\n{line(id='3')}\n", encoding="utf-8")
    given, problems = read(file)
    assert [pair.id for pair in given] == ["1", "3"]
    assert len(problems) == 1
    assert problems[0].startswith("pairs.jsonl:2: ")
    assert told in problems[0]
    assert measure(given, problems).bad_lines == 1


def test_letters_that_are_not_utf_8_cost_their_line_alone(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(line().encode() + b"\n" + line(id="2").encode().replace(b"Give", b"\xff") + b"\n")
    given, problems = read(file)
    assert len(given) == 1
    assert problems == ["pairs.jsonl:2: is not UTF-8"]


def test_no_file_and_no_pair_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(InputError, match="the file is empty"):
        measure(*read(tmp_path / "empty.jsonl"))


def test_development_pairs_are_of_what_is_held_out() -> None:
    source = Source(id="s", title="s", licence="MIT", tier="guideline")
    text = "Patients with gout should be given 500 mg of naproxen twice daily for at least five days."
    documents = [
        Document(id=split, text=text.replace("gout", split), source=source, domain="guideline", split=split)  # type: ignore[arg-type]
        for split in ("train", "heldout")
    ]
    made = make(documents, 10)
    assert {pair.source for pair in made} == {"heldout", ""}  # "": the hand-written ones
    with pytest.raises(InputError, match="hold nothing out"):
        make(documents[:1], 10)


def test_the_hand_written_paraphrases_are_enough_and_differ() -> None:
    hand = yaml.safe_load(WRITTEN.read_text(encoding="utf-8"))
    assert len(hand["en"]) >= 100
    assert len(hand["zh"]) >= 15
    assert all(len(pair) == 2 and pair[0] != pair[1] for pairs in hand.values() for pair in pairs)
