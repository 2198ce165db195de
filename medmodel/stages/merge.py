"""What a recipe may say of merging."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "merge")
class Merge(StageConfig):
    module: ClassVar[str] = "medmodel.train.merge"
    roles: ClassVar[tuple[str, ...]] = ("base", "tuned")
    packages: ClassVar[tuple[str, ...]] = ("mergekit", "torch")

    method: str = "linear"  # any mergekit method that takes these two models
    tuned_weight: float = 0.85  # the rest is the base: keeps general ability at no inference cost

    def seconds(self) -> float:
        return 30.0
