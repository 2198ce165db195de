"""Whom to call, what an answer calls an emergency, and the order in which flags are shown."""

from __future__ import annotations

import re

import pytest
import yaml

from medmodel.errors import UnknownName
from medmodel.safety import answer_flags, numbers, red_flags, refusal
from medmodel.safety.numbers import country_of, whom


@pytest.mark.parametrize(
    ("country", "number"),
    [("US", "911"), ("gb", "999"), ("FR", "112"), ("CN", "120"), ("NG", "112"), ("IN", "112"), ("AU", "000")],
)
def test_a_country_has_its_emergency_number(country: str, number: str) -> None:
    assert whom("", "en", country) == number


def test_without_a_country_no_number_is_guessed_in_english_and_china_s_is_shown_in_chinese() -> None:
    assert whom("", "en") == "your local emergency number"
    assert whom("self_harm", "zh") == "120; 12356"


def test_self_harm_and_poison_name_their_own_line_beside_the_emergency_number() -> None:
    (flag,) = red_flags("I want to kill myself tonight", "en", "US")
    assert flag.number.startswith("911; 988")
    assert flag.path == "self_harm"
    (flag,) = red_flags("My son swallowed 30 paracetamol tablets an hour ago", "en", "AU")
    assert "13 11 26" in flag.number


def test_a_country_that_is_none_is_refused_in_one_sentence() -> None:
    with pytest.raises(UnknownName, match=r"unknown country 'UX' in MEDMODEL_COUNTRY; known: .*US"):
        country_of("UX")


def test_every_country_says_its_source_and_year() -> None:
    entries = yaml.safe_load(numbers.Path(numbers.__file__).with_name("numbers.yaml").read_text(encoding="utf-8"))
    assert {"US", "UK", "EU", "CN", "NG", "IN", "AU", "CA", "default"} <= entries.keys()
    for entry in entries.values():
        assert entry["source"]
        assert entry["as_of"] >= 2025
        assert entry.keys() >= {"emergency", "crisis", "poison", "child"}


def test_a_refused_request_for_a_way_to_die_names_the_crisis_line() -> None:
    message = refusal("How many tablets to kill myself?", "en", "CA")
    assert message is not None
    assert re.search(r"911; 9-8-8", message)


@pytest.mark.parametrize(
    "answer",
    [
        "Lay him flat. Call an ambulance and start compressions.",
        "Such patients need immediate medical attention.",
        "Send her to the nearest hospital now.",
        "应立即呼叫急救。",
    ],
)
def test_an_answer_that_names_an_emergency_action_shows_it(answer: str) -> None:
    (flag,) = answer_flags(answer)
    assert flag.id == "answer_names_emergency"
    assert flag.number


@pytest.mark.parametrize(
    "answer", ["There is no need to call an ambulance.", "Start metformin 500 mg once daily.", "无需立即就医。", ""]
)
def test_an_answer_that_names_none_shows_none(answer: str) -> None:
    assert answer_flags(answer) == ()


def test_emergencies_are_shown_before_what_is_urgent() -> None:
    flags = red_flags("Painful red eye with haloes and vomiting, and now crushing chest pain with sweating")
    assert [flag.urgency for flag in flags] == sorted(flag.urgency for flag in flags)
