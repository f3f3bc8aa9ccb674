"""The process that serves the newsletter: one loop for requests, one writer, one clerk, and connections to the mail server."""

from __future__ import annotations

import logging
import math
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from .config import Config, is_local
from .database import Database, Writer
from .dispatch import Dispatcher
from .intake import newest_source_key, purge, remember_consent, work_off
from .leases import give_back, holds, new_owner
from .outbox import LEASE, Outbox
from .protocol import Protocol
from .texts import Texts
from .transport import Folder, Transport
from .web import Web

log = logging.getLogger("sitegen.newsletter")

_HOUR = 3600.0
_MOST_CONNECTIONS = 1000


class Service:
    """All threads of the newsletter, and the ASGI application in front of them."""

    def __init__(
        self, config: Config, database: Database, transport: Callable[[], Transport], proxies: tuple[str, ...] = ()
    ) -> None:
        """`proxies` are the addresses and networks whose X-Forwarded-For is believed."""
        self.config, self.database = config, database
        self.owner = new_owner()
        self.stopping = threading.Event()
        database.write(
            lambda connection: remember_consent(connection, config.consent_hash, config.consent, time.time())
        )
        self.source_key = database.write(lambda connection: newest_source_key(connection, time.time()))
        self.writer = Writer(database)
        texts = Texts(config).prove()
        self.dispatcher = Dispatcher(
            Outbox(config, texts, self.owner), self.writer.write, transport, connections=2, patience=math.inf
        )
        first = transport()
        # Whoever can read the outbox can confirm anything, so it is shown where only this machine comes.
        self.outbox = first.path if isinstance(first, Folder) and is_local(config.public_url) else None
        self.app = Web(config, texts, self.writer, lambda: self.source_key, self._works, self.outbox).app()
        asgi = ProxyHeadersMiddleware(self.app, list(proxies)) if proxies else self.app  # type: ignore[arg-type]
        self.server = uvicorn.Server(
            uvicorn.Config(
                asgi, http=Protocol, log_config=None, access_log=False, proxy_headers=False, server_header=False,
                limit_concurrency=_MOST_CONNECTIONS, timeout_graceful_shutdown=20, lifespan="off",
            )
        )  # fmt: skip
        parts = (self._clerk, self.dispatcher.run)
        self.threads = [threading.Thread(target=self._until_it_ends, args=(part,), daemon=True) for part in parts]

    @contextmanager
    def running(self, host: str, port: int) -> Iterator[str]:
        """Everything is at work while the block runs, `serve` included; the address it listens on. Raises OSError if that is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=_MOST_CONNECTIONS) as listening:
            self.listening = listening
            shown = f"[{host}]" if ":" in host else host
            self.writer.start()
            for thread in self.threads:
                thread.start()
            try:
                yield f"http://{shown}:{listening.getsockname()[1]}/"
            finally:
                self._stop()

    def serve(self) -> None:
        """Answer requests until SIGTERM, SIGINT or `end`. What is logged holds no address: there is no access log."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):  # which uvicorn raises once more when it has ended
                signal.signal(number, lambda *_: self.end())
        self.server.run([self.listening])

    def end(self) -> None:
        """Let `serve` return."""
        self.server.should_exit = True

    def _stop(self) -> None:
        self.stopping.set()
        self.dispatcher.stop()
        for thread in self.threads:
            thread.join()
        self.writer.stop()
        self.database.write(lambda connection: give_back(connection, LEASE, self.owner))

    def _until_it_ends(self, part: Callable[[], None]) -> None:
        """A server that takes posts which nobody reads is worse than none: whatever keeps it running starts it again."""
        try:
            part()
        except Exception as error:
            log.error("the service ends: %s", type(error).__name__)
            self.end()

    def _works(self) -> bool:
        return all(thread.is_alive() for thread in self.threads)

    def _clerk(self) -> None:
        tidied = -_HOUR
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                if began > tidied + _HOUR:
                    self.source_key = self.writer.write(_tidy)
                    tidied = began
                number = self.writer.write(self._decide)
            except SQLAlchemyError as error:
                log.error("posts wait: %s", type(error).__name__)
                self.stopping.wait(5)
                continue
            if number:
                self.dispatcher.wake.set()
            # Visitors come first: working off posts takes at most a third of the writer's time.
            self.stopping.wait(2 * (time.monotonic() - began) if number else 0.1)

    def _decide(self, connection: Connection) -> int:
        """Work off posts, if this is the server that sends mails: two at once would each keep the budgets alone."""
        if not holds(connection, LEASE, self.owner):
            return 0
        return work_off(connection, self.config.keys, self.config.budget, time.time())


def _tidy(connection: Connection) -> bytes:
    purge(connection, time.time())
    return newest_source_key(connection, time.time())
