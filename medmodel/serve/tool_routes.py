"""Calculators and tables over HTTP. The SDK's `client.tools` and the app's form ask these.

    GET  /v1/tools          every tool: what it asks for, its units and ranges, its source
    GET  /v1/tools/NAME     one of them, and its function for a model that calls tools (OpenAI's form)
    POST /v1/tools/NAME     {"inputs": {"age": 70, "serum_creatinine": {"value": 106, "unit": "umol/L"}}}
                            -> {"status": "done", …} or {"status": "missing", "missing": [what is still wanted]}
    POST /v1/tools          {"question": "…"}: the tools that it names, with the inputs read from it

An input that cannot be taken is a 422 of one sentence, which names it and its limits and never its value. Nothing is kept.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from medmodel import registry, tools
from medmodel.errors import InputError
from medmodel.serve.auth import Keys
from medmodel.serve.limits import MAX_QUESTION
from medmodel.serve.problems import Problem
from medmodel.tools.schema import function

MOST_INPUTS = 100  # of one call: the longest calculator asks for 39


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=MAX_QUESTION, pattern=r"\S")


class Call(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inputs: dict[str, Any] = Field(default_factory=dict, max_length=MOST_INPUTS)


def tool_routes(keys: Keys) -> APIRouter:
    """Plain functions, which FastAPI runs in threads: a tool reads YAML and computes, and waits for nobody."""
    routes = APIRouter(prefix="/v1/tools", dependencies=[Depends(keys)])

    @routes.get("")
    def every() -> Response:
        return _json({"tools": [tools.spec(name) for name in tools.names()]})

    @routes.post("")
    def find(asked: Asked) -> Response:
        return _json({"tools": tools.find(asked.question)})

    @routes.get("/{name}")
    def get(name: str) -> Response:
        spec = tools.spec(_known(name))
        return _json({"spec": spec, "function": function(spec)})

    @routes.post("/{name}")
    def run(name: str, call: Call) -> Response:
        try:
            return _json(tools.run(_known(name), call.inputs))
        except InputError as error:
            raise Problem(422, "invalid_request", str(error)) from None

    return routes


def _known(name: str) -> str:
    try:
        registry.get("tool", name[:64])
    except InputError as error:
        raise Problem(404, "not_found", str(error)) from None
    return name


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")
