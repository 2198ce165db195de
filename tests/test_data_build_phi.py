"""The step replaces and counts, and no planted identifier is in any of its outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data_build.phi_notes import names_of, notes
from data_build.phi_templates import EVAL, TRAIN
from data_build.steps.phi import Phi
from data_build.steps.tagging import carry
from medmodel.errors import InputError
from medmodel.records import Document, Source

NOTE = "Patient name: Zebulon Canaryman, MRN: 7731945, phone 555-010-4477, jo@post.example.com"
CANARIES = ("Zebulon", "Canaryman", "7731945", "010-4477", "jo@post")


def document(text: str, **fields: Any) -> Document:
    source = Source(id="synthetic", title="t", licence="CC0-1.0", tier=fields.pop("tier", "none"))
    return Document(**{"id": "synthetic/1", "domain": "note", **fields}, text=text, source=source)


def test_no_canary_is_left_in_text_tags_audit_or_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = next(iter([*Phi(key="secret", audit=str(tmp_path)).run([carry(document(NOTE))])]))
    captured = capfd.readouterr()
    told = done.text + json.dumps(done.metadata) + (tmp_path / "00000.jsonl").read_text() + captured.out + captured.err
    assert not [canary for canary in CANARIES if canary in told]
    assert done.metadata["tags"] == {"phi_email": 1, "phi_name": 1, "phi_phone": 1, "phi_record": 1}


def test_mode_tag_counts_and_leaves_the_text() -> None:
    done = next(iter([*Phi(key="secret", mode="tag").run([carry(document(NOTE))])]))
    assert done.text == NOTE
    assert done.metadata["tags"]["phi_name"] == 1


def test_published_text_keeps_its_dates_and_a_note_does_not() -> None:
    text = "Updated 12 March 2019."
    published, note = Phi(key="k").run([carry(document(text, tier="guideline", domain="guideline")), carry(document(text))])
    assert published.text == text
    assert note.text != text


def test_the_dates_of_one_patient_move_together() -> None:
    text = "Seen on 2024-03-12."
    both = [carry(document(text, id=f"s/{number}", attributes={"patient": "p1"})) for number in range(2)]
    first, second = Phi(key="k").run(both)
    assert first.text == second.text


def test_a_mode_or_a_key_that_is_none_is_an_error() -> None:
    with pytest.raises(InputError, match="mode 'erase'"):
        Phi(key="k", mode="erase")
    with pytest.raises(InputError, match="`key` is empty"):
        Phi(key="")


def test_training_and_evaluation_share_no_template_and_no_name() -> None:
    for language in ("en", "zh"):
        for part in TRAIN[language]:
            assert not set(TRAIN[language][part]) & set(EVAL[language][part])
    for key in (
        "given_female",
        "given_male",
        "surnames",
        "cities",
        "streets",
        "zh_surnames",
        "zh_given_female",
        "zh_given_male",
        "zh_cities",
        "zh_streets",
    ):
        assert not set(names_of("train", key)) & set(names_of("eval", key))


def test_the_spans_of_a_note_are_where_it_says() -> None:
    for note in notes("train", 20, 1):
        assert all(0 <= one.start < one.end <= len(note.text) for one in note.gold)
    assert list(notes("eval", 4, 1)) == list(notes("eval", 4, 1))
