"""How our records ride through datatrove: the Document's JSON in the metadata, the text in `text`, what steps say as tags.

Steps tag and decide nothing: `tag(carrier, key, value)` says what was found, `drop(carrier, reason)` proposes to leave the
document out. `data_build.decide` is the one place where a document is dropped.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from datatrove.data import Document as Carrier

from medmodel.records import Document, Record


class Drop(Record):
    """A document or an example that goes no further, and why. The excerpt is reference text."""

    id: str
    reason: str
    source: str
    excerpt: str = ""


def carry(document: Document) -> Carrier:
    record = document.model_dump(mode="json")
    return Carrier(text=record.pop("text"), id=document.id, metadata={"document": record, "tags": {}, "drop": ""})


def uncarry(carrier: Carrier) -> Document:
    """The record again, with the text as the steps left it and what they found among its attributes."""
    record = carrier.metadata["document"]
    attributes = {**record["attributes"], **carrier.metadata["tags"]}
    return Document.model_validate({**record, "text": carrier.text, "attributes": attributes})


def source_of(carrier: Carrier) -> dict[str, Any]:
    source: dict[str, Any] = carrier.metadata["document"]["source"]
    return source


def tag(carrier: Carrier, key: str, value: str | int | float | bool) -> None:
    """Say what a step found; it stands in the document's attributes in the end."""
    carrier.metadata["tags"][key] = value


def drop(carrier: Carrier, reason: str) -> None:
    """Propose to leave a document out; the first reason stays."""
    carrier.metadata["drop"] = carrier.metadata["drop"] or reason


def cut_lines(carrier: Carrier, numbers: Collection[int]) -> None:
    """Take lines out of the text, and say how many."""
    lines = carrier.text.split("\n")
    gone = set(numbers)
    carrier.text = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    tag(carrier, "lines_cut", len(gone))
