"""The one place where a document is dropped: steps say what they found, this says what follows from it.

The first reason counts, in this order: on request; what a step proposed (empty, a duplicate, a copy of a test); nothing
left; a language that the recipe does not name; the first rule of quality that fired; a score of quality below the recipe's.
"""

from __future__ import annotations

import re
from typing import Any

from datatrove.data import Document as Carrier

from data_build.steps.tagging import source_of
from medmodel.forgetting import belongs

EXCERPT = 200  # characters of a dropped document that can be read
_WORD = re.compile(r"\w")


def decide(carrier: Carrier, config: Any) -> str:
    """Why the document is dropped; "" when it stays. `config` is the stage's: medmodel/stages/documents.py."""
    tags = carrier.metadata["tags"]
    source = source_of(carrier)
    if belongs(carrier.id, source["id"], config.forget):
        return "forgotten on request"
    if carrier.metadata["drop"]:
        return str(carrier.metadata["drop"])
    if "lines_cut" in tags and not _WORD.search(carrier.text):
        return "nothing left after cutting repeated paragraphs"
    if config.languages and tags["language"] not in config.languages:
        return f"language: {tags['language']}"
    if config.quality_rules and "quality_rule" in tags:
        return f"quality: {tags['quality_rule'].split(',')[0]}"
    if tags.get("quality", 1.0) < config.min_quality:
        return f"quality: head {tags['quality']:.2f} below {config.min_quality:g}"
    return ""
