"""Conversations inside a document's text: a line `[system]`, `[user]` or `[assistant]` alone before each turn.

    [user]
    What is a normal potassium?
    [assistant]
    3.5 to 5.0 mmol/L.

So a conversation is cleaned, compared, traced and dropped like any other text. `parse` undoes `render` exactly, whatever
the turns say: a turn's own `[user]` becomes `[\\user]`, one backslash more than it had. The bracket is marked wherever it
stands, not only on a line of its own, since cleaning may take away what stood beside it (a quotation mark, a comment).
Not covered: tool calls and their results, pictures, and a mark spelled in HTML entities that a later step decodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from medmodel.errors import InputError
from medmodel.records import Message

_MARK = re.compile(r"^\[(system|user|assistant)\](?:\n|\Z)", re.MULTILINE)
_BARE = r"[^\w\n\[\]]*"  # invisible characters and such: cleaning may make a mark of "[ user ]" or "[us\u200ber]"
_INSIDE = _BARE + "(?:" + "|".join(_BARE.join(role) for role in ("system", "user", "assistant")) + ")" + _BARE + r"\]"
_PLAIN = re.compile(rf"\[(?={_INSIDE})")
_MARKED = re.compile(rf"\[\\(?={_INSIDE})")


def render(messages: Iterable[Message]) -> str:
    """The text of a conversation."""
    return "".join(f"[{message.role}]\n{marked(message.content)}\n" for message in messages)


def marked(content: str) -> str:
    """A turn's content as it stands in the text: none of its brackets reads as a mark."""
    return _PLAIN.sub(lambda bracket: "[\\", content)


def parse(text: str) -> tuple[Message, ...]:
    """The turns of a conversation's text. Raises InputError when words stand before the first turn."""
    before, *parts = _MARK.split(text)
    if before.strip():
        raise InputError("not a conversation: words stand before the first line [system], [user] or [assistant]")
    turns = zip(parts[::2], parts[1::2], strict=True)
    return tuple(
        Message.model_validate({"role": role, "content": _MARKED.sub("[", said.removesuffix("\n"))}) for role, said in turns
    )
