"""Red flags: the rules of `red_flags.yaml` over the findings of one text.

A rule names ways in which it fires; a way is a list of conditions, and every one must hold:

    any:
      - [chest_pain, ischaemic_company or breathless]     a finding, or either of two
      - [fever, sbp < 90]                                 a reading compared (medmodel/safety/measures.py)
      - [not pregnant, 2 of headache, vomit, drowsy]      absence; at least two of a list
      - [manner >= 0.4, anything]                         how the text speaks, and any finding that says what is wrong

A finding holds when the text has it, affirmed and of now (medmodel/safety/scope.py). A text about a subject, an exam or a
supposed case raises nothing. How the text speaks as a whole (medmodel/safety/manner.py) is compared as a reading is
(`manner >= 0.4`); where nobody is the patient, a way that one finding alone meets also needs it above `alone`: "button batteries -
which toys are safest?".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from medmodel.safety.manner import manner
from medmodel.safety.measures import Reading, measures
from medmodel.safety.phrases import Phrases
from medmodel.safety.scope import now, scopes, someone, topics
from medmodel.safety.text import Text, read

HERE = Path(__file__).parent
RULES = HERE / "red_flags.yaml"
Urgency = Literal["emergency", "urgent"]
Test = Callable[["Seen"], str | None]  # the words that met a condition, "" when it was met by an absence; None when it was not
_COMPARE = re.compile(r"(\w+) (<=|>=|<|>) (-?[\d.]+)")
_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_COUNT = re.compile(r"(\d) of (.+)")
WITNESSES = 2  # findings beside the name of a disease that make it a case: "tenecteplase in STEMI by weight" has none
_WORDS = 4  # of a match by points, shown
_SHOWN = 30  # characters: longer than any finding of three words that the rules name


class Seen(NamedTuple):
    """What a text has: affirmed findings with the words that said so, and readings."""

    text: Text
    findings: Mapping[str, str]
    readings: Mapping[str, list[Reading]]
    heard: frozenset[str]  # every finding, affirmed or not, as medmodel/safety/manner.py names it


class Rule(NamedTuple):
    id: str
    title: dict[str, str]
    action: dict[str, str]
    urgency: Urgency
    source: str
    path: str  # which help is named beside it: "", self_harm, poison, child, pregnancy
    general: bool  # shown only where no other rule calls it an emergency
    ways: tuple[tuple[Test, ...], ...]


class Fired(NamedTuple):
    rule: Rule
    matched: str


def fired(text: str) -> list[Fired]:
    """Rules that fire on a text, in the rules' order."""
    seen = see(text)
    nobody = not seen.heard & {"someone", "now"} and not seen.readings.keys() - {"manner", "age_days"}
    subject = nobody and seen.readings["manner"][0].value < alone()
    found: list[Fired] = []
    for rule in rules():
        for way in rule.ways:
            words = [test(seen) for test in way]
            if any(said is None for said in words):
                continue
            evidence = list(dict.fromkeys(said for said in words if said))
            if len(evidence) > 1 or not subject or rule.path == "self_harm":  # of suicide one word is enough
                found.append(Fired(rule, ", ".join(evidence)))
                break
    named = [one for one in found if not one.rule.general]
    if any(one.rule.urgency == "emergency" for one in named):
        return named
    return named + [one for one in found if one.rule.general][:1]  # a rule that says "urgent" must not hide an emergency


def see(text: str) -> Seen:
    """The findings of a text that are affirmed, of now and of the patient."""
    read_text = read(text)
    phrases, in_past, names = _findings()
    scope = scopes(read_text)
    readings = measures(read_text)
    about, happening = topics(read_text, readings), now(read_text)
    found: dict[str, str] = {}
    heard: set[str] = set()
    for match in phrases.find(read_text):
        denied, elsewhere = scope.is_denied(match), scope.is_elsewhere(match)
        heard.add(f"{'denied' if denied else 'past' if elsewhere else 'f'}:{match.finding}")
        if match.finding in found or denied or any(low <= match.start < high for low, high in about):
            continue
        if match.finding in in_past or not elsewhere:
            found[match.finding] = shown(read_text.flat[match.start : match.end])
    heard.update(name for name, holds in (("topic", about), ("now", happening), ("someone", someone(read_text))) if holds)
    heard.update(f"reading:{name}" for name in readings)
    if not (happening or readings or "someone" in heard) and len(found.keys() - names) < WITNESSES:
        found = {name: words for name, words in found.items() if name not in names}
    how = manner(read_text, heard)
    return Seen(read_text, found, {**({} if about else readings), "manner": [Reading(*how)]}, frozenset(heard))


