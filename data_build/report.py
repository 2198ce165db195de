"""The report of a build: report.json for machines, report.html for people, from the tallies of its shards.

One page without scripts or outside files: what is there by source, tier, language and licence; what was dropped, why, with
samples; families of duplicates; copies of tests; identifiers replaced; lengths; scores of quality.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_build.tally import LENGTHS, Ran, Tally, steps_of
from medmodel.artifacts import write_atomic
from medmodel.records import Drop

LARGEST = 20  # families of duplicates shown
FOLDED = 20  # rows of a table before the rest is folded away


def write_report(out: Path, tally: Tally, heldout: Sequence[str], steps: Sequence[Ran] = ()) -> dict[str, Any]:
    """Write report.html, return what report.json holds."""
    group, lengths, quality = tally.group, tally.counts["lengths"], tally.counts["quality"]
    families = sorted(tally.counts["families"].items(), key=lambda family: (-family[1], family[0]))
    report = {
        **{name: tally.counts["all"][name] for name in ("documents", "characters", "bytes")},
        "splits": group("splits"),
        "domains": group("domains"),
        "licences": group("licence"),
        "tiers": group("tier"),
        "languages": group("language"),
        "sources": group("source"),
        "bytes_by": {name: group(f"{name} bytes") for name in ("source", "tier", "language", "licence")},
        "dropped": group("reasons"),
        "dropped_by_source": tally.groups("dropped of "),
        "contamination": tally.groups("copies of "),
        "duplicate_families": dict(families[:LARGEST]),
        "phi": group("phi"),
        "quality": {f"{number / 10:.1f} to {(number + 1) / 10:.1f}": quality[str(number)] for number in range(10)},
        "quality_dropped": group("rules"),
        "words": {
            name: lengths[str(number)] for number, name in enumerate((*(f"<{top}" for top in LENGTHS), f"≥{LENGTHS[-1]}"))
        },
        "steps": steps_of(tally, steps),
        "heldout_sources": list(heldout),
        "quarantined": dict(sorted(tally.quarantined.items())),
    }
    write_atomic(out / "report.html", _page(report, tally.samples))
    return report


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
