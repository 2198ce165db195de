"""Conversations among the documents as supervised examples, each verified before it is kept.

A document of domain dialogue, instruction, choice or note holds turns (`data_build.dialogue`). An instruction is replay:
it keeps a medical model able to do everything else, so its kind is "general". A multiple-choice question gets its
options shuffled (a data set's favourite letter is not knowledge; MedMCQA's right answer is A in 30 % and D in 19 %), and
is kept only if the letter that the rationale arrives at is the data set's own, before and after the shuffle.

Not covered: whether an answer is true (the quality head scores the source, a rationale is checked against the gold
letter alone), examples quoted from references (`data_build.examples`), preference pairs (`preferences` of a source).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from data_build import multiple_choice
from data_build.candidates import Candidate, Material
from data_build.dialogue import parse
from medmodel.errors import InputError
from medmodel.records import Document, Drop, Example, Message
from medmodel.registry import register

KINDS = {"dialogue": "dialogue", "instruction": "general", "choice": "choice", "note": "note"}  # domain -> kind


@register("example", "conversation")
def make(material: Material) -> Iterator[Candidate | Drop]:
    """One a document, in their order. Documents of other domains are nobody's example and give nothing."""
    for document in material.documents:
        if document.domain not in KINDS:
            continue
        made = example_of(document, longest=material.longest, count=material.count, seed=material.seed)
        if isinstance(made, str):
            yield Drop(id=f"{document.id}:{KINDS[document.domain]}", reason=made, source=document.source.id)
        else:
            asked = "\n".join(message.content for message in made.messages if message.role == "user")
            yield Candidate(example=made, question=asked)


def example_of(document: Document, *, longest: int, count: Callable[[str], int], seed: int) -> Example | str:
    """One example, or the reason why there is none."""
    if document.split != "train":
        return "held out"
    if "quarantined" in document.attributes:
        return "quarantined"
    try:
        messages = _stripped(parse(document.text))
    except InputError:
        return "not a conversation"
    reason = _fault(messages)
    if reason:
        return reason
    if document.domain == "choice":
        chosen = _choice(document, messages, seed)
        if isinstance(chosen, str):
            return chosen
        messages = chosen
    if sum(count(message.content) for message in messages) > longest:
        return "too long"
    kind = KINDS[document.domain]
    return Example.model_validate(
        {"id": f"{document.id}:{kind}", "kind": kind, "messages": messages, "documents": (document.id,)}
    )


def _stripped(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Without white space around a turn. An empty system turn says nothing and goes; an empty turn of a person is a fault."""
    stripped = (message.model_copy(update={"content": message.content.strip()}) for message in messages)
    return tuple(message for message in stripped if message.content or message.role != "system")


def _fault(messages: Sequence[Message]) -> str:
    """Why these turns are no conversation to learn from; "" when they are one."""
    roles = [message.role for message in messages]
    if "assistant" not in roles:
        return "no assistant turn"
    if not all(message.content for message in messages):
        return "empty turn"
    turns = roles[roles[0] == "system" :]
    if len(turns) % 2 or any(role != ("user", "assistant")[at % 2] for at, role in enumerate(turns)):
        return "turns do not alternate"
    return ""


def _choice(document: Document, messages: Sequence[Message], seed: int) -> tuple[Message, ...] | str:
    """The question with its options shuffled and the answer's new letter, or what is wrong with it."""
    *before, asked, said = messages
    question = multiple_choice.read(asked.content)
    if question is None:
        return "no options"
    if not all(question.options) or len(set(question.options)) < len(question.options):
        return "options empty or the same"
    letter = multiple_choice.answer_of(said.content)
    if not letter:
        return "no answer stated"
    if document.attributes.get("answer", letter) != letter:
        return "rationale disagrees with the answer key"
    if letter not in multiple_choice.LETTERS[: len(question.options)]:
        return "answer not among the options"
    right = question.options[multiple_choice.LETTERS.index(letter)]
    rationale = multiple_choice.rationale_of(said.content)
    options = question.options
    if not multiple_choice.names_options(rationale) and not multiple_choice.refer_to_others(options):
        options = multiple_choice.shuffled(options, f"{seed}:{document.id}")
    text = multiple_choice.write(question._replace(options=options))
    answer = f"{rationale}\n\nAnswer: {multiple_choice.LETTERS[options.index(right)]}".strip()
    again = multiple_choice.read(text)
    if again is None or again.options[multiple_choice.LETTERS.index(multiple_choice.answer_of(answer))] != right:
        return "answer not recovered after the shuffle"
    return (*before, Message(role="user", content=text), Message(role="assistant", content=answer))
