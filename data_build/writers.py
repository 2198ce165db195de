"""What a model is asked to write of each kind, how its answer is read, and how the answer is looked for again without it.

    task  -> `ask`            one passage or a complaint's findings, and the form of what is wanted
    text  -> `read`           a draft: the candidate, and probes that do not show its answer; or why it is malformed
    probe -> `draft.judge`    "" when the engine comes to the same answer by itself

The model writes only what has to be made up: a question, a case, wrong options. What an example teaches as true is quoted
(a cited sentence) or made by rule from the document (a differential). Prompts and grammars are `medmodel.prompts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from data_build import differentials, multiple_choice
from data_build.candidates import Candidate, Options, Quote
from data_build.complaints import complaint, diagnoses, fitting
from data_build.kinds.intake import ASK
from data_build.pages import shared
from data_build.tasks import Task
from data_build.verify import one_right, recovered
from medmodel import prompts
from medmodel.models.engine import Completion
from medmodel.rag.nearest import evidence, grounded_prompt
from medmodel.rag.support import content_words, quantities
from medmodel.records import Example, Message, Passage

WRITTEN = 256  # tokens of what is written
CHOSEN = 4  # tokens of a letter
HALF = 0.5  # of a sentence's content words: a case or a question that has fewer is about something else
CHOICES = 8  # diagnoses among which a case's must be found again
_AGE = re.compile(r"\b\d{1,3}[- ]?(?:year|month|week|day)s?[- ]old\b")  # a case has one, its document has not
_NUMBERS = re.compile(r"\[(\d{1,3})\]")


class Ask(NamedTuple):
    """One call of an engine."""

    messages: tuple[Message, ...]
    regex: str
    max_tokens: int


class Draft(NamedTuple):
    """What was written, and how to find its answer again."""

    candidate: Candidate
    probes: tuple[Ask, ...]
    judge: Callable[[Sequence[Completion]], str]


def ask(task: Task) -> Ask:
    """What the model is asked for a task."""
    sentences = len(prompts.numbered(task.shown))
    return Ask(prompts.writing_messages(task.kind, task.shown), prompts.writing_grammar(task.kind, sentences), WRITTEN)


def read(task: Task, text: str) -> Draft | str:
    """The draft that a text holds, or why it holds none."""
    if not re.fullmatch(prompts.writing_grammar(task.kind, len(prompts.numbered(task.shown))), text.strip()):
        return "malformed: not in the form that was asked for"
    return READERS[task.kind](task, text.strip().split("\n"))


def _grounded(task: Task, lines: list[str]) -> Draft | str:
    question, number = _after(lines[0]), _numbers(lines[1])[0]
    said = _NUMBERS.sub("", lines[1], count=1).strip()
    sentence = _sentence(task, number)
    shown = evidence(question, (*task.before, *task.shown))  # before it: who cites [1] whatever is asked does not come to it
    place = _place(task, number)
    places = [(passage.id, passage.sentences[at].start) for passage, at in prompts.numbered(shown)]
    if place not in places:
        return "not recovered: other sentences are nearer to the question"
    number = places.index(place) + 1
    probe = grounded_prompt(question, shown)
    candidate = Candidate(
        example=_example(task, (*probe, Message(role="assistant", content=prompts.answer_line(number, said))), shown),
        question=question,
        secret=said,
        quotes=(Quote(task.document.id, sentence if prompts.one_line(sentence) == said else said),),
        shown=shown,
    )
    return Draft(candidate, (_answering(probe, shown),), lambda replies: recovered(replies[0], shown, number))


def _abstain(task: Task, lines: list[str]) -> Draft | str:
    question = _after(lines[0])
    words = content_words(question)
    title = f"{prompts.topic(task.shown[0])} {' '.join(task.shown[0].heading)}"
    if not words & content_words(f"{title} {task.shown[0].text}"):
        return "off the subject: the question shares no word with the passage"
    heading = content_words(" ".join(task.shown[0].heading[1:])) - content_words(prompts.topic(task.shown[0]))
    if words & heading:
        return "no abstention: it asks for what the passage is headed with"
    if any(words <= content_words(passage.sentence(at)) for passage, at in prompts.numbered(task.shown)):
        return "no abstention: a sentence has every word of the question"
    shown = evidence(question, task.shown)
    probe = grounded_prompt(question, shown)
    candidate = Candidate(
        example=_example(task, (*probe, Message(role="assistant", content=prompts.NO_ANSWER))),
        question=question,
        shown=shown,
    )
    return Draft(candidate, (_answering(probe, shown),), lambda replies: _abstained(replies[0]))


def _choice(task: Task, lines: list[str]) -> Draft | str:
    question, number = _after(lines[0]), _numbers(lines[1])[0]
    right, *wrong = (_NUMBERS.sub("", _after(line), count=1).strip() for line in lines[1:])
    sentence = _sentence(task, number)
    order = multiple_choice.shuffled([right, *wrong], task.id)
    options = Options(order, order.index(right))
    asked = multiple_choice.write(multiple_choice.Question(question, order))
    again = tuple(reversed(order))
    letter, other = (multiple_choice.LETTERS[each.index(right)] for each in (order, again))
    answer = f"{prompts.one_line(sentence)}\n\nAnswer: {letter}"
    candidate = Candidate(
        example=_example(task, (Message(role="user", content=asked), Message(role="assistant", content=answer))),
        question=question,
        secret=right,
        quotes=(Quote(task.document.id, sentence),),
        options=options,
        fault=one_right(options, sentence),
    )
    probes = tuple(_choosing(multiple_choice.Question(question, each), task.shown) for each in (order, again))
    return Draft(candidate, probes, lambda replies: _chosen(replies, (letter, other)))


def _differential(task: Task, lines: list[str]) -> Draft | str:
    case, numbers = _after(lines[0]), _numbers(lines[1])
    among = diagnoses(task.document)
    right = next(diagnosis for diagnosis in among if diagnosis.name == task.diagnosis)
    used = [_sentence(task, number) for number in dict.fromkeys(numbers)]
    candidate = Candidate(
        example=_example(
            task,
            (
                *prompts.differential_messages(case),
                Message(role="assistant", content=differentials.answer(right, among)),
            ),
        ),
        question=case,
        secret=right.name,
        quotes=differentials.quotes(task.document, right, ()),
        fault=_unlike(case, used) or ("" if fitting(used, among) == right.name else "answer not recovered: another fits"),
    )
    others = [diagnosis.name for diagnosis in among if diagnosis is not right][: CHOICES - 1]
    order = multiple_choice.shuffled([right.name, *others], task.id)
    probe = _choosing(multiple_choice.Question(f"{case} Which diagnosis fits best?", order), ())
    letter = multiple_choice.LETTERS[order.index(right.name)]
    return Draft(candidate, (probe,), lambda replies: _chosen(replies, (letter,)))


def _intake(task: Task, lines: list[str]) -> Draft | str:
    numbers = [_numbers(line)[0] for line in lines]
    questions = [_NUMBERS.sub("", line, count=1).strip() for line in lines]
    listed = "\n".join(f"{at}. {question}" for at, question in enumerate(questions, 1))
    opening = f"A patient comes with {complaint(task.document)}. What could it be?"
    fault = ""
    if len(set(numbers)) < len(numbers):
        fault = "malformed: two questions about one finding"
    elif any(_about(question, _sentence(task, number)) for question, number in zip(questions, numbers, strict=True)):
        fault = "not supported: a question is not about the sentence it cites"
    elif any(diagnosis.name.lower() in listed.lower() for diagnosis in diagnoses(task.document)):
        fault = "leak: a question names a diagnosis"
    candidate = Candidate(
        example=_example(
            task, (*prompts.differential_messages(opening), Message(role="assistant", content=f"{ASK}\n{listed}"))
        ),
        question=listed,
        fault=fault,
    )
    probes = tuple(_answering(grounded_prompt(question, task.shown), task.shown) for question in questions)
    return Draft(
        candidate,
        probes,
        lambda replies: next(
            (why for reply, number in zip(replies, numbers, strict=True) if (why := recovered(reply, task.shown, number))), ""
        ),
    )


READERS: dict[str, Callable[[Task, list[str]], Draft | str]] = {
    "grounded": _grounded,
    "abstain": _abstain,
    "choice": _choice,
    "differential": _differential,
    "intake": _intake,
}


def _example(task: Task, messages: tuple[Message, ...], shown: Sequence[Passage] = ()) -> Example:
    return Example.model_validate(
        {"id": f"written/{task.id}", "kind": task.kind, "messages": messages, "documents": shared(shown or task.shown)}
    )


def _answering(messages: tuple[Message, ...], shown: Sequence[Passage]) -> Ask:
    return Ask(messages, prompts.answer_grammar(len(prompts.numbered(shown))), prompts.MAX_ANSWER_TOKENS)


def _choosing(question: multiple_choice.Question, shown: Sequence[Passage]) -> Ask:
    letters = multiple_choice.LETTERS[: len(question.options)]
    return Ask(prompts.choosing_messages(multiple_choice.write(question), shown), prompts.choosing_grammar(letters), CHOSEN)


def _abstained(reply: Completion) -> str:
    return "" if reply.text.strip() == prompts.NO_ANSWER else "not recovered: it finds an answer"


def _chosen(replies: Sequence[Completion], letters: Sequence[str]) -> str:
    agreed = all(reply.text.strip() == letter for reply, letter in zip(replies, letters, strict=True))
    return "" if agreed else "not recovered: it chooses another option"


def _unlike(case: str, used: Sequence[str]) -> str:
    """The case has words of every feature that it cites, and no number but an age that these have not."""
    if any(_about(case, feature) for feature in used):
        return "not supported: the case does not have a feature it cites"
    known = set().union(*(quantities(feature) for feature in used))
    return "" if quantities(_AGE.sub("", case)) <= known else "not supported: the case has a number of its own"


def _about(text: str, sentence: str) -> bool:
    """True when the text is not about the sentence."""
    words = content_words(sentence)
    return len(words & content_words(text)) < HALF * len(words)


def _sentence(task: Task, number: int) -> str:
    passage, at = prompts.numbered(task.shown)[number - 1]
    return passage.sentence(at)


def _place(task: Task, number: int) -> tuple[str, int]:
    """Passage and first character of a sentence: the same when only some of the passage's sentences are shown."""
    passage, at = prompts.numbered(task.shown)[number - 1]
    return passage.id, passage.sentences[at].start


def _after(line: str) -> str:
    """What follows "Question:", "Case:", …"""
    return line.partition(":")[2].strip()


def _numbers(line: str) -> list[int]:
    return [int(number) for number in _NUMBERS.findall(line)]
