"""What a mail is made of: a text and an HTML part, and the headers that mailbox providers ask of a newsletter.

No header holds anything a reader typed, but for the address in To, which can hold ASCII only (RFC 5322, 2369, 2919, 3834, 5064, 8058).
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from functools import cached_property
from hashlib import sha256
from urllib.parse import urlsplit

UNSUBSCRIBE = (
    "\ue002"  # stands in an issue's text and HTML where each mail has a link of its own; content may not hold it
)
_BOUNDARY = "=_part_"
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_one_line(text: str) -> bool:
    """Whether `text` may stand in a header: a line end in it, however it is written, would begin another one."""
    return not _UNSEEN.search(text) and "=?" not in text


def parse_sender(text: str) -> tuple[str, str]:
    """The name and the address in `Name <address>`. Raises ValueError."""
    (name, address), *others = getaddresses([text]) or [("", "")]
    if (
        others
        or not is_one_line(text)
        or not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+|[^@\s<>]+@localhost", address)
        or not address.isascii()
    ):
        raise ValueError("the sender is written as Name <address>")
    return name, address


@dataclass(frozen=True)
class Letter:
    """A mail to anybody. `to` makes it one to somebody; what all have in common is put together once.

    Raises ValueError if a header would be more than one line, or an encoded word that might hide one.
    """

    sender: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        parse_sender(self.sender)
        for name, value in (("Subject", self.subject), *self.headers):
            if not is_one_line(value) or not (name == "Subject" or value.isascii()):
                raise ValueError(f"{name} must be one line of plain text")

    @property
    def hash(self) -> str:
        """Of everything that is the same in each mail."""
        parts = (self.sender, self.subject, self.text, self.html, *(f"{name}:{value}" for name, value in self.headers))
        return sha256("\0".join(parts).encode()).hexdigest()

    @cached_property
    def _head(self) -> bytes:
        name, address = parse_sender(self.sender)
        message = EmailMessage(policy=SMTP)
        message["From"] = MailAddress(name, addr_spec=address)
        message["Subject"] = self.subject
        # The library would turn a long address into encoded words, which nobody decodes there.
        rest = "".join(f"{header}: {value}\r\n" for header, value in self.headers)
        return message.as_bytes().removesuffix(b"\r\n") + rest.encode("ascii")

    def to(self, email: str, message_id: str, moment: float, unsubscribe: str = "") -> bytes:
        """The mail to `email`, as it goes over the wire. With `unsubscribe`, an address, it has a List-Unsubscribe."""
        date = format_datetime(datetime.fromtimestamp(moment, UTC))
        boundary = _BOUNDARY + self.hash[:24]
        lines = [f"To: {email}", f"Date: {date}", f"Message-ID: {message_id}"]
        if unsubscribe:
            lines += [f"List-Unsubscribe: <{unsubscribe}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
        lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"']
        made = [self._head, "\r\n".join(lines).encode("ascii"), b"\r\n\r\n"]
        for kind, body in (("plain", self.text), ("html", self.html)):
            made += [
                f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'.encode(),
                _quoted(body.replace(UNSUBSCRIBE, unsubscribe)), b"\r\n",
            ]  # fmt: skip
        return b"".join([*made, f"--{boundary}--\r\n".encode()])


def _quoted(text: str) -> bytes:
    """Quoted-printable (RFC 2045 6.7) with the line ends of mail."""
    return b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")


def domain_of(sender: str) -> str:
    """The domain that mails come from."""
    return parse_sender(sender)[1].rpartition("@")[2]


def list_id(title: str, public_url: str) -> str:
    """RFC 2919: what the list is called, and a name that no other list has."""
    host = urlsplit(public_url).hostname or "localhost"
    quoted = title.replace("\\", " ").replace('"', "'")
    shown = f'"{quoted}" ' if title.isascii() else ""
    return f"{shown}<{host if host.startswith('newsletter.') else f'newsletter.{host}'}>"
