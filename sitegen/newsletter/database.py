"""The database: SQLite in one file by default, or PostgreSQL. Both get the same statements."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, insert, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from .tables import intake

T = TypeVar("T")
Write = Callable[[Callable[[Connection], T]], T]

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_BUSY_SECONDS = 10
_BATCH = 256
_UPGRADES = 7_355_608  # what PostgreSQL knows our lock by
_MOST_WAITING = 20_000
_WAL_IS_SAFE = (3, 51, 3)  # before it, two connections that checkpoint at once could corrupt the file


class DatabaseError(Exception):
    """The database cannot be used; the message says why, in one line."""


class AddressError(DatabaseError):
    """This is not how a database is written."""


class Database:
    """One database, brought up to date when opened. `write` runs a function in a transaction of its own."""

    def __init__(self, url: str) -> None:
        """Raises DatabaseError if there is no such database, or it is newer than this program."""
        self.engine = _engine(url)
        self.shown = self.engine.url.render_as_string(hide_password=True)
        try:
            with self.engine.connect() as connection, _alone(connection):
                upgrade(connection)
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise DatabaseError(f"{self.shown}: {one_line(error)}") from None
        except DatabaseError:
            self.close()
            raise

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once what it did is on disk."""
        with self.engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        self.engine.dispose()


class Writer(threading.Thread):
    """The one writer of a server's process: what waits is done in the order it came, posted forms many to a commit.

    A commit costs a write to the disk, whatever it holds; and SQLite lets one connection write at a time.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(name="writer", daemon=True)
        self.database = database
        self.waiting: queue.SimpleQueue[tuple[Any, Future[Any]] | None] = queue.SimpleQueue()

    def append(self, row: Mapping[str, object]) -> Future[None]:
        """Will be done when the row is in `intake`, on disk. Raises DatabaseError if too many are waiting."""
        if self.waiting.qsize() > _MOST_WAITING:
            raise DatabaseError("too many are waiting")
        return self._put(row)

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """What `work` returns, once what it did is on disk."""
        return self._put(work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """As Database.write, in turn with the others."""
        return self.submit(work).result()

    def stop(self) -> None:
        """Do what is waiting, and end."""
        self.waiting.put(None)
        self.join()

    def _put(self, item: object) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.put((item, future))
        return future

    def run(self) -> None:
        going = True
        while going:
            items = [self.waiting.get()]
            while len(items) < _BATCH and not self.waiting.empty():
                items.append(self.waiting.get())
            going = None not in items
            # One whose visitor has gone is not begun; one that is begun is finished.
            todo = [item for item in items if item is not None and item[1].set_running_or_notify_cancel()]
            if rows := [(item, future) for item, future in todo if not callable(item)]:
                self._do(partial(_insert, rows=[row for row, _ in rows]), [future for _, future in rows])
            for work, future in todo:
                if callable(work):
                    self._do(work, [future])

    def _do(self, work: Callable[[Connection], Any], futures: Sequence[Future[Any]]) -> None:
        try:
            result = self.database.write(work)
        except BaseException as error:
            for future in futures:
                future.set_exception(error)
        else:
            for future in futures:
                future.set_result(result)


def _insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(intake), rows)


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date. Raises DatabaseError if they are newer than this program."""
    scripts = AlembicConfig()
    scripts.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    known = ScriptDirectory.from_config(scripts)
    at = MigrationContext.configure(connection).get_current_revision()
    if at == known.get_current_head():
        return
    if at is not None and at not in {script.revision for script in known.walk_revisions()}:
        raise DatabaseError("the database was made by a newer sitegen; install that one")
    connection.rollback()
    scripts.attributes["connection"] = connection
    command.upgrade(scripts, "head")
    connection.commit()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """While the block runs, no other program brings this database up to date. SQLite's transactions see to that themselves."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(select(func.pg_advisory_lock(_UPGRADES)))
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(select(func.pg_advisory_unlock(_UPGRADES)))
        connection.commit()


def upsert(connection: Connection, table: Table) -> Any:
    """An INSERT that may be followed by ON CONFLICT, in the database's own dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def one_line(error: BaseException) -> str:
    """What the database says, without the statement and its values, which may hold an address."""
    first = str(getattr(error, "orig", None) or error).strip().splitlines()
    return first[0] if first else type(error).__name__


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        driver = DRIVERS[parsed.drivername]
    except (ArgumentError, KeyError, ValueError):
        raise AddressError(
            "a database is written as sqlite:///folder/file.sqlite3 or postgresql://user:password@host/name"
        ) from None
    if driver != "sqlite":
        waits = {} if "connect_timeout" in parsed.query else {"connect_timeout": _BUSY_SECONDS}
        return create_engine(parsed.set(drivername=driver), pool_pre_ping=True, connect_args=waits)
    if parsed.host or parsed.query:
        raise AddressError("a SQLite file is written as sqlite:///folder/file.sqlite3, without options")
    if not parsed.database or parsed.database == ":memory:":
        raise AddressError(
            "a database in memory would lose every subscriber; name a file: sqlite:///folder/file.sqlite3"
        )
    path = Path(parsed.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(0o600)  # it will hold addresses
    except OSError as error:
        raise DatabaseError(f"{path.parent}: {error.strerror}") from None
    # The driver's own transactions begin too late and as readers; ours say BEGIN IMMEDIATE.
    engine = create_engine(
        parsed,
        poolclass=QueuePool,
        connect_args={"isolation_level": None, "timeout": _BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def journal_mode() -> str:
    """WAL where this SQLite is free of its corruption bug, else the rollback journal."""
    return "wal" if sqlite3.sqlite_version_info >= _WAL_IS_SAFE else "truncate"


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    for pragma in (
        f"busy_timeout = {_BUSY_SECONDS * 1000}",
        f"journal_mode = {journal_mode()}",
        "synchronous = full",
        "foreign_keys = on",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
