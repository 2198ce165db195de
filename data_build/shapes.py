"""The shapes in which instruction data is published, row by row: a row in, the document's text out.

    text       {"text": ...}
    alpaca     {"instruction", "input", "output"}, with "system" and "history" (earlier questions and answers) if there
    sharegpt   {"conversations": [{"from": "human", "value": ...}, ...]} or {"messages": [{"role": "user", "content": ...}]}
    preference the same with "chosen" and "rejected": a pair for preference training, never a document

A row of another shape raises Misfit with the reason, which names fields and never quotes the row. Tool calls and their
results are a Misfit, too: nothing here calls tools.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from data_build.dialogue import render
from medmodel.records import Message, Preference, Role

Row = Mapping[str, Any]
Shape = Callable[[Row], str]
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("human", "user", "prompter"), "user"),
    **dict.fromkeys(("gpt", "assistant", "bot", "model", "chatgpt"), "assistant"),
    "system": "system",
}


class Misfit(Exception):
    """Why a row holds no document."""


def text(row: Row) -> str:
    said = field(row, "text")
    if not said.strip():
        raise Misfit("its text is empty")
    return said


def alpaca(row: Row) -> str:
    return render(alpaca_turns(row))


def alpaca_turns(row: Row) -> tuple[Message, ...]:
    """The instruction with its input under it, and the output; what was said before them comes first."""
    asked = "\n\n".join(filter(None, (field(row, "instruction").strip(), field(row, "input").strip())))
    answer = field(row, "output")
    if not asked or not answer.strip():
        raise Misfit("its instruction is empty" if not asked else "its output is empty")
    turns = []
    if field(row, "system").strip():
        turns.append(Message(role="system", content=field(row, "system")))
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        raise Misfit("its history is no list of questions with their answers")
    for question, reply in history:
        turns += asked_and_said(field({"history": question}, "history"), field({"history": reply}, "history"))
    return (*turns, *asked_and_said(asked, answer))


def sharegpt(row: Row) -> str:
    turns = sharegpt_turns(row)
    if not any(turn.role == "assistant" for turn in turns):
        raise Misfit("has no turn of the assistant")
    return render(turns)


def sharegpt_turns(row: Row) -> tuple[Message, ...]:
    said = row.get("conversations") or row.get("messages")
    if not isinstance(said, list):
        raise Misfit("has no list 'conversations' or 'messages'")
    turns = tuple(_turn(each) for each in said)
    system = field(row, "system")
    return (Message(role="system", content=system), *turns) if system.strip() else turns


def preference(row: Row, name: str) -> Preference:
    """The pair called `name`: both answer the last question of the prompt."""
    prompt = sharegpt_turns(row)
    chosen, rejected = (_reply(row.get(key), key) for key in ("chosen", "rejected"))
    if not prompt or prompt[-1].role != "user":
        raise Misfit("its prompt does not end on a question")
    if chosen.strip() == rejected.strip():
        raise Misfit("what is chosen and what is rejected are the same")
    return Preference(id=name, prompt=prompt, chosen=chosen, rejected=rejected)


SHAPES: dict[str, Shape] = {"text": text, "alpaca": alpaca, "sharegpt": sharegpt}
FIELDS = {  # what each reads of a row
    "text": ("text",),
    "alpaca": ("instruction", "input", "output", "system", "history"),
    "sharegpt": ("conversations", "messages", "system"),
}


def renamed(shape: Shape, columns: Mapping[str, str]) -> Shape:
    """The shape for rows whose fields have other names: {"instruction": "question", "output": "answer"}."""
    return lambda row: shape({**row, **{ours: row.get(theirs) for ours, theirs in columns.items()}}) if columns else shape(row)


def field(row: Row, name: str) -> str:
    """The text of a field, "" when it is missing. Raises Misfit when it is no text."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Misfit(f"its field '{name}' is no text")
    return value


def asked_and_said(question: str, answer: str) -> tuple[Message, Message]:
    return Message(role="user", content=question), Message(role="assistant", content=answer)


def paired(said: Sequence[str]) -> Iterable[Message]:
    """Turns of a user and an assistant, one after the other."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return [Message(role=roles[at % 2], content=each) for at, each in enumerate(said)]


def _turn(turn: Any) -> Message:
    if not isinstance(turn, dict):
        raise Misfit("has a turn that is no object")
    role = _ROLES.get(str(turn.get("from") or turn.get("role")).lower())
    if role is None:
        raise Misfit("has a turn of neither system, user nor assistant, such as a tool's")
    return Message(role=role, content=field(turn, "value") or field(turn, "content"))


def _reply(value: Any, key: str) -> str:
    """An answer given as text or as one turn."""
    said = value if isinstance(value, str) else _turn(value).content
    if not said.strip():
        raise Misfit(f"its field '{key}' is empty")
    return said
