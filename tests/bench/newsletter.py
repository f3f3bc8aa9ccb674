"""What the newsletter bears: `python -m tests.bench.newsletter` prints each figure demanded beside the one measured; 1 if one is missed.

Everything runs on loopback, in folders that go away, with the commands as processes: the faults are those of the tests, more often.
Speed depends on the disk, so how long it takes to reach it is printed too. Name rows to measure only these.
"""

from __future__ import annotations

import os
import platform
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.newsletter.faults import (
    bomb,
    browse,
    kill_server,
    large_body,
    make_mails,
    scan,
    stop_sender,
    subscribe,
    tracebacks,
)
from tests.newsletter.fuzz import fuzz
from tests.newsletter.install import install_postgres
from tests.newsletter.machine import run
from tests.newsletter.postgres import find_binaries, running
from tests.newsletter.processes import Operator
from tests.newsletter.smtp_sink import Sink
from tests.newsletter.world import dump

DEATHS = 30
REQUESTS = 20_000
POSTS = 2_000
STEPS = 5_000
BODY = 200 * 2**20


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    demanded: str
    measured: str
    reached: bool


@contextmanager
def newsletter() -> Iterator[Operator]:
    """A newsletter on SQLite in a folder that goes away."""
    with tempfile.TemporaryDirectory() as name, Sink(Path(name) / "sink") as sink:
        yield Operator(Path(name), f"sqlite:///{name}/newsletter.sqlite3", sink)


def closed_loop() -> Row:
    """Subscriptions as fast as 64 connections get answers."""
    with newsletter() as operator:
        seen, lost = subscribe(operator, seconds=15)
    speed, others = seen["answers"]["303"] / seen["seconds"], sum(seen["answers"].values()) - seen["answers"]["303"] + seen["broken"]
    measured = f"{speed:,.0f}/s, p50 {seen['p50']} ms, p99 {seen['p99']} ms; {lost} lost, {others} others"
    return Row("subscribe, SQLite, 64 connections", "≥ 1,000/s, 0 lost, 0 but 303", measured, speed >= 1000 and not lost and not others)


def open_loop() -> Row:
    """Subscriptions at a rate, whatever the server does."""
    with newsletter() as operator:
        seen, lost = subscribe(operator, seconds=30, rate=200)
    others = sum(seen["answers"].values()) - seen["answers"]["303"] + seen["broken"] + seen["waiting"]
    measured = f"p50 {seen['p50']} ms, p99 {seen['p99']} ms, longest {seen['max']} ms of {seen['answers']['303']:,}; {lost} lost, {others} others"
    return Row("open loop, 200/s", "p99 ≤ 150 ms", measured, seen["p99"] <= 150 and not lost and not others)


def server_deaths() -> Row:
    """kill -9 of the server under load."""
    with newsletter() as operator:
        found = kill_server(operator, DEATHS)
    measured = f"{found.lost} lost of {found.acknowledged:,} acknowledged, integrity {found.integrity}"
    reached = found.acknowledged > 1000 and not found.lost and not found.others and found.integrity == "ok"
    return Row(f"{DEATHS} kill -9 of the server under load", "0 lost, integrity ok", measured, reached)


def sender_deaths(policy: str, number: signal.Signals) -> Row:
    """A signal to the sender in the middle of an issue."""
    with newsletter() as operator:
        found = stop_sender(operator, DEATHS, policy, number)
    measured = (
        f"{found.lost} lost of {found.people:,}, {found.duplicates} duplicates ({found.strange_duplicates} with another Message-ID), {found.uncertain} uncertain ({found.unlisted} unlisted)"
    )
    most = found.kills * 8 if policy == "resend" and number == signal.SIGKILL else 0
    reached = not found.lost and found.duplicates <= most and not found.strange_duplicates and not found.unlisted
    if number == signal.SIGTERM:
        reached = reached and not found.uncertain and found.statuses == Counter({1: DEATHS})
        return Row(f"{DEATHS} SIGTERM mid-send", "0 lost, 0 duplicates, 0 uncertain", measured, reached)
    demanded = f"0 lost, ≤ {most} duplicates, all with the same Message-ID" if most else "0 lost, 0 duplicates, every uncertain one listed"
    return Row(f"{DEATHS} kill -9 of the sender, 8 connections, {policy}", demanded, measured, reached)