def shown(words: str) -> str:
    """The ends of a long match: what stands between them is the patient's own sentence."""
    parts = words.split()
    if len(parts) > 3:
        return f"{parts[0]} … {parts[-1]}"
    return words if len(words) <= _SHOWN else f"{words[:4]} … {words[-4:]}"


@cache
def rules() -> tuple[Rule, ...]:
    raw = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    known = set(yaml.safe_load((HERE / "findings.yaml").read_text(encoding="utf-8"))["findings"])
    groups: dict[str, Test] = {}
    for name, condition in raw["groups"].items():  # a group may name those above it
        groups[name] = _test(condition, known, groups)
    groups["enough_warning_points"] = _points(raw["warning_points"]["points"], raw["warning_points"]["need"])
    return tuple(
        Rule(
            id=rule["id"],
            title=rule["title"],
            action=rule["action"],
            urgency=rule["urgency"],
            source=rule["source"],
            path=rule.get("path", ""),
            general=rule.get("general", False),
            ways=tuple(tuple(_test(condition, known, groups) for condition in way) for way in rule["any"]),
        )
        for rule in raw["red_flags"]
    )


@cache
def alone() -> float:
    """The manner below which one finding alone is a subject."""
    return float(yaml.safe_load(RULES.read_text(encoding="utf-8"))["manner"]["alone"])


@cache
def context() -> frozenset[str]:
    """Findings that say who or when, and nothing of what is wrong."""
    return frozenset(yaml.safe_load(RULES.read_text(encoding="utf-8"))["manner"]["context"])


@cache
def _findings() -> tuple[Phrases, frozenset[str], frozenset[str]]:
    raw = yaml.safe_load((HERE / "findings.yaml").read_text(encoding="utf-8"))
    return Phrases(raw["findings"]), frozenset(raw["counts_in_past"]), frozenset(raw["names"])


def _test(condition: str, known: set[str], groups: Mapping[str, Test]) -> Test:
    """A condition as a function. An unknown name is a mistake in the YAML, and says so at once."""
    condition = condition.strip()
    counted = _COUNT.fullmatch(condition)
    if counted:
        return _at_least(int(counted[1]), [_test(part, known, groups) for part in counted[2].split(",")])
    if " or " in condition:
        return _either([_test(part, known, groups) for part in condition.split(" or ")])
    if condition.startswith("not "):
        return _absent(_test(condition[4:], known, groups))
    compared = _COMPARE.fullmatch(condition)
    if compared:
        return _reading(compared[1], _COMPARISONS[compared[2]], float(compared[3]))
    if condition == "anything":
        return _anything(context())
    if condition in groups:
        return groups[condition]
    if condition not in known:
        raise KeyError(f"red_flags.yaml: '{condition}' is no finding of findings.yaml and no group")
    return lambda seen: seen.findings.get(condition)


def _either(tests: list[Test]) -> Test:
    return lambda seen: next((said for test in tests if (said := test(seen)) is not None), None)


def _absent(test: Test) -> Test:
    return lambda seen: "" if test(seen) is None else None


def _at_least(count: int, tests: list[Test]) -> Test:
    def enough(seen: Seen) -> str | None:
        said = [words for test in tests if (words := test(seen)) is not None]
        return ", ".join(dict.fromkeys(said)) if len(said) >= count else None

    return enough


def _points(points: Mapping[str, float], need: float) -> Test:
    def enough(seen: Seen) -> str | None:
        found = [name for name in points if name in seen.findings]
        said = dict.fromkeys(seen.findings[name] for name in found if points[name] > 0)
        return ", ".join(list(said)[:_WORDS]) if sum(points[name] for name in found) >= need else None

    return enough


def _anything(besides: frozenset[str]) -> Test:
    return lambda seen: next((said for name, said in seen.findings.items() if name not in besides), None)


def _reading(name: str, compare: Callable[[Any, Any], bool], limit: float) -> Test:
    def met(seen: Seen) -> str | None:
        for reading in seen.readings.get(name, ()):
            if compare(reading.value, limit):
                return shown(seen.text.flat[reading.start : reading.end])
        return None

    return met
