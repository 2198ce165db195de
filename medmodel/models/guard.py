"""A tiny process between us and a server we start: it outlives our kill -9 and takes the server's whole group with it.

vLLM is three processes deep (API server, EngineCore, worker). A parent that is killed -9 cannot stop them, and Linux's
parent-death signal reaches the direct child alone. So the parent starts this file in a session of its own; this file
starts the command in another, and ends it (SIGTERM, then SIGKILL to all that is left) when the parent is gone, when it
gets SIGTERM, or when the command's first process ends. As their subreaper it inherits the command's orphans and buries
them: in a container nobody else may. It exits with the command's exit code (128 + n for signal n). Linux only, as vLLM is.

    python -I -S guard.py PARENT_PID SCRATCH_FOLDER COMMAND…     (standard library only: it starts in 20 ms)

SCRATCH_FOLDER, the command's TMPDIR, is removed at the end: a killed engine leaves sockets behind.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

POLL = 0.2  # seconds
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
GRACE = 4.0  # seconds from SIGTERM to SIGKILL: vLLM needs one when it listens, and never obeys while it compiles


def main(parent: int, scratch: str, command: list[str]) -> int:
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    process = subprocess.Popen(
        command,
        start_new_session=True,
        env={**os.environ, "TMPDIR": scratch},
        preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # should somebody kill -9 the guard itself
    )
    while process.poll() is None and not stopping and os.getppid() == parent:
        time.sleep(POLL)
    process.terminate()
    deadline = time.monotonic() + GRACE
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL)
    process.kill()
    code = process.wait()
    _bury_orphans()
    shutil.rmtree(scratch, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _bury_orphans() -> None:
    """Reap every descendant. What does not end by itself is killed, which hands its own children to us in turn.

    Python's resource trackers go last: they remove the shared memory of the others, once those are gone.
    """
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    first_kill = time.monotonic() + 0.5
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        late = time.monotonic() - first_kill
        if pid == 0 and late > 0:
            for child in map(int, children.read_text().split()):
                if late > 2.0 or b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(child, signal.SIGKILL)  # ours until we reap it, so the number cannot be another's
        if pid == 0:
            time.sleep(0.05)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
