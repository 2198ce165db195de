"""One multiple-choice item, whatever its publisher calls the parts, and what its publisher's answer keys mean.

A key that is none of the options, or several of them, is an InputError: the reader counts the item as bad and goes on.
`made_up` are questions for the honesty kit. Not here: files (`evals.publishers`), and scoring (`evals.closed_book`).

    Question(id="medqa/1", question="…", options=tuple(texts), answer=letter_index("C", texts))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medmodel.errors import InputError
from medmodel.records import Record

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Question(Record):
    """One item of a benchmark, whatever its publisher calls the parts."""

    id: str
    question: str
    options: tuple[str, ...]
    answer: int
    subject: str = ""
    cluster: str = ""  # what related items share, where the set says so
    context: str = ""  # text that belongs to the question: PubMedQA's abstract
    pmids: tuple[str, ...] = ()  # the papers the question was made from

    def shifted(self, by: int) -> Question:
        """The same question with its options moved round."""
        moved = self.options[by:] + self.options[:by]
        return self.model_copy(update={"options": moved, "answer": (self.answer - by) % len(moved)})


def letter_index(letter: str, options: Sequence[str]) -> int:
    """The position of an answer key. Several letters are a question with several right answers, which this cannot score."""
    key = str(letter).strip().strip("()").upper()
    if len(key) > 1 and all(one in LETTERS for one in key):
        raise InputError("has several right answers")
    if len(key) != 1 or key not in LETTERS[: len(options)]:
        raise InputError("has an answer key that is none of its options")
    return LETTERS.index(key)


def by_letter(options: Mapping[str, str]) -> list[str]:
    """Texts of options given by letter, in order; one left empty at the end is not there."""
    texts = [str(options[letter] or "") for letter in sorted(options)]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def made_up(count: int, options: Sequence[str] = ("rest at home", "ice", "heat twice a day", "salt")) -> list[Question]:
    """Questions for the honesty kit, each right answer as often as every other."""
    return [
        Question(id=f"{at}", question=f"Which of these is number {at}?", options=tuple(options), answer=at % len(options))
        for at in range(count)
    ]


def checked(item: Question, name: str) -> Question:
    """The item under its name. Raises InputError saying what is wrong with it."""
    if not item.question.strip():
        raise InputError("has an empty question")
    if len(item.options) < 2 or any(not option.strip() for option in item.options):
        raise InputError("has an empty option")
    if not 0 <= item.answer < len(item.options):
        raise InputError("has an answer key that is none of its options")
    return item.model_copy(update={"id": name})
