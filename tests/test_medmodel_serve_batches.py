"""A batch ends with one line a case, however often it was killed, torn or refused on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from medmodel.client import Readiness
from medmodel.errors import InputError, ServerError, ServerUnreachable
from medmodel.records import Answer
from medmodel.serve.batches import BatchSummary, read_results, run_batch


class Asked:
    """A client's double: counts what it is asked, and fails where it is told to."""

    def __init__(self, failing: tuple[str, ...] = (), gone: bool = False) -> None:
        self.questions: list[str] = []
        self._failing = failing
        self._gone = gone

    def ask(self, question: str, language: str = "en") -> Answer:
        self.questions.append(question)
        if self._gone:
            raise ServerUnreachable("nothing answers")
        if question in self._failing:
            raise ServerError("the index is gone", 500)
        return Answer(id=question, question=question, status="abstained", origin="none")

    def ready(self) -> Readiness:
        return Readiness(not self._gone, "unreachable" if self._gone else "ready")


def cases(folder: Path, count: int = 5) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps({"id": f"c{number}", "question": f"q{number}"}) + "\n" for number in range(count)))
    return path


def ids(path: Path) -> list[str]:
    return sorted(result.id for result in read_results(path))


def test_every_case_gets_one_line_and_progress_counts_them(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    summary = run_batch(cases(tmp_path), tmp_path / "out.jsonl", Asked(), progress=lambda *figures: told.append(figures))
    assert summary == BatchSummary(cases=5, kept=0, answered=5, failed=0, bad_lines=())
    assert ids(tmp_path / "out.jsonl") == ["c0", "c1", "c2", "c3", "c4"]
    assert told == [(number, 5, 0) for number in range(1, 6)]


def test_a_second_run_asks_nothing_that_is_answered(tmp_path: Path) -> None:
    run_batch(cases(tmp_path, 3), tmp_path / "out.jsonl", Asked())
    again = Asked()
    summary = run_batch(cases(tmp_path, 5), tmp_path / "out.jsonl", again)
    assert sorted(again.questions) == ["q3", "q4"]
    assert (summary.kept, summary.answered) == (3, 2)
    assert ids(tmp_path / "out.jsonl") == ["c0", "c1", "c2", "c3", "c4"]


def test_a_torn_last_line_is_repaired_and_its_case_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run_batch(cases(tmp_path, 3), out, Asked(), workers=1)
    out.write_bytes(out.read_bytes()[:-20])
    again = Asked()
    run_batch(cases(tmp_path, 3), out, again)
    assert again.questions == ["q2"]
    assert ids(out) == ["c0", "c1", "c2"]


def test_a_failed_call_is_an_error_line_and_the_next_run_replaces_it(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    summary = run_batch(cases(tmp_path), out, Asked(failing=("q1", "q3")))
    errors = [result for result in read_results(out) if result.status == "error"]
    assert (summary.answered, summary.failed) == (3, 2)
    assert all(result.answer is None and "the index is gone" in result.error for result in errors)
    again = Asked()
    run_batch(cases(tmp_path), out, again)
    assert sorted(again.questions) == ["q1", "q3"]
    assert ids(out) == ["c0", "c1", "c2", "c3", "c4"]
    assert {result.status for result in read_results(out)} == {"ok"}


def test_bad_lines_are_reported_by_number_without_their_text_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    lines = [
        '{"id": "a", "question": "q"}',
        "{Jane",
        '{"id": "b"}',
        "",
        '{"id": "a", "question": "Jane"}',
        '{"id": "c", "question": "q", "nmae": "Jane"}',
    ]
    path.write_text("\n".join(lines))
    summary = run_batch(path, tmp_path / "out.jsonl", Asked())
    assert [bad.line for bad in summary.bad_lines] == [2, 3, 5, 6]
    assert "question" in summary.bad_lines[1].reason
    assert "line 1" in summary.bad_lines[2].reason
    assert "Jane" not in str(summary)
    assert ids(tmp_path / "out.jsonl") == ["a"]


def test_when_the_server_is_gone_the_run_stops_instead_of_filling_the_file_with_errors(tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachable):
        run_batch(cases(tmp_path), tmp_path / "out.jsonl", Asked(gone=True))
    assert ids(tmp_path / "out.jsonl") == []


def test_two_runs_cannot_write_one_file(tmp_path: Path) -> None:
    held = threading.Event()
    release = threading.Event()

    class Slow(Asked):
        def ask(self, question: str, language: str = "en") -> Answer:
            held.set()
            release.wait()
            return super().ask(question, language)

    first = threading.Thread(target=run_batch, args=(cases(tmp_path), tmp_path / "out.jsonl", Slow()))
    first.start()
    held.wait()
    try:
        with pytest.raises(InputError, match="another run"):
            run_batch(cases(tmp_path), tmp_path / "out.jsonl", Asked())
    finally:
        release.set()
        first.join()


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    out = tmp_path / "notes.txt"
    out.write_text("my notes\n")
    with pytest.raises(InputError, match="something else"):
        run_batch(cases(tmp_path), out, Asked())
    assert out.read_text() == "my notes\n"


def test_a_missing_cases_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl"):
        run_batch(tmp_path / "none.jsonl", tmp_path / "out.jsonl", Asked())


KILLED = """
import sys, time
from pathlib import Path
from medmodel.client import Readiness
from medmodel.records import Answer
from medmodel.serve.batches import run_batch

class Asked:
    def ask(self, question, language="en"):
        time.sleep(0.01)
        return Answer(id=question, question=question, status="abstained", origin="none")
    def ready(self):
        return Readiness(True, "ready")

run_batch(Path(sys.argv[1]), Path(sys.argv[2]), Asked(), workers=3)
"""


@pytest.mark.slow
def test_killed_again_and_again_it_ends_with_each_case_once(tmp_path: Path) -> None:
    path, out = cases(tmp_path, 120), tmp_path / "out.jsonl"
    for kills in range(20):
        before = out.stat().st_size if out.exists() else 0
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(path), str(out)])
        while kills < 3 and process.poll() is None and (not out.exists() or out.stat().st_size <= before + 1000):
            time.sleep(0.005)
        if kills < 3 and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        if process.wait() == 0:
            break
    assert process.returncode == 0
    assert ids(out) == sorted(f"c{number}" for number in range(120))
