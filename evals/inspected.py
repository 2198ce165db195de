"""Written benchmarks under inspect-ai: it runs the items and keeps a log that its viewer opens.

The model that inspect sees is the subject's own `generate`, and its scorer is `Written.scored`: the very two that the gate
and the honesty kit use, so a fake takes the same way as vLLM. inspect's own OpenAI provider would be a second way, with
retries of its own before a failed call is an error. Nothing is fetched, no server of inspect's is opened.

The log holds what was asked and answered and is treated as cases: folder 0700, file 0600. inspect's traces, in the user's
home, name items and our errors, never a text.

    python -m evals run gsm8k --model DIR --data DIR --limit 50 --log-dir logs
    inspect view --log-dir logs
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals import run
from evals.generated import Written
from evals.suite import Subject, Suite
from medmodel.errors import InputError, MedmodelError
from medmodel.models.engine import Completion
from medmodel.records import Message


def inspected(folder: Path, name: str, model: str) -> run.Ask:
    """Asks for `run.measure`: inspect-ai runs the items and leaves its log in the folder, readable by its owner alone."""

    def ask(suite: Suite[Any], items: Sequence[Any], subject: Subject, tell: run.Tell) -> None:
        if not isinstance(suite, Written):
            raise InputError(f"'{name}' is not scored on what a model writes; inspect's log is for those that are")
        if items:
            _inspect(suite, items, subject, tell, folder, name, model)

    return ask


def _inspect(
    suite: Written[Any], items: Sequence[Any], subject: Subject, tell: run.Tell, folder: Path, name: str, model: str
) -> None:
    os.environ["INSPECT_TELEMETRY"] = ""  # nobody's hook gets the logs, not by a .env file either
    import anyio
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, ModelUsage, get_model, modelapi
    from inspect_ai.scorer import Score, mean, scorer
    from inspect_ai.solver import solver

    by_id = {item.id: item for item in items}
    bugs: list[Exception] = []  # not errors of an item: they end the run

    async def call(function: Any, *arguments: Any) -> Any:
        """In a thread. Of a bug inspect learns the kind alone, since it writes messages to traces in the user's home."""
        try:
            return await anyio.to_thread.run_sync(function, *arguments, abandon_on_cancel=True)
        except MedmodelError:
            raise
        except Exception as bug:
            bugs.append(bug)
            raise RuntimeError(type(bug).__name__) from None

    @modelapi("medmodel")
    class Asked(ModelAPI):
        """The subject as inspect sees it."""

        async def generate(self, input: Any, tools: Any, tool_choice: Any, config: Any) -> Any:
            asked = [Message(role=message.role, content=message.text) for message in input]
            written = await call(subject.write, asked, config.max_tokens)
            output = ModelOutput.from_content(
                model, written.text, stop_reason="max_tokens" if written.finish_reason == "length" else "stop"
            )
            total = written.prompt_tokens + written.tokens
            output.usage = ModelUsage(input_tokens=written.prompt_tokens, output_tokens=written.tokens, total_tokens=total)
            return output

    @solver(name="write")
    def write() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            if bugs:
                raise RuntimeError("the run has ended")
            try:
                return await generate(state)
            except MedmodelError as error:
                tell(run.failed(by_id[state.sample_id], error))
                raise

        return solve

    @scorer(name=name, metrics={metric: [mean()] for metric in suite.metrics})
    def read_answer() -> Any:
        async def score(state: Any, target: Any) -> Any:
            item, output = by_id[state.sample_id], state.output
            finish = "length" if output.stop_reason == "max_tokens" else "stop"
            completion = Completion(
                text=output.completion,
                finish_reason=finish,
                prompt_tokens=output.usage.input_tokens,
                tokens=output.usage.output_tokens,
            )
            try:
                row = await call(suite.scored, item, completion)
            except MedmodelError as error:
                tell(run.failed(item, error))
                raise
            tell(row)
            # What does not apply to the item is not a number: inspect counts it as unscored.
            return Score(value={metric: row.values.get(metric, float("nan")) for metric in suite.metrics})

        return score

    samples = [
        Sample(
            id=item.id,
            input=[_as_inspect(message) for message in suite.prompt(item)],
            metadata={"cluster": suite.cluster(item)},
        )
        for item in items
    ]
    config = GenerateConfig(temperature=0.0, max_tokens=suite.most, max_connections=suite.at_once)
    about = dict(suite.detail([]))  # who judges, what was left out, which file
    task = Task(MemoryDataset(samples, name=name), solver=write(), scorer=read_answer(), name=name, metadata=about)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = os.umask(0o077)
    try:
        logs = evaluate(
            task,
            model=get_model(f"medmodel/{model}", config=config, memoize=False),
            log_dir=str(folder),
            display="none",  # the progress bar is ours
            log_level="critical",  # an item's error is in its row, and in the log
            log_realtime=False,  # it would keep what was asked in a database in the user's home
            score_display=False,
            fail_on_error=False,
            max_samples=suite.at_once,
            ctl_server=False,
            acp_server=False,
        )
    finally:
        os.umask(before)
    if bugs:
        raise bugs[0]
    if not logs or logs[0].status == "cancelled":  # Ctrl-C, which inspect keeps to itself
        raise KeyboardInterrupt
    log = logs[0]
    if log.status != "success":
        raise RuntimeError(f"inspect ended with '{log.status}': {log.error.message if log.error else 'no reason given'}")


def _as_inspect(message: Message) -> Any:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return kinds[message.role](content=message.content)
