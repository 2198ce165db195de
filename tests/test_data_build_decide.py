"""One place drops documents: what steps found, the recipe's thresholds, and the first reason."""

from __future__ import annotations

from typing import Any

import pytest

from data_build.decide import decide
from data_build.steps.tagging import carry, drop
from medmodel.forgetting import belongs
from medmodel.records import Document, Source
from medmodel.stages.documents import Documents


def reason(*, proposed: str = "", settings: dict[str, Any] | None = None, **tags: Any) -> str:
    source = Source.model_validate({"id": "s", "title": "s", "licence": "CC0-1.0", "tier": "patient"})
    carrier = carry(Document(id="s/1", text="Some text.", source=source, domain="general"))
    if proposed:
        drop(carrier, proposed)
    carrier.metadata["tags"] = tags
    return decide(carrier, Documents.model_validate({"uses": "documents", **(settings or {})}))


def test_what_no_step_objects_to_stays() -> None:
    assert reason(lines_cut=2) == ""


def test_the_first_reason_counts() -> None:
    assert reason(proposed="near duplicate of x") == "near duplicate of x"
    assert reason(proposed="near duplicate of x", settings={"forget": ["s"]}) == "forgotten on request"


@pytest.mark.parametrize(
    ("name", "gone"), [("s", True), ("s/1", True), ("s/", True), ("s/12", False), ("other", False), ("t", False)]
)
def test_a_source_a_document_or_the_beginning_of_ids_can_be_forgotten(name: str, gone: bool) -> None:
    assert belongs("s/1", "t2" if name != "s" else "s", [name]) is gone
