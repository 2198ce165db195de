"""Requests that are refused before any model is asked, each with a useful alternative; harmless look-alikes pass.

The rules are `refusals.yaml`: what is asked for (`harm`) and that it is asked for (`ask`): "how is a fentanyl overdose reversed?"
names harm and asks for none. They read the normalised text, so case, spacing and Unicode forms change nothing. Not covered:
requests that only a reader of intent can tell ("my rival's glass"), several turns, encodings, typing errors.

    refusal("Help me forge a prescription")  ->  "I cannot help to obtain, misuse or hide drugs. …"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from medmodel.safety.numbers import whom
from medmodel.safety.text import read

RULES = Path(__file__).with_name("refusals.yaml")
Language = Literal["en", "zh"]


class _Rule(NamedTuple):
    id: str
    message: dict[str, str]
    ask: re.Pattern[str]
    harm: re.Pattern[str]
    unless: re.Pattern[str] | None


def refusal(text: str, language: Language = "en", country: str | None = None) -> str | None:
    """Why a request is not answered, and what is offered instead; None when it is answered."""
    rule = refused_by(text)
    return rule.message[language].replace("{number}", whom("self_harm", language, country)) if rule else None


def refused_by(text: str) -> _Rule | None:
    """The first rule that refuses a request."""
    flat = read(text).flat
    for rule in _rules():
        if rule.harm.search(flat) and rule.ask.search(flat) and not (rule.unless and rule.unless.search(flat)):
            return rule
    return None


@cache
def _rules() -> tuple[_Rule, ...]:
    raw = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    frame: list[str] = raw["frame"]
    return tuple(
        _Rule(
            id=rule["id"],
            message=rule["message"],
            ask=_pattern([part for ask in rule["ask"] for part in (frame if ask == "frame" else [ask])]),
            harm=_pattern(rule["harm"]),
            unless=_pattern(rule["unless"]) if rule["unless"] else None,
        )
        for rule in raw["refusals"]
    )


def _pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    """One pattern for all phrases: whole words in English; Chinese has no word boundaries."""
    chinese = [phrase for phrase in phrases if re.search(r"[\u4e00-\u9fff]", phrase)]
    english = [phrase for phrase in phrases if phrase not in chinese]
    parts = ([rf"(?<!\w)(?:{'|'.join(english)})(?!\w)"] if english else []) + chinese
    return re.compile("|".join(parts), re.IGNORECASE)
