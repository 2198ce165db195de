"""Every error medmodel raises on purpose, each with one sentence: what is wrong, where, what to do.

    MedmodelError                 exit code 1
    ├── InputError                2   the user's file, option or record
    │   ├── RecipeError               a recipe, or a --set
    │   ├── UnknownName               a plug-in, stage or recipe that does not exist (names the nearest)
    │   └── AnotherRun                somebody else is writing the same results
    ├── ArtifactError             3   a folder in the store is missing, incomplete or damaged
    ├── StageFailed               4   a stage's process ended with an error
    ├── GateFailed                5   a gate stopped the release
    ├── ReleaseRefused            6   tampered, unsigned, or signed by a key that is not trusted
    ├── EngineError               7   vLLM did not start, died, or hangs
    │   └── EngineTimeout
    └── ServerError               8   the API answered with an error, or not at all (SDK)
        ├── ServerUnreachable
        └── StreamInterrupted         carries what had arrived

Messages name ids, files and line numbers, never a document's or a patient's text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class MedmodelError(Exception):
    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is, whatever its __init__ takes: an error that cannot be unpickled leaves a pool of processes waiting forever."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[MedmodelError], args: tuple[Any, ...], state: dict[str, Any]) -> MedmodelError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InputError(MedmodelError):
    exit_code = 2


class RecipeError(InputError):
    pass


class UnknownName(InputError):
    """`unknown retriever 'bm52'; known: bm25, dense, fusion — did you mean 'bm25'?`"""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f" — did you mean '{near[0]}'?" if near else ""
        place = f" in {where}" if where else ""
        super().__init__(f"unknown {kind} '{name}'{place}; known: {', '.join(names) or 'none'}{hint}")


class AnotherRun(InputError):
    pass


class ArtifactError(MedmodelError):
    exit_code = 3


class StageFailed(MedmodelError):
    exit_code = 4


class GateFailed(MedmodelError):
    exit_code = 5


class ReleaseRefused(MedmodelError):
    exit_code = 6


class EngineError(MedmodelError):
    exit_code = 7


class EngineTimeout(EngineError):
    pass


class ServerError(MedmodelError):
    """The API said no. `status` is the HTTP status, 0 when there was none."""

    exit_code = 8

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ServerUnreachable(ServerError):
    pass


class StreamInterrupted(ServerError):
    """The stream ended without its last event. `partial` holds the text that had arrived."""

    def __init__(self, message: str, partial: str = "") -> None:
        super().__init__(message)
        self.partial = partial
