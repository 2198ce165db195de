"""Retrieval profiles: which retrievers search, around one another, with what weights, as data.

`profiles.yaml` holds them: a tree of retrievers by name, each with its options, `of` what it wraps (one, or a list that
fusion fuses), and the embedder that the profile is meant for. A search is by `laptop`; an answer rests on `reranked`.

    retriever = open_retriever(Index.open(folder), k=20);  retriever.invoke("how much apixaban in renal failure?")
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from medmodel import registry
from medmodel.errors import InputError, UnknownName
from medmodel.rag.hits import Retriever
from medmodel.rag.index import Index

DEFAULT = "laptop"
ANSWERS = "reranked"


def open_retriever(index: Index, k: int, profile: str = DEFAULT) -> Retriever:
    """The profile's retrievers over an index, giving the `k` best. Raises UnknownName for a profile that is none."""
    return build(index, get(profile)["retriever"], k)


def get(profile: str) -> dict[str, Any]:
    """What profiles.yaml says of it: `embedder` and `retriever`."""
    known = _all()
    if profile not in known:
        raise UnknownName("retrieval profile", profile, known)
    return known[profile]


def names() -> list[str]:
    return sorted(_all())


def build(index: Index, spec: Mapping[str, Any], k: int) -> Retriever:
    """A tree of retrievers from its description; raises InputError when a retriever has no such option."""
    options = {name: value for name, value in spec.items() if name not in ("use", "of", "weight")}
    plugin = registry.get("retriever", spec["use"])
    depth = max(k, spec.get("depth", k))
    inner = spec.get("of")
    if isinstance(inner, list):
        options["of"] = [build(index, part, depth) for part in inner]
        options["weights"] = [part["weight"] for part in inner]
    elif inner is not None:
        options["of"] = build(index, inner, depth)
    options.pop("depth", None)
    try:
        made: Retriever = plugin(index=index, k=k, **options)
    except ValidationError as fault:
        where = ", ".join(".".join(map(str, error["loc"])) for error in fault.errors())
        raise InputError(f"the retriever '{spec['use']}' does not take what a profile gives it: {where}") from None
    return made


@lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return found
