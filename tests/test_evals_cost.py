"""What an answer costs is measured one answer at a time."""

import subprocess
import sys
import threading

from evals.run import mean, measure
from evals.suite import Material, Subject
from evals.suites.cost import GIGA, Cost, resident
from medmodel.records import Answer, Case

CASES = [Case(id=f"c{number}", question="Why?") for number in range(8)]


def answer(question: str, seconds: float = 1.0, tokens: int | None = None) -> Answer:
    return Answer(
        id="a", question=question, status="answered", origin="model", seconds=seconds, tokens=tokens, prompt_tokens=tokens
    )


def test_questions_are_asked_one_at_a_time() -> None:
    asked = threading.Lock()

    def ask(question: str, language: str) -> Answer:
        assert asked.acquire(blocking=False), "two at once"
        try:
            return answer(question)
        finally:
            asked.release()

    assert len(measure(Cost(Material(cases=CASES)), Subject(ask))) == 8


def test_tokens_are_counted_where_the_server_says_them_and_else_left_out() -> None:
    said = {"c0": 10, "c1": 30}
    cases = [Case(id=name, question=name) for name in ("c0", "c1", "c2")]
    rows = measure(Cost(Material(cases=cases)), Subject(lambda question, _: answer(question, tokens=said.get(question))))
    assert (mean(rows, "tokens"), mean(rows, "prompt_tokens")) == (20.0, 20.0)
    assert "tokens" not in rows[2].values


def test_the_slow_tail_is_shown_beside_the_mean() -> None:
    times = iter([1.0, 1.0, 10.0])
    rows = measure(Cost(Material(cases=CASES[:3])), Subject(lambda question, _: answer(question, next(times))))
    assert mean(rows, "seconds") == 4.0
    assert Cost(Material()).detail(rows) == {"slowest": 10.0, "median": 1.0}


def test_memory_is_that_of_what_was_started_here() -> None:
    hog = (
        "import sys; held = bytearray(50_000_000); held[::4096] = b'x' * len(held[::4096]); print('ready', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", hog], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        held = resident()
        rows = measure(Cost(Material(cases=CASES[:1])), Subject(lambda question, _: answer(question)))
        child.communicate(b"\n")
    assert held is not None
    assert held > 50_000_000
    assert (mean(rows, "memory") or 0.0) * GIGA > 50_000_000
