"""The parts of a report page: one HTML file, no script, no network; plots are inline SVG. Text is always escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --bad: #c62828; --model: #2563eb; --base: #8a8a8a; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.pass { color: var(--good); font-weight: 600; } .fail { color: var(--bad); font-weight: 600; } .info { opacity: .7; }
pre { white-space: pre-wrap; margin: 0; font: inherit; } figure { margin: 1rem 0; } figcaption { opacity: .8; }
svg text { fill: currentColor; font: 13px system-ui, sans-serif; }
"""


def page(title: str, *parts: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    return f"<h2>{escape(title)}</h2>{''.join(parts)}"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already: use `cell`, `verdict` or a plot."""
    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"


def cell(text: str, number: bool = False) -> str:
    return f'<td class="number">{escape(text)}</td>' if number else f"<td><pre>{escape(text)}</pre></td>"


def verdict(word: str) -> str:
    return f'<td class="{ {"pass": "pass", "FAIL": "fail"}.get(word, "info") }">{escape(word)}</td>'


def interval_plot(low: float, middle: float, high: float) -> str:
    """A difference with its interval around a line at zero; each plot has its own scale."""
    reach = max(abs(low), abs(high), abs(middle)) * 1.1 or 1.0

    def x(value: float) -> float:
        return 80 + 70 * value / reach

    return (
        f'<td><svg width="160" height="22" role="img" aria-label="difference {middle:+.3f}, {low:+.3f} to {high:+.3f}">'
        f'<line x1="80" x2="80" y1="1" y2="21" stroke="var(--base)"/>'
        f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="11" y2="11" stroke="var(--model)" stroke-width="3"/>'
        f'<circle cx="{x(middle):.1f}" cy="11" r="4" fill="var(--model)"/></svg></td>'
    )


def paired_bars(rows: Sequence[tuple[str, float, float]], caption: str) -> str:
    """Rates in 0 … 1: (name, baseline, candidate)."""
    drawn = []
    for number, (name, baseline, candidate) in enumerate(rows):
        y = 10 + 46 * number
        drawn.append(f'<text x="0" y="{y + 22}">{escape(name)}</text>')
        for offset, value, colour in ((0, baseline, "var(--base)"), (18, candidate, "var(--model)")):
            drawn.append(f'<rect x="200" y="{y + offset}" width="{400 * value:.1f}" height="15" fill="{colour}"/>')
            drawn.append(f'<text x="{206 + 400 * value:.1f}" y="{y + offset + 12}">{value:.0%}</text>')
    height = 10 + 46 * len(rows)
    return (
        f'<figure><svg viewBox="0 0 680 {height}" width="680" height="{height}" role="img" aria-label="{escape(caption)}">'
        f"{''.join(drawn)}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def bars(rows: Sequence[tuple[str, int]], caption: str) -> str:
    """Counts by name."""
    most = max((count for _, count in rows), default=0) or 1
    drawn = [
        f'<text x="0" y="{22 + 26 * number}">{escape(name)}</text>'
        f'<rect x="200" y="{9 + 26 * number}" width="{400 * count / most:.1f}" height="17" fill="var(--model)"/>'
        f'<text x="{206 + 400 * count / most:.1f}" y="{22 + 26 * number}">{count}</text>'
        for number, (name, count) in enumerate(rows)
    ]
    height = 14 + 26 * len(rows)
    return (
        f'<figure><svg viewBox="0 0 680 {height}" width="680" height="{height}" role="img" aria-label="{escape(caption)}">'
        f"{''.join(drawn)}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )
