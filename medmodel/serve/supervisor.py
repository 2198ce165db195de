"""Keeps a vLLM running in the background: starts it, notices when it dies or hangs, starts it again after a pause.

The product never waits for it: `engine()` is None until a token has been seen, and again after a death. A pause doubles
from 1 s to 60 s. A server that has never been ready is given up after three tries, since a broken model does not mend;
one that has been ready is tried for ever. Watches one server; replicas belong behind a router.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from medmodel.client import Readiness
from medmodel.errors import EngineError, MedmodelError
from medmodel.models.engine import Engine

LOOK = 0.5  # seconds between looks at a running server
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds
TRIES = 3  # starts that never got ready

log = logging.getLogger("medmodel.serve")


class Server(Protocol):
    """What is supervised: `VllmServer`, or a test's double. Making one starts it."""

    def wait_ready(self, progress: Callable[[float, float, str], None] | None = None) -> None: ...

    def engine(self) -> Engine: ...

    def alive(self) -> bool: ...

    def death(self) -> EngineError: ...

    def stop(self) -> None: ...


class Supervisor:
    """A context manager; on leaving it the server is stopped."""

    def __init__(self, start: Callable[[], Server], first_pause: float = FIRST_PAUSE) -> None:
        self._start = start
        self._pause = first_pause
        self._server: Server | None = None
        self._engine: Engine | None = None
        self._readiness = Readiness(False, "starting", "starting the model")
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="supervisor", daemon=True)

    def engine(self) -> Engine | None:
        """The engine, while there is one."""
        return self._engine

    def readiness(self) -> Readiness:
        return self._readiness

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leaving.set()
        server = self._server
        if server is not None:
            server.stop()  # also ends a `wait_ready` under way
        self._thread.join()

    def _keep(self) -> None:
        failed, pause, been_ready = 0, self._pause, False
        while not self._leaving.is_set():
            try:
                self._serve_once("restarting" if been_ready or failed else "starting")
            except MedmodelError as error:
                was_ready, self._engine = self._engine is not None, None
                if self._leaving.is_set():
                    return
                been_ready = been_ready or was_ready
                failed, pause = (0, self._pause) if was_ready else (failed + 1, min(2 * pause, LONGEST_PAUSE))
                log.warning("%s", error)
                reason = str(error).split(";")[0]  # the rest is vLLM's log: for the operator, not for callers
                if failed >= TRIES and not been_ready:
                    self._readiness = Readiness(False, "failed", f"{reason}; given up after {failed} tries")
                    return
                self._readiness = Readiness(False, "restarting", f"{reason}; starting it again")
                self._leaving.wait(pause)

    def _serve_once(self, state: str) -> None:
        """Start, announce, watch. Raises EngineError when it does not start, dies or hangs; returns when told to leave."""

        def tell(done: float, expected: float, what: str) -> None:
            self._readiness = Readiness(False, state, f"{what}: {done:.0f} s of about {expected:.0f} s")

        server = self._server = self._start()
        try:
            if self._leaving.is_set():  # it was told to leave between our start and this line
                return
            server.wait_ready(tell)
            self._engine = engine = server.engine()
            self._readiness = Readiness(True, "ready", engine.name)
            while not self._leaving.wait(LOOK):
                if not server.alive():
                    raise server.death()
                if getattr(engine, "stalled", False):
                    raise EngineError(f"{engine.name} hangs: no token in time")
        finally:
            server.stop()
