"""The report of a build: report.json for machines, report.html for people, in one reading of what was kept and dropped.

One page without scripts or outside files: what is there by source, tier, language and licence; what was dropped, why, with
samples; families of duplicates; copies of tests; identifiers replaced; lengths; scores of quality.
"""

from __future__ import annotations

import html
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from medmodel.artifacts import read_records, write_atomic
from medmodel.records import Document, Drop

SAMPLES = 5  # dropped documents shown for each reason
LARGEST = 20  # families of duplicates shown
FOLDED = 20  # rows of a table before the rest is folded away
HEAD = "quality: head"  # how the reason begins that is no rule but a score
STEPS = {
    "empty": "clean",
    "language": "language",
    "quality": "quality",
    "repeats": "protected",
    "exact": "exact_dedup",
    "near": "dedup",
    "nothing left": "paragraph_dedup",
}  # how a reason begins -> the step it rests on; what could not be read, and what is to be forgotten, is left out by reading
LENGTHS = tuple(2**power for power in range(6, 18))  # words


class Ran(NamedTuple):
    """A step that ran, and how the names of the attributes begin that it writes."""

    step: str
    tags: tuple[str, ...]


def write_report(out: Path, heldout: Sequence[str], steps: Sequence[Ran] = ()) -> dict[str, Any]:
    """Count documents/ and drops/, write report.html, return what report.json holds."""
    kept = _Kept(steps)
    for document in read_records(out / "documents", Document):
        kept.add(document)
    gone = _Gone()
    for drop in read_records(out / "drops", Drop):
        gone.add(drop)
    report = {
        "documents": kept.documents,
        "characters": kept.characters,
        "bytes": kept.bytes,
        "splits": _sorted(kept.splits),
        "domains": _sorted(kept.domains),
        "licences": _sorted(kept.by["licence"]),
        "tiers": _sorted(kept.by["tier"]),
        "languages": _sorted(kept.by["language"]),
        "sources": _sorted(kept.by["source"]),
        "bytes_by": {key: _sorted(counts) for key, counts in kept.bytes_by.items()},
        "dropped": _sorted(gone.reasons),
        "dropped_by_source": {source: _sorted(counts) for source, counts in sorted(gone.by_source.items())},
        "contamination": {name: _sorted(counts) for name, counts in sorted(gone.benchmarks.items())},
        "duplicate_families": dict(gone.families.most_common(LARGEST)),
        "phi": _sorted(kept.phi),
        "quality": {f"{number / 10:.1f} to {(number + 1) / 10:.1f}": kept.quality[number] for number in range(10)},
        "quality_dropped": _sorted(gone.rules),
        "words": dict(zip((*(f"<{top}" for top in LENGTHS), f"≥{LENGTHS[-1]}"), kept.lengths, strict=True)),
        "steps": [
            {"step": step.step, "tags": list(step.tags), "tagged": kept.tagged[step.step], **gone.by_step[step.step]}
            for step in (Ran("read", ()), *steps)
        ],
        "heldout_sources": list(heldout),
        "quarantined": kept.quarantined,
    }
    write_atomic(out / "report.html", _page(report, gone.samples))
    return report


def reason_class(reason: str) -> str:
    """What a reason says but for the particulars: "near duplicate of x" -> "near duplicate"; rules of quality stay apart."""
    if reason.startswith(HEAD):
        return HEAD
    return reason.split(" of ")[0].split(":")[0] if reason.startswith(("exact", "near", "repeats")) else reason.split(" (")[0]


def _step_of(kind: str) -> str:
    """The step whose finding a reason rests on."""
    return next((step for beginning, step in STEPS.items() if kind.startswith(beginning)), "read")


