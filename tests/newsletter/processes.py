"""The newsletter's commands as an operator runs them: processes of their own, that can be killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from sitegen.newsletter.database import Database
from tests.conftest import PROJECT, Result, sitegen
from tests.newsletter.smtp_sink import Sink
from tests.newsletter.world import SECRET, SITE

ISSUE = "2026-11-01-attention"
_SITE = f"""\
title: A small glossary
base_url: {SITE}
newsletter:
  action: http://127.0.0.1:1/subscribe
  title: New terms
  consent: A mail about once a month with new terms. Leave with one click.
  sender: New terms <news@glossary.example>
"""
_ABOUT_CONTENT = ("serve", "send", "resume", "doctor", "test")
_FILES = {
    "site.yaml": _SITE,
    "terms/token.yaml": "term: Token\ndefinition: A piece of text that a model reads as one.\n",
    f"newsletter/{ISSUE}.md": "# Attention, explained – at last\n\nWhat a *head* looks at, and [[token]].\n\n- .\n- naïve and 漢字\n",
}


class Server:
    """`sitegen newsletter serve` at work."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.url = f"http://127.0.0.1:{port}/"

    def memory(self) -> int:
        """Resident bytes."""
        with suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/status").read_text()
            return int(fields.partition("VmRSS:")[2].split()[0]) * 1024
        done = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return int(done.stdout) * 1024

    def stop(self) -> int:
        """End as an operator would; the status."""
        self.process.terminate()
        return self.process.wait(30)


class Operator:
    """A content folder, a database and a mail server, and the commands on them."""

    def __init__(self, folder: Path, database_url: str, sink: Sink) -> None:
        self.folder, self.database_url, self.sink = folder, database_url, sink
        self.content, self.log, self.port = folder / "content", folder / "log", free_port()
        for name, text in _FILES.items():
            file = self.content / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.environment = {
            "SITEGEN_DATABASE": database_url, "SITEGEN_SMTP": sink.url, "SITEGEN_NEWSLETTER_KEYS": SECRET, "NO_COLOR": "1", "PYTHONPATH": str(PROJECT),
        }  # fmt: skip

    def open(self) -> Database:
        """The database, for a look at what it holds."""
        return Database(self.database_url)

    def command(self, name: str, *args: object) -> list[str]:
        where = (
            ["--content", str(self.content), "--public-url", f"http://127.0.0.1:{self.port}/"]
            if name in _ABOUT_CONTENT
            else []
        )
        return ["newsletter", *name.split(), *map(str, args), *where]

    def run(self, name: str, *args: object) -> Result:
        """A command, to its end."""
        return sitegen(*self.command(name, *args), cwd=self.folder, **self.environment)

    def start(self, name: str, *args: object) -> subprocess.Popen[bytes]:
        """A command at work; what it says goes to a log."""
        call = [sys.executable, "-m", "sitegen", *self.command(name, *args)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                call, cwd=self.folder, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )

    @contextmanager
    def serving(self, *options: object) -> Iterator[Server]:
        """A server that answers, gone when the block is left."""
        process = self.start("serve", "--port", self.port, *options)
        try:
            _wait_for(process, self.port, self.log)
            yield Server(process, self.port, self.log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def status(self) -> dict[str, Any]:
        """What `status --json` says of the issue."""
        result = self.run("status", ISSUE, "--json")
        assert result.status == 0, result.err
        found: dict[str, Any] = json.loads(result.out)[0]
        return found

    @contextmanager
    def load(self, *options: object) -> Iterator[subprocess.Popen[str]]:
        """The load generator; `result` reads what it saw."""
        command = [sys.executable, "-m", "tests.newsletter.load", str(self.port), *map(str, options)]
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


def result(load: subprocess.Popen[str], stop: bool = False) -> dict[str, Any]:
    """What the load generator saw, at its end or now."""
    if stop:
        load.send_signal(signal.SIGTERM)
    assert load.stdout
    found: dict[str, Any] = json.loads(load.stdout.read())
    return found


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(log.read_text())
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        with suppress(OSError):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                connection.close()
                return
        connection.close()
        time.sleep(0.02)
