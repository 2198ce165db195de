"""What was measured, for people: the gate's page, and the rows of its table for a terminal.

The page shows every gate with its interval, baseline against candidate, how answers were spread, and first tries that
passed and failed, side by side with the base's. Questions and answers on it are made from references, never a patient's.

    open store/gate-*/report.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals import page
from evals.suite import Part, Scored
from medmodel.records import GateReport, GateResult

EXAMPLES = 6  # of each kind: enough to see how it fails, few enough to read
Measured = Mapping[Part, Sequence[Scored]]
HEAD = ("verdict", "gate", "value", "baseline", "95 %", "n", "rule", "missed by")


def table(report: GateReport) -> list[tuple[str, ...]]:
    """One row a gate, headed by `HEAD`: text, for rich or for a terminal."""
    return [
        (
            word(result),
            result.gate,
            number(result.value),
            number(result.baseline),
            interval(result),
            str(result.n),
            result.rule,
            number(result.missed_by) if not result.passed else "",
        )
        for result in report.results
    ]


def word(result: GateResult) -> str:
    return ("pass" if result.passed else "FAIL") if result.gated else "info"


def interval(result: GateResult) -> str:
    """Signed for a difference, plain for a rate."""
    if result.interval is None:
        return ""
    sign = "+" if result.baseline is not None else ""
    return f"{result.interval[0]:{sign}.3f} … {result.interval[1]:{sign}.3f}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def gate_page(report: GateReport, rows: Measured) -> str:
    """The whole page."""
    passed = sum(1 for result in report.results if result.gated and result.passed)
    gated = sum(1 for result in report.results if result.gated)
    opening = (
        f"{'May be released' if report.passed else 'May not be released'}: {passed} of {gated} gates passed, "
        f"{report.errors} calls failed. Candidate {report.candidate[:12]}, base {report.baseline[:12]}, "
        f"index {report.index[:12]}, engine {report.engine or 'none'}."
    )
    parts = [page.paragraph(opening), _gates(report), _compared(report), _positions(report)]
    parts += [_first_tries(rows, passed=False), _first_tries(rows, passed=True), _failed_calls(rows)]
    return page.page(f"Gate report: profile {report.profile}", *parts)


def _gates(report: GateReport) -> str:
    lines = []
    for result, row in zip(report.results, table(report), strict=True):
        plot = "<td></td>"
        if result.interval and result.baseline is not None and result.value is not None:
            plot = page.interval_plot(result.interval[0], result.value - result.baseline, result.interval[1])
        numbers = [page.cell(text, number=True) for text in row[2:6]]
        lines.append(
            [page.verdict(row[0]), page.cell(row[1]), *numbers[:3], plot, numbers[3], page.cell(row[6]), page.cell(row[7])]
        )
    head = (*HEAD[:5], "", *HEAD[5:])
    note = (
        "Intervals, 95 %: of the difference, paired by item, clustered by guideline or complaint; without a baseline, Wilson's."
    )
    return page.section("Gates", page.table(head, lines), page.paragraph(note))


def _compared(report: GateReport) -> str:
    rates = [
        (result.gate, result.baseline, result.value)
        for result in report.results
        if result.value is not None and result.baseline is not None and min(result.value, result.baseline) >= 0
        if max(result.value, result.baseline) <= 1
    ]
    if not rates:
        return ""
    return page.section("Baseline and candidate", page.paired_bars(rates, "Above: the baseline. Below: the candidate."))


def _positions(report: GateReport) -> str:
    """How choices were spread over positions, and citations over numbers, of the gates that decide."""
    parts: list[str] = []
    shown: set[tuple[str, str]] = set()
    for result in report.results:
        for model, detail in result.detail.items():
            if not (isinstance(detail, Mapping) and result.gated):
                continue
            degenerate = "; degenerate: nearly all the same" if detail.get("degenerate") else ""
            for key, what in (("positions", "positions chosen"), ("cited_first", "first sentence number cited")):
                if key in detail and (key, model) not in shown:
                    shown.add((key, model))
                    parts.append(page.bars(list(detail[key].items()), f"{model}: {what}{degenerate}"))
    return page.section("Spread", *parts) if parts else ""


def _first_tries(rows: Measured, passed: bool) -> str:
    """The candidate's first tries of one kind, with what the base wrote for the same question."""
    before = {row.id: row for row in rows.get(Part("base", "grounding"), ())}
    candidate = [row for row in rows.get(Part("candidate", "grounding"), ()) if row.values.get("grounded") == float(passed)]
    if not candidate:
        return ""
    lines = [
        [
            page.cell(row.shown.get("question", "")),
            page.cell(row.shown.get("first_try", "") or "—"),
            page.cell(row.shown.get("reason", "")),
            page.cell(before[row.id].shown.get("first_try", "") if row.id in before else ""),
        ]
        for row in candidate[:EXAMPLES]
    ]
    title = f"First tries that {'are' if passed else 'are not'} grounded ({min(EXAMPLES, len(candidate))} of {len(candidate)})"
    return page.section(title, page.table(("question", "candidate", "why not", "base"), lines))


def _failed_calls(rows: Measured) -> str:
    failed = [(part, row) for part, found in rows.items() for row in found if row.error]
    if not failed:
        return ""
    lines = [[page.cell(", ".join(part)), page.cell(row.id), page.cell(row.error)] for part, row in failed]
    return page.section("Calls that failed", page.table(("where", "item", "error"), lines))
