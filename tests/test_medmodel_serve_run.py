"""A port in use is one sentence, and a served application is gone when the `with` ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from medmodel.errors import InputError
from medmodel.serve import run


def test_a_port_in_use_is_named() -> None:
    with run.running(FastAPI()) as url:
        port = httpx.URL(url).port
        assert port is not None
        with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port}.*--port"), run.running(FastAPI(), port=port):
            pass


def test_after_the_with_nothing_listens() -> None:
    with run.running(FastAPI()) as url:
        assert httpx.get(url + "/nothing").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_stream_that_is_still_open_ends_with_the_server_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def beats() -> AsyncIterator[str]:
        yield "beat"
        await asyncio.sleep(3600)

    app = FastAPI()
    app.add_api_route("/", lambda: StreamingResponse(beats()))
    monkeypatch.setattr(run, "DRAIN", 1)
    with httpx.Client() as client, ExitStack() as stack:
        with run.running(app) as url:
            text = stack.enter_context(client.stream("GET", url)).iter_text()
            assert next(text) == "beat"
        with pytest.raises(httpx.RemoteProtocolError):
            next(text)
    assert "Traceback" not in capfd.readouterr().err
