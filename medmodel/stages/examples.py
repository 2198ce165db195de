"""What a recipe may say of example building."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "examples")
class Examples(StageConfig):
    module: ClassVar[str] = "data_build.examples"
    roles: ClassVar[tuple[str, ...]] = ("documents", "index")
    packages: ClassVar[tuple[str, ...]] = ("open-medicine",)

    tokens: int = 40_000  # about: characters / 3.6; what two cores fine-tune in under three minutes
    copy_share: float = 0.3  # one passage shown, so that copying the cited sentence is learnt before choosing it
    abstain_share: float = 0.12  # passages that do not answer; more teaches the model to give up
    two_line_share: float = 0.25  # answers that cite two sentences of the section
    heldout_cases: int = 36  # questions from held-out guidelines for the gate
    development_cases: int = 24  # questions from training guidelines, for tuning: never gated
    choices: int = 32  # multiple-choice items from held-out guidelines and complaints

    def seconds(self) -> float:
        return 15.0
