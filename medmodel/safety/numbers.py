"""Whom to call: emergency, crisis and poison numbers by country, each with its source and year (`numbers.yaml`).

The country is a setting of the site (`MEDMODEL_COUNTRY`), not guessed from the reader; without one a Chinese question gets
China's numbers and every other "your local emergency number", since a wrong number costs more than none.

    whom("self_harm", "en", "US")  ->  "911; 988 (Suicide & Crisis Lifeline)"
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from medmodel.errors import UnknownName

VARIABLE = "MEDMODEL_COUNTRY"
Language = Literal["en", "zh"]
_LINES = {"self_harm": ("emergency", "crisis"), "poison": ("emergency", "poison"), "child": ("emergency",)}
_OF_LANGUAGE = {"en": "default", "zh": "CN"}
_UNION = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split())


def whom(path: str, language: Language = "en", country: str | None = None) -> str:
    """The numbers for one path ("", self_harm, poison, child, pregnancy), most urgent first."""
    entry = _numbers()[country_of(country) or _OF_LANGUAGE[language]]
    lines = [entry[line] for line in _LINES.get(path, ("emergency",))]
    return "; ".join(dict.fromkeys(line[language] if isinstance(line, dict) else line for line in lines))


def country_of(country: str | None = None) -> str | None:
    """The entry for a country, or for the site's when none is named; None when neither is. Raises UnknownName."""
    named = (country or os.environ.get(VARIABLE, "")).strip().upper()
    if not named:
        return None
    entry = {"GB": "UK"}.get(named, "EU" if named in _UNION else named)
    known = _numbers().keys() - {"default"}
    if entry not in known:
        raise UnknownName("country", named, [*known, *_UNION], VARIABLE)
    return entry


@cache
def _numbers() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("numbers.yaml").read_text(encoding="utf-8"))
    return loaded