class _Kept:
    """Sums over the documents that stay."""

    def __init__(self, steps: Sequence[Ran]) -> None:
        self.steps = [step for step in steps if step.tags]
        self.tagged: Counter[str] = Counter()
        self.documents = self.characters = self.bytes = 0
        self.splits: Counter[str] = Counter()
        self.domains: Counter[str] = Counter()
        self.by: dict[str, Counter[str]] = defaultdict(Counter)
        self.bytes_by: dict[str, Counter[str]] = defaultdict(Counter)
        self.phi: Counter[str] = Counter()
        self.lengths = [0] * (len(LENGTHS) + 1)
        self.quality = [0] * 10
        self.quarantined: dict[str, Any] = {}

    def add(self, document: Document) -> None:
        size = len(document.text.encode("utf-8", "surrogatepass"))
        self.documents += 1
        self.characters += len(document.text)
        self.bytes += size
        self.splits[document.split] += 1
        self.domains[f"{document.domain}/{document.split}"] += 1
        language = str(document.attributes.get("language", document.language))
        for key, name in (
            ("source", document.source.id),
            ("tier", document.source.tier),
            ("language", language),
            ("licence", document.source.licence),
        ):
            self.by[key][name] += 1
            self.bytes_by[key][name] += size
        for key, value in document.attributes.items():
            if key.startswith("phi_") and isinstance(value, int):
                self.phi[key.removeprefix("phi_")] += value
        for step in self.steps:
            self.tagged[step.step] += any(key.startswith(step.tags) for key in document.attributes)
        words = max(1, document.text.count(" ") if language == "en" else len(document.text) // 2)
        self.lengths[min(len(LENGTHS), max(0, math.floor(math.log2(words)) - 5))] += 1
        score = document.attributes.get("quality")
        if isinstance(score, float):
            self.quality[min(9, int(10 * score))] += 1
        if "quarantined" in document.attributes:
            self.quarantined[document.id] = document.attributes["quarantined"]


class _Gone:
    """Sums over the documents that were dropped."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.by_source: dict[str, Counter[str]] = defaultdict(Counter)
        self.benchmarks: dict[str, Counter[str]] = defaultdict(Counter)
        self.rules: Counter[str] = Counter()
        self.families: Counter[str] = Counter()
        self.by_step: dict[str, dict[str, int]] = defaultdict(lambda: {"dropped": 0, "dropped_bytes": 0})
        self.samples: dict[str, list[Drop]] = defaultdict(list)

    def add(self, drop: Drop) -> None:
        kind = reason_class(drop.reason)
        self.reasons[kind] += 1
        self.by_source[drop.source][kind] += 1
        step = self.by_step[_step_of(kind)]
        step["dropped"] += 1
        step["dropped_bytes"] += drop.size
        if kind.startswith("repeats "):
            self.benchmarks[kind.removeprefix("repeats ")][drop.source] += 1
        if kind.startswith("quality: "):
            self.rules[kind.removeprefix("quality: ")] += 1
        if " duplicate of " in drop.reason:
            self.families[drop.reason.split(" duplicate of ")[1]] += 1
        if len(self.samples[kind]) < SAMPLES:
            self.samples[kind].append(drop)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "h1{font-size:1.6rem}h2{margin-top:2.2rem;font-size:1.15rem;border-bottom:1px solid #d5dbe3}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.15rem .6rem;text-align:left;vertical-align:top}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.bar{width:45%}"
    ".bar i{display:block;height:.8rem;background:#2f6f9f;border-radius:2px}"
    "blockquote{margin:.2rem 0 .6rem;padding-left:.8rem;border-left:3px solid #d5dbe3;color:#4a5666;white-space:pre-wrap}"
    "details{margin:.3rem 0}summary{cursor:pointer}.empty{color:#6b7683}"
)


def _page(report: Mapping[str, Any], samples: Mapping[str, Sequence[Drop]]) -> str:
    dropped = sum(report["dropped"].values())
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Documents</title><style>{_STYLE}</style>",
        f"<h1>{report['documents']:,} documents, {report['bytes'] / 1e6:,.1f} MB; {dropped:,} left out</h1>",
        "<p>Every document left out has a reason, and stands in drops/ with its id and beginning.</p>",
        _bars("Documents by domain and split", report["domains"]),
        _steps(report["steps"]),
        _bars("Bytes by source", report["bytes_by"].get("source", {})),
        _bars("Documents by source", report["sources"]),
        _bars("Bytes by evidence tier", report["bytes_by"].get("tier", {})),
        _bars("Bytes by language", report["bytes_by"].get("language", {})),
        _bars("Bytes by licence", report["bytes_by"].get("licence", {})),
        _bars("Length of documents, in words", report["words"], ordered=True),
        _bars("Documents by score of quality", report["quality"] if any(report["quality"].values()) else {}, ordered=True),
        _bars("Left out, by reason", report["dropped"]),
        _bars("Left out for their quality, by the first rule that fired", report["quality_dropped"]),
        "<h2>Samples of what was left out</h2>",
        *(_sample(reason, drops) for reason, drops in sorted(samples.items())),
        _bars("Copies of published tests, by test", {name: sum(by.values()) for name, by in report["contamination"].items()}),
        _bars("Largest families of duplicates: copies left out, by the document that stays", report["duplicate_families"]),
        _bars("Identifiers replaced, by kind", report["phi"]),
        _table("Held out of training because they repeat held-out text", report["quarantined"]),
        _table("Left out, by source and reason", {source: _listed(by) for source, by in report["dropped_by_source"].items()}),
    ]
    return "\n".join(parts) + "</html>\n"


def _bars(title: str, counts: Mapping[str, int], *, ordered: bool = False) -> str:
    """A table of names, numbers and bars, the largest first unless the order says something."""
    rows = list(counts.items()) if ordered else sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    largest = max((count for _, count in rows), default=0)
    lines = [
        f"<tr><td>{html.escape(name)}<td class=n>{count:,}<td class=bar><i style='width:{100 * count / largest:.1f}%'></i>"
        for name, count in rows
        if largest
    ]
    if ordered or len(lines) <= FOLDED:
        return _section(title, lines)
    rest = f"<details><summary>{len(lines) - FOLDED} more</summary><table>{''.join(lines[FOLDED:])}</table></details>"
    return _section(title, lines[:FOLDED]) + rest


def _steps(steps: Sequence[Mapping[str, Any]]) -> str:
    """What each step said and cost, in the order in which they ran."""
    head = "<tr><th>step<th class=n>documents tagged<th class=n>left out<th class=n>bytes left out"
    rows = (
        f"<tr><td>{html.escape(step['step'])}<td class=n>{step['tagged']:,}<td class=n>{step['dropped']:,}"
        f"<td class=n>{step['dropped_bytes']:,}"
        for step in steps
    )
    return _section("By step", [head, *rows])


def _table(title: str, rows: Mapping[str, Any]) -> str:
    return _section(title, (f"<tr><td>{html.escape(name)}<td>{html.escape(str(value))}" for name, value in rows.items()))


def _section(title: str, rows: Iterable[str]) -> str:
    body = "".join(rows)
    return f"<h2>{html.escape(title)}</h2>" + (f"<table>{body}</table>" if body else "<p class=empty>none</p>")


def _sample(reason: str, drops: Sequence[Drop]) -> str:
    shown = "".join(
        f"<p>{html.escape(each.id)}: {html.escape(each.reason)}<blockquote>{html.escape(each.excerpt)}</blockquote>"
        for each in drops
    )
    return f"<details><summary>{html.escape(reason)}</summary>{shown}</details>"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.items())
