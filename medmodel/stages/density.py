"""What a recipe may say of choosing dense documents."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "density")
class Density(StageConfig):
    module: ClassVar[str] = "data_build.density"
    roles: ClassVar[tuple[str, ...]] = ("documents", "model")  # the model for its tokenizer
    packages: ClassVar[tuple[str, ...]] = ("tokenizers",)

    tokens: int = Field(default=5_000_000, ge=1)  # the budget
    domains: tuple[str, ...] = ()  # none named: all training documents

    def seconds(self) -> float:
        return 30.0
