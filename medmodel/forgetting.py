"""Requests to forget: sources and documents that no build under this home may hold again, whatever its recipe says.

    python -m data_build forget ID --recipe small

The list is `$MEDMODEL_HOME/forget.txt`, one line a request: the day, and the id of a source or document, or the beginning of
ids up to a slash. It is part of the key of every `documents` stage. A recipe's own `forget` does the same for one recipe, and
travels with it. A clinic's own references and its feedback have their own ways: `medmodel refs remove`, the feedback database.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from medmodel.recipe import home_dir


def names() -> tuple[str, ...]:
    """All that is to be forgotten, sorted."""
    try:
        lines = _file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(sorted({line.split(" ", 1)[1] for line in lines if " " in line}))


def add(wanted: Sequence[str]) -> None:
    """Put names on the list, on disk when this returns; those that are there stay as they are."""
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = sorted(set(wanted) - set(names()))
    torn = path.exists() and not path.read_bytes().endswith(b"\n")  # by an editor: the next line would join the last
    with open(path, "a", encoding="utf-8") as out:
        if torn:
            out.write("\n")
        out.writelines(f"{datetime.now(UTC):%Y-%m-%d} {name}\n" for name in new)
        out.flush()
        os.fsync(out.fileno())


def digest() -> str:
    """Of the list; "" when there is none."""
    return hashlib.sha256("\n".join(names()).encode()).hexdigest() if names() else ""


def belongs(document: str, source: str, wanted: Sequence[str]) -> bool:
    """Is the document meant: by its source's id, its own, or the beginning of its id up to a slash?"""
    return any(name in (source, document) or document.startswith(name.rstrip("/") + "/") for name in wanted)


def _file() -> Path:
    return home_dir() / "forget.txt"
