"""One place drops documents: what steps found, the recipe's thresholds, and the first reason."""

from __future__ import annotations

from typing import Any

import pytest

from data_build.decide import decide
from data_build.steps.tagging import carry, drop
from data_build.tally import reason_class
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


def test_a_language_goes_when_the_recipe_names_others() -> None:
    assert reason(language="other", settings={"languages": ["en", "zh"]}) == "language: other"
    assert reason(language="zh", settings={"languages": ["en", "zh"]}) == ""
    assert reason(language="other") == ""


def test_the_first_rule_of_quality_is_the_reason_when_the_recipe_asks_for_rules() -> None:
    assert reason(quality_rule="symbols, loop", settings={"quality_rules": True}) == "quality: symbols"
    assert reason(quality_rule="symbols, loop") == ""


def test_a_score_below_the_least_is_a_reason_and_one_at_it_is_none() -> None:
    asked = {"min_quality": 0.3, "needs": {"quality": "head"}}
    assert reason(quality=0.12, settings=asked) == "quality: head 0.12 below 0.3"
    assert reason(quality=0.3, settings=asked) == ""
    assert reason(settings=asked) == ""  # nothing to judge
    assert reason(quality=0.12) == ""


def test_reasons_are_counted_by_rule_and_not_by_score() -> None:
    reasons = ["quality: head 0.12 below 0.3", "quality: symbols", "language: other", "near duplicate of x"]
    assert [reason_class(each) for each in reasons] == [
        "quality: head",
        "quality: symbols",
        "language: other",
        "near duplicate",
    ]


@pytest.mark.parametrize(
    ("name", "gone"), [("s", True), ("s/1", True), ("s/", True), ("s/12", False), ("other", False), ("t", False)]
)
def test_a_source_a_document_or_the_beginning_of_ids_can_be_forgotten(name: str, gone: bool) -> None:
    assert belongs("s/1", "t2" if name != "s" else "s", [name]) is gone
