"""The parts of a report page: one HTML file, no script, no network; plots are inline SVG. Text is always escaped.

A verdict is a word, a shape and a colour, so that it can be read without the colour; dark mode and paper have their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from medmodel.records import Verdict

STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --bad: #c62828; --open: #9a5b00; --model: #2563eb;
  --base: #6b6b6b; --soft: #8881; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --open: #e3a13a; --model: #79a8ff; --base: #a0a0a0; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); } h3 { margin: 1.2rem 0 .3rem; font-size: 1rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.pass { color: var(--good); } .fail { color: var(--bad); } .open { color: var(--open); } .info { color: var(--base); }
td.verdict { font-weight: 600; white-space: nowrap; }
.decision { border-left: .4rem solid currentColor; padding: .6rem 1rem; background: var(--soft); font-size: 1.1rem; }
.decision > * { color: CanvasText; } .decision strong { color: inherit; } .scroll { overflow-x: auto; }
pre { white-space: pre-wrap; overflow-wrap: break-word; margin: 0; font: inherit; } figure { margin: 1rem 0; } figcaption { color: var(--base); }
svg { max-width: 100%; height: auto; } svg text { fill: currentColor; font: 13px system-ui, sans-serif; }
@media print { :root { color-scheme: light; } body { max-width: none; margin: 0; font-size: 10pt; } tr, figure { break-inside: avoid; } }
"""
CLASSES: dict[Verdict, str] = {"pass": "pass", "fail": "fail", "cannot tell": "open", "not gated": "info"}
SIGNS: dict[Verdict, str] = {"pass": "●", "fail": "■", "cannot tell": "◆", "not gated": "○"}
COLOURS = {"pass": "var(--good)", "fail": "var(--bad)", "open": "var(--open)", "info": "var(--base)"}
NAME, WIDTH, ROW = 230, 430, 30  # of a forest plot, px: names, the axis, one line


class Forest(NamedTuple):
    """One line of a forest plot: a difference, its interval, and what it is held against."""

    name: str
    low: float
    middle: float
    high: float
    threshold: float | None
    verdict: Verdict


def page(title: str, *parts: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    return f"<h2>{escape(title)}</h2>{''.join(parts)}"


def heading(text: str) -> str:
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def decision(word: str, good: bool, *lines: str) -> str:
    """What the page is about, in one box. Lines are text."""
    rest = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return f'<div class="decision {"pass" if good else "fail"}"><strong>{escape(word)}</strong>{rest}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already: use `cell`, `verdict` or a plot."""
    header = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(text: str, number: bool = False) -> str:
    return f'<td class="number">{escape(text)}</td>' if number else f"<td><pre>{escape(text)}</pre></td>"


def verdict(said: Verdict) -> str:
    return f'<td class="verdict {CLASSES[said]}">{SIGNS[said]} {escape(said)}</td>'


def forest(lines: Sequence[Forest], caption: str, shared: bool) -> str:
    """Differences around a line at zero, each with its interval and its threshold (dashed). `shared`: one scale for all."""
    reach = max((_reach(line) for line in lines), default=1.0)
    drawn = []
    for at, line in enumerate(lines):
        drawn += _forest_line(line, 24 + ROW * at, reach if shared else _reach(line))
    bottom = 24 + ROW * len(lines)
    middle = NAME + WIDTH / 2
    axis = f'<line x1="{middle}" x2="{middle}" y1="6" y2="{bottom - 8}" stroke="var(--base)"/>'
    if shared:
        for value in _ticks(reach):
            x = middle + value / reach * WIDTH / 2 * 0.96
            axis += f'<text x="{x:.1f}" y="{bottom + 8}" text-anchor="middle">{f"{value:+.3g}" if value else "0"}</text>'
    height = bottom + (16 if shared else 0)
    return (
        f'<figure><svg viewBox="0 0 1000 {height}" width="1000" height="{height}" role="img" aria-label="{escape(caption)}">'
        f"{axis}{''.join(drawn)}</svg><figcaption>{escape(caption)}</figcaption></figure>"
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


def _ticks(reach: float) -> list[float]:
    """Round numbers on both sides of zero, two or three each."""
    step = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if reach / step < 4), 0.5)
    count = int(reach / step)
    return [step * at for at in range(-count, count + 1)]


def _reach(line: Forest) -> float:
    """How far from zero a line's scale goes."""
    return max(abs(line.low), abs(line.middle), abs(line.high), abs(line.threshold or 0.0)) * 1.08 or 1.0


def _forest_line(line: Forest, y: int, reach: float) -> list[str]:
    def x(value: float) -> float:
        return NAME + WIDTH / 2 * (1 + 0.96 * value / reach)

    colour = COLOURS[CLASSES[line.verdict]]
    drawn = [f'<text x="0" y="{y + 4}">{escape(line.name)}</text>']
    if line.threshold is not None:
        at = x(line.threshold)
        drawn.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y - 11}" y2="{y + 11}" stroke="currentColor" stroke-dasharray="3 3"/>'
        )
    drawn.append(f'<line x1="{x(line.low):.1f}" x2="{x(line.high):.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>')
    drawn.append(_shape(line.verdict, x(line.middle), y, colour))
    said = f"{line.middle:+.3f} ({line.low:+.3f} … {line.high:+.3f})  {line.verdict}"
    drawn.append(f'<text x="{NAME + WIDTH + 12}" y="{y + 4}">{escape(said)}</text>')
    return drawn


def _shape(said: Verdict, x: float, y: float, colour: str) -> str:
    """A shape for each verdict."""
    if said == "fail":
        return f'<rect x="{x - 6:.1f}" y="{y - 6}" width="12" height="12" fill="{colour}"/>'
    if said == "cannot tell":
        return f'<path d="M {x:.1f} {y - 8} l 8 8 l -8 8 l -8 -8 z" fill="{colour}"/>'
    fill = colour if said == "pass" else "Canvas"
    return f'<circle cx="{x:.1f}" cy="{y}" r="6" fill="{fill}" stroke="{colour}" stroke-width="2"/>'
