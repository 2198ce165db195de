"""MedQA (USMLE): what a model knows with the book closed, by letter and by the text of the option.

Paper:    Jin et al., "What Disease does this Patient Have?", Applied Sciences 11(14), 2021 (arXiv 2009.13081)
Licence:  MIT
Split:    dev. The test split is for reports from outside; its items are decontaminated against, never read here.
Size:     1,272 questions in dev, five options each (10,178 in train, 1,273 in test)
Training: train may be trained on; dev and test may not.

Two scores, since each fools in its own way. `letter`: the options are listed and the letter with the highest
log-probability is the answer; a small model says "A" to everything, which the answer distribution shows and accuracy
does not. `text`: the option whose text is likeliest per token after the bare question; no letter, no list. Both come
with Wilson's interval and the spread over positions. Not covered: answers that are reasoned first (a model that thinks
is understated by both), and few-shot prompts.

    python -m evals run medqa --model DIR --data DIR --limit 100

`--data` (default `$MEDMODEL_DATA/medqa_dev`) is a folder holding the publisher's `dev.jsonl` (question, options by letter, answer_idx), or a copy of it as
one JSON list with the options in order and the right one's text; either may be gzipped.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evals.suite import Expected, Material, Needs, Scored, Subject, Suite
from evals.suites.choice import best, distribution, option_shares
from medmodel import prompts
from medmodel.errors import InputError
from medmodel.records import ChoiceItem
from medmodel.registry import register

_LETTER = re.compile(r"^[A-J]\. ")  # the list form writes the letter into the option
FILES = ("*dev.jsonl", "*dev.jsonl.gz", "*dev.json", "*dev.json.gz")


@register("benchmark", "medqa")
class MedQA(Suite[ChoiceItem]):
    needs: ClassVar[Needs] = "model"
    metrics: ClassVar[tuple[str, ...]] = ("letter", "text", "probability")
    folder: ClassVar[str] = "medqa_dev"  # under $MEDMODEL_DATA

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        self._items = read_items(material.data)

    def items(self) -> Sequence[ChoiceItem]:
        return self._items

    def score(self, item: ChoiceItem, subject: Subject) -> Scored:
        by_letter = _letter_scores(item, subject)
        by_text = option_shares(prompts.choice_prompt(item.question), item.options, subject)
        letter, text = best(by_letter), best(by_text)
        return Scored(
            id=item.id,
            cluster=item.cluster,
            values={
                "letter": float(letter == item.answer),
                "text": float(text == item.answer),
                "probability": by_text[item.answer],
                "options": float(len(item.options)),
                **({} if letter is None else {"chosen_letter": float(letter)}),
                **({} if text is None else {"chosen_text": float(text)}),
            },
        )

    def detail(self, rows: Sequence[Scored]) -> dict[str, Any]:
        return {"letter": distribution(rows, "chosen_letter"), "text": distribution(rows, "chosen_text")}

    @classmethod
    def specimen(cls, folder: Path) -> Material:
        options = {"A": "rest at home", "B": "ice", "C": "heat twice a day", "D": "salt"}
        rows = [
            {"question": f"Number {at}?", "options": options, "answer": options["ABCD"[at % 4]], "answer_idx": "ABCD"[at % 4]}
            for at in range(20)
        ]
        (folder / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return Material(data=folder)

    def perfect(self, item: ChoiceItem, prompt: str = "") -> str:
        listed = f"\nA. {item.options[0]}" in prompt
        return f" {'ABCDEFGHIJ'[item.answer]}" if listed else f" {prompts.one_line(item.options[item.answer])}"

    def truth(self, fake: str) -> Mapping[str, Expected]:
        """Who knows nothing gives every option its chance; and who cannot tell them apart has not chosen the right one."""
        right = {"oracle": 1.0, "constant": 0.25}.get(fake, 0.0)
        if fake == "random":
            return {"letter": (0.0, 0.6), "text": (0.0, 0.6), "probability": (0.1, 0.45)}
        return {"letter": right, "text": right, "probability": (0.98, 1.0) if fake == "oracle" else (0.24, 0.26)}


def read_items(data: Path | None) -> list[ChoiceItem]:
    """Every question of the dev split. Raises InputError naming the file and the item that is not as described."""
    found = next((path for pattern in FILES for path in sorted(data.rglob(pattern))), None) if data else None
    if found is None:
        raise InputError(f"medqa: no dev split ({', '.join(FILES)}) under {data or 'the folder that --data would name'}")
    items = []
    for number, row in enumerate(_rows(found), 1):
        try:
            texts, right = _options(row)
            answer = texts.index(right)
        except (KeyError, TypeError, ValueError):
            raise InputError(f"medqa: item {number} of {found.name} has no question, options and right answer") from None
        items.append(
            ChoiceItem(
                id=f"medqa/{number}", question=row["question"], options=tuple(texts), answer=answer, cluster=f"medqa/{number}"
            )
        )
    return items


def _options(row: dict[str, Any]) -> tuple[list[str], str]:
    """The options' texts in order, and the right one's, from either form."""
    options = row["options"]
    if isinstance(options, dict):
        right = row.get("answer_idx", row["answer"])
        return [options[letter] for letter in sorted(options)], options.get(right, right)
    return [_LETTER.sub("", option) for option in options], row["answer"]


def _letter_scores(item: ChoiceItem, subject: Subject) -> list[float]:
    """Log-probability of each letter after the question and its lettered options."""
    letters = [chr(ord("A") + position) for position in range(len(item.options))]
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip(letters, item.options, strict=True))
    prompt = prompts.choice_prompt(f"{item.question}\n{listed}")
    return [subject.likelihood(prompt, f" {letter}").logprob for letter in letters]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
    if ".jsonl" in path.suffixes:
        yield from (json.loads(line) for line in text.split("\n") if line.strip())
    else:
        yield from json.loads(text)
