"""What a recipe may say of supervised fine-tuning."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "sft")
class Sft(StageConfig):
    module: ClassVar[str] = "medmodel.train.sft"
    roles: ClassVar[tuple[str, ...]] = ("model", "examples")
    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers", "trl", "accelerate", "datasets")

    learning_rate: float = 1e-4
    batch: int = 4  # examples an optimizer step
    epochs: float = 1.0
    warmup: float = 0.05  # share of the steps
    max_length: int = 1024  # tokens; a longer example is an error, never cut
    lora_rank: int = 0  # 0 = full fine-tuning; 8b.yaml uses 64
    save_every: int = 20  # optimizer steps between checkpoints
    tokens_expected: int = 40_000  # for the estimate alone

    def seconds(self) -> float:
        return 30 + self.tokens_expected / 125
