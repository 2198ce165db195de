"""Identifiers are found by form and cue; eponyms, doses and references stay; what is replaced is consistent."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_build.phi_names import model
from medmodel.phi import NameModel, analyzer, deidentify, find
from medmodel.phi.addresses import english
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


FORMATS = {  # how to write a date, and how to read it again
    "iso": ("{0:%Y-%m-%d}", r"(\d{4})-(\d\d)-(\d\d)", "ymd"),
    "dots": ("{0:%d.%m.%Y}", r"(\d\d)\.(\d\d)\.(\d{4})", "dmy"),
    "chinese": ("{0.year}年{0.month}月{0.day}日", r"(\d{4})年(\d{1,2})月(\d{1,2})日", "ymd"),
    "slashes": ("{0:%Y/%m/%d}", r"(\d{4})/(\d\d)/(\d\d)", "ymd"),
}
DATES = st.dates(min_value=date(1990, 1, 1), max_value=date(2025, 12, 31))


@given(st.sampled_from(sorted(FORMATS)), st.lists(DATES, min_size=2, max_size=5), st.text(max_size=8))
@settings(max_examples=150, deadline=None)
def test_dates_of_a_scope_keep_order_intervals_and_format(name: str, days: list[date], scope: str) -> None:
    written, read, order = FORMATS[name]
    text = "Notes.\n" + "\n".join(f"Seen on {written.format(day)} again." for day in days)
    new = deidentify(text, "key", scope=scope).text
    found = [dict(zip(order, map(int, parts), strict=True)) for parts in re.findall(read, new)]
    moved = [date(one["y"], one["m"], one["d"]) for one in found]
    assert len(moved) == len(days)
    assert {after - before for before, after in zip(days, moved, strict=True)} != {timedelta(0)}
    assert len({after - before for before, after in zip(days, moved, strict=True)}) == 1


@pytest.mark.parametrize(
    "text", ["March 12, 2020", "12 March 2020", "12th of March 2020", "12-Mar-2020", "3/12/20", "03/2020", "3月12日"]
)
def test_a_date_keeps_its_form_but_not_its_day(text: str) -> None:
    new = deidentify(f"Seen on {text}, again.", "key").text.removeprefix("Seen on ").removesuffix(", again.")
    assert new != text
    assert re.sub(r"\d+", "0", re.sub(r"[A-Z][a-z]+|(?<=\d)(?:st|nd|rd|th)", "A", new)) == re.sub(
        r"\d+", "0", re.sub(r"[A-Z][a-z]+|(?<=\d)(?:st|nd|rd|th)", "A", text)
    )


DIGITS = st.text("0123456789", min_size=8, max_size=8)
PLACES = ("MRN: {0}", "Mr. Quill{1} left", "phone (555) {0:.3}-{0:.4}", "card 4111 1111 1111 1111", "mail q{0}@post.example.com", "see https://a.example/{0}", "病历号：{0}", "住址：杭州市文三路{0:.2}号", "Patient name: Quill{1}", "at 12 Quill{1} Road, Quill{1}")  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PLACES), DIGITS, st.sampled_from("abdekmnor")), min_size=1, max_size=6))
@settings(max_examples=120, deadline=None)
def test_a_surrogate_is_never_the_original_and_no_text_grows_without_bound(said: list[tuple[str, str, str]]) -> None:
    text = "\n".join(place.format(digits, letter + "esk") for place, digits, letter in said)
    done = deidentify(text, "key")
    masked = deidentify(text, "key", mode="mask")
    assert len(done.text) <= len(text) + 60 * len(done.audit)
    assert not re.search(r"Quill", done.text)
    for one in done.audit:
        assert text[one.start : one.end] not in str(done.audit)
    if done.audit:
        assert done.text != text
        assert masked.text != text
    assert deidentify(text, "key") == done


def test_equal_identifiers_have_equal_surrogates_in_a_scope_and_equal_digests_in_the_audit() -> None:
    done = deidentify("MRN: 4821355 and later MRN: 4821355", "key", scope="p")
    one, other = re.findall(r"MRN: (\d+)", done.text)
    assert one == other != "4821355"
    assert done.audit[0].digest == done.audit[1].digest


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Lives at 12 Elm Street, Apt 4, Harwick, OH 43001 alone.", "12 Elm Street, Apt 4, Harwick, OH 43001"),
        ("Flat 3, 8 Rose Lane, Harwick HX1 2AB", "HX1 2AB"),
        ("Wohnt: Lindenstraße 12, 10115 Berlin", "Lindenstraße 12, 10115"),
        ("12 rue de la Paix", "12 rue de la Paix"),
        ("wohnt in der lindenstraße 12, 10115 berlin, germany", "lindenstraße 12, 10115 berlin, germany"),
        ("she lives at 14 high meadow road, harwick, oh 43001.", "14 high meadow road, harwick, oh 43001"),
        ("Bring it to 12 rue bleue before noon.", "12 rue bleue"),
        ("A parcel for 417 Rua Vinte e Cinco de Abril 9", "Rua Vinte e Cinco de Abril 9"),
        ("Her flat: Kerek utca 12.", "Kerek utca 12"),
        (
            "Ottoline Quarle\nMühlgasse 4\n Apt. 12\n Harwick\n Cyprus (Greek) 1234",
            "Mühlgasse 4\n Apt. 12\n Harwick\n Cyprus (Greek) 1234",
        ),
        ("po box 331, harwick, tx 43001", "po box 331, harwick, tx 43001"),
        ("I tried 91 555 01 78 again.", "91 555 01 78"),
        ("Fax 0664/5550142", "0664/5550142"),
        ("8 (495) 555-01-42", "8 (495) 555-01-42"),
        ("Quarle Ltd\n555 0142 office\n", "555 0142"),
        ("家住浙江省杭州市西湖区文三路12号3栋301室。", "浙江省杭州市西湖区文三路12号3栋301室"),
        ("患者系洛阳人", "洛阳"),
        ("Call +49 30 1234567 or (555) 010-4477 ext. 12.", "(555) 010-4477 ext. 12"),
        ("Ring 0755-28376998转311", "0755-28376998转311"),
        ("Born 二〇二一年三月四日", "二〇二一年三月四日"),
        ("Visit of the 3rd of May 2021.", "3rd of May 2021"),
        ("She is 93 years old", "93"),
        ("She was found on Quarley Road at night.", "Quarley Road"),
        ("We met in Ottoline Loop.", "Ottoline Loop"),
        ("Home address - Quarlova 285", "Quarlova 285"),
        ("Bring it to 26 rue des lieutenants Quarle", "26 rue des lieutenants Quarle"),
        ("Sent to 1252 Quarle rkp. 18. Apt. 417 Harwick Vale", "Apt. 417 Harwick Vale"),
        ("Sent to Apt. 58, Monte del Quarle, Spain 49079", "Monte del Quarle, Spain 49079"),
        ("Postbox 53, Harwick", "Postbox 53"),
        ("Clinic: 555 0142, ward: 555 437 108", "555 437 108"),
        ("Mr. Quarle, 555 437 108", "555 437 108"),
        ("Call 21 555 698 2548", "21 555 698 2548"),
    ],
)
def test_forms_of_addresses_phones_and_dates_are_found_whole(text: str, whole: str) -> None:
    covered = {at for one in find(text) for at in range(one.start, one.end)}
    assert set(range(text.index(whole), text.index(whole) + len(whole))) <= covered


@pytest.mark.parametrize(
    "text",
    [
        "Visit Go4Life online. Interleukin-6 and CCR5; Treating Kidney Failure: Eat Right. Study Group (2005).",
        "Blood groups. IL-2 is offered. What care is there for Kidney Failure: Hemodialysis.",
        "Platelets 150000, WBC 12000, 1,000,000 people, 5-10 mg, 10 to 20 mmHg.",
        "应在医生指导下使用。常见于成人，向医生咨询。",
    ],
)
def test_reference_text_loses_nothing(text: str) -> None:
    assert find(text, published=True) == []


@pytest.fixture(scope="module")
def names() -> NameModel:
    return model(count=3000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "Parkinson disease and Crohn's disease were discussed. Wells score 3, Hashimoto thyroiditis, Graves' disease, Down syndrome.",
        "Swan-Ganz catheter, Bell's palsy, Murphy sign negative, Glasgow Coma Scale 15, Hodgkin lymphoma.",
        "Todd palsy, Thomas test negative, Wilson disease, Gilbert syndrome, Barrett esophagus, Thompson test, Boyle law.",
        "Metformin 500 mg twice daily; INR 2.0-3.0; BP 150/95; Sodium 139, Potassium 4.1.",
        "帕金森病待排，白细胞8.5×10⁹/L，口服阿司匹林100mg。",
    ],
)
def test_eponyms_and_doses_survive_the_name_model(names: NameModel, text: str) -> None:
    assert find(text, names) == []


@pytest.mark.slow
def test_names_are_found_without_a_cue_and_hold_after_saving(names: NameModel, tmp_path: Path) -> None:
    text = "Discussed with Ottoline Brandvold today.\n今日由郑晓峰查房。"
    names.save(tmp_path / "names.npz")
    found = find(text, NameModel.load(tmp_path))
    assert [text[one.start : one.end] for one in found] == ["Ottoline Brandvold", "郑晓峰"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("we talked to mrs. oddvarsdottir about it", "oddvarsdottir"),
        ("please ask žofie dvořáčková to ring", "žofie dvořáčková"),
        ('"No," says Wilson.', "Wilson"),
        ("The prize went to Nwachukwu Adebisi of the away team.", "Nwachukwu Adebisi"),
        ("We eat at Harjukuja 54 today.", "Harjukuja 54"),
        ("Is Jasper Zuidhove 188 on your way?", "Jasper Zuidhove 188"),
    ],
)
def test_names_and_streets_are_found_in_everyday_sentences_and_without_capitals(names: NameModel, text: str, name: str) -> None:
    covered = {at for one in find(text, names) for at in range(one.start, one.end)}
    assert set(range(text.index(name), text.index(name) + len(name))) <= covered


@pytest.mark.parametrize(
    "text",
    [
        "she took 20 tablets in 3 days and went to bed at 10",
        "lives with his wife, on 5 mg twice daily",
        "HBx 12, Levothroid 0.1, WBC 120 130 140",
        "Sodium 139, 2.5 mg/kg, 12. day, 5 of 10, 45 years, 3-4 weeks, 37.5 C, 白细胞12，体温38。",
        "in European Union trials, Chi Square, Cardiopulmonary Bypass, on Henle Loop",
    ],
)
def test_numbers_in_texts_without_capitals_are_no_addresses(text: str) -> None:
    assert find(text) == []


@pytest.mark.slow
def test_presidio_can_use_the_same_recognisers() -> None:
    assert [hit.entity_type for hit in analyzer().analyze("call 555-010-4477", language="en")] == ["PHONE"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ms Secretname: INR?", ["Secretname"]),
        ("Dr Jane Secretname: take it", ["Jane Secretname"]),
        ("Patient: Jane Secretname, MRN: 48213", ["Jane Secretname"]),
        ("Patient: Jane Secretname MRN: 48213", ["Jane Secretname"]),
    ],
)
def test_a_name_before_a_colon_is_a_name_and_the_next_fields_label_is_none(text: str, names: list[str]) -> None:
    assert [text[one.start : one.end] for one in find(text) if one.kind == "name"] == names


ADDRESS_PARTS = st.sampled_from(
    "Lindenstrasse|Kerek utca|Boise, ID|London E1|Ottawa K1A|Mariastr.|New Zealand|(USA)|Luite tee|12|5|83702|6011|6AN|0B1|417|12.|,|\n".split(
        "|"
    )
)


@given(st.lists(ADDRESS_PARTS, max_size=8))
def test_an_address_is_found_or_not_whatever_stands_in_the_rest_of_the_text(parts: list[str]) -> None:
    """Patterns that need a number of some form are skipped in a text without one; here the end of the text has them all."""
    text = " ".join(["A", *parts])
    opens = "\n\n- str. x 12345 \n- y 1A \n- in Wales 4444, \n- weg 7x \n- u. 8;"
    alone, among = ([one for one in addresses_in(said) if one[1] <= len(text)] for said in (text, text + opens))
    assert [one for one in alone if one[1] < len(text)] == [one for one in among if one[1] < len(text)]


def addresses_in(text: str) -> list[tuple[int, int, float]]:
    return sorted(english(text, [number.span() for number in re.finditer("[0-9]+", text)]))
