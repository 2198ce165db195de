"""Run one suite or benchmark against one model: several items at once, every result kept as it comes.

Results go to a JSONL file, a line an item, so a run that was killed goes on where it stopped; items whose call failed
are asked again then. An error is never a score: a failed call becomes a row with `error` and no values, and
`errors(rows)` counts it. Anything that is not one of our errors is a bug and ends the run.

    python -m evals run medqa --model DIR --data DIR --limit 50
"""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from evals import stats
from evals.publishers import distinct
from evals.suite import Identified, Item, Needs, Scored, Subject, Suite
from medmodel.errors import InputError, MedmodelError
from medmodel.records import Record

Tell = Callable[[Scored], None]
Ask = Callable[[Suite[Any], Sequence[Any], Subject, Tell], None]  # puts the items to the subject, and tells each row

# By what a suite needs. Two cores give 147 tokens/s at 8 answers in flight and 338 at 32, and 16 prompts of 900 tokens fit
# the cache; likelihoods are all prefill (25 s at 2, 21 s at 8), and fewer at once is a steadier sign of life.
AT_ONCE: Mapping[Needs, int] = {"product": 16, "rules": 8, "model": 4, "data": 1}


def at_once(suite: Suite[Item], items: Sequence[Item], subject: Subject, tell: Tell) -> None:
    """Several items at once, each in a thread; rows come as they are ready, in the caller's thread."""
    with ThreadPoolExecutor(suite.at_once or AT_ONCE[suite.needs]) as pool:
        running = [pool.submit(score, suite, item, subject) for item in items]
        try:
            for finished in as_completed(running):
                tell(finished.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C: what has not begun does not begin


def measure(
    suite: Suite[Item],
    subject: Subject,
    path: Path | None = None,
    limit: int | None = None,
    on_row: Tell = lambda row: None,
    ask: Ask = at_once,
    of: str = "",
) -> list[Scored]:
    """A row for every item, in the items' order. With a `path`, rows are kept there and taken from there.

    `of` names what is examined (a model, a release) where one file may see several: rows of another, and of an item that
    reads otherwise now, are measured anew; rows of other items stay in the file.
    """
    items = distinct(suite.items())[:limit]
    stamps = {item.id: _stamp(item, of) for item in items}
    held = {row.id: row for row in _load(path)} if path else {}
    done = {name: held[name] for name, of_item in stamps.items() if name in held and _good(suite, held[name], of_item)}
    for row in done.values():
        on_row(row)
    with _Keeper(path, [*done.values(), *(row for row in held.values() if row.id not in stamps)]) as keeper:

        def take(row: Scored) -> None:
            wrong = [name for name, value in row.values.items() if not math.isfinite(value)]
            if wrong:  # it would pass every comparison, or fail it
                row = Scored(id=row.id, cluster=row.cluster, error=f"EngineError: '{wrong[0]}' is no finite number")
            row = row.model_copy(update={"of": stamps[row.id]})
            done[row.id] = row
            keeper.keep(row)
            on_row(row)

        ask(suite, [item for item in items if item.id not in done], subject, take)
    return [done[item.id] for item in items]


def score(suite: Suite[Item], item: Item, subject: Subject) -> Scored:
    """One item's row; a failed call is a row with its error and no values."""
    try:
        row = suite.score(item, subject)
    except MedmodelError as error:
        return failed(item, error)
    assert row.id == item.id, f"a suite scored item '{item.id}' under the id '{row.id}'"
    return row


def failed(item: Identified, error: MedmodelError) -> Scored:
    return Scored(id=item.id, cluster=item.id, error=f"{type(error).__name__}: {error}")


def is_complete(suite: Suite[Item], path: Path) -> bool:
    """Whether every item has its row already: then no model need be started for it."""
    held = {row.id: row for row in _load(path)}
    return all(item.id in held and _good(suite, held[item.id], _stamp(item, "")) for item in suite.items())


def errors(rows: Iterable[Scored]) -> int:
    return sum(1 for row in rows if row.error)


def mean(rows: Sequence[Scored], metric: str) -> float | None:
    """The metric over the items it applies to; None when there are none."""
    scored = [row for row in rows if metric in row.values]
    weight = sum(row.weight for row in scored)
    return sum(row.values[metric] * row.weight for row in scored) / weight if weight else None


class Summary(NamedTuple):
    """What one run has shown. `errors` calls failed, for these reasons, and are in none of the numbers."""

    metrics: Mapping[str, Metric]
    detail: Mapping[str, Any]
    errors: int
    reasons: Mapping[str, int]


class Metric(NamedTuple):
    value: float
    interval: stats.Interval | None  # Wilson's; None for what is not a rate
    n: int


def summarise(suite: Suite[Any], rows: Sequence[Scored]) -> Summary:
    """Every metric of the suite that applies to any item, with its n."""
    metrics = {}
    for name in suite.metrics:
        value, n = mean(rows, name), sum(1 for row in rows if name in row.values)
        if value is not None:
            metrics[name] = Metric(value, stats.wilson(round(value * n), n) if is_rate(rows, name) else None, n)
    return Summary(metrics, suite.detail(rows), errors(rows), Counter(row.error for row in rows if row.error))


def is_rate(rows: Iterable[Scored], metric: str) -> bool:
    """Whether every item is plainly right or wrong."""
    return all(row.values[metric] in (0.0, 1.0) for row in rows if metric in row.values)


def _good(suite: Suite[Any], row: Scored, stamp: str) -> bool:
    return not row.error and row.of == stamp and suite.settled(row)


def said(item: Identified) -> str:
    """All that an item says, its key and rubric too."""
    return item.model_dump_json() if isinstance(item, Record) else repr(item)


def _stamp(item: Identified, of: str) -> str:
    """Of what is examined, and of the item."""
    return hashlib.sha256(f"{of}\n{said(item)}".encode()).hexdigest()[:16]


def _load(path: Path) -> list[Scored]:
    """Rows that were kept. A last line torn by a kill is left out: its item is asked again. Raises InputError for another file."""
    if not path.exists():
        return []
    rows = []
    lines = path.read_bytes().split(b"\n")
    if len(lines) == 1 and not b'{"id":'.startswith(lines[0][:6]):
        raise InputError(f"{path} holds something else than rows; give another file")
    for number, line in enumerate(lines[:-1], 1):
        try:
            rows.append(Scored.model_validate_json(line))
        except ValidationError:
            raise InputError(f"{path}:{number} is no row of a run; give another file") from None
    return rows


class _Keeper:
    """Appends rows to a file, each whole before the next; starts it anew with the rows that are still good."""

    def __init__(self, path: Path | None, rows: Iterable[Scored]) -> None:
        self._path = path
        self._rows = list(rows)

    def __enter__(self) -> _Keeper:
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._path.with_suffix(".tmp")
            temporary.write_text("".join(_line(row) for row in self._rows), encoding="utf-8")
            os.replace(temporary, self._path)
            self._file = open(self._path, "a", encoding="utf-8")  # closed in __exit__
        return self

    def keep(self, row: Scored) -> None:
        if self._path:
            self._file.write(_line(row))
            self._file.flush()

    def __exit__(self, *_: object) -> None:
        if self._path:
            self._file.close()


def _line(row: Scored) -> str:
    return row.model_dump_json(exclude_defaults=True) + "\n"
