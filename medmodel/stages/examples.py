"""What a recipe may say of example building."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "examples")
class Examples(StageConfig):
    module: ClassVar[str] = "data_build.examples"
    roles: ClassVar[tuple[str, ...]] = ("documents", "index", "model")
    packages: ClassVar[tuple[str, ...]] = ("open-medicine",)

    tokens: int = 40_000  # of the model's tokenizer; the last example may go beyond
    longest: int = 1024  # tokens of an example; one that has more loses turns. At most sft.max_length
    turns: int = 4  # questions over the same passages: pointing is learnt from the contrast between them
    copy_share: float = 0.15  # one passage shown, so that copying the cited sentence is learnt before choosing it
    abstain_share: float = 0.15  # conversations whose last question has no answer there; more teaches giving up
    two_line_share: float = 0.15  # answers that cite two sentences of the passage
    heldout_cases: int = 32  # questions from held-out guidelines for the gate
    development_cases: int = 24  # questions from training guidelines, for tuning: never gated
    choices: int = 32  # multiple-choice items from held-out guidelines and complaints

    def seconds(self) -> float:
        return 25.0  # measured: 20 to 33
