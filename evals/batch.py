"""A file of cases through a running server, and what came of it: how many were answered, by whom, and as expected.

`medmodel.cases` reads the file (JSON lines, CSV, FHIR), `medmodel.serve.batches` asks (queue, resume, exactly once); this
compares the answers with what the cases expect and writes three files beside the results: .report.json, .report.html and
.report.csv (one row a case). They hold counts, case ids and costs alone: questions may be a patient's. Failed calls and
bad lines are counted apart and are in no rate. Rubrics are kept and counted, and not judged here: that takes a judge.

    python -m evals batch cases.jsonl --out results.jsonl --url http://127.0.0.1:7860

A line of the cases file: {"id": "1", "question": "…", "expect_source": "acc_aha_af_2023", "must_mention": ["INR"]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from evals import stats
from medmodel.artifacts import write_atomic
from medmodel.cases import BadLine, read_cases
from medmodel.errors import InputError
from medmodel.records import Answer, BatchResult, Case, Record
from medmodel.serve.batches import WORKERS, Asking, Progress, read_results, run_batch

QUOTING = 3  # words of a question in a row: an error sentence with so many of them quotes it


class CaseRow(Record):
    """One case, decided. It holds nothing of the question."""

    id: str
    status: Literal["answered", "abstained", "refused", "error"]
    origin: str = ""
    met: dict[str, bool] = Field(
        default_factory=dict
    )  # each kind of expectation that the case has, and whether the answer meets it
    red_flagged: bool = False
    unsupported: bool = False  # it shows a sentence marked unsupported
    fake: bool = False
    release: str = ""
    seconds: float  # as the asker saw it
    prompt_tokens: int | None = None
    tokens: int | None = None
    error: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether all that is expected was met; None when nothing is, or the call failed."""
        return all(self.met.values()) if self.met else None


class Expectation(Record):
    """Of the cases that expect something of this kind and were answered: how many got it."""

    met: int
    n: int
    interval: tuple[float, float]  # Wilson, 95 %
    unmet: tuple[str, ...]  # case ids


class Cost(Record):
    """Of the cases that have an answer."""

    seconds: float  # the sum over cases; several run at once
    median: float | None  # seconds to an answer
    slowest: float | None  # 95 % are faster
    prompt_tokens: int  # read by the model
    tokens: int  # written by the model
    uncounted: int  # answers that do not say their tokens


class BatchReport(Record):
    cases: int
    done: int  # cases with an answer of the product, whatever its status
    failed: tuple[str, ...]  # ids of cases whose call failed
    errors: dict[str, int]  # why, and how often
    bad_lines: tuple[BadLine, ...]
    status: dict[str, int]  # answered, abstained, refused
    origin: dict[str, int]  # model, repaired, extractive, none
    red_flagged: int
    unsupported: int  # answers that show a sentence marked unsupported
    fake: int  # answers of the scripted engine
    expectations: dict[str, Expectation]
    not_judged: int  # cases with a rubric
    releases: dict[str, int]  # which release gave how many of the answers
    cost: Cost


async def run(
    cases: Path,
    out: Path,
    client: Asking,
    on_progress: Progress | None = None,
    workers: int = WORKERS,
    question: str = "",
) -> BatchReport:
    """Ask what is not answered yet, then report on all of it. Raises InputError, ServerUnreachable."""
    from evals.batch_page import batch_page, rows_csv

    if out.resolve() == cases.resolve():
        raise InputError(f"--out is the cases file {cases}; give the results a file of their own")
    listed, bad_lines = read_cases(cases, question)
    await run_batch(listed, out, client, workers, on_progress)
    rows = decide({case.id: case for case in listed}, read_results(out))
    report = summarise(rows, listed, bad_lines)
    write_atomic(out.with_suffix(".report.json"), report.model_dump_json(indent=1))
    write_atomic(out.with_suffix(".report.csv"), rows_csv(rows))
    write_atomic(out.with_suffix(".report.html"), batch_page(report, rows))
    return report


def decide(cases: Mapping[str, Case], results: Iterable[BatchResult]) -> list[CaseRow]:
    """Compare each answer with what its case expects; results of cases that are not listed are left out."""
    return [_row(cases[result.id], result) for result in results if result.id in cases]


def summarise(rows: Sequence[CaseRow], cases: Sequence[Case], bad_lines: Sequence[BadLine] = ()) -> BatchReport:
    """Counts and rates over the cases that have an answer."""
    done = [row for row in rows if row.status != "error"]
    failed = [row for row in rows if row.status == "error"]
    kinds = sorted({kind for row in done for kind in row.met})
    return BatchReport(
        cases=len(cases),
        done=len(done),
        failed=tuple(sorted(row.id for row in failed)),
        errors=dict(Counter(row.error for row in failed)),
        bad_lines=tuple(bad_lines),
        status=dict(Counter(row.status for row in done)),
        origin=dict(Counter(row.origin for row in done)),
        red_flagged=sum(row.red_flagged for row in done),
        unsupported=sum(row.unsupported for row in done),
        fake=sum(row.fake for row in done),
        expectations={kind: _expectation(kind, done) for kind in kinds},
        not_judged=sum(1 for case in cases if case.rubric),
        releases=dict(Counter(row.release for row in done)),
        cost=_cost(done),
    )


def _row(case: Case, result: BatchResult) -> CaseRow:
    answer = result.answer
    if answer is None:
        return CaseRow(id=case.id, status="error", seconds=result.seconds, error=_without_question(result.error, case.question))
    return CaseRow(
        id=case.id,
        status=answer.status,
        origin=answer.origin,
        met=_met(case, answer),
        red_flagged=bool(answer.red_flags),
        unsupported=any(claim.verdict != "supported" for claim in answer.claims),
        fake=answer.fake,
        release=answer.release,
        seconds=result.seconds,
        prompt_tokens=answer.prompt_tokens,
        tokens=answer.tokens,
    )


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


def _without_question(error: str, question: str) -> str:
    """Our own servers' sentences name ids and limits; another's may quote what it was asked."""
    words = question.split()
    runs = (" ".join(words[at : at + QUOTING]) for at in range(max(1, len(words) - QUOTING + 1)))
    if any(run in error for run in runs):
        return f"{error.partition(':')[0]}: the server's sentence quotes the question; it stands in the results"
    return error


def _expectation(kind: str, done: Sequence[CaseRow]) -> Expectation:
    found = {row.id: row.met[kind] for row in done if kind in row.met}
    met = sum(found.values())
    unmet = tuple(sorted(name for name, was in found.items() if not was))
    return Expectation(met=met, n=len(found), interval=stats.wilson(met, len(found)), unmet=unmet)


def _cost(done: Sequence[CaseRow]) -> Cost:
    seconds = sorted(row.seconds for row in done)
    return Cost(
        seconds=round(sum(seconds), 3),
        median=seconds[len(seconds) // 2] if seconds else None,
        slowest=seconds[min(len(seconds) - 1, len(seconds) * 95 // 100)] if seconds else None,
        prompt_tokens=sum(row.prompt_tokens or 0 for row in done),
        tokens=sum(row.tokens or 0 for row in done),
        uncounted=sum(1 for row in done if row.tokens is None or row.prompt_tokens is None),
    )
