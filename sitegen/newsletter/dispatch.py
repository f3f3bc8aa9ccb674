"""Claim, send, record: how mails leave, whatever kind they are.

One thread talks to the database, and as many others as there are connections talk to the mail server. In one transaction it
records what has been sent and claims no more than what is free to be sent, so a kill leaves at most one mail
a connection of which nobody knows whether it went out.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .database import Write
from .transport import RefusedError, Transport, UncertainError, UnreachedError

log = logging.getLogger("sitegen.newsletter")

MOST_ATTEMPTS = 15  # with the waits between them: about three days
LONGEST_WAIT = 12 * 3600.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """One mail on its way. `key` is its row's, `data` what goes over the wire."""

    key: Any
    to: str
    data: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: sent, failed, uncertain, or queued again for `wait` seconds later."""

    job: Job
    state: str
    code: int | None = None
    detail: str = ""
    wait: float = 0.0
    attempts: int = 0
    refusal: RefusedError | None = None

    @property
    def may_be_sent_again(self) -> bool:
        """Whether a mail that may or may not have arrived should go out once more, under the same Message-ID."""
        return self.state == "uncertain" and self.attempts < MOST_ATTEMPTS


class Queue(Protocol):
    """Where jobs come from and outcomes go to."""

    sender: str

    def step(self, connection: Connection, outcomes: Sequence[Outcome], room: int) -> list[Job]:
        """In one transaction, record `outcomes` and claim up to `room` jobs."""

    def next_look(self) -> float | None:
        """How many seconds after the last step there may be something to claim; None if never."""


class Dispatcher:
    """Sends what a queue holds, over a number of connections."""

    def __init__(
        self, source: Queue, write: Write[list[Job]], transport: Callable[[], Transport], connections: int,
        backoff: float = 60.0, a_second: float = 0.0, patience: float = 30.0,
    ) -> None:  # fmt: skip
        """`backoff` and `patience` are seconds: the first wait for a busy server, and how long a database may be out of order."""
        self.patience = patience
        self.source, self.write, self.transport = source, write, transport
        self.connections, self.backoff, self.a_second = connections, backoff, a_second
        self.stopping = threading.Event()
        self.wake = threading.Event()
        self.unreached = ""  # why the mail server was not reached last time
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

    def stop(self) -> None:
        """Claim nothing more; `run` ends when what is under way is recorded."""
        self.stopping.set()
        self.wake.set()

    def run(self) -> None:
        """Until the queue will never have another job, or `stop`. Raises what the database raises."""
        threads = [threading.Thread(target=self._connection, daemon=True) for _ in range(self.connections)]
        for thread in threads:
            thread.start()
        try:
            self._run()
        finally:
            for _ in threads:
                self._jobs.put(None)
            for thread in threads:
                thread.join()

    def _run(self) -> None:
        free, failures, resume_at = self.connections, 0, 0.0
        outcomes: list[Outcome] = []
        budget, counted = 1.0, time.monotonic()
        while True:
            now = time.monotonic()
            budget = (
                min(budget + (now - counted) * self.a_second, max(1.0, self.a_second)) if self.a_second else float(free)
            )
            counted = now
            room = 0 if self.stopping.is_set() or now < resume_at else min(free, int(budget))
            jobs = self._step(outcomes, room)
            for job in jobs:
                self._jobs.put(job)
            free -= len(jobs)
            budget -= len(jobs)
            if free == self.connections and (
                self.stopping.is_set() or (not jobs and room and self.source.next_look() is None)
            ):
                return
            outcomes = self._wait(free, jobs != [] and free > 0)
            free += len(outcomes)
            if any(outcome.state == "unreached" for outcome in outcomes):
                failures += 1
                resume_at = time.monotonic() + min(self.backoff, 2.0 ** min(failures, 10) / 2)
                self.unreached = next(outcome.detail for outcome in outcomes if outcome.state == "unreached")
            elif outcomes:
                failures, self.unreached = 0, ""

    def _step(self, outcomes: Sequence[Outcome], room: int) -> list[Job]:
        """What has been sent must be written down, so a database that is out of order is asked again."""
        began = time.monotonic()
        while True:
            try:
                return self.write(lambda connection: self.source.step(connection, outcomes, room))
            except SQLAlchemyError as error:
                if self.stopping.is_set() or time.monotonic() - began > self.patience:
                    raise
                log.error("mails wait: %s", type(error).__name__)
                self.stopping.wait(1)

    def _wait(self, free: int, more: bool) -> list[Outcome]:
        """The outcomes there are; waits for the first, or until it is time to look for jobs again."""
        found: list[Outcome] = []
        if free == self.connections:
            self.wake.wait(min(_LOOK_SECONDS, self.source.next_look() or 0.05))
            self.wake.clear()
        else:
            with suppress(queue.Empty):
                found.append(self._outcomes.get(timeout=0.001 if more else _LOOK_SECONDS))
        while not self._outcomes.empty():
            found.append(self._outcomes.get())
        return found

    def _connection(self) -> None:
        transport = self.transport()
        while job := self._jobs.get():
            self._outcomes.put(self._sent(transport, job))
        transport.close()

    def _sent(self, transport: Transport, job: Job) -> Outcome:
        try:
            transport.send(self.source.sender, job.to, job.data)
        except RefusedError as refusal:
            again = refusal.temporary and job.attempts + 1 < MOST_ATTEMPTS
            state, wait = ("queued", self._wait_after(job)) if again else ("failed", 0.0)
            return Outcome(job, state, refusal.code, refusal.detail, wait, job.attempts + 1, refusal)
        except UncertainError as error:
            return Outcome(job, "uncertain", None, str(error)[:200], self._wait_after(job), job.attempts + 1)
        except (UnreachedError, OSError) as error:
            return Outcome(job, "unreached", None, str(error)[:200], 0.0, job.attempts)
        except Exception as error:  # a connection that ended here would be missed for ever
            return Outcome(job, "uncertain", None, type(error).__name__, self._wait_after(job), job.attempts + 1)
        return Outcome(job, "sent", 250, "", 0.0, job.attempts + 1)

    def _wait_after(self, job: Job) -> float:
        return min(self.backoff * 2.0**job.attempts, LONGEST_WAIT) * random.uniform(0.8, 1.2)
