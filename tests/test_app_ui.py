"""What the page offers over HTTP beside itself: Gradio brings routes of its own, and those that we do not use are shut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import serving
from fastapi import FastAPI

from app.ui import mount
from medmodel.serve.api import create_app
from medmodel.serve.auth import VARIABLE
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.run import running


@contextmanager
def page(folder: Path) -> Iterator[httpx.Client]:
    """The page over the serving doubles, on a real socket."""
    store = FeedbackStore(f"sqlite:///{folder / 'feedback.db'}")
    addresses: list[str] = []

    async def mounted() -> FastAPI:  # where no event loop runs Gradio makes some and leaves them open
        return mount(create_app(serving.product(), store), lambda: addresses[0])

    try:
        with running(asyncio.run(mounted())) as url:
            addresses.append(url)
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
                yield http
    finally:
        store.close()


def test_gradio_offers_no_endpoint_no_upload_and_no_statistics(tmp_path: Path) -> None:
    with page(tmp_path) as http:
        assert http.get("/gradio_api/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}
        assert http.post("/gradio_api/upload", files={"files": ("big.bin", b"0" * 100_000)}).status_code == 413
        assert http.get("/monitoring/summary").status_code == 403


def test_gradio_keeps_no_history_and_sends_no_statistics(tmp_path: Path) -> None:
    with page(tmp_path) as http:
        config = http.get("/config").json()
    assert config["run_history"] is False
    assert config["analytics_enabled"] is False
    assert config["show_error"] is False
    assert config["stylesheets"] == []  # fonts come from this machine


def test_the_api_is_still_there_beside_the_page(tmp_path: Path) -> None:
    with page(tmp_path) as http:
        assert http.get("/").headers["content-type"].startswith("text/html")
        assert http.get("/healthz").json() == {"status": "ok"}
        assert http.get("/v1/release").json() == serving.RELEASE
        assert http.get("/v1/nothing").status_code == 404


def test_the_page_asks_for_a_key_where_the_api_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "first-key,second-key")
    with page(tmp_path) as http:
        assert http.get("/config").status_code == 401
        assert http.post("/login", data={"username": "dr", "password": "wrong"}).status_code == 400
        assert http.get("/config").status_code == 401
        assert http.post("/login", data={"username": "dr", "password": "second-key"}).status_code == 200
        assert http.get("/config").json()["username"] == "dr"
