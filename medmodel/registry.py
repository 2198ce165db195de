"""Plug-ins by name: one file each, found by importing the kind's folder on first use.

    @register("source", "open_medicine")
    def read(...): ...

    registry.get("source", "open_medicine")

`FOLDERS` is the whole list of kinds. A duplicate name is an error; an unknown one lists the known and the nearest.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, TypeVar

from medmodel.errors import MedmodelError, UnknownName

FOLDERS = {
    "stage": "medmodel.stages",
    "retriever": "medmodel.rag.retrievers",
    "tool": "medmodel.tools.plugins",
    "source": "data_build.sources",
    "step": "data_build.steps",
    "example": "data_build.kinds",
    "benchmark": "evals.benchmarks",
    "suite": "evals.suites",
    "gate": "evals.gates",
}

_plugins: dict[str, dict[str, Any]] = {kind: {} for kind in FOLDERS}
T = TypeVar("T")


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorator: make `name` the plug-in of this `kind`."""

    def keep(plugin: T) -> T:
        if name in _plugins[kind]:
            raise MedmodelError(f"two {kind}s are called '{name}': {_plugins[kind][name]} and {plugin}")
        _plugins[kind][name] = plugin
        return plugin

    return keep


def get(kind: str, name: str) -> Any:
    """The plug-in called `name`. Raises UnknownName with the nearest known one."""
    known = _load(kind)
    if name not in known:
        raise UnknownName(kind, name, known)
    return known[name]


def names(kind: str) -> list[str]:
    return sorted(_load(kind))


def _load(kind: str) -> dict[str, Any]:
    package = importlib.import_module(FOLDERS[kind])
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{FOLDERS[kind]}.{module.name}")
    return _plugins[kind]
