"""The text of a multiple-choice task exactly as lm-eval writes it, around items of our own.

`doc_to_text`, `doc_to_choice`, description, delimiters and the order of worked examples come from the task definition in
the installed lm_eval; only the data is put in (`custom_dataset`), so nothing is downloaded and no dataset script runs.
Worked examples are the first of theirs (`sampler: first_n`). What a caller changes in a definition it says (`changes`).
The same task object runs in lm-eval's own models: tests/perf/parity.py. Not here: asking any model.

    wording = Wording("medqa/medqa.yaml", docs=[...], examples=[...])
    wording.prompt(doc, shots=5), wording.continuations(doc)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from medmodel.errors import InputError

Doc = dict[str, Any]
SAMPLED = {"fewshot_config": {"sampler": "first_n"}, "fewshot_split": "examples", "test_split": "items"}


class Wording:
    """One lm-eval task over these items. `examples` may be empty when no shots are asked for."""

    def __init__(self, definition: str, docs: Sequence[Doc], examples: Sequence[Doc], changes: Mapping[str, Any] | None = None):
        self.task = make_task(definition, docs, examples, changes)
        self._examples = len(examples)
        self._befores: dict[int, str] = {}

    def prompt(self, doc: Doc, shots: int = 0) -> str:
        """Description, worked examples and the question, up to where the answer begins."""
        return self.before(doc, shots) + self.question(doc)

    def before(self, doc: Doc, shots: int) -> str:
        """What stands before the question; made once: lm-eval compiles its template anew for each example, 3.5 ms each."""
        if shots not in self._befores:
            if shots > self._examples:
                raise InputError(f"{shots} worked examples were asked for, and the data holds {self._examples}")
            whole, question = str(self.task.fewshot_context(doc, num_fewshot=shots)), self.question(doc)
            assert whole.endswith(question)
            self._befores[shots] = whole.removesuffix(question)
        return self._befores[shots]

    def question(self, doc: Doc) -> str:
        """The last part of every prompt: the question itself."""
        return str(self.task.doc_to_text(doc))

    def continuations(self, doc: Doc) -> list[str]:
        """What may follow the prompt, one for each option, with the delimiter that lm-eval puts before it."""
        return [f"{self.task.config.target_delimiter}{choice}" for choice in self.task.doc_to_choice(doc)]

    def right(self, doc: Doc) -> int:
        """The right option's position, as the definition reads it from the item: it must agree with ours."""
        target = self.task.doc_to_target(doc)
        return target if isinstance(target, int) else self.task.doc_to_choice(doc).index(target)


def make_task(definition: str, docs: Sequence[Doc], examples: Sequence[Doc], changes: Mapping[str, Any] | None = None) -> Any:
    """An lm-eval task object whose test split is `docs`: what `lm_eval.simple_evaluate` takes as well."""
    import lm_eval
    from datasets import Dataset
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml  # TaskManager.load gives no way to put data in

    _quiet()
    path = Path(lm_eval.__file__).parent / "tasks" / definition
    if not path.is_file():
        raise InputError(f"lm-eval has no task definition {definition}; this was written for lm_eval 0.4.13")
    data = {"items": Dataset.from_list(list(docs)), "examples": Dataset.from_list(list(examples) or list(docs[:1]))}
    config = {key: value for key, value in load_yaml(path).items() if key not in ("tag", "group", "task_list")}
    config |= {"training_split": None, "validation_split": None, **SAMPLED, **(changes or {})}
    return ConfigurableTask(config={**config, "custom_dataset": lambda **_: data})


@lru_cache(maxsize=1)
def _quiet() -> None:
    """lm-eval warns that a task has local data, which is the point."""
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
