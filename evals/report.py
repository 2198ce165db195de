"""What was measured, for people: the gate's page, and the rows of its table for a terminal.

What decides comes first: the verdict, then every gate that did not pass and why. Then the differences against the baseline
with their margins, all gates, slices by specialty or guideline, the worst answers to read, the items that changed sides,
what this size does not gate, overrides, and what all of it was measured under. Questions and answers on it are made from
references, never a patient's.

    open store/gate-*/report.html        python -m evals verify store/gate-* --page report.html     # made anew from the rows
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from evals import page, run
from evals.profiles import Gate
from evals.suite import Part, Scored
from evals.verdicts import CANDIDATE
from medmodel.records import GateReport, GateResult, Override

SHOWN = 6  # worst answers of a suite: enough to see how it fails, few enough to read
CHANGED = 12  # items of each direction that changed sides
SLICES = 20  # of a gate, the worst first
FEWEST = 3  # items of a slice: fewer say nothing
Answered = Mapping[Part, Sequence[Scored]]
HEAD = ("verdict", "gate", "value", "baseline", "95 %", "n", "p (Holm)", "rule", "missed by", "why")


def table(report: GateReport) -> list[tuple[str, ...]]:
    """One row a gate, headed by `HEAD`: text, for rich or for a terminal."""
    return [
        (
            result.verdict,
            result.gate,
            number(result.value),
            number(result.baseline),
            interval(result),
            str(result.n),
            number(result.p_adjusted),
            result.rule,
            number(result.missed_by) if not result.passed else "",
            result.why,
        )
        for result in report.results
    ]


def interval(result: GateResult) -> str:
    """Signed for a difference, plain for a rate."""
    if result.interval is None:
        return ""
    sign = "+" if result.baseline is not None else ""
    return f"{result.interval[0]:{sign}.3f} … {result.interval[1]:{sign}.3f}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def gate_page(report: GateReport, rows: Answered, overrides: Sequence[Override] = ()) -> str:
    """The whole page."""
    gates = {gate.name: gate for gate in map(Gate.model_validate, report.gates)}
    parts = [_decision(report, overrides), _overrides(overrides), _blocking(report, gates), _forests(report), _gates(report)]
    parts += [_slices(report, gates, rows), _worst(report, gates, rows), _changed(report, gates, rows), _spread(report)]
    parts += [_not_gated(report, gates), _failed_calls(rows), _conditions(report)]
    return page.page(f"Gate report: profile {report.profile}", *parts)


def _decision(report: GateReport, overrides: Sequence[Override]) -> str:
    gated = [result for result in report.results if result.gated]
    counts = {said: sum(result.verdict == said for result in gated) for said in ("pass", "fail", "cannot tell")}
    if report.passed:
        word = "May be released"
    elif overrides and not report.errors and not report.blocking(overrides):
        word = "Released with an override"
    else:
        word = "May not be released"
    lines = [
        f"{counts['pass']} of {len(gated)} gates passed, {counts['fail']} failed, {counts['cannot tell']} cannot be told; "
        f"{report.errors} calls failed; {len(report.not_gated)} gates of other profiles are not gated at this size.",
        f"Candidate {report.candidate[:12]}, base {report.baseline[:12]}"
        + (f", release {report.release[:12]}" if report.release else "")
        + f", index {report.index[:12]}, engine {report.engine or 'none'}.",
    ]
    return page.decision(word, report.passed, *lines)


def _overrides(overrides: Sequence[Override]) -> str:
    if not overrides:
        return ""
    lines = [[page.cell(one.gate), page.cell(one.reason), page.cell(one.by), page.cell(str(one.on or ""))] for one in overrides]
    return page.section("Overrides", page.table(("gate", "reason", "by", "on"), lines))


def _blocking(report: GateReport, gates: Mapping[str, Gate]) -> str:
    """What stands in the way: the reason, and who answers for the gate."""
    lines = [
        [
            page.verdict(result.verdict),
            page.cell(result.gate),
            page.cell(result.why or result.rule),
            page.cell(gates[result.gate].why if result.gate in gates else ""),
            page.cell(gates[result.gate].owner if result.gate in gates else ""),
        ]
        for result in sorted(report.results, key=lambda result: result.verdict != "fail")
        if not result.passed
    ]
    head = ("verdict", "gate", "what decided", "why it is gated", "owner")
    return page.section("What stands in the way", page.table(head, lines)) if lines else ""


def _forests(report: GateReport) -> str:
    """Rates on one scale; numbers in units of their own, each on its own."""
    rates: list[page.Forest] = []
    others: list[page.Forest] = []
    for result in report.results:
        if result.interval is None or result.baseline is None or result.value is None:
            continue
        line = page.Forest(
            result.gate,
            result.interval[0],
            result.value - result.baseline,
            result.interval[1],
            result.threshold,
            result.verdict,
        )
        (rates if "mcnemar_p" in result.detail else others).append(line)
    plots = []
    if rates:
        plots.append(
            page.forest(rates, "Difference of rates, candidate minus baseline, 95 %; dashed: the margin.", shared=True)
        )
    if others:
        said = "Difference of other numbers, each line on its own scale around zero, 95 %; dashed: the margin."
        plots.append(page.forest(others, said, shared=False))
    key = "● pass, ■ fail, ◆ cannot tell, ○ not gated."
    return page.section("Against the baseline", *plots, page.paragraph(key)) if plots else ""


def _gates(report: GateReport) -> str:
    lines = [
        [
            page.verdict(result.verdict),
            page.cell(row[1]),
            *(page.cell(text, number=True) for text in row[2:7]),
            *map(page.cell, row[7:-1]),
        ]
        for result, row in zip(report.results, table(report), strict=True)
    ]
    note = (
        "Intervals, 95 %: of the difference, paired by item and clustered by guideline, vignette or complaint; without a "
        "baseline, Wilson's, or exact where nothing failed. A gate that tests a difference passes by its interval and by its "
        "p-value after Holm over all of them (one-sided, 0.025). Cannot tell is not a pass."
    )
    return page.section("All gates", page.table(HEAD[:-1], lines), page.paragraph(note))


def _slices(report: GateReport, gates: Mapping[str, Gate], rows: Answered) -> str:
    """Each gated metric by specialty, or by what items share, worst first."""
    parts: list[str] = []
    for result in report.results:
        gate = gates.get(result.gate)
        if gate is None or not result.gated:
            continue
        before = {row.id: row for row in rows.get(Part(gate.baseline, gate.suite), ())} if gate.baseline else {}
        found = _by_slice(rows.get(Part(CANDIDATE, gate.suite), ()), gate.metric)
        if len(found) < 2:
            continue
        less = _less_is_better(gate)
        order = sorted(found.items(), key=lambda item: (run.mean(item[1], gate.metric) or 0.0) * (-1 if less else 1))
        lines = []
        for name, own in order[:SLICES]:
            paired = [before[row.id] for row in own if row.id in before]
            figures = (str(len(own)), number(run.mean(own, gate.metric)), number(run.mean(paired, gate.metric)))
            lines.append([page.cell(name), *(page.cell(text, number=True) for text in figures)])
        parts += [
            page.heading(f"{gate.name}: {gate.metric} of {gate.suite}"),
            page.table(("", "n", "value", "baseline"), lines),
        ]
    note = page.paragraph("A slice is small: it says where to read, and decides nothing.")
    return page.section("By specialty or guideline", note, *parts) if parts else ""


def _by_slice(rows: Iterable[Scored], metric: str) -> dict[str, list[Scored]]:
    """By what the suite calls a specialty or a subject; else by cluster, where clusters hold several items."""
    found: dict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        if metric in row.values:
            found[row.shown.get("specialty") or row.shown.get("subject") or row.cluster].append(row)
    return {name: own for name, own in found.items() if len(own) >= FEWEST}


def _less_is_better(gate: Gate) -> bool:
    return gate.rule in ("falls", "at_most", "at_most_increase", "exactly_zero")


def _worst(report: GateReport, gates: Mapping[str, Gate], rows: Answered) -> str:
    """The candidate's items furthest from what each suite's gates want, as the suite shows them."""
    parts: list[str] = []
    seen: set[str] = set()
    for result in sorted(report.results, key=lambda result: result.passed):
        gate = gates.get(result.gate)
        if gate is None or not result.gated or gate.suite in seen:
            continue
        less = _less_is_better(gate) or (gate.rule == "equals" and gate.value == 0)
        scored = [
            row for row in rows.get(Part(CANDIDATE, gate.suite), ()) if gate.metric in row.values and (row.shown or row.answer)
        ]
        if run.is_rate(scored, gate.metric):
            scored = [row for row in scored if row.values[gate.metric] == float(less)]
        scored.sort(key=lambda row: row.values[gate.metric] * (-1 if less else 1))
        if scored:
            seen.add(gate.suite)
            lines = [
                [page.cell(row.id), page.cell(number(row.values[gate.metric])), page.cell(_told(row))] for row in scored[:SHOWN]
            ]
            title = f"{gate.suite}: {gate.metric} ({min(SHOWN, len(scored))} of {len(scored)})"
            parts += [page.heading(title), page.table(("item", "value", "what was said"), lines)]
    return page.section("Worst cases to read", *parts) if parts else ""


def _told(row: Scored) -> str:
    """Everything the suite shows of an item, and the answer as a reader saw it."""
    lines = [f"{name}: {text}" for name, text in row.shown.items() if text]
    if row.answer:
        lines += [f"{row.answer.status}, {row.answer.origin}:", *(claim.text for claim in row.answer.claims)]
    return "\n".join(lines)


def _changed(report: GateReport, gates: Mapping[str, Gate], rows: Answered) -> str:
    """Right in one model only: what was lost first."""
    parts: list[str] = []
    for result in report.results:
        gate = gates.get(result.gate)
        if gate is None or gate.baseline is None:
            continue
        candidate = [row for row in rows.get(Part(CANDIDATE, gate.suite), ()) if gate.metric in row.values]
        before = {row.id: row for row in rows.get(Part(gate.baseline, gate.suite), ()) if gate.metric in row.values}
        both = [row for row in candidate if row.id in before]
        if not run.is_rate([*both, *before.values()], gate.metric):
            continue
        lost = [row for row in both if row.values[gate.metric] < before[row.id].values[gate.metric]]
        gained = [row for row in both if row.values[gate.metric] > before[row.id].values[gate.metric]]
        lines = [
            [
                page.cell(what),
                page.cell(row.id),
                page.cell(row.shown.get("question", "")),
                page.cell(_first(row)),
                page.cell(_first(before[row.id])),
            ]
            for what, found in (("1 → 0", lost), ("0 → 1", gained))
            for row in found[:CHANGED]
        ]
        if lines:
            title = f"{gate.name}: {len(lost)} from 1 to 0, {len(gained)} from 0 to 1 (at most {CHANGED} of each shown)"
            parts += [page.heading(title), page.table(("", "item", "question", "candidate", "baseline"), lines)]
    return page.section("Items that changed sides", *parts) if parts else ""


def _first(row: Scored) -> str:
    """What a model said, in a line or two."""
    return row.shown.get("first_try") or (row.answer.claims[0].text if row.answer and row.answer.claims else "") or "—"


def _spread(report: GateReport) -> str:
    """How choices were spread over positions, and citations over numbers, of the gates that decide."""
    parts: list[str] = []
    shown: set[tuple[str, str]] = set()
    for result in report.results:
        for model, detail in result.detail.items():
            if not (isinstance(detail, Mapping) and result.gated):
                continue
            degenerate = "; degenerate: nearly all the same" if detail.get("degenerate") else ""
            for key, what in (("positions", "positions chosen"), ("cited_first", "first sentence number cited")):
                if detail.get(key) and (key, model) not in shown:
                    shown.add((key, model))
                    parts.append(page.bars(list(detail[key].items()), f"{model}: {what}{degenerate}"))
    return page.section("Spread", *parts) if parts else ""


def _not_gated(report: GateReport, gates: Mapping[str, Gate]) -> str:
    """Neither passed nor failed: what is only shown here, and what other profiles gate."""
    lines = [
        [page.cell(result.gate), page.cell(gates[result.gate].why if result.gate in gates else "shown, and decides nothing")]
        for result in report.results
        if not result.gated and result.gate not in report.not_gated
    ]
    lines += [[page.cell(name), page.cell(where)] for name, where in report.not_gated.items()]
    return page.section("Not gated at this size", page.table(("gate", ""), lines)) if lines else ""


def _failed_calls(rows: Answered) -> str:
    failed = [(part, row) for part, found in rows.items() for row in found if row.error]
    if not failed:
        return ""
    lines = [[page.cell(", ".join(part)), page.cell(row.id), page.cell(row.error)] for part, row in failed]
    return page.section("Calls that failed", page.table(("where", "item", "error"), lines))


def _conditions(report: GateReport) -> str:
    under = report.conditions
    facts = {
        "prompts": under.prompts,
        "engine": report.engine,
        "engine flags": " ".join(under.engine_flags),
        "seeds": _pairs(under.seeds),
        "packages": _pairs(under.packages),
        "trained on": _pairs({name: digest[:16] for name, digest in under.trained_on.items()}),
        "judge": _pairs(under.judge),
        "contamination checked against": _pairs({name: digest[:16] for name, digest in under.checked_against.items()}),
    }
    lines = [[page.cell(name), page.cell(text)] for name, text in facts.items() if text]
    data = [
        [
            page.cell(f"{one.suite}, {one.role}"),
            page.cell(str(one.rows), number=True),
            page.cell(one.items[:16]),
            page.cell(one.sha256[:16]),
        ]
        for one in report.measured
    ]
    tables = [page.table(("", ""), lines)] if lines else []
    tables += [page.table(("rows of", "n", "items (SHA-256)", "rows (SHA-256)"), data)] if data else []
    return page.section("Measured under", *tables) if tables else ""


def _pairs(found: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())
