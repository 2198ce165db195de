"""How our records ride through datatrove: the Document's JSON in the metadata, the text in `text`, a drop as a tag.

Steps tag first and decide nothing: `drop(document, reason)` marks; `flow.decide` drops.
"""

from __future__ import annotations

from typing import Any

from datatrove.data import Document as Carrier

from medmodel.records import Document, Record


class Drop(Record):
    """A document that goes no further, and why. The excerpt is reference text."""

    id: str
    reason: str
    source: str
    excerpt: str


def carry(document: Document) -> Carrier:
    return Carrier(text=document.text, id=document.id, metadata={"document": document.model_dump(mode="json"), "drop": ""})


def uncarry(carrier: Carrier) -> Document:
    """The record again, with the text as the steps left it."""
    return Document.model_validate({**carrier.metadata["document"], "text": carrier.text})


def source_of(carrier: Carrier) -> dict[str, Any]:
    source: dict[str, Any] = carrier.metadata["document"]["source"]
    return source


def drop(carrier: Carrier, reason: str) -> None:
    """Tag a document as dropped; the first reason stays."""
    carrier.metadata["drop"] = carrier.metadata["drop"] or reason
