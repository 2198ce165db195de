"""What a recipe may say of the mix."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "mix")
class Mix(StageConfig):
    module: ClassVar[str] = "data_build.mix"
    roles: ClassVar[tuple[str, ...]] = ("documents", "model")
    packages: ClassVar[tuple[str, ...]] = ("tokenizers",)

    tokens: int = 20_000  # what two cores read in two and a half minutes at 135M parameters
    proportions: dict[str, float] = Field(
        default_factory=lambda: {"guideline": 0.7, "differential": 0.1, "general": 0.2}
    )  # "general" is replay: 15 to 30 %
    max_epochs: float = 4.0  # repeating more than four times buys little (arXiv 2305.16264)
    allow_licences: dict[str, str] = Field(
        default_factory=dict
    )  # licence -> why it may enter, for non-commercial or unstated ones

    def seconds(self) -> float:
        return 5.0
