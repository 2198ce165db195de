"""IFEval: instructions whose observance a program can check ("no commas", "at least 300 words"). The general floor.

Paper:    Zhou et al., "Instruction-Following Evaluation for Large Language Models", 2023 (arXiv 2311.07911)
Licence:  Apache-2.0
Split:    the whole of it is a test set
Size:     541 prompts, 834 instructions of 25 kinds
Training: no.

The checkers are lm-eval's own (`lm_eval.tasks.ifeval`), strict and loose: loose takes an instruction as followed when it is
after dropping asterisks, the first line or the last. An answer that was cut off follows nothing. `prompt_*`: all
instructions of a prompt; the share over all instructions, as published, is shown beside.
Three kinds ask a language detector, which is seeded here (lm-eval's is not, and a borderline text may come out either way).
Two kinds, `length_constraints:number_sentences` and `change_case:capital_word_frequency`, need nltk's sentence model
`punkt_tab`, which lm-eval downloads when it is imported; nothing is fetched here. Where it is not installed, prompts with
such an instruction are left out and counted, and the score is then not the published one.

    python -m evals run ifeval --model DIR --data DIR --limit 100

`--data` (default `$MEDMODEL_DATA/ifeval`) holds the publisher's `input_data.jsonl` (key, prompt, instruction_id_list, kwargs).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from evals.generated import Written, messages, read_data
from evals.publishers import Row
from evals.replies import Reply
from evals.suite import Expected, Material, Scored
from medmodel.errors import InputError
from medmodel.records import Message, Record
from medmodel.registry import register

FILES = ("input_data.jsonl", "input_data.jsonl.gz", "*ifeval*.jsonl", "*ifeval*.jsonl.gz")
NEED_PUNKT = ("length_constraints:number_sentences", "change_case:capital_word_frequency")


class Instructed(Record):
    id: str
    key: int
    prompt: str
    instruction_id_list: tuple[str, ...]
    kwargs: tuple[dict[str, Any], ...]


class Checkers(NamedTuple):
    """lm-eval's `ifeval/utils.py`, and the kinds of instruction that can be checked here."""

    utils: Any
    kinds: frozenset[str]


@register("benchmark", "ifeval")
class IFEval(Written[Instructed]):
    metrics: ClassVar[tuple[str, ...]] = ("prompt_strict", "prompt_loose", "truncated")
    folder: ClassVar[str] = "ifeval"  # under $MEDMODEL_DATA
    most: ClassVar[int] = 1280  # lm-eval's

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._checkers = checkers()
        items, self.bad, _ = read_data("ifeval", material.data, FILES, self._instructed)
        self._items = [item for item in items if self._checkers.kinds.issuperset(item.instruction_id_list)]
        self._left_out = len(items) - len(self._items)

    def items(self) -> Sequence[Instructed]:
        return self._items

    def prompt(self, item: Instructed) -> Sequence[Message]:
        return messages(item.prompt)

    def values(self, item: Instructed, reply: Reply) -> dict[str, float]:
        given, text = self._checkers.utils, "" if reply.truncated else reply.text
        inp = given.InputExample(item.key, list(item.instruction_id_list), item.prompt, list(item.kwargs))
        strict = given.test_instruction_following_strict(inp, text).follow_instruction_list
        loose = given.test_instruction_following_loose(inp, text).follow_instruction_list
        return {
            "prompt_strict": float(all(strict)),
            "prompt_loose": float(all(loose)),
            "instructions": float(len(strict)),
            "followed_strict": float(sum(strict)),
            "followed_loose": float(sum(loose)),
        }

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        scored = [row for row in rows if "instructions" in row.values]
        instructions = sum(row.values["instructions"] for row in scored)
        shares = {
            how: sum(row.values[f"followed_{how}"] for row in scored) / instructions for how in ("strict", "loose") if scored
        }
        about: dict[str, Any] = {f"instruction_{how}": round(share, 4) for how, share in shares.items()}
        if self._left_out:
            about["left_out"] = f"{self._left_out} prompts: their checkers need nltk's punkt_tab, which is not installed"
        return {**about, **super().detail(rows)}

    def _instructed(self, number: int, row: Row) -> Instructed:
        known = self._checkers.utils.instructions_registry.INSTRUCTION_DICT
        if unknown := [kind for kind in row["instruction_id_list"] if kind not in known]:
            raise InputError(f"has an instruction without a checker: '{unknown[0]}'")
        if len(row["kwargs"]) != len(row["instruction_id_list"]):
            raise InputError("has not as many kwargs as instructions")
        return Instructed(
            id=f"ifeval/{row['key']}",
            key=row["key"],
            prompt=row["prompt"],
            instruction_id_list=row["instruction_id_list"],
            kwargs=row["kwargs"],
        )

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        rows = [
            {
                "key": 1,
                "prompt": "Name an animal. Use the word zebra, and end with: That is all.",
                "instruction_id_list": ["keywords:existence", "startend:end_checker"],
                "kwargs": [{"keywords": ["zebra"]}, {"end_phrase": "That is all."}],
            },
            {
                "key": 2,
                "prompt": "Name an animal. Use no commas.",
                "instruction_id_list": ["punctuation:no_comma"],
                "kwargs": [{}],
            },
        ]
        (folder / "input_data.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder)

    def perfect(self, item: Instructed, prompt: str = "") -> str:
        return "The zebra has stripes. That is all."

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """One sentence without a comma does follow "no commas", the second of two prompts."""
        followed = {"oracle": 1.0, "constant": 0.5, "random": 0.5}.get(fake, 0.0)
        return {"prompt_strict": followed, "prompt_loose": followed, "truncated": float(fake == "truncated")}


def checkers() -> Checkers:
    """lm-eval's checkers, imported without its download."""
    before = os.environ.get("LOCAL_RANK")
    os.environ["LOCAL_RANK"] = "1"  # lm-eval downloads punkt_tab on rank 0 alone
    try:
        from lm_eval.tasks.ifeval import utils
    except ModuleNotFoundError as error:
        raise InputError(f"ifeval's checkers need the package '{error.name}': pip install 'medmodel[eval]'") from None
    finally:
        os.environ.pop("LOCAL_RANK")
        if before is not None:
            os.environ["LOCAL_RANK"] = before
    import langdetect

    langdetect.DetectorFactory.seed = 0
    kinds = frozenset(utils.instructions_registry.INSTRUCTION_DICT)
    return Checkers(utils, kinds if _has_punkt() else kinds - {*NEED_PUNKT})


def _has_punkt() -> bool:
    import nltk

    try:
        nltk.data.find("tokenizers/punkt_tab")
    except LookupError:
        return False
    return True
