"""What a recipe may say of the gate."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

from medmodel.errors import InputError
from medmodel.recipe import StageConfig
from medmodel.registry import register


@register("stage", "gate")
class Gate(StageConfig):
    module: ClassVar[str] = "evals.gate"
    roles: ClassVar[tuple[str, ...]] = ("base", "candidate", "index", "examples", "documents")
    packages: ClassVar[tuple[str, ...]] = ("scipy", "statsmodels", "lm-eval")

    profile: str = "demo"  # of evals/gates.yaml; what it asks for is fixed there, never here
    baseline: str | None = None  # a release's folder, for gates that compare with the one in use: `--baseline R`
    key: str = "development"  # who signs the report; else the path of a PEM private key
    together: bool = True  # both engines start at once: 90 s less on two cores, 5 GB more; false where a GPU holds one model

    def outside(self) -> dict[str, str]:
        if self.baseline is None:
            return {}
        manifest = Path(self.baseline) / "manifest.json"
        if not manifest.is_file():
            raise InputError(
                f"the baseline release {self.baseline} is missing: it has no manifest.json; name a release's folder"
            )
        return {"baseline release": hashlib.sha256(manifest.read_bytes()).hexdigest()}

    def seconds(self) -> float:
        return 185.0  # measured: 180
