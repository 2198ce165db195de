"""What a recipe may say of choosing dense documents."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "density")
class Density(StageConfig):
    module: ClassVar[str] = "data_build.density"
    roles: ClassVar[tuple[str, ...]] = ("documents", "semantic")
    packages: ClassVar[tuple[str, ...]] = ("faiss-cpu", "scipy")

    words: int = Field(default=200_000, ge=1)  # the budget: words, and Chinese characters
    concepts: float = Field(default=0.5, ge=0, le=1)  # weight of covering concepts beside covering documents
    neighbours: int = Field(default=32, ge=1)  # documents that one can stand for

    def seconds(self) -> float:
        return 20.0
