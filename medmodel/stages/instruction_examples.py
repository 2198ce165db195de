"""What a recipe may say of examples made by rule from structured documents and conversations."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from medmodel.recipe import StageConfig
from medmodel.registry import register
from medmodel.stages.documents import source_digests


@register("stage", "instruction_examples")
class InstructionExamples(StageConfig):
    module: ClassVar[str] = "data_build.instruction_examples"
    roles: ClassVar[tuple[str, ...]] = ("documents", "model")
    packages: ClassVar[tuple[str, ...]] = ("tokenizers",)

    tokens: int = Field(default=200_000, ge=1)  # of the model's tokenizer; a kind's last example may go beyond its share
    longest: int = Field(default=1024, ge=64)  # tokens of an example: at most sft.max_length
    # maker -> its share of the tokens; a maker that has too little leaves its share unused
    proportions: dict[str, float] = Field(default_factory=lambda: {"grounded": 0.5, "abstain": 0.1, "conversation": 0.4})
    terms: tuple[str, ...] = ()  # sources of names in two languages, looked up for twins and never trained on as texts
    protected: dict[str, str] = Field(default_factory=dict)  # as in documents: published test -> SHA-256 of its hashed n-grams
    allow_licences: dict[str, str] = Field(default_factory=dict)  # licence -> why it may enter, for closed or unstated ones

    @field_validator("proportions")
    @classmethod
    def _whole(cls, proportions: dict[str, float]) -> dict[str, float]:
        if abs(sum(proportions.values()) - 1) > 1e-6:
            raise ValueError(f"the shares add up to {sum(proportions.values()):g}, not 1")
        return proportions

    def seconds(self) -> float:
        return 30.0 + self.tokens / 5_000  # ranking the sentences shown is most of it

    def outside(self) -> dict[str, str]:
        """The files of the terminologies."""
        return source_digests(self.terms)
