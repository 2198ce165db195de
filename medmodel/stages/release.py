"""What a recipe may say of a release."""

from __future__ import annotations

from typing import ClassVar

from medmodel.recipe import StageConfig
from medmodel.records import Override
from medmodel.registry import register


@register("stage", "release")
class Release(StageConfig):
    module: ClassVar[str] = "medmodel.release"
    roles: ClassVar[tuple[str, ...]] = ("model", "index", "gate")
    packages: ClassVar[tuple[str, ...]] = ("model-signing",)

    name: str = "medmodel-demo"
    key: str = "development"  # "development": made on first use, outside the release; else the path of a PEM private key
    licence: str = "apache-2.0"
    overrides: tuple[
        Override, ...
    ] = ()  # gates that somebody answers for: `medmodel release … --override GATE --reason … --by …`

    def seconds(self) -> float:
        return 10.0
