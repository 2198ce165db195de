"""A batch's report for reading: lines for a terminal, one HTML page, and a CSV with one row a case. No question in any."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from evals import page
from evals.batch import BatchReport, CaseRow

SHOWN = 1_000  # cases on the page; more make it slow to open, and the CSV has all
COLUMNS = (
    "id status origin passed source quote expected_status mention red_flagged unsupported fake release seconds prompt_tokens "
    "tokens error"
).split()


def lines(report: BatchReport) -> list[tuple[str, str]]:
    """(what, how many) for a terminal."""
    found = [(f"status: {name}", f"{count}") for name, count in sorted(report.status.items())]
    found += [(f"written by: {name}", f"{count} ({count / report.done:.0%})") for name, count in sorted(report.origin.items())]
    for kind, seen in report.expectations.items():
        found.append((f"expected {kind}", f"{seen.met} of {seen.n} ({seen.interval[0]:.0%} … {seen.interval[1]:.0%})"))
    found += [("with a rubric", f"{report.not_judged}: not judged")] if report.not_judged else []
    found += [("red flags shown", f"{report.red_flagged}"), ("with an unsupported sentence", f"{report.unsupported}")]
    found += [("from a fake engine", f"{report.fake}")] if report.fake else []
    if len(report.releases) > 1:
        found.append(("answered by several releases", ", ".join(f"{name}: {n}" for name, n in sorted(report.releases.items()))))
    cost = report.cost
    if cost.median is not None:
        found.append(("seconds a case", f"median {cost.median:.3g}, 95 % below {cost.slowest:.3g}, {cost.seconds:,.1f} in all"))
        found.append(("tokens", _tokens(report)))
    found += [("failed calls", f"{len(report.failed)}")] if report.failed else []
    found += [(f"failed: {count} ×", reason) for reason, count in sorted(report.errors.items(), key=lambda seen: -seen[1])]
    return found + [(f"bad line {bad.line}", bad.reason) for bad in report.bad_lines]


def batch_page(report: BatchReport, rows: Sequence[CaseRow]) -> str:
    """The report as one HTML file."""
    opening = f"{report.done} of {report.cases} cases have an answer; {len(report.failed)} calls failed."
    figures = [[page.cell(what), page.cell(amount)] for what, amount in lines(report)]
    parts = [page.paragraph(opening), page.bars(sorted(report.status.items()), "How cases ended")]
    parts.append(page.bars(sorted(report.origin.items()), "Who wrote what is shown"))
    parts.append(page.section("Figures", page.table(("", ""), figures)))
    unmet = [[page.cell(kind), page.cell(", ".join(seen.unmet))] for kind, seen in report.expectations.items() if seen.unmet]
    if unmet:
        parts.append(page.section("Expectations not met", page.table(("expected", "cases"), unmet)))
    if report.failed:
        failed = [[page.cell(row.id), page.cell(row.error)] for row in rows if row.status == "error"]
        parts.append(page.section("Calls that failed", page.table(("case", "why"), failed[:SHOWN])))
    shown = sorted(rows, key=lambda row: -row.seconds)[:SHOWN]
    title = "Cases, slowest first" if len(shown) == len(rows) else f"The {SHOWN} slowest of {len(rows)} cases; the CSV has all"
    head = ("case", "status", "written by", "as expected", "seconds", "tokens read", "tokens written")
    parts.append(page.section(title, page.table(head, [_cells(row) for row in shown])))
    return page.page("Batch report", *parts)


def rows_csv(rows: Sequence[CaseRow]) -> str:
    """One row a case; an expectation that a case does not have is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        fields = row.model_dump() | {"passed": row.passed} | row.met
        fields["expected_status"] = row.met.get("status")
        fields["status"] = row.status  # `met` has one of that name
        writer.writerow([_csv_cell(fields.get(name)) for name in COLUMNS])
    return text.getvalue()


def _tokens(report: BatchReport) -> str:
    cost = report.cost
    counted = report.done - cost.uncounted
    if not counted:
        return "not counted by the server"
    each = f"{cost.prompt_tokens / counted:,.0f} and {cost.tokens / counted:,.0f} a case"
    missing = f"; {cost.uncounted} answers not counted" if cost.uncounted else ""
    return f"{cost.prompt_tokens:,} read, {cost.tokens:,} written ({each}){missing}"


def _cells(row: CaseRow) -> list[str]:
    passed = {True: page.verdict("pass"), False: page.verdict("fail"), None: page.cell("")}[row.passed]
    costs = (f"{row.seconds:.3f}", _csv_cell(row.prompt_tokens), _csv_cell(row.tokens))
    return [
        page.cell(row.id),
        page.cell(row.status),
        page.cell(row.origin),
        passed,
        *(page.cell(cost, number=True) for cost in costs),
    ]


def _csv_cell(value: object) -> str:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"  # a spreadsheet would compute it
    return "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
