"""A real SMTP server in a process of its own, that says 250 only once the mail is on disk, and fails as it is told.

`python -m tests.newsletter.smtp_sink FOLDER` prints its port. In the folder, `log` gets one JSON line a mail, and `rules` says what to do:
`mail`, `rcpt` and `data` map an address (or `*`) to a reply, `busy` is the share of recipients that get a 451, `drop` the share of
mails after whose final dot the connection breaks, `keep` whether those are kept, `delay` seconds before the 250.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import ssl
import subprocess
import sys
import time
import warnings
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Handler:
    """What the sink does with each command."""

    def __init__(self, folder: Path) -> None:
        self.rules_file, self.random = folder / "rules", random.Random(1)
        self.log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def reply(self, stage: str, address: str) -> str | None:
        replies = self.rules.get(stage, {})
        return replies.get(address) or replies.get("*")

    @property
    def rules(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.rules_file.read_text())
        return found

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self.reply("mail", address):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self.reply("rcpt", address):
            return reply
        if self.random.random() < self.rules.get("busy", 0):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        to, data = envelope.rcpt_tos[0], envelope.original_content or b""
        if reply := self.reply("data", to):
            return reply
        rules = self.rules
        dropped = self.random.random() < rules.get("drop", 0)
        if not dropped or rules.get("keep", True):
            line = {
                "to": to,
                "message_id": message_from_bytes(data)["Message-ID"],
                "digest": sha256(data).hexdigest(),
                "data": data.decode("latin-1"),
            }
            os.write(self.log, json.dumps(line).encode() + b"\n")
            os.fsync(self.log)
        await asyncio.sleep(rules.get("delay", 0))
        if dropped:
            server.transport.abort()
        return "250 OK"


async def main() -> None:
    """Serve until killed."""
    warnings.simplefilter("ignore")  # aiosmtpd's, of rare ways of logging in
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    handler, context = Handler(given.folder), None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, loop=loop, hostname="sink", tls_context=context, require_starttls=context is not None),
        "127.0.0.1",
        given.port,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Sink:
    """A sink at work, and what it has got."""

    def __init__(self, folder: Path, *options: object, **rules: object) -> None:
        self.folder, self.options, self.port = folder, options, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.rules(**rules)
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.newsletter.smtp_sink",
            self.folder,
            "--port",
            str(self.port),
            *self.options,
        ]
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def rules(self, **rules: object) -> None:
        """From now on, fail like that and in no other way."""
        part = self.folder / "rules.part"
        part.write_text(json.dumps(rules))
        part.replace(self.folder / "rules")

    def lines(self) -> int:
        """How many mails there are."""
        log = self.folder / "log"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def accepted(self) -> list[dict[str, str]]:
        """The mails, in order: to, message_id, digest, data."""
        log = self.folder / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def wait(self, number: int, seconds: float = 20) -> list[dict[str, str]]:
        """The mails, once there are so many."""
        end = time.monotonic() + seconds
        while self.lines() < number:
            if time.monotonic() > end:
                raise AssertionError(f"{self.lines()} mails, not {number}")
            time.sleep(0.02)
        return self.accepted()


if __name__ == "__main__":
    asyncio.run(main())
