"""A file of cases through a running server, and what came of it: how many were answered, by whom, and as expected.

`medmodel.serve.batches` asks (queue, resume, exactly once); this compares the answers with what the cases expect and
writes a report beside the results. The report holds counts and case ids alone: questions may be a patient's.
Failed calls and bad lines are counted apart and are in no rate.

    python -m evals batch cases.jsonl --out results.jsonl --url http://127.0.0.1:7860

A line of the cases file: {"id": "1", "question": "…", "expect_source": "acc_aha_af_2023", "must_mention": ["INR"]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from evals import page, stats
from medmodel.artifacts import write_atomic
from medmodel.records import Answer, Case, Record
from medmodel.serve.batches import Asking, BadLine, BatchResult, read_cases, read_results, run_batch

Progress = Callable[[int, int, int], None]  # done, of how many, failed


class Expectation(Record):
    """Of the cases that expect something of this kind and were answered: how many got it."""

    met: int
    n: int
    interval: tuple[float, float]  # Wilson, 95 %
    unmet: tuple[str, ...]  # case ids


class BatchReport(Record):
    cases: int
    done: int  # cases with an answer of the product, whatever its status
    failed: tuple[str, ...]  # ids of cases whose call failed
    bad_lines: tuple[BadLine, ...]
    status: dict[str, int]  # answered, abstained, refused
    origin: dict[str, int]  # model, repaired, extractive, none
    red_flagged: int
    unsupported: int  # answers that show a sentence marked unsupported
    fake: int  # answers of the scripted engine
    expectations: dict[str, Expectation]
    releases: dict[str, int]  # which release gave how many of the answers
    seconds: float | None  # median time to an answer


def run(cases: Path, out: Path, client: Asking, on_progress: Progress | None = None) -> BatchReport:
    """Ask what is not answered yet, then report on all of it. Raises InputError, ServerUnreachable."""
    summary = run_batch(cases, out, client, progress=on_progress)
    listed = {case.id: case for case in read_cases(cases)[0]}
    report = evaluate(listed, [result for result in read_results(out) if result.id in listed], summary.bad_lines)
    write_atomic(out.with_suffix(".report.json"), report.model_dump_json(indent=1))
    write_atomic(out.with_suffix(".report.html"), batch_page(report))
    return report


def evaluate(cases: dict[str, Case], results: Sequence[BatchResult], bad_lines: Sequence[BadLine] = ()) -> BatchReport:
    """Compare answers with what their cases expect."""
    answers = {result.id: result.answer for result in results if result.answer}
    checked: dict[str, dict[str, bool]] = {}
    for name, answer in answers.items():
        for kind, met in _met(cases[name], answer).items():
            checked.setdefault(kind, {})[name] = met
    seconds = sorted(result.seconds for result in results if result.answer)
    return BatchReport(
        cases=len(cases),
        done=len(answers),
        failed=tuple(sorted(result.id for result in results if not result.answer)),
        bad_lines=tuple(bad_lines),
        status=dict(Counter(answer.status for answer in answers.values())),
        origin=dict(Counter(answer.origin for answer in answers.values())),
        red_flagged=sum(1 for answer in answers.values() if answer.red_flags),
        unsupported=sum(1 for a in answers.values() if any(claim.verdict == "unsupported" for claim in a.claims)),
        fake=sum(1 for answer in answers.values() if answer.fake),
        expectations={kind: _expectation(found) for kind, found in sorted(checked.items())},
        releases=dict(Counter(answer.release for answer in answers.values())),
        seconds=seconds[len(seconds) // 2] if seconds else None,
    )


def lines(report: BatchReport) -> list[tuple[str, str]]:
    """(what, how many) for a terminal."""
    found = [(f"status: {name}", f"{count}") for name, count in sorted(report.status.items())]
    found += [(f"written by: {name}", f"{count} ({count / report.done:.0%})") for name, count in sorted(report.origin.items())]
    for kind, seen in report.expectations.items():
        found.append((f"expected {kind}", f"{seen.met} of {seen.n} ({seen.interval[0]:.0%} … {seen.interval[1]:.0%})"))
    found += [("red flags shown", f"{report.red_flagged}"), ("with an unsupported sentence", f"{report.unsupported}")]
    found += [("from a fake engine", f"{report.fake}")] if report.fake else []
    found += [("failed calls", f"{len(report.failed)}")] if report.failed else []
    return found + [(f"bad line {bad.line}", bad.reason) for bad in report.bad_lines]


def batch_page(report: BatchReport) -> str:
    """The report as one HTML file."""
    opening = f"{report.done} of {report.cases} cases have an answer; {len(report.failed)} calls failed."
    rows = [[page.cell(what), page.cell(amount)] for what, amount in lines(report)]
    parts = [page.paragraph(opening), page.bars(sorted(report.status.items()), "How cases ended")]
    parts.append(page.bars(sorted(report.origin.items()), "Who wrote what is shown"))
    parts.append(page.section("Figures", page.table(("", ""), rows)))
    unmet = [[page.cell(kind), page.cell(name)] for kind, seen in report.expectations.items() for name in seen.unmet]
    if unmet:
        parts.append(page.section("Expectations not met", page.table(("expected", "case"), unmet)))
    if report.failed:
        parts.append(page.section("Calls that failed", page.table(("case",), [[page.cell(name)] for name in report.failed])))
    return page.page("Batch report", *parts)


def _met(case: Case, answer: Answer) -> dict[str, bool]:
    """Each kind of expectation that the case has, and whether the answer meets it."""
    found = {}
    if case.expect_status:
        found["status"] = answer.status == case.expect_status
    if case.expect_source:
        found["source"] = any(c.source.id == case.expect_source for claim in answer.claims for c in claim.citations)
    if case.expect_quote:
        found["quote"] = any(c.quote == case.expect_quote for claim in answer.claims for c in claim.citations)
    if case.must_mention:
        said = "\n".join(claim.text for claim in answer.claims).lower()
        found["mention"] = all(words.lower() in said for words in case.must_mention)
    return found


def _expectation(found: dict[str, bool]) -> Expectation:
    met = sum(found.values())
    unmet = tuple(sorted(name for name, was in found.items() if not was))
    return Expectation(met=met, n=len(found), interval=stats.wilson(met, len(found)), unmet=unmet)
