"""What a recipe may say of documents."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "documents")
class Documents(StageConfig):
    module: ClassVar[str] = "data_build.flow"
    packages: ClassVar[tuple[str, ...]] = ("datatrove", "rensa", "open-medicine")

    sources: tuple[str, ...] = ("open_medicine", "differentials", "general")
    heldout_guidelines: int = 8  # whole guidelines that nothing is trained on; about 30 sections, enough for 32 cases
    heldout_complaints: int = 3
    always_train: tuple[str, ...] = ()  # ids of sources
    always_heldout: tuple[str, ...] = ()  # the same; counts towards the numbers above; more of them than that are all held out
    protected: dict[str, str] = Field(default_factory=dict)  # published test -> SHA-256 of its hashed n-grams' file
    near_duplicate: float = 0.8  # Jaccard of word 5-grams: below it, revisions of one guideline pass as new
    tasks: int = 1  # datatrove ranks; the records are the same for any number

    def seconds(self) -> float:
        return 15.0
