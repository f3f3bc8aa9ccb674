"""What goes wrong in the world, done to real processes: the tests do each a few times, the benchmark as often as the figures ask.

Each function does it and tells what came of it; to judge that is for whoever called.
"""

from __future__ import annotations

import random
import signal
import socket
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from sitegen.newsletter.tables import intake, subscriber
from tests.newsletter.processes import ISSUE, Operator, Server, result
from tests.newsletter.world import Mail, add_people, dump, read_mail

_CONNECTIONS = 8
_BETWEEN = 40  # mails between two deaths of a sender, on average
_SHORTLY = 0.002  # seconds that the mail server takes for a mail


# --- the server


@dataclass(frozen=True)
class ServerDeaths:
    """What 303s were worth."""

    acknowledged: int
    lost: int
    others: int  # answers that were no 303
    integrity: str


def kill_server(operator: Operator, kills: int, seed: int = 1) -> ServerDeaths:
    """Kill the server again and again while people subscribe, and look for everybody who was told that it worked."""
    chance, out = random.Random(seed), operator.folder / "acknowledged"
    with operator.load("--connections", 32, "--out", out) as load:
        for _ in range(kills):
            with operator.serving() as server:
                time.sleep(chance.uniform(0.05, 0.8))
                server.process.kill()
        seen = result(load, stop=True)
    told = set(out.read_text().split())
    file = operator.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as plain:  # as any program would open it after the crash
        integrity = str(plain.execute("PRAGMA integrity_check").fetchone()[0])
    plain.close()
    database = operator.open()
    kept = database.write(
        lambda c: {*c.execute(select(intake.c.email)).scalars(), *c.execute(select(subscriber.c.email)).scalars()}
    )
    database.close()
    return ServerDeaths(
        len(told), len(told - kept), sum(seen["answers"].values()) - seen["answers"].get("303", 0), integrity
    )


def subscribe(operator: Operator, seconds: float, rate: float = 0) -> tuple[dict[str, Any], int]:
    """What a load of posts saw, and how many of those acknowledged are not in the database."""
    out = operator.folder / "acknowledged"
    with (
        operator.serving() as server,
        operator.load("--connections", 64, "--seconds", seconds, "--rate", rate, "--out", out) as load,
    ):
        seen = result(load)
        server.stop()
    database = operator.open()
    kept = database.write(
        lambda c: {*c.execute(select(intake.c.email)).scalars(), *c.execute(select(subscriber.c.email)).scalars()}
    )
    database.close()
    return seen, len(set(out.read_text().split()) - kept)


# --- the sender


@dataclass(frozen=True)
class SenderDeaths:
    """Who got an issue, and how often."""

    people: int
    kills: int
    lost: int  # got nothing, and no row says so
    duplicates: int
    strange_duplicates: int  # with another Message-ID or other bytes than the first
    uncertain: int
    unlisted: int  # uncertain, and not listed by `status`
    statuses: Counter[int]


def stop_sender(operator: Operator, kills: int, policy: str, number: signal.Signals, seed: int = 1) -> SenderDeaths:
    """Stop the sender again and again in the middle of an issue, each time starting it anew, and let the last one finish."""
    chance = random.Random(seed)
    people = [f"reader-{n}@example.org" for n in range((kills + 1) * 2 * _BETWEEN)]
    database = operator.open()
    add_people(database, people)
    database.close()
    operator.sink.rules(delay=_SHORTLY)
    options = (ISSUE, "--policy", policy, "--connections", _CONNECTIONS, "--backoff", 0.1)
    statuses, done = Counter[int](), 0
    for _ in range(kills):
        target = operator.sink.lines() + chance.randint(1, 2 * _BETWEEN - _CONNECTIONS)
        sender = operator.start("send", *options)
        try:
            while operator.sink.lines() < target and sender.poll() is None:
                time.sleep(0.001)
            done += sender.poll() is None
            sender.send_signal(number)
            statuses[sender.wait(30)] += 1
        finally:
            sender.kill()
    assert done == kills, operator.log.read_text()
    operator.run("send", *options)
    return _delivered(operator, people, done, statuses)


