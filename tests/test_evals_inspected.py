"""The same items under inspect-ai: the same rows as without it, errors that stay errors, and a log that its viewer opens."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evals import honesty, run
from evals.__main__ import _logs
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.healthbench import HealthBench
from evals.benchmarks.medqa import MedQA
from evals.generated import Written, reasoned
from evals.inspected import inspected
from evals.suite import Scored, Subject
from medmodel.errors import EngineError, InputError
from medmodel.models.engine import Completion
from medmodel.records import Message

pytestmark = [
    pytest.mark.slow,  # importing inspect-ai takes seconds
    # inspect-ai leaves its in-memory streams to the garbage collector
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <function MemoryObject:pytest.PytestUnraisableExceptionWarning"),
]


def fake(name: str, suite: Written[Any]) -> Subject:
    """One subject for all items: it knows an item by what is asked."""
    voices = {tuple(suite.prompt(item)): honesty.subject(name, suite, item) for item in suite.items()}
    return Subject(generate=lambda messages, most: voices[tuple(messages)].write(messages, most))


@pytest.mark.parametrize("plugin", [GSM8K, HealthBench, reasoned(MedQA)], ids=lambda plugin: plugin.__name__)
def test_every_fake_has_the_same_rows_with_and_without_inspect(plugin: type[Written[Any]], tmp_path: Path) -> None:
    suite = plugin(plugin.specimen(tmp_path))
    for name in honesty.FAKES:
        subject = fake(name, suite)
        ask = inspected(tmp_path / name, "made up", name)
        assert run.measure(suite, subject, ask=ask) == run.measure(suite, subject), name


def test_the_log_is_the_owners_alone_and_says_what_the_rows_say(tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    suite = GSM8K(GSM8K.specimen(tmp_path))
    logs = tmp_path / "deep" / "logs"
    right, wrong = suite.items()

    def generate(messages: Sequence[Message], most: int) -> Completion:
        if right.question in messages[-1].content:
            return Completion(text=suite.perfect(right), finish_reason="stop", prompt_tokens=7, tokens=5)
        return Completion(text="The answer is", finish_reason="length", tokens=most)

    rows = run.measure(suite, Subject(generate=generate), ask=inspected(logs, "gsm8k", "pico"))
    assert run.mean(rows, "accuracy") == 0.5
    (file,) = logs.iterdir()
    assert (stat.S_IMODE(logs.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)
    log = read_eval_log(file)
    assert (log.status, log.eval.task, log.eval.model) == ("success", "gsm8k", "medmodel/pico")
    assert (log.eval.metadata or {})["from"] == "test.jsonl"
    assert log.results is not None
    assert {score.name: score.metrics["mean"].value for score in log.results.scores} == {
        "accuracy": 0.5,
        "unparsed": 0.0,
        "truncated": 0.5,
    }
    samples = {sample.id: sample for sample in log.samples or []}
    assert samples[right.id].output.completion == suite.perfect(right)
    assert samples[wrong.id].output.stop_reason == "max_tokens"
    assert samples[right.id].output.usage is not None
    assert samples[right.id].output.usage.output_tokens == 5


def test_a_failed_call_is_an_error_in_the_row_and_in_the_log_and_is_asked_again_alone(tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    suite = GSM8K(GSM8K.specimen(tmp_path))
    kept, failing = suite.items()
    asked: list[str] = []
    dead = True

    def generate(messages: Sequence[Message], most: int) -> Completion:
        item = kept if kept.question in messages[-1].content else failing
        asked.append(item.id)
        if item is failing and dead:
            raise EngineError("the engine died")
        return Completion(text=suite.perfect(item), finish_reason="stop")

    def measure() -> list[Scored]:
        logs = tmp_path / f"logs-{len(asked)}"
        return run.measure(suite, Subject(generate=generate), tmp_path / "rows.jsonl", ask=inspected(logs, "gsm8k", "pico"))

    rows = measure()
    assert [row.error for row in rows] == ["", "EngineError: the engine died"]
    assert rows[1].values == {}
    (file,) = (tmp_path / "logs-0").iterdir()
    log = read_eval_log(file)
    assert [sample.id for sample in log.samples or [] if sample.error] == [failing.id]
    dead = False
    assert [row.values["accuracy"] for row in measure()] == [1.0, 1.0]
    assert sorted(asked) == sorted([kept.id, failing.id, failing.id])


def test_what_is_no_error_of_ours_is_a_bug_that_ends_the_run_and_is_quoted_in_no_log(tmp_path: Path) -> None:
    from inspect_ai.log import read_eval_log

    suite = GSM8K(GSM8K.specimen(tmp_path))

    def generate(messages: Sequence[Message], most: int) -> Completion:
        raise ZeroDivisionError("Mrs Example")  # synthetic

    with pytest.raises(ZeroDivisionError):
        run.measure(suite, Subject(generate=generate), ask=inspected(tmp_path / "logs", "gsm8k", "pico"))
    (file,) = (tmp_path / "logs").iterdir()
    for sample in read_eval_log(file).samples or []:
        assert sample.error is not None
        assert "Mrs" not in sample.error.model_dump_json()


SLOW = """
import sys, time
from pathlib import Path
from evals import run
from evals.benchmarks.gsm8k import GSM8K
from evals.inspected import inspected
from evals.suite import Subject
from medmodel.models.engine import Completion

folder = Path(sys.argv[1])
suite = GSM8K(GSM8K.specimen(folder))

def generate(messages, most):
    if suite.items()[1].question in messages[-1].content:
        time.sleep(5)
    return Completion(text="The answer is 6.", finish_reason="stop")

run.measure(suite, Subject(generate=generate), folder / "rows.jsonl", on_row=print, ask=inspected(folder / "logs", "gsm8k", "pico"))
"""


def test_ctrl_c_ends_the_run_and_keeps_the_rows_there_are(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-c", SLOW, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert "accuracy" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.communicate()
    assert running.returncode == 130  # inspect's hook for a KeyboardInterrupt that nobody caught
    (kept,) = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert Scored.model_validate_json(kept).values["accuracy"] == 1.0


def test_a_benchmark_that_reads_likelihoods_has_no_log(tmp_path: Path) -> None:
    suite = MedQA(MedQA.specimen(tmp_path))
    with pytest.raises(InputError, match="'medqa' is not scored on what a model writes"):
        run.measure(suite, Subject(), ask=inspected(tmp_path / "logs", "medqa", "pico"))


def test_a_log_without_a_place_to_stay_is_thrown_away_and_else_lies_beside_the_rows(tmp_path: Path) -> None:
    with _logs(None, None) as scratch:
        assert scratch.is_dir()
    assert not scratch.exists()
    with _logs(None, tmp_path / "rows.jsonl") as beside, _logs(tmp_path / "own", tmp_path / "rows.jsonl") as own:
        assert (beside, own) == (tmp_path / "rows.logs", tmp_path / "own")
