"""The database's form, and the group commit."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, select, text

from sitegen.newsletter.addresses import parse_address
from sitegen.newsletter.database import Database, DatabaseError, Writer, journal_mode, one_line
from sitegen.newsletter.intake import posted
from sitegen.newsletter.tables import intake, metadata
from tests.newsletter.world import dump


def row(email: str) -> dict[str, object]:
    """A posted form."""
    return posted("subscribe", parse_address(email), "source", time.time())


def test_migrations_make_exactly_the_tables(database: Database) -> None:
    """What the migrations make differs in nothing from what tables.py says, names of checks and indexes included."""

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_server_default": True}), metadata)

    assert database.write(differences) == []


def test_checks_are_in_the_database(database: Database) -> None:
    """The rules that tables.py states are enforced by the database itself."""
    for statement in (
        "INSERT INTO intake VALUES (1, 'nonsense', '', '', '', '', '', 0, 0)",
        "INSERT INTO subscriber VALUES (1, 'a', 'a', 'a', 'confirmed', 0, 0, 0, NULL)",
        "INSERT INTO token VALUES ('a', 99, 'confirm', 0, 0)",
        "INSERT INTO issue VALUES ('a', '', '', '', '', '', 'perhaps', 0, 'sending', '')",
    ):
        with pytest.raises(Exception, match=r"(?i)check|foreign key"):
            database.write(lambda connection, statement=statement: connection.execute(text(statement)))
    assert not any(dump(database).values())


def test_opening_again_changes_nothing(database: Database, database_url: str) -> None:
    """A database that is up to date is opened as it is, with what it holds."""
    database.write(lambda connection: connection.execute(intake.insert(), row("anna@example.org")))
    before = dump(database)
    again = Database(database_url)
    assert dump(again) == before
    again.close()


def test_a_newer_database_is_refused(database: Database, database_url: str) -> None:
    """A program that is older than the database says so and leaves it alone."""
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(DatabaseError, match="newer sitegen"):
        Database(database_url)
    assert database.write(
        lambda connection: connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    ) == ["9999"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "a database is written as"),
        ("mysql://host/name", "a database is written as"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:////dev/null/file.sqlite3", "/dev/null"),
        ("postgresql://me:secret@127.0.0.1:1/name", "postgresql\\+psycopg://me:\\*\\*\\*@127.0.0.1:1/name"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_line(url: str, said: str) -> None:
    """A wrong address is answered by one line that holds no password."""
    with pytest.raises(DatabaseError, match=said) as caught:
        Database(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_sqlite_is_synchronised_and_checks_references(tmp_path: Path) -> None:
    """Every commit reaches the disk, references hold, and WAL is used only where it is safe."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    pragmas = ("synchronous", "foreign_keys", "journal_mode")
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]
    assert found == [2, 1, journal_mode()]
    assert (journal_mode() == "wal") == (sqlite3.sqlite_version_info >= (3, 51, 3))
    database.close()


def test_the_writer_does_everything_in_order(database: Database) -> None:
    """What the writer is given before it stops is all done, and an error reaches who asked and nobody else."""
    writer = Writer(database)
    appended = [writer.append(row(f"reader-{number}@example.org")) for number in range(600)]

    def fail(connection: Connection) -> None:
        connection.execute(intake.delete())
        raise KeyError("on purpose")

    failed = writer.submit(fail)
    counted = writer.submit(
        lambda connection: connection.execute(select(func.count()).select_from(intake)).scalar_one()
    )
    writer.start()
    writer.stop()
    assert [future.result() for future in appended] == [None] * 600
    assert counted.result() == 600
    with pytest.raises(KeyError):
        failed.result()
    assert len(dump(database)["intake"]) == 600


def test_too_many_waiting_are_refused(tmp_path: Path) -> None:
    """A database that has stopped answers with an error, not with memory that grows."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    writer = Writer(database)
    for _ in range(20_001):
        writer.append({})
    with pytest.raises(DatabaseError, match="too many"):
        writer.append({})
    database.close()


def test_errors_of_the_database_hold_no_values(database: Database) -> None:
    """What is told of a failed statement does not tell whose address was in it."""
    database.write(lambda connection: connection.execute(intake.insert(), {**row("anna@example.org"), "id": 7}))
    with pytest.raises(Exception, match=r"7|UNIQUE") as caught:
        database.write(lambda connection: connection.execute(intake.insert(), {**row("anna@example.org"), "id": 7}))
    assert "anna" not in one_line(caught.value)