def _delivered(operator: Operator, people: list[str], kills: int, statuses: Counter[int]) -> SenderDeaths:
    first: dict[str, dict[str, str]] = {}
    duplicates = strange = 0
    for mail in operator.sink.accepted():
        known = first.setdefault(mail["to"], mail)
        duplicates += known is not mail
        strange += (known["message_id"], known["digest"]) != (mail["message_id"], mail["digest"])
    status = operator.status()
    listed = {one["email"] for one in status["open"] if one["state"] == "uncertain"}
    uncertain = status["counts"].get("uncertain", 0)
    lost = len(set(people) - first.keys() - listed)
    return SenderDeaths(len(people), kills, lost, duplicates, strange, uncertain, uncertain - len(listed), statuses)


# --- visitors


def bomb(operator: Operator, posts: int) -> list[Mail]:
    """Post one person's address in ever new spellings from ever new sources; the mails that come of it."""
    with operator.serving("--trust-proxy", "127.0.0.1") as server:
        with operator.load("--connections", 16, "--most", posts, "--bomb") as load:
            seen = result(load)
        assert seen["answers"] == {"303": posts}, seen
        wait_until_decided(operator)
        server.stop()
    return [read_mail(mail["data"]) for mail in operator.sink.accepted()]


def wait_until_decided(operator: Operator, seconds: float = 120) -> None:
    """Until no post waits."""
    database, end = operator.open(), time.monotonic() + seconds
    while database.write(lambda c: c.execute(select(func.count()).select_from(intake)).scalar_one()):
        assert time.monotonic() < end
        time.sleep(0.1)
    database.close()


def make_mails(operator: Operator, server: Server) -> list[Mail]:
    """A mail of every kind: to confirm, to say that one is subscribed already, to export, to erase, and an issue."""
    people = [f"{name}@example.org" for name in ("export", "erase", "courtesy", "issue")]
    database = operator.open()
    add_people(database, people)
    database.close()
    posts = [
        ("new@example.org", ""),
        ("courtesy@example.org", ""),
        ("export@example.org", "export"),
        ("erase@example.org", "erase"),
    ]
    before = operator.sink.lines()
    for email, wish in posts:
        assert send(server.url + ("data" if wish else "subscribe"), "POST", f"email={email}&wish={wish}")[0] == 303
    operator.sink.wait(before + 4)
    assert operator.run("send", ISSUE).status == 0
    wait_until_decided(operator)
    return [read_mail(mail["data"]) for mail in operator.sink.accepted()[before:]]


def send(url: str, method: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request."""
    parts = urlsplit(url)
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request(method, parts.path or "/", body or None, {**kind, **headers})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@dataclass(frozen=True)
class Scan:
    """What a scanner saw, and whether anything changed for it."""

    urls: list[str]
    statuses: Counter[tuple[str, int]]
    changed: bool


def scan(
    operator: Operator, server: Server, mails: list[Mail], methods: tuple[str, ...] = ("GET", "HEAD", "OPTIONS")
) -> Scan:
    """Fetch every address of the service in every mail, twice, as scanners do."""
    urls = sorted({url for mail in mails for url in mail.urls if url.startswith(server.url)})
    database, statuses = operator.open(), Counter[tuple[str, int]]()
    before = dump(database)
    for _ in range(2):
        for url in urls:
            for method in methods:
                statuses[method, send(url, method)[0]] += 1
    changed = dump(database) != before
    database.close()
    return Scan(urls, statuses, changed)


def large_body(server: Server, size: int, chunked: bool) -> tuple[int, int]:
    """The answer to a body of that many bytes, and by how many the server's memory grew."""
    piece = b"x" * 2**16
    before = most = server.memory()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
        kind = b"Content-Type: application/x-www-form-urlencoded"
        connection.sendall(b"\r\n".join([b"POST /subscribe HTTP/1.1", b"Host: 127.0.0.1", kind, length, b"", b""]))
        for number in range(size // len(piece)):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if number % 200 == 0:
                most = max(most, server.memory())
        if chunked:
            connection.sendall(b"0\r\n\r\n")
        answer = connection.recv(4096)
    return int(answer[9:12]), max(most, server.memory()) - before


def tracebacks(log: Path) -> int:
    """How many there are in what the commands said."""
    return log.read_text(errors="replace").count("Traceback")


def browse(urls: list[str]) -> int:
    """Open every address in a real Chromium, with scripts, and let it load all it wants; how many opened."""
    from tests.browser.conftest import launched

    with launched() as browser:
        page = browser.new_page()
        opened = 0
        for url in urls:
            page.goto(url, wait_until="networkidle")
            opened += page.locator("h1").count()
    return opened
