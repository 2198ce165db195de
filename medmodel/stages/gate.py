"""What a recipe may say of the gate."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "gate")
class Gate(StageConfig):
    module: ClassVar[str] = "evals.gate"
    roles: ClassVar[tuple[str, ...]] = ("base", "candidate", "index", "examples", "documents")
    packages: ClassVar[tuple[str, ...]] = ("scipy", "statsmodels")

    profile: str = "demo"  # of evals/gates.yaml; what it asks for is fixed there, never here
    together: bool = True  # both engines start at once: 90 s less on two cores, 5 GB more; false where a GPU holds one model

    def seconds(self) -> float:
        return 270.0  # measured: 264