def fuzzed() -> Row:
    """Requests that no browser sends."""
    with newsletter() as operator, operator.serving("--trust-proxy", "127.0.0.1") as server:
        statuses, wrong = fuzz(server.port, REQUESTS, seed=1)
        status, traces = server.stop(), tracebacks(server.log)
    for data in wrong[:5]:
        print(repr(data[:500]), file=sys.stderr)
    measured = f"{len(wrong)} of 5xx, {traces} tracebacks; " + ", ".join(f"{number:,} × {code or 'closed'}" for code, number in statuses.most_common(8))
    return Row(f"{REQUESTS:,} fuzzed requests", "0 of 5xx, 0 tracebacks", measured, not wrong and not traces and not status)


def scanned() -> Row:
    """A scanner, and a browser with scripts, at every address of every mail."""
    with newsletter() as operator, operator.serving() as server:
        mails = make_mails(operator, server)
        found = scan(operator, server, mails)
        database = operator.open()
        before = dump(database)
        opened = browse(found.urls)
        changed = dump(database) != before
        database.close()
    measured = f"{found.changed + changed} changes in {found.statuses.total()} requests and {opened} pages opened, {len(found.urls)} links of {len(mails)} mails"
    return Row("scanner and Chromium at every link of every mail", "0 state changes", measured, not found.changed and not changed and opened == len(found.urls) > 0)


def bombed() -> Row:
    """Posts at one person."""
    with newsletter() as operator:
        mails = len(bomb(operator, POSTS))
    return Row(f"{POSTS:,} posts at one victim, tags, rotating sources", "≤ 3 mails", f"{mails} mails", 1 <= mails <= 3)


def stateful(kind: str, url: str) -> Row:
    """Whatever happens, compared with a model."""
    steps = run(url, STEPS)
    return Row(f"stateful property test, {kind}", f"0 illegal edges in {STEPS:,} steps", f"0 in {steps:,} steps", steps >= STEPS)


def stateful_sqlite() -> Row:
    """On SQLite."""
    with tempfile.TemporaryDirectory() as name:
        return stateful("SQLite", f"sqlite:///{name}/newsletter.sqlite3")


def stateful_postgresql() -> Row:
    """On PostgreSQL."""
    binaries = find_binaries() or install_postgres()
    if binaries is None:
        return Row("stateful property test, PostgreSQL", f"0 illegal edges in {STEPS:,} steps", "there is no PostgreSQL", False)
    with running(binaries) as server:
        return stateful("PostgreSQL", server.new_database())


def large() -> Row:
    """Bodies far beyond a form."""
    with newsletter() as operator, operator.serving() as server:
        found = [large_body(server, BODY, chunked) for chunked in (False, True)]
    measured = ", ".join(f"{status} and +{grown / 2**20:.1f} MiB" for status, grown in found)
    reached = all(status == 413 and grown <= 5 * 2**20 for status, grown in found)
    return Row("200 MiB body, plain and chunked", "413, memory flat (+ ≤ 5 MiB)", measured, reached)


ROWS: dict[str, Callable[[], Row]] = {
    "closed-loop": closed_loop,
    "open-loop": open_loop,
    "server-deaths": server_deaths,
    "resend": lambda: sender_deaths("resend", signal.SIGKILL),
    "hold": lambda: sender_deaths("hold", signal.SIGKILL),
    "sigterm": lambda: sender_deaths("resend", signal.SIGTERM),
    "fuzz": fuzzed,
    "scanner": scanned,
    "bomb": bombed,
    "stateful-sqlite": stateful_sqlite,
    "stateful-postgresql": stateful_postgresql,
    "body": large,
}


def disk() -> str:
    """How long it takes to reach the disk, in milliseconds."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return f"fsync p50 {statistics.median(took):.1f} ms, p99 {sorted(took)[197]:.1f} ms"


def main() -> int:
    """Print the table, line by line."""
    names = sys.argv[1:] or list(ROWS)
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {disk()}\n")
    print("| what | demanded | measured | |\n|---|---|---|---|", flush=True)
    missed = 0
    for name in names:
        began = time.monotonic()
        row = ROWS[name]()
        missed += not row.reached
        print(f"| {row.what} | {row.demanded} | {row.measured} ({time.monotonic() - began:.0f} s) | {'ok' if row.reached else 'MISSED'} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
