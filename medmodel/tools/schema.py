"""Tools as a model calls them: OpenAI's function form, which vLLM takes, and one JSON Schema of a tool's inputs.

A number may be given plain, in the tool's own unit, or as {"value": 106, "unit": "umol/L"}. Required inputs are required
here too, so that a model which leaves one out is refused by its own grammar before the tool asks again.
"""

from __future__ import annotations

from typing import Any

from medmodel import registry
from medmodel.records import ToolInput, ToolSpec


def schemas() -> list[dict[str, Any]]:
    """Every tool, ready for `tools=` of a chat completion."""
    return [function(registry.get("tool", name).spec) for name in registry.names("tool")]


def function(spec: ToolSpec) -> dict[str, Any]:
    about = f"{spec.title}. Result: {spec.unit or 'see interpretation'}. Source: {spec.source.citation}"
    about += f" Limits: {spec.limits}." if spec.limits else ""
    return {"type": "function", "function": {"name": spec.name, "description": about, "parameters": parameters(spec)}}


def parameters(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {wanted.name: _property(wanted) for wanted in spec.inputs},
        "required": [wanted.name for wanted in spec.inputs if wanted.required],
        "additionalProperties": False,
    }


def _property(wanted: ToolInput) -> dict[str, Any]:
    title = f"{wanted.title} in {wanted.unit}" if wanted.unit else wanted.title
    about = {"description": f"{title}. {wanted.note}" if wanted.note else title}
    match wanted.kind:
        case "yes_no":
            return {"type": "boolean", **about}
        case "choice":
            return {"type": "string", "enum": [choice.value for choice in wanted.choices], **about}
        case "text":
            return {"type": "string", "maxLength": 200, **about}
    plain: dict[str, Any] = {"type": "integer" if wanted.kind == "integer" else "number"}
    if wanted.minimum is not None:
        plain["minimum"] = wanted.minimum
    if wanted.maximum is not None:
        plain["maximum"] = wanted.maximum
    if len(wanted.units) < 2:
        return {**plain, **about}
    with_unit = {
        "type": "object",
        "properties": {"value": {"type": "number"}, "unit": {"type": "string", "enum": list(wanted.units)}},
        "required": ["value", "unit"],
        "additionalProperties": False,
    }
    return {"anyOf": [plain, with_unit], **about}
