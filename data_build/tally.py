"""Sums over documents that stay and documents that do not: made where a shard is decided, and added up for the report.

A tally is groups of named counts, so adding two is adding their counts, and it travels as JSON. Samples of drops and the ids of
quarantined documents ride along; of samples the first of each reason are kept, in the order of the shards.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from medmodel.records import Document, Drop

SAMPLES = 5  # dropped documents shown for each reason
HEAD = "quality: head"  # how the reason begins that is no rule but a score
LENGTHS = tuple(2**power for power in range(6, 18))  # words
STEPS = {
    "empty": "clean",
    "language": "language",
    "quality": "quality",
    "repeats": "protected",
    "exact": "exact_dedup",
    "near": "dedup",
    "nothing left": "paragraph_dedup",
    "unreadable": "read",
    "forgotten": "read",
}  # how a reason begins -> the step it rests on
OTHER = "other"  # steps of the user's own, whose reasons are not known here


class Ran(NamedTuple):
    """A step that ran, and how the names of the attributes begin that it writes."""

    step: str
    tags: tuple[str, ...]


class Tally:
    """Counts by group and name: `counts["source"]["medquad_gard"]` documents, `counts["source bytes"]` their bytes."""

    def __init__(self, steps: Iterable[Ran] = ()) -> None:
        self.steps = [step for step in steps if step.tags]
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.samples: dict[str, list[Drop]] = defaultdict(list)
        self.quarantined: dict[str, Any] = {}

    def keep(self, document: Document) -> None:
        counts = self.counts
        size = len(document.text.encode("utf-8", "surrogatepass"))
        counts["all"].update(documents=1, characters=len(document.text), bytes=size)
        counts["splits"][document.split] += 1
        counts["domains"][f"{document.domain}/{document.split}"] += 1
        language = str(document.attributes.get("language", document.language))
        for group, name in (
            ("source", document.source.id),
            ("tier", document.source.tier),
            ("language", language),
            ("licence", document.source.licence),
        ):
            counts[group][name] += 1
            counts[f"{group} bytes"][name] += size
        for key, value in document.attributes.items():
            if key.startswith("phi_") and isinstance(value, int):
                counts["phi"][key.removeprefix("phi_")] += value
        for step in self.steps:
            counts["tagged"][step.step] += any(key.startswith(step.tags) for key in document.attributes)
        words = max(1, document.text.count(" ") if language == "en" else len(document.text) // 2)
        counts["lengths"][str(min(len(LENGTHS), max(0, math.floor(math.log2(words)) - 5)))] += 1
        score = document.attributes.get("quality")
        if isinstance(score, float):
            counts["quality"][str(min(9, int(10 * score)))] += 1
        if "quarantined" in document.attributes:
            self.quarantined[document.id] = document.attributes["quarantined"]

    def drop(self, gone: Drop) -> None:
        counts = self.counts
        kind = reason_class(gone.reason)
        counts["reasons"][kind] += 1
        counts[f"dropped of {gone.source}"][kind] += 1
        step = step_of(kind)
        counts["dropped"][step] += 1
        counts["dropped bytes"][step] += gone.size
        if kind.startswith("repeats "):
            counts[f"copies of {kind.removeprefix('repeats ')}"][gone.source] += 1
        if kind.startswith("quality: "):
            counts["rules"][kind.removeprefix("quality: ")] += 1
        if " duplicate of " in gone.reason:
            counts["families"][gone.reason.split(" duplicate of ")[1]] += 1
        if len(self.samples[kind]) < SAMPLES:
            self.samples[kind].append(gone)

    def groups(self, beginning: str) -> dict[str, dict[str, int]]:
        """The groups whose name begins so, by the rest of it, all sorted."""
        found = {name.removeprefix(beginning): counts for name, counts in self.counts.items() if name.startswith(beginning)}
        return {name: dict(sorted(counts.items())) for name, counts in sorted(found.items())}

    def group(self, name: str) -> dict[str, int]:
        return dict(sorted(self.counts[name].items()))

    def dumps(self) -> bytes:
        samples = {kind: [gone.model_dump() for gone in gones] for kind, gones in self.samples.items()}
        return orjson.dumps({"counts": self.counts, "samples": samples, "quarantined": self.quarantined})

    def add(self, dumped: bytes) -> None:
        """Add another tally, as `dumps` gave it."""
        told = orjson.loads(dumped)
        for name, counts in told["counts"].items():
            self.counts[name].update(counts)
        for kind, gones in told["samples"].items():
            free = SAMPLES - len(self.samples[kind])
            self.samples[kind] += [Drop.model_validate(gone) for gone in gones[:free]]
        self.quarantined.update(told["quarantined"])


def reason_class(reason: str) -> str:
    """What a reason says but for the particulars: "near duplicate of x" -> "near duplicate"; rules of quality stay apart."""
    if reason.startswith(HEAD):
        return HEAD
    return reason.split(" of ")[0].split(":")[0] if reason.startswith(("exact", "near", "repeats")) else reason.split(" (")[0]


def step_of(kind: str) -> str:
    """The step whose finding a reason rests on."""
    return next((step for beginning, step in STEPS.items() if kind.startswith(beginning)), OTHER)


def steps_of(tally: Tally, steps: Sequence[Ran]) -> list[dict[str, Any]]:
    """Of each step, in the order in which they ran: documents tagged, left out, and the bytes of these; all that was left out is in it."""
    counts = tally.counts
    return [
        {
            "step": step.step,
            "tags": list(step.tags),
            "tagged": counts["tagged"][step.step],
            "dropped": counts["dropped"][step.step],
            "dropped_bytes": counts["dropped bytes"][step.step],
        }
        for step in (Ran("read", ()), *steps, *([Ran(OTHER, ())] if counts["dropped"][OTHER] else []))
    ]
