"""How a question speaks as a whole: an emergency that no rule names is flagged, and a subject, a figure of speech or what is well is not.

The questions were written for this file. What the weights find on questions they were not fitted on is printed by evals/red_flags_fit.py.
"""

from __future__ import annotations

import json

import pytest
import yaml

from medmodel.safety import RULES, red_flags
from medmodel.safety.flags import see
from medmodel.safety.manner import WEIGHTS, manner
from medmodel.safety.text import read


def test_an_emergency_that_no_rule_names_raises_the_general_flag() -> None:
    (flag,) = red_flags(
        "He keeps sliding off the chair since supper, grunts when I call him and his lips look odd, please what now"
    )
    assert flag.urgency == "emergency"


@pytest.mark.parametrize(
    "question",
    [
        "button batteries - which toys are safest?",
        "Audit standard for time to antibiotics in neutropenic sepsis?",
        "choked up at the school play, is that normal at my age",
        "Sick of porridge. What else lowers cholesterol?",
        "Back pain for a month, bladder and bowels normal, walking fine. Which stretches?",
        "I am not suicidal, only tired of night shifts. Melatonin?",
        "笑死我了，请问维生素C一天吃多少",
    ],
)
def test_a_subject_a_figure_of_speech_and_what_is_well_raise_nothing(question: str) -> None:
    assert red_flags(question) == ()


@pytest.mark.parametrize("question", ["她说不想活了", "My patient has a plan for suicide"])
def test_of_suicide_one_finding_is_enough(question: str) -> None:
    assert "suicide" in {flag.id for flag in red_flags(question)}


def test_a_reading_of_danger_is_never_silenced() -> None:
    assert red_flags("potassium 7.1")
    assert red_flags("INR 9")


def test_every_finding_that_is_weighed_exists() -> None:
    known = set(yaml.safe_load(RULES.with_name("findings.yaml").read_text(encoding="utf-8"))["findings"])
    weighed = json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    assert {term.partition(":")[2] for term in weighed if term.startswith(("f:", "denied:", "past:"))} <= known


def test_a_denied_finding_speaks_for_less_than_an_affirmed_one() -> None:
    affirmed, denied = "He has fits and is drowsy", "He has no fits and is not drowsy"
    assert manner(read(affirmed), see(affirmed).heard).score > manner(read(denied), see(denied).heard).score
