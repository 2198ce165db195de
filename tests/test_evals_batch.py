"""A batch: asked once each, compared with what the cases expect, errors apart; and the command over a real socket."""

import asyncio
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from evals import batch, batch_page
from evals.batch import BatchReport
from medmodel.client import Readiness
from medmodel.errors import InputError, ServerError
from medmodel.models.engine import Engine
from medmodel.records import Answer, Citation, Claim, Passage, Source
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import Fixed, OnEvent, Product
from medmodel.serve.run import running

SOURCE = Source(id="made_up_2024", title="Made up", licence="CC0-1.0", tier="guideline")
CANARY = "Mrs Example, born 1950"  # synthetic


def reply(question: str) -> Answer:
    """Cites the made-up guideline; refuses what says so; fails on what says so."""
    if "fail" in question:
        raise ServerError("the server is overloaded", 503)
    if "quote" in question:
        raise ServerError(f"a foreign server's words: {question}", 400)
    if "refuse" in question:
        return Answer(id="1", question=question, status="refused", origin="none")
    citation = Citation(passage_id="p", source=SOURCE, quote="Rest.", start=0, end=5, number=1)
    claim = Claim(text="Rest for 2 days.", citations=(citation,), verdict="supported")
    return Answer(
        id="1",
        question=question,
        status="answered",
        origin="extractive",
        claims=(claim,),
        release="r",
        prompt_tokens=300,
        tokens=20,
    )


class Replying:
    """Stands in for the Answerer, behind the real API."""

    async def answer(self, question: str, language: str = "en", on_event: OnEvent | None = None) -> Answer:
        return reply(question)

    async def retrieve(self, question: str) -> list[tuple[Passage, float]]:
        return []


