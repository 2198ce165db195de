"""Which tools a question names, and what each could read of it: offered beside the answer, computed only when complete.

    find("CURB-65 for a 70-year-old with confusion, urea 8 mmol/L, RR 32, BP 88/50")

A tool is offered when the question calls it by one of its names (`called`); a name that clinicians drop in passing (BMI,
GCS) counts only when the question asks for a number. Only the user's own question is read here, never a passage.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from medmodel import registry
from medmodel.errors import InputError
from medmodel.records import ToolMissing, ToolOffer
from medmodel.tools.reading import read
from medmodel.tools.tool import Tool

MOST = 3  # offers: the answer stays the answer
LONGEST = 2000  # characters read: a question is shorter, and a pasted record is not scanned for calculators
_ASKS = re.compile(
    r"\b(?:calculat\w*|comput\w*|work out|estimat\w*|what(?:'s|\s+is|\s+would be)|how (?:much|high|many)|determine|score)\b"
    r"|计算|算出|算一下|算算|多少|评估|评分|求|换算",
    re.IGNORECASE,
)


class _Named(NamedTuple):
    length: int  # of the name: a longer one is more of a name
    start: int
    tool: Tool
    sure: bool  # False: a name that is dropped in passing


def find(question: str) -> tuple[ToolOffer, ...]:
    """The best tools first: earliest in the question, then the longest name."""
    text = question[:LONGEST]
    asks = bool(_ASKS.search(text))
    named = [one for name in registry.names("tool") if (one := _named(registry.get("tool", name), text))]
    named = [one for one in named if not any(_within(one, other) for other in named)]
    named.sort(key=lambda one: (one.start, -one.length))
    offers = [(one, offer(one.tool, question)) for one in named[: 2 * MOST]]
    return tuple(made for one, made in offers if one.sure or asks or made.result)[:MOST]


def offer(tool: Tool, question: str) -> ToolOffer:
    """What was read for one tool, with its result when nothing is missing."""
    asked = {wanted.name: wanted for wanted in tool.spec.inputs}
    found = read(tool, question[:LONGEST]) if tool.reads is None else tool.reads(question[:LONGEST])
    readings = [
        reading.model_copy(update={"title": asked[reading.name].title, "title_zh": asked[reading.name].title_zh})
        for reading in found
    ]
    about = {"tool": tool.name, "title": tool.spec.title, "title_zh": tool.spec.title_zh, "read": readings}
    try:
        done = tool.run({reading.name: _given(reading.value, reading.unit) for reading in readings})
    except InputError as error:
        return ToolOffer.model_validate({**about, "error": str(error)})
    if isinstance(done, ToolMissing):
        return ToolOffer.model_validate({**about, "missing": done.missing})
    return ToolOffer.model_validate({**about, "result": done})


def _given(value: float | bool | str, unit: str) -> object:
    return {"value": value, "unit": unit} if isinstance(value, float) and unit else value


def _within(one: _Named, other: _Named) -> bool:
    """Whether a name is only a part of a longer one: MELD in MELD-Na, Wells score in Wells score for DVT."""
    return other.length > one.length and other.start <= one.start and one.start + one.length <= other.start + other.length


def _named(tool: Tool, text: str) -> _Named | None:
    """The longest name of a tool in the text, one that is sure before one that is dropped in passing."""
    hits = [_Named(len(words), start, tool, True) for words, start in tool.also_named(text)]
    for sure, pattern in _names(tool.name):
        hits += [_Named(hit.end() - hit.start(), hit.start(), tool, sure) for hit in pattern.finditer(text)]
    return max(hits, key=lambda one: (one.sure, one.length, -one.start)) if hits else None


@cache
def _names(name: str) -> tuple[tuple[bool, re.Pattern[str]], ...]:
    """Names as patterns: in any case unless one begins with =; one that begins with ~ is not sure."""
    tool = registry.get("tool", name)
    sure = [word for word in (*tool.called, *tool.called_zh) if not word.startswith("~")]
    weak = [word[1:] for word in (*tool.called, *tool.called_zh) if word.startswith("~")]
    return tuple((certain, _either(words)) for certain, words in ((True, sure), (False, weak)) if words)


def _either(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(_pattern(word) for word in sorted(set(words), key=len, reverse=True)))


def _pattern(word: str) -> str:
    exact = word.startswith("=")
    written = re.escape(word.removeprefix("=")).replace(r"\ ", r"[\s-]+").replace(r"\-", r"[-\s–]?")
    before = r"(?<![A-Za-z0-9])" if word.lstrip("=")[0].isascii() else ""
    after = r"(?![A-Za-z0-9])(?!\s*(?:of|is|was|[:=])?\s*\d+(?:\.\d+)?(?![\d岁-]))" if word in _VALUES else r"(?![A-Za-z0-9])"
    return before + (written if exact else f"(?i:{written})") + (after if word[-1].isascii() else "")


_VALUES = frozenset(("BMI", "GCS", "eGFR", "CrCl", "QTc", "creatinine clearance", "body mass index"))  # "BMI 31" gives one
