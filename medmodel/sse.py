"""Server-sent events, both ways: `encode` for the server, `Decoder` for the SDK and for vLLM's streams.

Lines end at "\\n" alone (an optional "\\r" is dropped): `str.splitlines` would also cut at U+2028, which JSON leaves
as it is and which stands in pasted clinical text. Covers `event:` and `data:`; not `id:` and `retry:`, which nothing here sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

# Readers ignore a comment; it keeps proxies from closing a stream that waits for the model.
KEEP_ALIVE = b": waiting\n\n"


class RawEvent(NamedTuple):
    name: str
    data: str


def encode(name: str, data: str) -> bytes:
    """One event. `data` is JSON without raw line feeds, as every JSON writer here makes it."""
    return f"event: {name}\ndata: {data}\n\n".encode()


class Decoder:
    """Feed it bytes as they arrive; it yields each event once its closing empty line is there."""

    def __init__(self) -> None:
        self._buffer = b""
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[RawEvent]:
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for raw in lines:
            line = raw.removesuffix(b"\r").decode("utf-8")
            if not line:
                if self._data:
                    yield RawEvent(self._name or "message", "\n".join(self._data))
                self._name, self._data = "", []
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                self._name = value
            elif field == "data":
                self._data.append(value)