class Asked:
    """Stands in for AsyncClient."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    async def ask(self, question: str, language: str = "en") -> Answer:
        self.questions.append(question)
        return reply(question)

    async def ready(self) -> Readiness:
        return Readiness(True, "ready")


def run(cases: Path, out: Path, client: Asked | None = None) -> BatchReport:
    return asyncio.run(batch.run(cases, out, client or Asked()))


CASES = (
    {
        "id": "cites",
        "question": "How long?",
        "expect_source": "made_up_2024",
        "expect_quote": "Rest.",
        "must_mention": ["REST", "2 days"],
    },
    {"id": "other", "question": f"{CANARY}: how long?", "expect_source": "another_2020", "must_mention": ["ice"]},
    {"id": "refused", "question": "please refuse", "expect_status": "refused"},
    {"id": "broken", "question": "please fail", "expect_status": "answered"},
)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in CASES) + '{"question": 5}\n', encoding="utf-8")
    return path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    def answering(engine: Engine | None) -> Replying:
        return Replying()

    product = Product(answering, Fixed(None), {"name": "made up"})
    with (
        closing(FeedbackStore(f"sqlite:///{tmp_path}/f.sqlite")) as store,
        running(create_app(product, store, tmp_path / "batches")) as address,
    ):
        yield address


def test_expectations_are_counted_by_kind_with_an_interval(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl")
    assert (report.cases, report.done) == (4, 3)
    assert report.status == {"answered": 2, "refused": 1}
    assert report.origin == {"extractive": 2, "none": 1}
    source = report.expectations["source"]
    assert (source.met, source.n, source.unmet) == (1, 2, ("other",))
    assert source.interval == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert report.expectations["mention"].met == 1
    assert report.expectations["status"].n == 1
    assert (report.expectations["quote"].met, report.expectations["quote"].n) == (1, 1)


def test_a_failed_call_is_named_and_is_in_no_rate(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl")
    assert report.failed == ("broken",)
    assert sum(report.status.values()) == 3


def test_a_bad_line_is_named_by_its_number_and_the_rest_goes_on(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl")
    assert [bad.line for bad in report.bad_lines] == [5]


def test_a_second_run_asks_only_what_failed_and_reports_on_all(cases: Path, tmp_path: Path) -> None:
    first = run(cases, tmp_path / "results.jsonl")
    again = Asked()
    second = run(cases, tmp_path / "results.jsonl", again)
    assert again.questions == ["please fail"]
    assert second.model_copy(update={"cost": first.cost}) == first


def test_reports_hold_no_question(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl")
    assert CANARY not in report.model_dump_json() + str(batch_page.lines(report))
    written = list(tmp_path.glob("results.report.*"))
    assert sorted(path.suffix for path in written) == [".csv", ".html", ".json"]
    for path in written:
        assert "other" in path.read_text(encoding="utf-8") or path.suffix == ".json"
        assert CANARY not in path.read_text(encoding="utf-8")


def test_an_error_that_quotes_the_question_stays_in_the_results_alone(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({"id": "q", "question": f"please quote {CANARY}"}), encoding="utf-8")
    report = run(path, tmp_path / "results.jsonl")
    assert CANARY in (tmp_path / "results.jsonl").read_text(encoding="utf-8")
    assert report.errors == {"ServerError: the server's sentence quotes the question; it stands in the results": 1}


def test_a_case_costs_what_its_answer_says_and_the_sum_says_what_was_not_counted(cases: Path, tmp_path: Path) -> None:
    cost = run(cases, tmp_path / "results.jsonl").cost
    assert (cost.prompt_tokens, cost.tokens, cost.uncounted) == (600, 40, 1)
    assert cost.median is not None
    assert cost.slowest is not None
    assert cost.median <= cost.slowest <= cost.seconds


def test_the_csv_has_one_row_a_case_with_what_was_expected_and_what_it_cost(cases: Path, tmp_path: Path) -> None:
    run(cases, tmp_path / "results.jsonl")
    with open(tmp_path / "results.report.csv", encoding="utf-8", newline="") as table:
        rows = {row["id"]: row for row in csv.DictReader(table)}
    assert sorted(rows) == ["broken", "cites", "other", "refused"]
    assert [rows["cites"][name] for name in ("status", "passed", "source", "quote", "mention", "tokens")] == [
        "answered",
        "yes",
        "yes",
        "yes",
        "yes",
        "20",
    ]
    assert [rows["other"][name] for name in ("passed", "source", "mention", "expected_status")] == ["no", "no", "no", ""]
    assert [rows["refused"][name] for name in ("status", "passed", "expected_status", "tokens")] == [
        "refused",
        "yes",
        "yes",
        "",
    ]
    assert [rows["broken"][name] for name in ("status", "passed", "error")] == [
        "error",
        "",
        "ServerError: the server is overloaded",
    ]


def test_a_rubric_is_said_to_be_not_judged_and_is_no_score(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    case = {"id": "a", "question": "q", "rubric": [{"criterion": "names the dose", "points": 5}]}
    path.write_text(json.dumps(case), encoding="utf-8")
    report = run(path, tmp_path / "results.jsonl")
    assert (report.not_judged, report.expectations) == (1, {})
    assert ("with a rubric", "1: not judged") in batch_page.lines(report)


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evals", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )


@pytest.mark.slow
def test_the_command_asks_a_server_writes_results_and_says_that_a_line_was_bad(cases: Path, tmp_path: Path, url: str) -> None:
    good = tmp_path / "good.jsonl"
    good.write_text("".join(json.dumps(case) + "\n" for case in CASES[:3]), encoding="utf-8")
    done = command("batch", good, "--out", tmp_path / "r.jsonl", "--url", url, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["done"] == 3
    assert (tmp_path / "r.report.html").exists()
    assert CANARY not in done.stderr
    assert command("batch", cases, "--out", tmp_path / "r2.jsonl", "--url", url).returncode == 1


@pytest.mark.slow
def test_a_suite_runs_against_a_server_and_prints_json(url: str) -> None:
    done = command("unsafe", "--url", url, "--json", "--limit", "5")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["metrics"]["refused"]["value"], found["metrics"]["refused"]["n"], found["errors"]) == (0.0, 5, 0)


@pytest.mark.slow
def test_an_unknown_name_and_a_missing_server_are_one_sentence() -> None:
    unknown = command("medq")
    assert unknown.returncode == 2
    assert "did you mean 'medqa'" in unknown.stderr
    missing = command("unsafe")
    assert missing.returncode == 2
    assert "give it a server with --url" in missing.stderr


def test_the_cases_file_is_not_taken_for_the_results(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id":"1","question":"q"}', encoding="utf-8")
    with pytest.raises(InputError, match="--out is the cases file"):
        run(cases, cases)
    assert cases.read_text(encoding="utf-8") == '{"id":"1","question":"q"}'


def test_an_id_that_looks_like_a_formula_is_text_in_a_spreadsheet() -> None:
    row = batch.CaseRow(id="=HYPERLINK(1)", status="error", seconds=0.1, error="@SUM(1)")
    text = batch_page.rows_csv([row])
    assert "'=HYPERLINK(1)" in text
    assert "'@SUM(1)" in text
