"""Run the API over a real socket: for good (`serve_forever`), or for the length of a `with` (`running`).

The socket is bound before anything else, so a port in use is one sentence and not a traceback from a thread. Nothing
here logs requests: a path is all that uvicorn could show, and proxies and shells add query strings to those.

    with running(app) as url: Client(url).ask("…")
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from medmodel.client import LOOPBACK
from medmodel.errors import InputError, ServerError
from medmodel.serve.auth import VARIABLE

KEEP_ALIVE = 75  # seconds; longer than the SDK keeps an idle connection, so that it never reuses one that we close
DRAIN = 3  # seconds for answers under way when the server stops
START = 30  # seconds

log = logging.getLogger("medmodel.serve")


@contextmanager
def running(app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread; yields the address. Port 0 takes a free one. Raises InputError when the port is in use."""
    listening = _listen(host, port)
    server = uvicorn.Server(_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="api", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise ServerError("the API did not start; its log names the reason")
            time.sleep(0.01)
        yield _address(listening)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def serve_forever(
    app: FastAPI, host: str = "127.0.0.1", port: int = 8000, started: Callable[[str], None] | None = None
) -> None:
    """Serve until Ctrl-C or SIGTERM. `started` is told the address once it listens; by default it is printed."""
    if host not in LOOPBACK and not os.environ.get(VARIABLE):
        log.warning("listening on %s without $%s: everyone who reaches this machine may ask", host, VARIABLE)
    listening = _listen(host, port)
    signal.signal(signal.SIGTERM, _exit)  # unwinds the caller, which stops vLLM
    (started or _announce)(_address(listening))
    try:
        uvicorn.Server(_config(app)).run(sockets=[listening])
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)  # or two could bind the same port before the first listens
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen on {host}:{port} ({error.strerror}); give another --port, or 0 for any free one"
        ) from None
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _config(app: FastAPI) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").addFilter(_not_cancelled)
    return uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=DRAIN,
    )


def _not_cancelled(record: logging.LogRecord) -> bool:
    """No 70 lines of traceback at Ctrl-C for a page that is still open: its streams end with the server, as they should."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _announce(address: str) -> None:
    print(f"medmodel answers at {address}", flush=True)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
