"""What the command says when it cannot go on: one line and an exit code, and never that somebody stopped it."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAILS = """
import errno, sys, typer
from medmodel.cli import run_command
app = typer.Typer(pretty_exceptions_enable=False)
errors = {"denied": PermissionError(errno.EACCES, "Permission denied", "/x/notes.jsonl"),
          "full": OSError(errno.ENOSPC, "No space left on device"), "cut": EOFError("breaks off")}
@app.command()
def fail(name: str) -> None:
    raise errors[name]
run_command(app)
"""


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("denied", 1, "PermissionError: /x/notes.jsonl: Permission denied\n"),
        ("full", 1, "OSError: the disk is full (where it writes): free some space and run again; what is done is kept\n"),
    ],
)
def test_a_fault_of_the_disk_is_one_line(name: str, code: int, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", FAILS, name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, said)


def test_a_file_that_breaks_off_is_not_told_as_a_stop_by_the_user() -> None:
    done = subprocess.run([sys.executable, "-c", FAILS, "cut"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "what was done is kept" not in done.stderr
    assert done.stderr.endswith("EOFError: breaks off\n")
