"""What is wrong with a newsletter's surroundings, and how to mend it. Nothing is changed, and nothing sent."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes

from sqlalchemy import func, select, text

from .addresses import Address
from .config import Config
from .database import Database, journal_mode
from .intake import MAILS_KEPT
from .issues import IssueMail, letter
from .keys import Keys
from .leases import give_back, new_owner, take
from .mails import domain_of, parse_sender
from .tables import event, intake, mail, subscriber
from .texts import Texts
from .transport import LOOPBACK, Smtp, Transport, UnreachedError

_SLOW, _LATE = 0.25, 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; with a `hint` if it is wrong."""

    area: str
    message: str
    hint: str = ""


def examine(config: Config, database: Database, transport: Transport) -> Iterator[Finding]:
    """Look at the database, the mail server, the headers, the clock and the keys, in this order."""
    yield from _database(database)
    yield from _mail(transport)
    yield from _headers(config)
    yield from _clock(database)
    yield from _keys(config, database)


def _database(database: Database) -> Iterator[Finding]:
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            said = connection.execute(text("PRAGMA quick_check")).scalar_one()
            hint = "" if said == "ok" else "restore the newest backup; keep this file for whoever looks into it"
            yield Finding(
                "database", f"{database.shown}, SQLite {sqlite3.sqlite_version}, journal {journal_mode()}: {said}", hint
            )
        else:
            yield Finding(
                "database",
                f"{database.shown}: {connection.execute(text('SELECT version()')).scalar_one().split(' (')[0]}",
            )
    owner, began = new_owner(), time.perf_counter()
    database.write(lambda connection: take(connection, "doctor", owner, time.time()))
    took = time.perf_counter() - began
    database.write(lambda connection: give_back(connection, "doctor", owner))
    slow = "the disk is slow, or another program holds the database" if took > _SLOW else ""
    yield Finding("database", f"takes a write in {took * 1000:.0f} ms", slow)
    with database.engine.begin() as connection:
        waits = connection.execute(select(func.count(), func.min(intake.c.at))).one()
        late = select(func.count()).where(mail.c.state == "queued", mail.c.created < time.time() - _LATE)
        stuck = connection.execute(late).scalar_one()
    old = waits[1] is not None and waits[1] < time.time() - _LATE
    yield Finding(
        "database",
        f"{waits[0]} posted forms wait",
        "is `sitegen newsletter serve` running? or the budget of mails is used up" if old else "",
    )
    yield Finding(
        "mail",
        f"{stuck} mails have waited for more than an hour",
        "see the lines about the mail server" if stuck else "",
    )


def _mail(transport: Transport) -> Iterator[Finding]:
    if not isinstance(transport, Smtp):
        yield Finding("mail", "mails become files", "name a mail server with --smtp or SITEGEN_SMTP to send them")
        return
    try:
        smtp = transport.open()
    except UnreachedError as error:
        yield Finding(
            "mail", str(error), "check host, port, user and password, and that the firewall lets this machine out"
        )
        return
    encrypted = hasattr(smtp.sock, "cipher")
    loopback = transport.host in LOOPBACK
    yield Finding(
        "mail",
        f"{transport.host}:{transport.port} answers, {'with' if encrypted else 'without'} TLS, {'logged in' if transport.user else 'without a login'}",
        "" if encrypted or loopback else "ask the provider for a port with TLS",
    )
    transport.close()


def _headers(config: Config) -> Iterator[Finding]:
    parts = Texts(config).prove().issue("A sample", "A sample.", "<p>A sample.</p>", config.site_url)
    sample = letter(config, IssueMail("doctor", "A sample", *parts, config.site_url))
    made = sample.to("reader@example.org", "<doctor@example.org>", 0.0, config.unsubscribe_url("AAAAAAAAAAAAAAAA"))
    yield Finding("headers", "an issue has " + ", ".join(message_from_bytes(made).keys()))
    secure = config.public_url.startswith("https://")
    yield Finding(
        "headers", f"links lead to {config.public_url}",
        "" if secure else "mailbox providers offer one-click unsubscribing over https only; put the service behind a proxy with TLS",
    )  # fmt: skip
    name, address = parse_sender(config.sender)
    yield Finding(
        "headers",
        f"mails come from {address}",
        "" if name else "give the sender a name: Your Glossary <newsletter@example.org>",
    )
    yield Finding(
        "headers",
        f"SPF, DKIM and DMARC of {domain_of(config.sender)} are for its DNS and the mail server; see the README",
    )


def _clock(database: Database) -> Iterator[Finding]:
    with database.engine.begin() as connection:
        newest = connection.execute(select(func.max(event.c.at))).scalar_one() or 0.0
        theirs = (
            connection.execute(text("SELECT extract(epoch from now())")).scalar_one()
            if connection.dialect.name == "postgresql"
            else time.time()
        )
    ahead = newest - time.time()
    yield Finding(
        "clock",
        "nothing in the database is from the future",
        f"the clock went back by {ahead:.0f} s, or did so before; set it by NTP" if ahead > 5 else "",
    )
    apart = abs(float(theirs) - time.time())
    yield Finding("clock", f"{apart:.0f} s apart from the database's", "set both clocks by NTP" if apart > 5 else "")


def _keys(config: Config, database: Database) -> Iterator[Finding]:
    keys = config.keys.keys
    yield Finding(
        "keys",
        f"{len(keys)} in use; the first signs, the others are still known",
        "the same key stands there twice" if len(set(keys)) < len(keys) else "",
    )
    with database.engine.begin() as connection:
        known = connection.execute(select(func.count()).select_from(subscriber)).scalar_one()
        recent = (
            select(mail.c.victim)
            .where(mail.c.created > time.time() - MAILS_KEPT, mail.c.subscriber.is_not(None))
            .limit(50)
        )
        victims = set(connection.execute(recent).scalars())
        owners = (
            select(subscriber.c.email_key)
            .join(mail, mail.c.subscriber == subscriber.c.id)
            .where(mail.c.victim.in_(victims))
        )
        inboxes = {Address(key, key).victim for key in connection.execute(owners).scalars()}
    made = {Keys((key,)).victim(inbox) for key in keys for inbox in inboxes}
    lost = bool(victims) and not victims & made
    yield Finding(
        "keys",
        f"links of {known} subscribers are signed with them",
        "none made the newest mails: was a key lost? their links to unsubscribe would fail" if lost else "",
    )
