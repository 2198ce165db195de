"""Identifiers are found by form and cue; eponyms, doses and references stay; what is replaced is consistent."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.phi import analyzer, deidentify, find
from medmodel.phi.finding import words
from medmodel.phi.numbers import identity_checksum, luhn

IDENTITY = "11010519491231002X"  # the worked example of GB 11643
PLANTED = {
    "identity": IDENTITY, "email": "jo.public@post.example.com", "phone": "(555) 010-4477", "account": "4111111111111111", "date": "2024-03-12", "ip": "156.113.102.26",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), PLANTED.items())
@given(before=st.text(max_size=40), after=st.text(max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_structured_identifier_is_found_in_any_text(kind: str, value: str, before: str, after: str) -> None:
    text = f"{before}\n{value}\n{after}"
    at = len(before) + 1
    covered = {place for one in find(text) for place in range(one.start, one.end)}
    assert set(range(at, at + len(value))) <= covered


@given(st.text(max_size=60), st.sampled_from(sorted(PLANTED.values())), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_nothing_outside_the_found_spans_changes(before: str, value: str, after: str) -> None:
    text = f"{before} {value} {after}"
    done = deidentify(text, "key", mode="mask")
    rest, last = "", 0
    for one in done.audit:
        rest += text[last : one.start] + f"[{one.kind.upper()}]"
        last = one.end
    assert done.text == rest + text[last:]
    assert value not in done.text


@pytest.mark.parametrize(
    "text",
    [
        "Apixaban 5 mg twice daily, 2.5–5 mg, INR 2.0-3.0, BP 150/95, platelets 150,000, CHA2DS2-VASc 2, GCS 14/15.",
        "Parkinson disease, Crohn's disease, Wells score 3, Apgar 8, Swan-Ganz catheter, Hodgkin lymphoma, Bell's palsy.",
        "The 2023 ACC/AHA guideline, PMID: 12345678, doi:10.1000/182736455, NCT01234567, pages 112-118.",
        "成人每次5~10mg，一日3次；白细胞8.5×10⁹/L，血压130/80mmHg，65岁。",
    ],
)
def test_doses_eponyms_and_references_stay(text: str) -> None:
    assert find(text) == []


def test_a_reference_keeps_its_facts_and_loses_what_names_a_patient() -> None:
    facts = (
        "Published March 2019. Call 1-800-422-6237 or see https://www.nih.gov. Contact info@nih.gov. Dr. Mary Jones wrote it."
    )
    assert find(facts, published=True) == []
    assert [one.kind for one in find("Patient name: Jane Roe, MRN: 4821355", published=True)] == ["name", "record"]


def test_the_check_characters_are_checked() -> None:
    assert identity_checksum(IDENTITY)
    assert not identity_checksum("110105194912310021")
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


def test_dates_keep_their_interval_and_their_format() -> None:
    new = deidentify("Admitted 2024-02-27, discharged 2024-03-05.", "key", scope="p").text
    first, second = (date.fromisoformat(one) for one in re.findall(r"\d{4}-\d\d-\d\d", new))
    assert (second - first).days == 7
    assert first != date(2024, 2, 27)
    assert first.weekday() == date(2024, 2, 27).weekday()


def test_one_name_has_one_surrogate_in_a_scope_and_another_key_gives_another() -> None:
    text = "Mrs. Jane Rowland came. Later Mrs. Rowland left; Rowland slept."
    new = deidentify(text, "key", scope="p").text
    assert "Rowland" not in new
    surname = re.findall(r"Later Mrs. (\w+) left", new)[0]
    assert new.count(surname) == 3
    assert deidentify(text, "key", scope="p").text == new
    assert len({deidentify(text, f"key{number}", scope="p").text for number in range(5)}) > 1


def test_an_age_over_89_becomes_90_and_a_threshold_stays() -> None:
    assert deidentify("a 93-year-old woman", "key").text == "a 90+-year-old woman"
    assert find("patients older than 90 years") == []


def test_chinese_identifiers_are_found() -> None:
    text = f"患者：李明华，男，住院号：20231234，2023年5月6日入院，手机13812345678，家住杭州市西湖区文三路12号3栋301室，身份证{IDENTITY}。"
    assert [one.kind for one in find(text)] == ["name", "record", "date", "phone", "address", "identity"]


def test_the_audit_never_holds_the_words() -> None:
    done = deidentify("Mr. Secretname, MRN: 7731945", "key")
    assert "Secretname" not in str(done.audit)
    assert "7731945" not in str(done.audit)
    assert done.audit[0].digest != deidentify("Mr. Secretname", "other").audit[0].digest


def test_at_least_150_eponyms_are_known() -> None:
    assert len(set(words("eponyms"))) >= 150


@pytest.mark.slow
def test_presidio_can_use_the_same_recognisers() -> None:
    assert [hit.entity_type for hit in analyzer().analyze("call 555-010-4477", language="en")] == ["PHONE"]
