"""Posts subscriptions as fast as the server answers, or at a rate, from a process of its own: `python -m tests.newsletter.load PORT`.

It runs for some seconds or until SIGTERM, over connections that it makes anew when one breaks, writes every address that was answered by
303 to a file, and prints what it saw as JSON: how many answers of each status, seconds, and the latencies in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from collections import Counter, deque
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote_plus


class Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self, load: Load) -> None:
        self.load, self.data, self.email, self.began = load, b"", "", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.load.free(self)

    def post(self, number: int, began: float) -> None:
        self.email, self.began, self.data = self.load.email(number), began, b""
        body = f"email={quote_plus(self.email)}&page=%2Fterms%2Ftoken%2F&website=".encode()
        source = (
            f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n" if self.load.bomb else ""
        )
        self.transport.write(
            f"POST /subscribe HTTP/1.1\r\nHost: 127.0.0.1\r\n{source}Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self.load.answered(int(head[9:12]), self.email, self.began)
        self.email = ""
        self.load.free(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.load.lost(self)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


class Load:
    """What is posted, and what came back."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.port, self.rate, self.prefix, self.bomb, self.most = (
            given.port,
            given.rate,
            given.prefix,
            given.bomb,
            given.most,
        )
        self.numbers, self.answers, self.latencies = count(), Counter[int](), list[float]()
        self.broken, self.going, self.tasks = 0, True, set[asyncio.Task[None]]()
        self.idle: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.out = given.out.open("w") if given.out else None

    def email(self, number: int) -> str:
        if self.bomb:  # one inbox behind dots and tags
            return f"{'.'.join('victim'[: number % 6 + 1])}{'victim'[number % 6 + 1 :]}+{number}@example.org"
        return f"{self.prefix}-{number}@example.org"

    def free(self, connection: Connection) -> None:
        """A connection has nothing to do: give it a request."""
        if not self.going:
            return
        if self.rate and not self.due:
            self.idle.append(connection)
            return
        number = next(self.numbers)
        if self.most and number >= self.most:
            self.going = False
            return
        connection.post(number, self.due.popleft() if self.rate else time.perf_counter())

    def answered(self, status: int, email: str, began: float) -> None:
        self.latencies.append(time.perf_counter() - began)
        self.answers[status] += 1
        if status == 303 and self.out:
            self.out.write(email + "\n")

    def lost(self, connection: Connection) -> None:
        self.broken += bool(connection.email)
        with suppress(ValueError):
            self.idle.remove(connection)
        self.open()

    def open(self) -> None:
        task = asyncio.get_running_loop().create_task(self._open())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _open(self) -> None:
        while self.going:
            try:
                await asyncio.get_running_loop().create_connection(lambda: Connection(self), "127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                return

    async def ticks(self) -> None:
        """At the rate that was asked for, whatever the server does."""
        began, number = time.perf_counter(), 0
        while self.going:
            now = time.perf_counter()
            while began + number / self.rate <= now:
                self.due.append(began + number / self.rate)
                number += 1
                if self.idle:
                    self.free(self.idle.popleft())
            await asyncio.sleep(0.001)


async def main() -> None:
    """Post, and print what came back."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--prefix", default="reader")
    parser.add_argument("--bomb", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    load = Load(given)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    for _ in range(given.connections):
        load.open()
    ticks = asyncio.create_task(load.ticks()) if load.rate else None
    began = time.perf_counter()
    while load.going and not ended.is_set() and time.perf_counter() < began + given.seconds:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 0.1)
    load.going, took = False, time.perf_counter() - began
    await asyncio.sleep(0.5)  # for what is on its way
    if ticks:
        ticks.cancel()
    if load.out:
        load.out.close()
    found = sorted(load.latencies) or [0.0]
    shares = {
        name: round(found[min(len(found) - 1, int(len(found) * share))] * 1000, 1)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))
    }
    print(
        json.dumps(
            {"answers": load.answers, "broken": load.broken, "seconds": took, "waiting": len(load.due), **shares}
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
