"""One strict YAML file describes the whole road from sources to release.

    name: demo
    seed: 17
    stages:
      base: {uses: base}
      cpt:  {uses: cpt, needs: {model: base, packed: pack}, tokens: 20000}

An unknown key is an error that names the nearest known one. `--set stages.cpt.tokens=5000` (or `cpt.tokens=5000`)
overrides one value. Each stage kind is one file in `medmodel/stages/`, holding its fields and their reasons.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from medmodel import registry
from medmodel.errors import RecipeError, UnknownName

RECIPES = Path(__file__).parent / "recipes"
M = TypeVar("M", bound=BaseModel)


class StageConfig(BaseModel):
    """What a recipe may say of one stage. Subclasses add fields and name the module that does the work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: ClassVar[str]  # its `run(job)` does the work: "medmodel.train.cpt"
    roles: ClassVar[tuple[str, ...]] = ()  # the inputs it takes, by role: ("model", "packed")
    optional: ClassVar[tuple[str, ...]] = ()  # inputs it takes when a recipe gives them
    packages: ClassVar[tuple[str, ...]] = ()  # distributions whose version is part of the key
    unkeyed: ClassVar[tuple[str, ...]] = ()  # fields that say where and how it runs, not what it makes

    uses: str
    needs: dict[str, str] = Field(default_factory=dict)  # role -> stage of this recipe

    def check(self) -> None:
        """Raise InputError for what is wrong and can be seen without its inputs or any data: asked of every stage before one runs."""

    def seconds(self) -> float:
        """A guess for two CPU cores, shown by `plan` until a run has been measured."""
        return 10.0

    def outside(self) -> dict[str, str]:
        """What it reads beside its inputs: name -> digest, part of the key. Raises InputError when something is missing."""
        return {}


class Recipe(BaseModel):
    """A validated recipe; `stages` keeps the file's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    name: str
    seed: int = 17
    stages: dict[str, StageConfig]

    def order(self) -> list[str]:
        """Stage names such that each comes after what it needs. Raises RecipeError on a cycle."""
        ordered: list[str] = []

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                raise RecipeError(f"stages need each other in a circle: {' -> '.join((*path, name))}")
            if name not in ordered:
                for needed in self.stages[name].needs.values():
                    visit(needed, (*path, name))
                ordered.append(name)

        for name in self.stages:
            visit(name, ())
        return ordered


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read `demo` (shipped) or `path/to/my.yaml`. Raises RecipeError or UnknownName with file, key and nearest name."""
    path = Path(name_or_path)
    if not path.suffix:
        path = RECIPES / f"{name_or_path}.yaml"
        if not path.exists():
            raise UnknownName("recipe", name_or_path, [p.stem for p in RECIPES.glob("*.yaml")])
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"there is no recipe file {path}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RecipeError(f"{path} is not valid YAML{f' (line {mark.line + 1})' if mark else ''}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("stages"), dict):
        raise RecipeError(f"{path} has no 'stages:' mapping")
    for override in overrides:
        _override(raw, override)
    return _build(raw, str(path))


def data_dir() -> Path | None:
    """Where the user's downloaded data lies (`$MEDMODEL_DATA`); None when unset."""
    value = os.environ.get("MEDMODEL_DATA")
    return Path(value) if value else None


def home_dir() -> Path:
    """Where keys, trusted signers, feedback and a clinic's references live (`$MEDMODEL_HOME`)."""
    return Path(os.environ.get("MEDMODEL_HOME", "~/.local/share/medmodel")).expanduser()


def _build(raw: dict[str, Any], where: str) -> Recipe:
    stages: dict[str, StageConfig] = {}
    for name, fields in raw["stages"].items():
        place = f"{where}: stage '{name}'"
        if not isinstance(fields, dict) or "uses" not in fields:
            raise RecipeError(
                f"{place} does not say which kind of stage it `uses:`; known: {', '.join(registry.names('stage'))}"
            )
        kind: type[StageConfig] = registry.get("stage", fields["uses"])
        stages[name] = _validate(kind, fields, place)
    recipe = _validate(Recipe, {**raw, "stages": stages}, where)
    for name, config in stages.items():
        for role in config.roles:
            if role not in config.needs:
                raise RecipeError(f"{where}: stage '{name}' needs an input '{role}': add `needs: {{{role}: <stage>}}`")
        for role, needed in config.needs.items():
            if role not in config.roles + config.optional:
                raise UnknownName("input", role, config.roles + config.optional, f"{where}: stage '{name}'")
            if needed not in stages:
                raise UnknownName("stage", needed, stages, f"{where}: {name}.needs.{role}")
    recipe.order()
    return recipe


def _validate(model: type[M], fields: Mapping[str, Any], where: str) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise UnknownName("key", str(fault["loc"][-1]), model.model_fields, where) from None
        raise RecipeError(f"{where}: '{key}': {fault['msg']}") from None


def _override(raw: dict[str, Any], override: str) -> None:
    dotted, equals, value = override.partition("=")
    if not equals:
        raise RecipeError(f"--set {override}: write it as key.subkey=value")
    parts = dotted.split(".")
    if parts[0] in raw["stages"]:
        parts = ["stages", *parts]
    place = raw
    for part in parts[:-1]:
        if not isinstance(place.get(part), dict):
            raise UnknownName("key", part, [str(key) for key in place], f"--set {override}")
        place = place[part]
    place[parts[-1]] = yaml.safe_load(value)
