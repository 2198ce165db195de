"""What a recipe may say of examples that a model writes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from medmodel.recipe import StageConfig
from medmodel.registry import register

KINDS = ("abstain", "choice", "differential", "grounded", "intake")


@register("stage", "written_examples")
class WrittenExamples(StageConfig):
    module: ClassVar[str] = "data_build.written"
    roles: ClassVar[tuple[str, ...]] = ("documents", "model")  # the model counts tokens, and writes when the engine is vllm
    packages: ClassVar[tuple[str, ...]] = ("tokenizers",)
    unkeyed: ClassVar[tuple[str, ...]] = ("at_once",)

    engine: str = "vllm"  # on `model`; or the URL of an OpenAI-compatible server, or "scripted", a fake
    ask: dict[str, int] = Field(default_factory=lambda: {"grounded": 24})  # kind -> how many to ask for; fewer hold up
    shard: int = Field(default=32, ge=1)  # tasks: what a crash costs; one to four calls each
    at_once: int = Field(default=16, ge=1)  # calls under way: the server batches them
    longest: int = Field(default=1024, ge=64)  # tokens of an example: at most sft.max_length
    protected: dict[str, str] = Field(default_factory=dict)  # as in documents: published test -> SHA-256 of its hashed n-grams
    allow_licences: dict[str, str] = Field(default_factory=dict)  # licence -> why it may enter, for closed or unstated ones

    @field_validator("ask")
    @classmethod
    def _known(cls, ask: dict[str, int]) -> dict[str, int]:
        for kind in ask:
            if kind not in KINDS:
                raise ValueError(f"nobody writes '{kind}'; known: {', '.join(KINDS)}")
        return ask

    def seconds(self) -> float:
        return 90.0 + 8.0 * sum(self.ask.values())
