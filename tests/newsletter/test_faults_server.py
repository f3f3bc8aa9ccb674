"""A server that is killed, fuzzed, scanned, flooded, and used to bomb somebody."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from sitegen.newsletter.tables import event
from tests.newsletter.faults import (
    bomb,
    kill_server,
    large_body,
    make_mails,
    scan,
    send,
    tracebacks,
    wait_until_decided,
)
from tests.newsletter.fuzz import fuzz
from tests.newsletter.processes import Operator
from tests.newsletter.smtp_sink import Sink

MIB = 2**20


@pytest.fixture
def on_sqlite(sink: Sink, tmp_path: Path) -> Operator:
    """A newsletter in a file."""
    return Operator(tmp_path, f"sqlite:///{tmp_path}/newsletter.sqlite3", sink)


def test_killed_under_load(on_sqlite: Operator) -> None:
    """After kill -9, everybody who was told that it worked is in the database, which is whole."""
    found = kill_server(on_sqlite, kills=3)
    assert found.acknowledged > 50
    assert (found.lost, found.others, found.integrity) == (0, 0, "ok")


def test_told_to_end(on_sqlite: Operator) -> None:
    """A server that gets SIGTERM ends well, with everything it acknowledged on disk, and starts again."""
    for _ in range(2):
        with on_sqlite.serving() as server:
            assert send(server.url + "subscribe", "POST", "email=anna@example.org")[0] == 303
            on_sqlite.sink.wait(1)
            assert server.stop() == 0
    assert len(on_sqlite.sink.accepted()) == 1
    assert tracebacks(on_sqlite.log) == 0


def test_requests_that_no_browser_sends(on_sqlite: Operator) -> None:
    """Thousands of broken requests get answers that blame the sender; the server has no error and goes on."""
    with on_sqlite.serving("--trust-proxy", "127.0.0.1") as server:
        statuses, wrong = fuzz(server.port, 1500, seed=4)
        assert wrong == []
        assert statuses[303] > 10
        assert statuses.total() == 1500
        assert send(server.url + "healthz", "GET")[0] == 200
        assert server.stop() == 0
    assert tracebacks(on_sqlite.log) == 0


def test_nobody_is_bombed(on_sqlite: Operator) -> None:
    """Two thousand posts at one person, in ever new spellings and from ever new sources, make at most three mails."""
    mails = bomb(on_sqlite, 2000)
    assert 1 <= len(mails) <= 3


def test_scanners_change_nothing(operator: Operator) -> None:
    """Whatever fetches every link of every mail, twice and with every method that reads, leaves the database as it was."""
    with operator.serving() as server:
        mails = make_mails(operator, server)
        assert len(mails) == 8
        found = scan(operator, server, mails)
    assert len(found.urls) == 7
    assert found.statuses == Counter({("GET", 200): 14, ("HEAD", 200): 14, ("OPTIONS", 405): 14})
    assert not found.changed


@pytest.mark.parametrize("chunked", [False, True])
def test_a_huge_body_is_refused_in_little_memory(on_sqlite: Operator, chunked: bool) -> None:
    """A body of 200 MiB, with its length told or not, gets 413, and the server does not grow."""
    with on_sqlite.serving() as server:
        send(server.url + "subscribe", "POST", "email=anna@example.org")
        status, grown = large_body(server, 200 * MIB, chunked)
        assert status == 413
        assert grown < 8 * MIB
        assert send(server.url + "healthz", "GET")[0] == 200


def test_only_named_proxies_are_believed(on_sqlite: Operator) -> None:
    """X-Forwarded-For counts from a proxy that was named, from its right end; from anybody else it is ignored."""
    for number, (options, sources) in enumerate(
        (((), 1), (("--trust-proxy", "192.0.2.0/24"), 1), (("--trust-proxy", "192.0.2.1,127.0.0.0/8"), 4))
    ):
        with on_sqlite.serving(*options) as server:
            for client in range(3):
                headers = {"X-Forwarded-For": f"203.0.113.99, 203.0.113.{client}"}
                assert (
                    send(server.url + "subscribe", "POST", f"email=reader-{number}-{client}@example.org", **headers)[0]
                    == 303
                )
            wait_until_decided(on_sqlite)
        assert len(sources_of(on_sqlite)) == sources
    said = on_sqlite.log.read_text()
    assert "203.0.113" not in said
    assert "reader-" not in said
    assert " - " not in said  # as in a line of an access log


def sources_of(operator: Operator) -> set[str]:
    """The sources that the database knows."""
    database = operator.open()
    try:
        return set(
            database.write(
                lambda connection: (
                    connection.execute(select(event.c.source).where(event.c.kind == "subscribe")).scalars().all()
                )
            )
        )
    finally:
        database.close()
