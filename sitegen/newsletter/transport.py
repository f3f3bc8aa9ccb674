"""Ways out for a mail: SMTP, or a folder of .eml files for trying things out."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import ssl
from dataclasses import dataclass
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

CONNECT_SECONDS = 30
REPLY_SECONDS = 600  # after the final dot a server may think for ten minutes, RFC 5321 4.5.3.2.6
_AGAINST_US = re.compile(
    r"[45]\.(7\.|1\.[78]\b)"
)  # RFC 3463: policy; the sender's address, which many judge only at RCPT
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass
class RefusedError(Exception):
    """The server said no. `ours`: it has something against us or the text, not against this one mailbox."""

    code: int
    detail: str
    ours: bool = False

    @property
    def temporary(self) -> bool:
        return self.code < 500

    @property
    def no_such_mailbox(self) -> bool:
        """Whether the address does not exist (RFC 3463: 5.1.x, but for the sender's), rather than being full, busy or choosy."""
        return not self.ours and (
            self.detail.startswith("5.1.") or (self.code == 550 and not re.match(r"5\.\d", self.detail))
        )


class UnreachedError(Exception):
    """Nothing was handed over: no connection, no login."""


class UncertainError(Exception):
    """The connection broke after the text was sent and before the server's word: it may have the mail, or not (RFC 1047)."""


class Transport(Protocol):
    """One connection, used by one thread."""

    def send(self, sender: str, to: str, data: bytes) -> None:
        """Hand over one mail. Raises RefusedError, UnreachedError or UncertainError."""

    def close(self) -> None:
        """Say goodbye."""


class Folder:
    """Each mail becomes a file, named by its Message-ID: the same mail twice is one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, sender: str, to: str, data: bytes) -> None:
        name = sha256(str(message_from_bytes(data)["Message-ID"]).encode()).hexdigest()[:24] + ".eml"
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f".{name}.{os.getpid()}.part"
        part.write_bytes(data)
        part.replace(self.path / name)

    def close(self) -> None:
        """Nothing is open."""


class Smtp:
    """`smtp://user:password@host:587` (TLS where the server offers it) or `smtps://host` (TLS from the start)."""

    def __init__(self, url: str) -> None:
        """Raises ValueError if `url` is not one of these; what it says holds nothing of the password."""
        try:
            parts = urlsplit(url)
            wrong = parts.port == 0 or parts.path.strip("/") or parts.query or parts.fragment
        except ValueError:
            wrong = True
        if wrong or parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError(
                "a mail server is written as smtp://user:password@host:587 or smtps://host, a '/', '#', '@' or '?' in a password as %2F, %23, %40 or %3F"
            )
        self.secure, self.host = parts.scheme == "smtps", parts.hostname
        self.port = parts.port or (465 if self.secure else 587)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.smtp: smtplib.SMTP | None = None

    def open(self) -> smtplib.SMTP:
        """The connection, made if there is none. Raises UnreachedError."""
        if self.smtp:
            return self.smtp
        try:
            context = ssl.create_default_context()
            if self.secure:
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=CONNECT_SECONDS, context=context)
            else:
                smtp = smtplib.SMTP(self.host, self.port, timeout=CONNECT_SECONDS)
                smtp.ehlo_or_helo_if_needed()
                if smtp.has_extn("starttls"):
                    smtp.starttls(context=context)
                elif self.user and self.host not in LOOPBACK:
                    smtp.close()
                    raise UnreachedError(f"{self.host} offers no TLS; a password is not sent without it")
            smtp.ehlo_or_helo_if_needed()  # after TLS has begun, once more: RFC 3207 4.2
            if self.user:
                smtp.login(self.user, self.password)
            if smtp.sock:
                smtp.sock.settimeout(REPLY_SECONDS)
        except (OSError, smtplib.SMTPException, ValueError) as error:  # a host or a password that cannot be encoded
            said = "host, user and password must be ASCII" if isinstance(error, UnicodeError) else _said(error)
            raise UnreachedError(f"{self.host}:{self.port}: {said}") from None
        self.smtp = smtp
        return smtp

    def send(self, sender: str, to: str, data: bytes) -> None:
        try:
            self._send(self.open(), sender, to, data)
        except RefusedError as refusal:
            self._after(refusal)
            raise

    def _send(self, smtp: smtplib.SMTP, sender: str, to: str, data: bytes) -> None:
        try:
            _expect(smtp.mail(sender), ours=True)
            _expect(smtp.rcpt(to))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise UnreachedError(f"{self.host}:{self.port}: {_said(error)}") from None
        try:
            reply = smtp.data(data)
        except smtplib.SMTPDataError as error:  # the answer to DATA itself: no text went out
            raise RefusedError(error.smtp_code, _text(error.smtp_error), ours=True) from None
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise UncertainError(_said(error)) from None
        _expect(reply, ours=True)

    def _after(self, refusal: RefusedError) -> None:
        """Make ready for the next mail, or leave if the server is closing down."""
        if refusal.code == 421 or not self.smtp:
            self.close()
            return
        try:
            self.smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()

    def close(self) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if smtp.sock:
                    smtp.sock.settimeout(5)
                smtp.quit()
            smtp.close()


def _expect(reply: tuple[int, bytes], ours: bool = False) -> None:
    code, text = reply
    if not 200 <= code < 300:
        detail = _text(text)
        raise RefusedError(code, detail, ours or bool(_AGAINST_US.match(detail)))


def _text(said: bytes | str) -> str:
    """One short line of what a server said, without addresses: it goes into a table and a log."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return re.sub(r"\S+@\S+", "<address>", " ".join(text.split()))[:200]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return _text(getattr(error, "strerror", None) or str(error) or type(error).__name__)
