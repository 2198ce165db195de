"""The step replaces and counts, and no planted identifier is in any of its outputs."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from data_build import phi_blind, phi_styles, phi_values
from data_build.alone import run_alone
from data_build.phi_notes import Family, chinese_given, measured_given, measured_names, names_of, notes
from data_build.phi_templates import EVAL, TRAIN
from data_build.steps.phi import Phi
from data_build.steps.tagging import carry
from medmodel.errors import InputError
from medmodel.records import Document, Source
from medmodel.stages.documents import PUBLIC_KEY, Documents

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


PLANTED = {  # a line, and what of it must be nowhere afterwards
    "Patient name: Zebulon Canaryman": ("Zebulon", "Canaryman"),
    "Mrs. Quistgaard-Oyelowo agreed.": ("Quistgaard", "Oyelowo"),
    "患者姓名：慕容紫嫣": ("慕容", "紫嫣"),
    "MRN: 7731945; account no. HX-2290471": ("7731945", "2290471"),
    "phone 555-010-4477 ext. 8812, +44 20 7946 0991": ("010-4477", "ext. 8812", "7946 0991"),
    "手机13899127745，电话0571-88231907": ("13899127745", "88231907"),
    "jo.canary@post.example.com, https://portal.example.com/canary/9917": ("jo.canary", "canary/9917"),
    "SSN 219-09-9917, card 4111 1111 1111 1111": ("219-09-9917", "1111 1111"),
    "身份证11010519491231002X，车牌京A88K31": ("11010519491231002X", "A88K31"),
    "born 17 March 1951, seen 2024-02-29 and 4/17/22": ("17 March 1951", "2024-02-29", "4/17/22"),
    "lives at 4417 Canarywood Lane, Canaryville, OH 43099": ("4417 Canary", "Canarywood", "43099"),
    "住址：杭州市西湖区金丝雀路917号": ("金丝雀路", "917号"),
    "IP 203.0.113.77, MAC 00:1B:44:11:3A:B7": ("203.0.113.77", "00:1B:44:11:3A:B7"),
    "a 97-year-old woman": ("97-year",),
}


@pytest.mark.parametrize("mode", ["surrogate", "mask"])
def test_no_planted_canary_is_in_any_file_of_the_step_run_alone(tmp_path: Path, mode: str) -> None:
    records = [{"id": f"n{at}", "text": f"Ward round.\n{line}\nStable."} for at, line in enumerate(PLANTED)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in/notes.jsonl").write_text("\n".join(map(json.dumps, records)))
    out = tmp_path / "out"
    settings = ["key=secret", f"mode={mode}", f"audit={out / 'audit'}"]
    run_alone("phi", tmp_path / "in/notes.jsonl", out / "clean.jsonl", out / "report.json", settings)
    told = "\n".join(path.read_text() for path in sorted(out.rglob("*")) if path.is_file())
    assert not [canary for canaries in PLANTED.values() for canary in canaries if canary in told]
    assert told.count("Stable.") >= len(PLANTED)


def test_the_public_key_is_refused_for_a_clinics_own_texts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEDMODEL_PHI_KEY", raising=False)
    own = {"format": "jsonl", "path": str(tmp_path), "licence": "internal", "tier": "local"}
    with pytest.raises(InputError, match="the key 'medmodel' is public"):
        Documents(uses="documents", sources=(own,), phi=True).outside()
    with pytest.raises(InputError, match="MEDMODEL_PHI_KEY"):
        list(Phi(key=PUBLIC_KEY).run([carry(document(NOTE, tier="local"))]))
    monkeypatch.setenv("MEDMODEL_PHI_KEY", "a secret")
    Documents(uses="documents", sources=(own,), phi=True).outside()


def test_the_public_key_does_for_shipped_and_published_texts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MEDMODEL_PHI_KEY", raising=False)
    published = {"format": "jsonl", "path": str(tmp_path), "licence": "CC-BY-4.0", "tier": "textbook"}
    Documents(uses="documents", sources=("open_medicine", published), phi=True).outside()
    assert list(Phi(key=PUBLIC_KEY).run([carry(document(NOTE))]))


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


def test_no_family_shares_a_template_or_a_name_with_another() -> None:
    trained = {line for parts in TRAIN.values() for lines in parts.values() for line in lines} | lines_of(phi_styles.STYLES)
    tuned = {line for parts in EVAL.values() for lines in parts.values() for line in lines}
    judged = lines_of(phi_blind.STYLES)
    assert not (trained & tuned) | (tuned & judged)
    assert {line for line in trained & judged if "{" in line and re.sub(r"\{\w+\}|\W", "", line)} == set()
    of: dict[Family, set[str]] = {
        "train": {name for key in NAMES for name in names_of("train", key)},
        "eval": {name for key in NAMES for name in names_of("eval", key)},
        "blind": {name for key in ("given", "surname", "city", "street") for name in phi_blind.LISTS[key].split()},
    }
    assert not (of["train"] & of["eval"]) | (of["train"] & of["blind"]) | (of["eval"] & of["blind"])
    assert not measured_given() & set(chinese_given())


NAMES = ("given_female", "given_male", "surnames", "cities", "streets")


def test_no_name_put_together_for_training_is_one_that_is_measured_with() -> None:
    values = phi_values.Values("en", {}, {"measured": measured_names()}, random.Random(1))
    made = {
        begin + end
        for begins, *ends in phi_values.ORIGINS.values()
        for begin in begins.split()
        for end in " ".join(ends).split()
    }
    assert made & set(measured_names())
    assert not {values._new(name) for name in made} & set(measured_names())
    assert not set(phi_values.AS_WORDS) & set(measured_names())


def lines_of(styles: dict[str, tuple[dict[str, tuple[str, ...]], ...]]) -> set[str]:
    return {line for each in styles.values() for style in each for lines in style.values() for line in lines}


def test_the_spans_of_a_note_are_where_it_says() -> None:
    families: tuple[Family, ...] = ("train", "eval", "blind")
    for family in families:
        for note in notes(family, 20, 1):
            assert all(0 <= one.start < one.end <= len(note.text) for one in note.gold)
            assert "{" not in note.text
    assert list(notes("eval", 4, 1)) == list(notes("eval", 4, 1))
