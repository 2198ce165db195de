"""A batch ends with one line a case, however often it was killed, torn or refused on the way."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.client import Readiness
from medmodel.errors import AnotherRun, InputError, ServerError, ServerUnreachable
from medmodel.records import Answer, Case
from medmodel.serve.batches import BatchSummary, read_results, run_batch, whole_lines


class Asked:
    """A client's double: counts what it is asked, and fails where it is told to."""

    def __init__(self, failing: tuple[str, ...] = (), gone: bool = False) -> None:
        self.questions: list[str] = []
        self.most = 0  # asked at once
        self._now = 0
        self._failing = failing
        self._gone = gone

    async def ask(self, question: str, language: str = "en") -> Answer:
        self.questions.append(question)
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if self._gone:
            raise ServerUnreachable("nothing answers")
        if question in self._failing:
            raise ServerError("the index is gone", 500)
        return Answer(id=question, question=question, status="abstained", origin="none")

    async def ready(self) -> Readiness:
        return Readiness(not self._gone, "unreachable" if self._gone else "ready")


def cases(count: int = 5) -> list[Case]:
    return [Case(id=f"c{number}", question=f"q{number}") for number in range(count)]


def ask(listed: list[Case], out: Path, client: Asked, workers: int = 4) -> BatchSummary:
    return asyncio.run(run_batch(listed, out, client, workers))


def ids(path: Path) -> list[str]:
    return sorted(result.id for result in read_results(path))


