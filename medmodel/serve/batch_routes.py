"""Batches over HTTP: send cases, look, read results, stop. The SDK's `client.batches` asks these.

    PUT    /v1/batches/ID           cases, one JSON object a line: curl -T cases.jsonl http://…/v1/batches/may
    GET    /v1/batches/ID           how far it is            GET /v1/batches   all of yours, one JSON object a line
    GET    /v1/batches/ID/results   what is done so far, one JSON object a line
    POST   /v1/batches/ID/cancel    DELETE /v1/batches/ID

The caller chooses the id, so that sending again after a lost connection makes no second batch. All or nothing: a bad line
is a 422 that names it. CSV and FHIR are read by the SDK, which sends cases.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from medmodel.records import Batch
from medmodel.serve.auth import Keys
from medmodel.serve.jobs import Jobs
from medmodel.serve.problems import Problem

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # it is a folder's name


def _identity(identity: str) -> str:
    if not _ID.fullmatch(identity):
        raise Problem(422, "invalid_request", "a batch's id has 1 to 64 letters, digits, '-' and '_'")
    return identity


Identity = Annotated[str, Depends(_identity)]


def batch_routes(jobs: Jobs, keys: Keys) -> APIRouter:
    routes = APIRouter(prefix="/v1/batches", dependencies=[Depends(keys)])

    @routes.put("/{identity}", status_code=201)
    async def create(request: Request, identity: Identity, tenant: str = Depends(keys.tenant)) -> Response:
        return _json(await jobs.create(tenant, identity, await request.body()), 201)

    @routes.get("")
    async def every(tenant: str = Depends(keys.tenant)) -> Response:
        lines = "".join(batch.model_dump_json() + "\n" for batch in jobs.all(tenant))
        return Response(lines, media_type="application/x-ndjson")

    @routes.get("/{identity}")
    async def get(identity: Identity, tenant: str = Depends(keys.tenant)) -> Response:
        return _json(jobs.get(tenant, identity))

    @routes.get("/{identity}/results")
    async def results(identity: Identity, tenant: str = Depends(keys.tenant)) -> StreamingResponse:
        return StreamingResponse(jobs.results(tenant, identity), media_type="application/x-ndjson")

    @routes.post("/{identity}/cancel")
    async def cancel(identity: Identity, tenant: str = Depends(keys.tenant)) -> Response:
        return _json(await jobs.cancel(tenant, identity))

    @routes.delete("/{identity}", status_code=204)
    async def delete(identity: Identity, tenant: str = Depends(keys.tenant)) -> Response:
        await jobs.delete(tenant, identity)
        return Response(status_code=204)

    return routes


def _json(batch: Batch, status: int = 200) -> Response:
    return Response(batch.model_dump_json(), status, media_type="application/json")
