"""The supervisor with a server double: background start, restart after a death or a hang, giving up, leaving at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from medmodel.errors import EngineError
from medmodel.models.scripted import ScriptedEngine
from medmodel.serve.supervisor import TRIES, Supervisor


class Fake:
    """A server that becomes ready when told, and dies or hangs when told."""

    def __init__(self, starts: bool = True) -> None:
        self.may_be_ready = threading.Event()
        self.stopped = threading.Event()
        self.dead = False
        self.engine_made = ScriptedEngine()
        self._starts = starts
        if starts is True:
            self.may_be_ready.set()

    def wait_ready(self, progress: Callable[[float, float, str], None] | None = None) -> None:
        if not self._starts:
            raise EngineError("vLLM ended with exit code 1 before it was ready; log: /x\n  patient Jane")
        if progress is not None:
            progress(35.0, 100.0, "loading the weights")
        while not self.may_be_ready.wait(0.01):
            if self.stopped.is_set():
                raise EngineError("stopped")

    def engine(self) -> ScriptedEngine:
        return self.engine_made

    def alive(self) -> bool:
        return not self.dead and not self.stopped.is_set()

    def death(self) -> EngineError:
        return EngineError("vLLM ended with exit code 137; its log")

    def stop(self) -> None:
        self.stopped.set()


class Starts:
    """Gives these servers in turn, the last one again and again."""

    def __init__(self, *servers: Fake) -> None:
        self.count = 0
        self._servers = servers

    def __call__(self) -> Fake:
        self.count += 1
        return self._servers[min(self.count, len(self._servers)) - 1]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_while_it_starts_there_is_no_engine_and_the_reason_is_told() -> None:
    server = Fake()
    server.may_be_ready.clear()
    with Supervisor(Starts(server)) as supervisor:
        assert eventually(lambda: "loading the weights: 35 s of about 100 s" in supervisor.readiness().detail)
        assert supervisor.engine() is None
        assert supervisor.readiness().engine == "starting"
        server.may_be_ready.set()
        assert eventually(lambda: bool(supervisor.readiness()))
        assert supervisor.engine() is server.engine_made
    assert server.stopped.is_set()


def test_a_dead_server_is_started_again_and_meanwhile_there_is_no_engine() -> None:
    first, second = Fake(), Fake()
    second.may_be_ready.clear()
    with Supervisor(Starts(first, second), first_pause=0.05) as supervisor:
        assert eventually(lambda: supervisor.engine() is not None)
        first.dead = True
        assert eventually(lambda: supervisor.engine() is None)
        assert supervisor.readiness().engine == "restarting"
        second.may_be_ready.set()
        assert eventually(lambda: supervisor.engine() is second.engine_made)


def test_a_hanging_server_is_stopped_and_started_again() -> None:
    first, second = Fake(), Fake()
    with Supervisor(Starts(first, second), first_pause=0.05) as supervisor:
        assert eventually(lambda: supervisor.engine() is first.engine_made)
        first.engine_made.stalled = True  # type: ignore[attr-defined]
        assert eventually(lambda: supervisor.engine() is second.engine_made)
    assert first.stopped.is_set()


def test_a_model_that_never_starts_is_given_up_with_its_reason_but_without_the_log() -> None:
    starts = Starts(Fake(starts=False))
    with Supervisor(starts, first_pause=0.01) as supervisor:
        assert eventually(lambda: supervisor.readiness().engine == "failed")
        assert "exit code 1" in supervisor.readiness().detail
        assert "Jane" not in supervisor.readiness().detail
    assert starts.count == TRIES


def test_leaving_while_it_starts_stops_the_server() -> None:
    server = Fake()
    server.may_be_ready.clear()
    with Supervisor(Starts(server)) as supervisor:
        assert eventually(lambda: supervisor.readiness().detail.startswith("loading"))
    assert server.stopped.is_set()
