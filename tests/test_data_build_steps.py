"""Cleaning keeps every number, splitting is by whole source, duplicates leave the preferred copy, held-out text stays unread."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_build import words as cut
from data_build.steps.clean import clean
from data_build.steps.decontaminate import LONGEST_RUN, Decontaminate, repeated
from data_build.steps.dedup import Dedup
from data_build.steps.exact_dedup import ExactDedup
from data_build.steps.paragraph_dedup import ParagraphDedup
from data_build.steps.split import choose_heldout
from data_build.steps.tagging import carry, uncarry
from medmodel.errors import InputError, UnknownName
from medmodel.records import Document, Source


def document(source: str, text: str, *, year: int = 2020, tier: str = "guideline", **fields: Any) -> Document:
    described = Source.model_validate({"id": source, "title": source, "year": year, "licence": "CC0-1.0", "tier": tier})
    return Document(id=f"{source}/1", text=text, source=described, domain="guideline", **fields)


def reasons(step: Any, *documents: Document) -> dict[str, str]:
    """What the step tags for dropping, and why."""
    return {
        found.id: found.metadata["drop"] for found in step.run([carry(each) for each in documents]) if found.metadata["drop"]
    }


def words(prefix: str, count: int) -> str:
    return " ".join(f"{prefix}{number}" for number in range(count))


@pytest.mark.parametrize(
    "text",
    [
        "Start at 2.5 mg twice daily (0.1--0.3 mg/kg), then 5–10 mg.",
        "WBC > 10 × 10⁹/L, PaO₂/FiO₂ ≤ 300 mmHg, ±2 °C, 50 µg.",
        "2,3-diphosphoglycerate and HLA-B*5801 and 5 * 3 = 15.",
        "Target < 140/90 mmHg; > 5 L needs 6–8 g/L albumin.",
    ],
)
def test_doses_units_ranges_superscripts_and_chemical_names_survive(text: str) -> None:
    assert clean(text) == text.replace("--", "–") + "\n"


def test_a_threshold_that_starts_a_line_is_no_quotation_mark() -> None:
    assert clean("> Note: see below\n> 5 L removed\n>= 3 points") == "Note: see below\n> 5 L removed\n>= 3 points\n"


def test_emphasis_links_comments_and_code_marks_go_and_headings_and_bullets_stay() -> None:
    text = "## **Rate** control\r\n\r\n<!-- draft -->- *Beta blockers* `first`, see [the trial](https://example.org/x)   \r\n***P. acnes***"
    assert clean(text) == "## Rate control\n\n- Beta blockers first, see the trial\nP. acnes\n"


def test_dashes_between_words_become_typographic_ones() -> None:
    assert clean("Stop -- unless NYHA II--III") == "Stop — unless NYHA II–III\n"


def test_a_table_row_becomes_one_sentence_and_no_cell_is_lost() -> None:
    table = "| Drug | Dose | Note |\n|---|:--:|---|\n| **Apixaban** | 5 mg | |\n| Dabigatran | 150 mg | a \\| b | surplus |"
    assert clean(table) == "- Drug: Apixaban; Dose: 5 mg.\n- Drug: Dabigatran; Dose: 150 mg; Note: a | b; surplus.\n"


def test_a_flow_chart_drawn_with_bars_keeps_its_words() -> None:
    chart = "Sepsis?\n  |\n  +--> Fluoroquinolone in 12 months?\n  |     YES --> Avoid it\n  |     |   NO --> It is an option"
    kept = clean(chart)
    for said in ("Fluoroquinolone in 12 months?", "YES --> Avoid it", "NO --> It is an option"):
        assert said in kept
    assert "|" not in kept


def test_the_packages_advertisement_goes_and_the_clinical_sentence_beside_it_stays() -> None:
    line = (
        "> **OpenMedicine Calculator:** `calculate_x` -- available via MCP for GRACE 2.0 scoring. Assign it at 1 and 5 minutes."
    )
    assert clean(f"Before.\n{line}\nAfter.") == "Before.\nAssign it at 1 and 5 minutes.\nAfter.\n"


@given(st.text(alphabet=st.sampled_from("ab1 \n|-*`_>#[].~é\u00a0"), max_size=80))
def test_no_markup_costs_a_digit(text: str) -> None:
    assert clean(text).count("1") == text.count("1")


def test_the_choice_of_held_out_sources_does_not_depend_on_order_or_on_what_is_always_trained() -> None:
    sources = [("guideline", f"g{number}") for number in range(20)]
    chosen = choose_heldout(sources, {"guideline": 5}, keep=(), seed=1)
    assert choose_heldout(sources[::-1], {"guideline": 5}, keep=(), seed=1) == chosen
    others = choose_heldout(sources, {"guideline": 5}, keep=chosen[:1], seed=1)
    assert chosen[0] not in others
    assert set(chosen[1:]) <= set(others)
    assert choose_heldout(sources, {"guideline": 5}, keep=(), seed=2) != chosen


def test_what_is_always_held_out_counts_towards_the_number_and_may_exceed_it() -> None:
    sources = [("guideline", f"g{number}") for number in range(20)]
    by_hash = choose_heldout(sources, {"guideline": 5}, keep=(), seed=1)
    named = next(source for source in (f"g{number}" for number in range(20)) if source not in by_hash)
    chosen = choose_heldout(sources, {"guideline": 5}, keep=(), seed=1, always=[named])
    assert len(chosen) == 5
    assert set(chosen) - {named} < set(by_hash)
    assert choose_heldout(sources, {"guideline": 1}, keep=(), seed=1, always=["g1", "g2"]) == ["g1", "g2"]


def test_a_slip_in_what_is_always_held_out_or_trained_is_an_error_and_so_is_naming_it_in_both() -> None:
    sources = [("guideline", "esc_2023")]
    with pytest.raises(UnknownName, match="did you mean 'esc_2023'"):
        choose_heldout(sources, {}, keep=(), seed=1, always=["esc_2032"])
    with pytest.raises(UnknownName, match="always_train"):
        choose_heldout(sources, {}, keep=["esc_2032"], seed=1)
    with pytest.raises(InputError, match="'esc_2023' is in always_train and in always_heldout"):
        choose_heldout(sources, {}, keep=["esc_2023"], seed=1, always=["esc_2023"])


def test_the_same_text_in_other_case_and_spacing_is_an_exact_duplicate() -> None:
    assert reasons(ExactDedup(), document("a", "One two\nthree"), document("b", "one\tTWO three")) == {
        "b/1": "exact duplicate of a/1"
    }


def test_near_duplicate_guidelines_keep_the_newest() -> None:
    old, new = document("a", words("w", 100), year=2019), document("b", words("w", 99), year=2023)
    assert reasons(Dedup(), old, new) == {"a/1": "near duplicate of b/1"}


def test_a_higher_tier_is_kept_before_a_newer_text() -> None:
    guideline = document("a", words("w", 100), year=2010)
    forum = document("b", words("w", 100) + " more", year=2024, tier="forum")
    assert reasons(Dedup(), guideline, forum) == {"b/1": "near duplicate of a/1"}


def test_of_the_same_tier_and_year_the_longer_is_kept() -> None:
    assert reasons(Dedup(), document("a", words("w", 98)), document("b", words("w", 100))) == {"a/1": "near duplicate of b/1"}


def test_a_third_copy_names_one_that_was_kept() -> None:
    copies = [document(name, words("w", 100 + number)) for number, name in enumerate("abc")]
    found = reasons(Dedup(), *copies)
    assert found == {"a/1": "near duplicate of c/1", "b/1": "near duplicate of c/1"}


def test_texts_below_the_threshold_both_stay() -> None:
    assert not reasons(Dedup(), document("a", words("w", 100)), document("b", words("w", 60) + " " + words("x", 40)))


def test_a_held_out_copy_of_a_training_text_is_not_deduplications_business() -> None:
    assert not reasons(Dedup(), document("a", words("w", 100)), document("b", words("w", 100), split="heldout"))


def test_what_is_dropped_does_not_depend_on_the_order_of_the_documents() -> None:
    shuffle = random.Random(0)
    documents = [document(f"s{n}", words(f"w{n % 7}x", 80) + " " + words("y", n % 5), year=2000 + n % 3) for n in range(40)]
    first = reasons(Dedup(), *documents)
    assert first
    for _ in range(3):
        shuffle.shuffle(documents)
        assert reasons(Dedup(), *documents) == first


@st.composite
def families(draw: st.DrawFn) -> list[Document]:
    """Texts of numbered words, some of them another's with a few words changed; years and tiers at random."""
    texts = [words(f"t{number}x", draw(st.integers(1, 60))) for number in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 6))):
        copy = draw(st.sampled_from(texts)).split()
        for _ in range(draw(st.integers(0, 2))):
            copy[draw(st.integers(0, len(copy) - 1))] = draw(st.sampled_from(("new", "other")))
        texts.append(" ".join(copy))
    return [
        document(f"s{number}", text, year=draw(st.integers(2000, 2003)), tier=draw(st.sampled_from(("guideline", "forum"))))
        for number, text in enumerate(texts)
    ]


