"""Drop documents whose text, apart from case and white space, stands in another; the preferred copy stays."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from datatrove.pipeline.base import PipelineStep

from data_build.steps.dedup import preference
from data_build.steps.tagging import drop
from medmodel.registry import register


@register("step", "exact_dedup")
class ExactDedup(PipelineStep):
    """A global step: sees every document, in any order, and tags all but the preferred copy of each text."""

    name = "exact duplicates"
    type = "medmodel"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        documents = list(data)
        kept: dict[str, Any] = {}
        for document in sorted(documents, key=preference):
            text = re.sub(r"\s+", " ", document.text).strip().lower()
            first = kept.setdefault(hashlib.sha256(text.encode()).hexdigest(), document)
            if first is not document:
                drop(document, f"exact duplicate of {first.id}")
        yield from documents
