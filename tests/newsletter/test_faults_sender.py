"""A sender that is killed in the middle of an issue."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.newsletter.faults import stop_sender
from tests.newsletter.processes import ISSUE, Operator
from tests.newsletter.smtp_sink import Sink

KILLS = 3


@pytest.fixture
def on_sqlite(sink: Sink, tmp_path: Path) -> Operator:
    """A newsletter in a file."""
    return Operator(tmp_path, f"sqlite:///{tmp_path}/newsletter.sqlite3", sink)


def test_killed_and_told_to_resend(operator: Operator) -> None:
    """After kill -9 nobody goes without; who gets a second copy gets the same mail with the same Message-ID, at most one for each connection."""
    found = stop_sender(operator, KILLS, "resend", signal.SIGKILL)
    assert found.statuses == Counter({-signal.SIGKILL: KILLS})
    assert (found.lost, found.strange_duplicates, found.uncertain) == (0, 0, 0)
    assert found.duplicates <= KILLS * 8
    assert operator.status()["counts"] == {"sent": found.people}


def test_killed_and_told_to_hold(on_sqlite: Operator) -> None:
    """After kill -9 nobody gets two; everybody who may have got none is listed, and goes out or is dropped when the operator says so."""
    found = stop_sender(on_sqlite, KILLS, "hold", signal.SIGKILL)
    assert (found.lost, found.duplicates, found.unlisted) == (0, 0, 0)
    assert found.uncertain <= KILLS * 8
    status = on_sqlite.status()
    assert status["counts"] == {
        state: number
        for state, number in (("sent", found.people - found.uncertain), ("uncertain", found.uncertain))
        if number
    }
    decided = on_sqlite.run("resume", ISSUE, "--uncertain", "resend")
    assert decided.status == 0, decided.err
    assert on_sqlite.status()["counts"] == {"sent": found.people}
    assert len({mail["to"] for mail in on_sqlite.sink.accepted()}) == found.people


def test_told_to_end(on_sqlite: Operator) -> None:
    """A sender that gets SIGTERM finishes what is on its way: everybody gets the issue once, and nothing is uncertain."""
    found = stop_sender(on_sqlite, KILLS, "hold", signal.SIGTERM)
    assert found.statuses == Counter({1: KILLS})
    assert (found.lost, found.duplicates, found.uncertain) == (0, 0, 0)
    assert on_sqlite.status()["counts"] == {"sent": found.people}
    assert "Traceback" not in on_sqlite.log.read_text()
