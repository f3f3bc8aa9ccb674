"""What the newsletter's tests share: a configuration, people, everything a database holds, and mails as the standard library reads them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from sqlalchemy import Connection, insert, select

from sitegen.newsletter.addresses import parse_address
from sitegen.newsletter.config import Config
from sitegen.newsletter.database import Database
from sitegen.newsletter.issues import IssueMail
from sitegen.newsletter.keys import parse_keys, public_id
from sitegen.newsletter.tables import metadata, subscriber
from sitegen.newsletter.texts import Texts
from tests.conftest import PROJECT

SECRET = "a key that only the tests of this project know"
SITE = "https://glossary.example/"
CONSENT = "A mail about once a month with new terms. Leave with one click."
_URL = re.compile(r"https?://[^\s\"'<>]+")


def make_config(port: int = 1, **changes: Any) -> Config:
    """The newsletter of a small site, served on loopback."""
    config = Config(
        "A small glossary", "New terms", CONSENT, "en", SITE, f"http://127.0.0.1:{port}/",
        "New terms <news@glossary.example>", parse_keys(SECRET), (PROJECT / "templates",),
    )  # fmt: skip
    return replace(config, **changes)


def make_issue(config: Config, name: str = "2026-11-01-attention") -> IssueMail:
    """An issue with a line of every difficulty: long, dotted, beyond ASCII."""
    title = "Attention, explained – at last"
    text = "What a *head* looks at.\n\n.\n.. and a line of dots\n\n" + "A very long line, naïve and 漢字 in it. " * 40
    made = Texts(config).issue(
        title,
        text,
        f"<p>What a <em>head</em> looks at.</p>\n<p>.</p>\n<p>{'naïve 漢字 ' * 100}</p>",
        f"{SITE}newsletter/attention/",
    )
    return IssueMail(name, title, *made, f"{SITE}newsletter/attention/")


def add_people(database: Database, emails: Iterable[str], state: str = "confirmed") -> None:
    """People in a state, as if they had come to it long ago: before anything that holds for a time, but not so long that a purge takes them."""
    then = time.time() - (1e6 if state == "pending" else 1e7)
    addresses = [parse_address(email) for email in emails]
    rows = [
        {"public_id": public_id(), "email": address.email, "email_key": address.key, "state": state, "epoch": 0,
         "created": then, "changed": then, "confirmed_at": then if state == "confirmed" else None}
        for address in addresses
    ]  # fmt: skip
    database.write(lambda connection: connection.execute(insert(subscriber), rows))


def states(connection: Connection) -> dict[str, str]:
    """Who is in which state."""
    return dict(connection.execute(select(subscriber.c.email, subscriber.c.state)).all())


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database but the leases, which are renewed all the time."""

    def read(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        tables = [table for table in metadata.sorted_tables if table.name != "lease"]
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in tables}

    return database.write(read)


@dataclass(frozen=True)
class Mail:
    """A mail as a reader's program sees it."""

    message: EmailMessage

    @property
    def names(self) -> list[str]:
        return self.message.keys()

    @property
    def to(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def urls(self) -> list[str]:
        """Every address in it, headers included, each once."""
        everything = " ".join([*map(str, self.message.values()), self.text, self.html.replace("&amp;", "&")])
        return list(dict.fromkeys(_URL.findall(everything)))

    def url(self, path: str) -> str:
        """The only address in it below that path of the service."""
        found = [url for url in self.urls if re.match(rf"http://[^/]+/{path}/", url)]
        assert len(found) == 1, found
        return found[0]


def read_mail(data: bytes | str) -> Mail:
    """The mail that went over the wire."""
    message = message_from_bytes(data.encode("latin-1") if isinstance(data, str) else data, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return Mail(message)
