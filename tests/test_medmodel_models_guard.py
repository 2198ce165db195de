"""The guard leaves nothing behind, tried on a small stubborn process tree instead of vLLM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import medmodel.models.guard

GUARD = medmodel.models.guard.__file__
# A server whose child, in a session of its own, ignores SIGTERM: EngineCore while it compiles.
TREE = """
import os, signal, subprocess, sys, time
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
with open({ready!r} + ".part", "w") as ready:
    ready.write(f"{{os.getpid()}} {{child.pid}}")
os.rename({ready!r} + ".part", {ready!r})
{then}
"""
# What VllmServer does: start the guard, then live on.
PARENT = "import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-I', '-S', {guard!r}, str(os.getpid()), *sys.argv[1:]]); time.sleep(600)"


def tree(folder: Path, then: str) -> list[str]:
    return [sys.executable, "-c", TREE.format(ready=str(folder / "ready"), then=then)]


def scratch(folder: Path) -> Path:
    (folder / "scratch").mkdir()
    return folder / "scratch"


def start_guard(folder: Path, then: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-S", GUARD, str(os.getpid()), str(scratch(folder)), *tree(folder, then)]
    return subprocess.Popen(command, start_new_session=True)


def alive(folder: Path) -> list[int]:
    """Processes of the tree that still exist, zombies too."""
    return [pid for pid in map(int, (folder / "ready").read_text().split()) if Path(f"/proc/{pid}").exists()]


def eventually(condition: object, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def test_kill_minus_nine_of_the_parent_leaves_no_process_and_no_scratch(tmp_path: Path) -> None:
    scratch(tmp_path)
    code = PARENT.format(guard=GUARD)
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "scratch"), *tree(tmp_path, "time.sleep(600)")])
    assert eventually((tmp_path / "ready").exists)
    parent.kill()
    parent.wait()
    assert eventually(lambda: not alive(tmp_path))
    assert eventually(lambda: not (tmp_path / "scratch").exists())


def test_sigterm_ends_the_tree_and_the_guard_waits_for_the_last(tmp_path: Path) -> None:
    guard = start_guard(tmp_path, "time.sleep(600)")
    assert eventually((tmp_path / "ready").exists)
    guard.send_signal(signal.SIGTERM)
    assert guard.wait() == 128 + signal.SIGTERM
    assert alive(tmp_path) == []


def test_a_guard_that_was_stopped_ends_the_tree_once_it_is_continued(tmp_path: Path) -> None:
    guard = start_guard(tmp_path, "time.sleep(600)")
    assert eventually((tmp_path / "ready").exists)
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT):  # the last two are what `VllmServer.stop` sends
        guard.send_signal(number)
    assert guard.wait(timeout=20) == 128 + signal.SIGTERM
    assert alive(tmp_path) == []


def test_when_the_server_dies_its_orphans_go_too_and_its_exit_code_is_passed_on(tmp_path: Path) -> None:
    guard = start_guard(tmp_path, "sys.exit(9)")
    assert guard.wait() == 9
    assert alive(tmp_path) == []


def test_a_server_killed_by_a_signal_gives_128_and_the_signal(tmp_path: Path) -> None:
    guard = start_guard(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)")
    assert guard.wait() == 128 + signal.SIGSEGV