@given(families(), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_whoever_is_dropped_is_near_a_preferred_document_that_stays_in_whatever_order_they_come(
    documents: list[Document], shuffle: random.Random
) -> None:
    found = reasons(Dedup(), *documents)
    by_id = {each.id: each for each in documents}
    for name, reason in found.items():
        copy, kept = by_id[name], by_id[reason.removeprefix("near duplicate of ")]
        assert kept.id not in found
        one, other = (
            set(zip(*(each.text.split()[at:] for at in range(5)), strict=False)) or {each.text} for each in (copy, kept)
        )
        assert len(one & other) / len(one | other) >= 0.8
        worth = [(each.source.tier == "guideline", each.source.year, len(each.text)) for each in (copy, kept)]
        assert worth[0] <= worth[1]
    kept_texts = [each.text for each in documents if each.id not in found]
    assert len(kept_texts) == len(set(kept_texts))  # the same text is always found
    shuffle.shuffle(documents)
    assert reasons(Dedup(), *documents) == found


def after_decontamination(*documents: Document) -> dict[str, Document]:
    return {found.id: uncarry(found) for found in Decontaminate().run([carry(each) for each in documents])}


def test_a_training_document_with_a_long_run_of_held_out_words_is_held_out_and_says_why() -> None:
    heldout = document("h", words("h", 400), split="heldout")
    copied = " ".join(f"h{number}" for number in range(100, 100 + LONGEST_RUN))
    found = after_decontamination(heldout, document("t", f"{words('a', 300)} {copied} {words('b', 300)}"))
    assert found["t/1"].split == "heldout"
    assert found["t/1"].attributes["quarantined"] == f"a run of {LONGEST_RUN} words of a held-out document"


def test_a_shorter_shared_phrase_is_normal() -> None:
    heldout = document("h", words("h", 400), split="heldout")
    quoted = " ".join(f"h{number}" for number in range(100, 100 + LONGEST_RUN - 1))
    found = after_decontamination(heldout, document("t", f"{words('a', 300)} {quoted} {words('b', 300)}"))
    assert found["t/1"].split == "train"
    assert not found["t/1"].attributes


def test_what_repeats_a_quarantined_document_is_quarantined_too() -> None:
    heldout = document("h", words("h", 100), split="heldout")
    second = document("t", f"{words('h', 40)} {words('t', 400)}")
    third = document("u", f"{words('t', 40)} {words('u', 400)}")
    found = after_decontamination(third, second, heldout)
    assert {identity: each.split for identity, each in found.items()} == {"h/1": "heldout", "t/1": "heldout", "u/1": "heldout"}


@given(st.integers(0, 60), st.integers(8, 40))
def test_the_longest_run_is_measured_exactly(start: int, length: int) -> None:
    heldout = np.unique(cut.runs(cut.words(words("h", 120)), LONGEST_RUN))
    run = " ".join(f"h{number}" for number in range(start, start + length))
    found = repeated(cut.words(f"{words('a', 200)} {run} {words('b', 200)}"), heldout)
    assert found == (length if length >= LONGEST_RUN else 0)


def test_documents_without_a_long_paragraph_have_none_that_repeats() -> None:
    found = [carry(document(name, "Short line.")) for name in "abc"]
    assert list(ParagraphDedup(copies=2).run(found)) == found
    assert not any(each.metadata["tags"] for each in found)


def test_a_paragraph_in_many_documents_stays_in_the_preferred_one_and_in_held_out_text() -> None:
    standing = (
        "This page was written for readers and is reviewed by the publisher's own board every three years, or when news asks."
    )
    documents = [
        document(name, f"{words(name, 30)}\n{standing}\n{words(name * 2, 30)}", year=2010 + number, split=split)
        for number, (name, split) in enumerate([("a", "train"), ("b", "train"), ("c", "heldout"), ("d", "train")])
    ]
    after = {found.id: found for found in ParagraphDedup(copies=4).run([carry(each) for each in documents])}
    assert [name for name, found in after.items() if standing in found.text] == ["c/1", "d/1"]
    assert after["a/1"].text == f"{words('a', 30)}\n{words('aa', 30)}"
    assert after["a/1"].metadata["tags"] == {"lines_cut": 1}
    assert not [found for found in ParagraphDedup(copies=5).run([carry(each) for each in documents]) if found.metadata["tags"]]
