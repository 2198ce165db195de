"""Feedback that was acknowledged is there after a kill, once, and only its owner can read the file."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from medmodel.errors import InputError
from medmodel.records import Answer, Feedback
from medmodel.serve.feedback import FeedbackStore

ANSWER = Answer(id="a1", question="patient Jane, a synthetic name", status="abstained", origin="none")


def verdict(identity: str, **fields: str) -> Feedback:
    return Feedback.model_validate({"id": identity, "answer": ANSWER, "rating": "up", **fields})


def store(folder: Path) -> FeedbackStore:
    return FeedbackStore(f"sqlite:///{folder / 'feedback.db'}")


def test_all_gives_back_what_was_added_in_order(tmp_path: Path) -> None:
    given = [verdict(f"f{number}") for number in range(450)]  # more than two pages
    kept = store(tmp_path)
    for feedback in given:
        assert kept.add(feedback) == feedback
    assert list(kept.all()) == given
    assert list(store(tmp_path).all()) == given, "another process reads the same"


def test_the_same_again_changes_nothing_and_another_under_its_id_is_refused(tmp_path: Path) -> None:
    kept = store(tmp_path)
    first = kept.add(verdict("f1"))
    assert kept.add(first) == first
    with pytest.raises(InputError, match="f1") as caught:
        kept.add(first.model_copy(update={"rating": "down"}))
    assert "Jane" not in str(caught.value)
    assert list(kept.all()) == [first]


def test_threads_lose_nothing(tmp_path: Path) -> None:
    kept = store(tmp_path)

    def add(worker: int) -> None:
        for number in range(20):
            kept.add(verdict(f"{worker}-{number}"))

    threads = [threading.Thread(target=add, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({feedback.id for feedback in kept.all()}) == 160


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    store(tmp_path / "home").add(verdict("f1"))
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_by_default_it_lies_in_medmodel_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path))
    FeedbackStore().add(verdict("f1"))
    assert (tmp_path / "feedback.db").exists()


@pytest.mark.parametrize("url", ["sqlite://", "nonsense://x", "no url"])
def test_a_database_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(InputError):
        FeedbackStore(url)


ADDING = """
import sys
from medmodel.records import Answer, Feedback
from medmodel.serve.feedback import FeedbackStore

store = FeedbackStore(sys.argv[1])
for number in range(10_000):
    answer = Answer(id="a", question="q", status="abstained", origin="none")
    store.add(Feedback(id=str(number), answer=answer, rating="up"))
    print(number, flush=True)
"""


def test_after_a_kill_everything_acknowledged_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    process = subprocess.Popen([sys.executable, "-c", ADDING, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.wait()
    process.stdout.close()
    kept = {int(feedback.id) for feedback in FeedbackStore(url).all()}
    assert set(acknowledged) <= kept
