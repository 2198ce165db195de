"""Calculators, dosing tables and units as typed tools: a form in the app, a call in the SDK, a route, a model's tool call.

    from medmodel import tools

    tools.names()                                       every tool
    tools.run("curb65", {"age": 70, "bun": "8 mmol/L"}) ToolResult, or ToolMissing with what is still wanted
    tools.find("CURB-65 for a 70-year-old, RR 32 …")    what fits a question, with the inputs read from it
    tools.schemas()                                     for a model that calls tools (OpenAI's form)

A tool computes; a model never does. No tool runs because a retrieved text says so: only the user's own question is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from medmodel import registry

if TYPE_CHECKING:
    from medmodel.records import ToolMissing, ToolOffer, ToolResult, ToolSpec


def names() -> list[str]:
    return registry.names("tool")


def spec(name: str) -> ToolSpec:
    """What a tool asks for. Raises UnknownName with the nearest."""
    found: ToolSpec = registry.get("tool", name).spec
    return found


def run(name: str, inputs: Mapping[str, object]) -> ToolResult | ToolMissing:
    """Run a tool. Raises UnknownName, and InputError for an input that it cannot take."""
    done: ToolResult | ToolMissing = registry.get("tool", name).run(inputs)
    return done


def find(question: str) -> tuple[ToolOffer, ...]:
    """Tools that a question names, best first, with what was read for each."""
    from medmodel.tools.finding import find as find_tools

    return find_tools(question)


def schemas() -> list[dict[str, Any]]:
    """Every tool as OpenAI's tool calling describes functions."""
    from medmodel.tools.schema import schemas as all_schemas

    return all_schemas()
