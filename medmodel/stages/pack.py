"""What a recipe may say of packing."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "pack")
class Pack(StageConfig):
    module: ClassVar[str] = "medmodel.train.packing"
    roles: ClassVar[tuple[str, ...]] = ("documents", "mix", "model")
    packages: ClassVar[tuple[str, ...]] = ("tokenizers",)

    length: int = 512  # tokens a row: attention is quadratic, and two cores prefer short rows

    def seconds(self) -> float:
        return 5.0
