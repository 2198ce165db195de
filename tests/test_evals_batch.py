"""A batch: asked once each, compared with what the cases expect, errors apart; and the command over a real socket."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from evals.batch import batch_page, run
from medmodel.client import Readiness
from medmodel.errors import ServerError
from medmodel.models.engine import Engine
from medmodel.records import Answer, Citation, Claim, Source
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
    if "refuse" in question:
        return Answer(id="1", question=question, status="refused", origin="none")
    citation = Citation(passage_id="p", source=SOURCE, quote="Rest.", start=0, end=5, number=1)
    claim = Claim(text="Rest for 2 days.", citations=(citation,), verdict="supported")
    return Answer(id="1", question=question, status="answered", origin="extractive", claims=(claim,), release="r")


class Replying:
    """Stands in for the Answerer, behind the real API."""

    async def answer(self, question: str, language: str = "en", on_event: OnEvent | None = None) -> Answer:
        return reply(question)


class Asked:
    """Stands in for Client."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def ask(self, question: str, language: str = "en") -> Answer:
        self.questions.append(question)
        return reply(question)

    def ready(self) -> Readiness:
        return Readiness(True, "ready")


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
    with closing(FeedbackStore(f"sqlite:///{tmp_path}/f.sqlite")) as store, running(create_app(product, store)) as address:
        yield address


def test_expectations_are_counted_by_kind_with_an_interval(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl", Asked())
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
    report = run(cases, tmp_path / "results.jsonl", Asked())
    assert report.failed == ("broken",)
    assert sum(report.status.values()) == 3


def test_a_bad_line_is_named_by_its_number_and_the_rest_goes_on(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl", Asked())
    assert [bad.line for bad in report.bad_lines] == [5]


def test_a_second_run_asks_only_what_failed_and_reports_on_all(cases: Path, tmp_path: Path) -> None:
    first = run(cases, tmp_path / "results.jsonl", Asked())
    again = Asked()
    second = run(cases, tmp_path / "results.jsonl", again)
    assert again.questions == ["please fail"]
    assert second == first


def test_reports_hold_no_question(cases: Path, tmp_path: Path) -> None:
    report = run(cases, tmp_path / "results.jsonl", Asked())
    assert CANARY not in report.model_dump_json()
    assert CANARY not in batch_page(report)
    assert CANARY not in (tmp_path / "results.report.html").read_text(encoding="utf-8")


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
