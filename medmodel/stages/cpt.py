"""What a recipe may say of continued pretraining."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "cpt")
class Cpt(StageConfig):
    module: ClassVar[str] = "medmodel.train.cpt"
    roles: ClassVar[tuple[str, ...]] = ("model", "packed")
    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers", "accelerate")

    learning_rate: float = 3e-5  # peak; a tenth to a half of the pretraining peak is the usual range
    batch_rows: int = 4  # packed rows an optimizer step
    warmup: float = 0.1  # share of the steps
    decay: float = 0.3  # share of the steps at the end (warm-up, stable, decay)
    weight_decay: float = 0.1
    save_every: int = 20  # optimizer steps between checkpoints: what a kill may cost
    tokens_expected: int = 20_000  # for the estimate alone

    def seconds(self) -> float:
        return 30 + self.tokens_expected / 140  # tokens/s on two cores without AVX-512 at 135M, fp32