def test_every_case_gets_one_line_and_progress_counts_what_is_on_the_disk(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    out = tmp_path / "out.jsonl"

    def progress(done: int, total: int, failed: int) -> None:
        assert len(out.read_bytes().splitlines()) == done
        told.append((done, total, failed))

    summary = asyncio.run(run_batch(cases(), out, Asked(), progress=progress))
    assert summary == BatchSummary(cases=5, kept=0, answered=5, failed=0)
    assert ids(out) == ["c0", "c1", "c2", "c3", "c4"]
    assert told[0] == (0, 5, 0)
    assert told[-1] == (5, 5, 0)


def test_so_many_are_asked_at_once_as_was_said(tmp_path: Path) -> None:
    client = Asked()
    ask(cases(50), tmp_path / "out.jsonl", client, workers=3)
    assert client.most == 3


def test_a_results_file_is_its_owners_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.touch(mode=0o644)
    ask(cases(), out, Asked())
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_second_run_asks_nothing_that_is_answered(tmp_path: Path) -> None:
    ask(cases(3), tmp_path / "out.jsonl", Asked())
    again = Asked()
    summary = ask(cases(5), tmp_path / "out.jsonl", again)
    assert sorted(again.questions) == ["q3", "q4"]
    assert (summary.kept, summary.answered) == (3, 2)
    assert ids(tmp_path / "out.jsonl") == ["c0", "c1", "c2", "c3", "c4"]


def test_a_case_whose_question_was_changed_is_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ask(cases(3), out, Asked())
    again = Asked()
    ask([*cases(2), Case(id="c2", question="q2, said better")], out, again)
    assert again.questions == ["q2, said better"]
    assert ids(out) == ["c0", "c1", "c2"]


def test_results_of_other_cases_stay(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ask(cases(3), out, Asked())
    ask([Case(id="other", question="q")], out, Asked())
    assert ids(out) == ["c0", "c1", "c2", "other"]


@settings(max_examples=30)  # each writes to the disk
@given(kept=st.integers(0, 60), workers=st.integers(1, 9))
def test_wherever_the_file_was_cut_each_case_ends_up_once(
    tmp_path_factory: pytest.TempPathFactory, kept: int, workers: int
) -> None:
    out = tmp_path_factory.mktemp("cut") / "out.jsonl"
    ask(cases(7), out, Asked())
    whole = out.read_bytes()
    out.write_bytes(whole[: len(whole) * kept // 60])
    ask(cases(7), out, Asked(), workers)
    assert ids(out) == [f"c{number}" for number in range(7)]


def test_a_failed_call_is_an_error_line_and_the_next_run_replaces_it(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    summary = ask(cases(), out, Asked(failing=("q1", "q3")))
    errors = [result for result in read_results(out) if result.status == "error"]
    assert (summary.answered, summary.failed) == (3, 2)
    assert all(result.answer is None and "the index is gone" in result.error for result in errors)
    again = Asked()
    ask(cases(), out, again)
    assert sorted(again.questions) == ["q1", "q3"]
    assert ids(out) == ["c0", "c1", "c2", "c3", "c4"]
    assert {result.status for result in read_results(out)} == {"ok"}


def test_when_the_server_is_gone_the_run_stops_instead_of_filling_the_file_with_errors(tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachable):
        ask(cases(), tmp_path / "out.jsonl", Asked(gone=True))
    assert ids(tmp_path / "out.jsonl") == []


def test_a_wrong_key_stops_the_run_with_the_servers_sentence(tmp_path: Path) -> None:
    class Locked(Asked):
        async def ask(self, question: str, language: str = "en") -> Answer:
            raise ServerError("give a valid API key", 401)

    with pytest.raises(ServerError, match="valid API key"):
        ask(cases(), tmp_path / "out.jsonl", Locked())
    assert ids(tmp_path / "out.jsonl") == []


def test_a_run_that_is_stopped_keeps_what_was_answered(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    class Stuck(Asked):
        async def ask(self, question: str, language: str = "en") -> Answer:
            if question == "q2":
                await asyncio.sleep(60)
            return await super().ask(question, language)

    async def main() -> None:
        running = asyncio.create_task(run_batch(cases(), out, Stuck(), 2))
        while not out.exists() or len(ids(out)) < 4:
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
    assert ids(out) == ["c0", "c1", "c3", "c4"]


def test_an_error_that_nobody_foresaw_is_raised_with_what_was_answered_kept(tmp_path: Path) -> None:
    class Broken(Asked):
        async def ask(self, question: str, language: str = "en") -> Answer:
            if question == "q3":
                raise KeyError("a fault of ours")
            return await super().ask(question, language)

    with pytest.raises(KeyError):
        ask(cases(), tmp_path / "out.jsonl", Broken(), workers=1)
    assert ids(tmp_path / "out.jsonl") == ["c0", "c1", "c2"]


def test_two_runs_cannot_write_one_file(tmp_path: Path) -> None:
    async def main() -> None:
        held, release = asyncio.Event(), asyncio.Event()

        class Slow(Asked):
            async def ask(self, question: str, language: str = "en") -> Answer:
                held.set()
                await release.wait()
                return await super().ask(question, language)

        first = asyncio.create_task(run_batch(cases(), tmp_path / "out.jsonl", Slow()))
        await held.wait()
        with pytest.raises(AnotherRun, match=r"another run is writing .*out\.jsonl; wait for it"):
            await run_batch(cases(), tmp_path / "out.jsonl", Asked())
        release.set()
        await first

    asyncio.run(main())
    assert ids(tmp_path / "out.jsonl") == ["c0", "c1", "c2", "c3", "c4"]


def test_what_a_kill_left_of_a_first_line_is_no_file_of_something_else(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"id')
    ask(cases(), out, Asked())
    assert len(ids(out)) == 5


@pytest.mark.parametrize("text", ["my notes\n", "my notes", '{"answer": 42}\n'])
def test_a_file_of_something_else_is_not_touched(tmp_path: Path, text: str) -> None:
    out = tmp_path / "notes.txt"
    out.write_text(text)
    with pytest.raises(InputError, match="something else"):
        ask(cases(), out, Asked())
    assert out.read_text() == text


KILLED = """
import asyncio, os, sys
from pathlib import Path
from medmodel.client import Readiness
from medmodel.records import Answer, Case
from medmodel.serve.batches import run_batch

class Asked:
    async def ask(self, question, language="en"):
        await asyncio.sleep(0.005)
        return Answer(id=question, question=question, status="abstained", origin="none", notice="x" * 5000)
    async def ready(self):
        return Readiness(True, "ready")

cases = [Case(id=f"c{number}", question=f"q{number}") for number in range(int(sys.argv[2]))]
for line in sys.stdin:  # each line starts a run in a child of its own, so that 20 runs import once
    child = os.fork()
    if child == 0:
        asyncio.run(run_batch(cases, Path(sys.argv[1]), Asked(), workers=8))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_killed_twenty_times_at_random_it_ends_with_each_case_once(tmp_path: Path) -> None:
    count, draw = 6_000, random.Random(4)
    out = tmp_path / "out.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(out), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as runs:
        assert runs.stdin
        assert runs.stdout
        for kill in range(20):
            before = out.stat().st_size if out.exists() else 0
            runs.stdin.write("again\n")
            runs.stdin.flush()
            child = int(runs.stdout.readline())
            while kill % 2 and (not out.exists() or out.stat().st_size <= before):
                time.sleep(0.002)  # until it writes; the others are killed while they start or repair, too
            time.sleep(draw.uniform(0, 0.03))
            os.kill(child, signal.SIGKILL)
            assert int(runs.stdout.readline()) == -9
        assert 0 < len(out.read_bytes().splitlines()) < count, "it was at work when it was killed"
        runs.stdin.write("to the end\n")
        runs.stdin.close()
        assert int(runs.stdout.readlines()[-1]) == 0
    assert ids(out) == sorted(f"c{number}" for number in range(count))
    assert {result.status for result in read_results(out)} == {"ok"}


def test_a_line_that_is_being_written_ends_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b'{"id":"1"}\n{"id":"2","ans')
    lines = whole_lines(path)
    assert next(lines) == b'{"id":"1"}\n'
    with open(path, "ab") as writer:
        writer.write(b'wer":3}\n')
    assert list(lines) in ([], [b'{"id":"2","answer":3}\n'])  # whole, or not yet


FULL = """
import resource, sys
from pathlib import Path
from medmodel.records import BatchResult
from medmodel.serve.batches import _Results
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
results = [BatchResult(id=f"c{number}", status="error", error="x" * 40) for number in range(8)]
with _Results(Path(sys.argv[1])) as out:
    out.append(results[:1])
    try:
        out.append(results[1:])
    except OSError:
        sys.exit(7)
"""


def test_a_disk_that_is_full_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert subprocess.run([sys.executable, "-c", FULL, str(path)], check=False).returncode == 7
    assert ids(path) == ["c0"]
    assert path.read_bytes().endswith(b"\n")
