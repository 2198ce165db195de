"""Clinicians' verdicts, kept for good: append-only, each commit on the disk before it is acknowledged.

SQLite by default (WAL, synchronous=FULL: 0.2 ms a commit, measured, so there is no reason to risk losing one), or
any SQLAlchemy URL ("postgresql+psycopg://…"). A row is the whole record as JSON with the answer's snapshot, so it can be
exported after the release that answered is gone. Text in it may be a patient's: the file is the owner's alone (0600),
errors name ids, and de-identifying is the export's work.

    store = FeedbackStore()                      # $MEDMODEL_HOME/feedback.db
    store.add(feedback); list(store.all())
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from medmodel.errors import InputError, MedmodelError
from medmodel.recipe import home_dir
from medmodel.records import Feedback

PAGE = 200  # records read at a time: an answer's snapshot has about 10 kB
BUSY = 10_000  # ms that a writer waits for another

_metadata = MetaData()
_table = Table(
    "feedback",
    _metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # order of arrival
    Column("id", String(200), unique=True, nullable=False),
    Column("record", Text, nullable=False),
)


class FeedbackStore:
    """May be used from several threads, and a SQLite file by several processes."""

    def __init__(self, url: str | None = None) -> None:
        url = url or f"sqlite:///{home_dir() / 'feedback.db'}"
        try:
            self._engine = create_engine(url, hide_parameters=True)  # else an error would quote the record
        except (ArgumentError, ModuleNotFoundError):
            raise InputError("the feedback database's URL names no known database; try sqlite:///FILE") from None
        if self._engine.dialect.name == "sqlite":
            _prepare_file(make_url(url).database)
            event.listen(self._engine, "connect", _set_pragmas)
        try:
            _metadata.create_all(self._engine)
        except DBAPIError as error:
            raise InputError(f"the feedback database cannot be opened ({type(error.orig).__name__})") from None

    def add(self, feedback: Feedback) -> Feedback:
        """Store it and return it as stored. Adding the same again changes nothing; another under its id is an InputError."""
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_table).values(id=feedback.id, record=feedback.model_dump_json()))
        except IntegrityError:
            stored = self._get(feedback.id)
            if stored != feedback:
                raise InputError(f"feedback {feedback.id} is stored already and says something else") from None
        except DBAPIError as error:
            raise MedmodelError(
                f"feedback {feedback.id} could not be stored ({type(error.orig).__name__}); is the disk full?"
            ) from None
        return feedback

    def all(self) -> Iterator[Feedback]:
        """Every record, oldest first, as the store is now."""
        last = 0
        while True:
            query = select(_table.c.number, _table.c.record).where(_table.c.number > last).order_by(_table.c.number).limit(PAGE)
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            for number, record in rows:
                yield Feedback.model_validate_json(record)
                last = number
            if len(rows) < PAGE:
                return

    def close(self) -> None:
        self._engine.dispose()

    def _get(self, identity: str) -> Feedback:
        with self._engine.connect() as connection:
            record = connection.execute(select(_table.c.record).where(_table.c.id == identity)).scalar_one()
        return Feedback.model_validate_json(record)


def _prepare_file(database: str | None) -> None:
    if database in (None, "", ":memory:"):
        raise InputError("a feedback database in memory would be lost; give sqlite:///FILE")
    path = Path(str(database))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # before SQLite makes it readable for all


def _set_pragmas(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
