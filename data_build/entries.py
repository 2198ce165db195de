"""What a recipe says of its sources, checked without reading one: names, uses, licences, tiers and options.

`medmodel plan` and `medmodel run` check every stage before any runs (`medmodel.stages.documents`): a typing error in the last
entry must not show after the first has been read. What only reading can tell (a field that no record has) shows then.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from data_build.shapes import SHAPES
from data_build.sources.files import CONVERTERS
from data_build.sources.reading import terms
from data_build.sources.rows import described
from medmodel import registry
from medmodel.errors import InputError, UnknownName

TRAINING_USES = {"references", "CPT", "SFT", "replay"}


def check_sources(sources: Iterable[str | Mapping[str, Any]]) -> None:
    """Raises InputError, UnknownName for the first entry that cannot be read as it stands."""
    for source in sources:
        name = source if isinstance(source, str) else source["format"]
        _check_use(name)
        _check_terms(name, {} if isinstance(source, str) else {key: source[key] for key in source if key != "format"})


def _check_use(name: str) -> None:
    """A folder of the user's data may be kept for tests: then it is an error to train on it, and it says what it is for."""
    uses = _uses().get(name)
    if uses and not TRAINING_USES & set(uses):
        raise InputError(
            f"documents.sources: '{name}' is for {', '.join(uses)}: documents are built for {', '.join(sorted(TRAINING_USES))}"
        )


@cache
def _uses() -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("sources").joinpath("uses.yaml").read_text("utf-8"))
    return found


def _check_terms(name: str, options: Mapping[str, Any]) -> None:
    takes = inspect.signature(registry.get("source", name)).parameters
    licence, tier = options.get("licence"), options.get("tier", "none")
    if any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values()
    ):  # a format: what is left describes the source
        about = {key: value for key, value in options.items() if key not in takes}
        described(name, str(options.get("path", options.get("dataset", name))), licence, tier, about)
    elif "licence" in takes:
        terms(name, licence, tier)
    elif unknown := sorted(options.keys() - takes.keys()):
        raise UnknownName("option", unknown[0], takes, f"source {name}")
    for key, parameter in takes.items():
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD and key not in options:
            raise InputError(f"source {name} needs `{key}:`")
    for key, known in (("shape", SHAPES), ("converter", CONVERTERS)):
        if key in takes and options.get(key, None) not in (None, *known):
            raise UnknownName(key, str(options[key]), known, f"source {name}")
    for key in options.keys() & {"path", "language", "domain"}:
        if not isinstance(options[key], str):
            raise InputError(f'source {name}: `{key}:` is no text: write it as {key}: "{options[key]}"')
