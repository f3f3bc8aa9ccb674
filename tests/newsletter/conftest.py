"""Databases of both kinds, new for every test, and a mail server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sitegen.newsletter.database import Database
from tests.newsletter.postgres import Postgres, find_binaries, running
from tests.newsletter.processes import Operator
from tests.newsletter.smtp_sink import Sink


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all tests of a process."""
    binaries = find_binaries()
    if binaries is None:
        reason = "there is no PostgreSQL: `make test` installs one"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with running(binaries) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/newsletter.sqlite3"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same with its tables."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def operator(database_url: str, sink: Sink, tmp_path: Path) -> Operator:
    """A newsletter to be run by its commands."""
    return Operator(tmp_path, database_url, sink)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A mail server that takes everything, until it is told otherwise."""
    with Sink(tmp_path / "sink") as sink:
        yield sink
