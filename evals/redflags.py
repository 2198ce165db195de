"""The red-flag rules on any file of questions: what is found, what is missed, what is flagged for nothing.

A line of the file: {"id": "q1", "text": "…", "lang": "en", "red_flag": true, "urgency": "emergency", "kind": "implicit"}.
`red_flag` is true, false, null, or the id of a rule (medmodel/safety/red_flags.yaml), which must then be among those that fire
to count as `named`. `urgency` is emergency, urgent or routine; `kind` (explicit, implicit, anything) only divides the report.

    sensitivity       share of the true ones that raise any flag
    false_alarms      share of the others that raise one
    named             of those that name a rule: it fired
    under_triaged     of the true ones: the flags shown are less urgent than the file says, a miss included; the number to read
    over_triaged      more urgent than it says, a false alarm included

Intervals are Wilson's. The rules are asked directly, without model, index or server: what the product shows before the model.
Not covered: whether the right rule fired where the file names none.

    python -m evals redflags --cases questions.jsonl --json
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, ValidationError

from evals.stats import wilson
from medmodel import safety
from medmodel.errors import InputError
from medmodel.records import Record

URGENCY = {"routine": 0, "urgent": 1, "emergency": 2}


class Case(Record):
    model_config = ConfigDict(frozen=True, extra="ignore")  # a file may say more: its source, its author

    id: str
    text: str
    lang: Literal["en", "zh"] = "en"
    red_flag: bool | str | None
    urgency: Literal["emergency", "urgent", "routine"]
    kind: str = ""

    @property
    def true(self) -> bool:
        return bool(self.red_flag)


class Seen(NamedTuple):
    case: Case
    flags: tuple[str, ...]
    urgency: str


class Report(NamedTuple):
    rates: dict[str, dict[str, Any]]  # measure -> value, low, high, n; "sensitivity/en", "sensitivity/implicit"
    urgency: dict[str, int]  # "emergency -> routine" (what the file says -> what was shown), under-triage first
    missed: list[str]
    false: dict[str, list[str]]  # id -> rules that fired for nothing
    ms_per_question: float  # of processor time


def read(path: Path) -> list[Case]:
    """Every case of a JSONL file. Raises InputError naming line and field."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path.name}: line {number}"
        try:
            case = Case.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise InputError(f"{where}: no JSON ({error.msg} at character {error.pos + 1})") from None
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            raise InputError(f"{where}: '{'.'.join(map(str, fault['loc'])) or 'line'}': {fault['msg']}") from None
        if not case.text.strip():
            raise InputError(f"{where}: 'text' is empty")
        if case.id in seen:
            raise InputError(f"{where}: id '{case.id}' stands on line {seen[case.id]} already")
        seen[case.id] = number
        cases.append(case)
    if not cases:
        raise InputError(f"{path.name}: holds no question")
    return cases


def measure(cases: Sequence[Case]) -> Report:
    """Every case against the rules."""
    safety.red_flags("warm-up")  # reads the rules
    started = time.process_time()
    seen = [_seen(case) for case in cases]
    spent = time.process_time() - started
    shifts: dict[str, int] = {}
    for one in sorted(seen, key=lambda one: (URGENCY[one.urgency] - URGENCY[one.case.urgency], -URGENCY[one.case.urgency])):
        shift = f"{one.case.urgency} -> {one.urgency}"
        shifts[shift] = shifts.get(shift, 0) + 1
    return Report(
        rates=dict(_rates(seen)),
        urgency=shifts,
        missed=[one.case.id for one in seen if one.case.true and not one.flags],
        false={one.case.id: list(one.flags) for one in seen if one.flags and not one.case.true},
        ms_per_question=round(1000 * spent / len(cases), 2),
    )


def lines(report: Report) -> Iterator[tuple[str, str, str, str]]:
    """(measure, value, interval, n) for a terminal."""
    for name, rate in report.rates.items():
        yield name, f"{rate['value']:.3f}", f"{rate['low']:.3f} to {rate['high']:.3f}", str(rate["n"])
    yield "ms per question", f"{report.ms_per_question:.2f}", "", ""


def listed(report: Report) -> Iterator[str]:
    """What a table has no place for: urgencies, under-triage first, and every item that came out wrong."""
    yield "urgency asked -> shown: " + ", ".join(f"{shift}: {count}" for shift, count in report.urgency.items())
    yield "missed: " + (", ".join(report.missed) or "none")
    yield "flagged for nothing: " + (", ".join(f"{name} ({', '.join(by)})" for name, by in report.false.items()) or "none")


def _seen(case: Case) -> Seen:
    flags = safety.red_flags(case.text, case.lang)
    urgency = max((flag.urgency for flag in flags), key=lambda urgency: URGENCY[urgency], default="routine")
    return Seen(case, tuple(flag.id for flag in flags), urgency)


def _rates(seen: list[Seen]) -> Iterator[tuple[str, dict[str, Any]]]:
    parts = {"": seen}
    parts |= {f"/{lang}": [one for one in seen if one.case.lang == lang] for lang in sorted({one.case.lang for one in seen})}
    kinds = sorted({one.case.kind for one in seen if one.case.kind and one.case.true})
    parts |= {f"/{kind}": [one for one in seen if one.case.kind == kind] for kind in kinds}
    for part, here in parts.items():
        true = [one for one in here if one.case.true]
        others = [one for one in here if not one.case.true]
        named = [one for one in true if isinstance(one.case.red_flag, str)]
        for name, group, hits in (
            ("sensitivity", true, [one for one in true if one.flags]),
            ("under_triaged", true, [one for one in true if URGENCY[one.urgency] < URGENCY[one.case.urgency]]),
            ("named", named, [one for one in named if one.case.red_flag in one.flags]),
            ("false_alarms", others, [one for one in others if one.flags]),
            ("over_triaged", here, [one for one in here if URGENCY[one.urgency] > URGENCY[one.case.urgency]]),
        ):
            if group:
                found = wilson(len(hits), len(group))
                rate = {"value": len(hits) / len(group), "low": found.low, "high": found.high, "n": len(group)}
                yield name + part, {key: round(value, 4) for key, value in rate.items()}
