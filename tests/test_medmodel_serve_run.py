"""A port in use is one sentence, and a served application is gone when the `with` ends."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from medmodel.errors import InputError
from medmodel.serve.run import running


def test_a_port_in_use_is_named() -> None:
    with running(FastAPI()) as url:
        port = httpx.URL(url).port
        assert port is not None
        with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port}.*--port"), running(FastAPI(), port=port):
            pass


def test_after_the_with_nothing_listens() -> None:
    with running(FastAPI()) as url:
        assert httpx.get(url + "/nothing").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
