"""What the mail server says, and what the transport makes of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sitegen.newsletter.transport import Folder, RefusedError, Smtp, UncertainError, UnreachedError
from tests.newsletter.smtp_sink import Sink

SENDER, TO = "news@glossary.example", "anna@example.org"
DATA = b"From: news@glossary.example\r\nMessage-ID: <1@glossary.example>\r\n\r\n.\r\n.. dots\r\n"


def test_mails_arrive_byte_by_byte_over_one_connection(sink: Sink) -> None:
    """Several mails go over one connection, and each arrives with its lines of dots as it was."""
    transport = Smtp(sink.url)
    for number in range(3):
        transport.send(SENDER, f"reader-{number}@example.org", DATA)
    transport.close()
    assert [(mail["to"], mail["data"].encode()) for mail in sink.accepted()] == [
        (f"reader-{number}@example.org", DATA) for number in range(3)
    ]


@pytest.mark.parametrize(
    ("stage", "reply", "temporary", "ours", "no_such_mailbox"),
    [
        ("rcpt", "550 5.1.1 No such user", False, False, True),
        ("rcpt", "550 No such user", False, False, True),
        ("rcpt", "553 5.1.3 Bad address", False, False, True),
        ("rcpt", "554 5.1.8 Sender address rejected: domain not found", False, True, False),
        ("rcpt", "550 5.7.1 Relaying denied", False, True, False),
        ("rcpt", "552 5.2.2 Mailbox full", False, False, False),
        ("rcpt", "551 5.2.1 Mailbox disabled", False, False, False),
        ("rcpt", "451 4.7.1 Greylisted", True, True, False),
        ("rcpt", "450 4.2.1 Busy", True, False, False),
        ("rcpt", "421 4.3.2 Shutting down", True, False, False),
        ("mail", "550 5.7.1 Not you", False, True, False),
        ("mail", "451 4.3.0 Later", True, True, False),
        ("data", "554 5.7.1 Looks like spam", False, True, False),
        ("data", "550 5.6.0 Looks odd", False, True, False),
        ("data", "452 4.3.1 Disk full", True, True, False),
    ],
)  # fmt: skip
def test_refusals(sink: Sink, stage: str, reply: str, temporary: bool, ours: bool, no_such_mailbox: bool) -> None:
    """A refusal says whether it passes, whether it is about us, and whether that mailbox does not exist; the next mail goes out."""
    sink.rules(**{stage: {TO: reply, SENDER: reply}})
    transport = Smtp(sink.url)
    with pytest.raises(RefusedError) as caught:
        transport.send(SENDER, TO, DATA)
    refusal = caught.value
    assert (refusal.code, refusal.detail) == (int(reply[:3]), reply[4:])
    assert (refusal.temporary, refusal.ours, refusal.no_such_mailbox) == (temporary, ours, no_such_mailbox)
    sink.rules()
    transport.send(SENDER, TO, DATA)
    transport.close()
    assert len(sink.accepted()) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_a_break_after_the_dot_is_uncertain(sink: Sink, keep: bool) -> None:
    """When the connection breaks between the text and the server's word, nobody knows, and that is what is said."""
    sink.rules(drop=1, keep=keep)
    transport = Smtp(sink.url)
    with pytest.raises(UncertainError):
        transport.send(SENDER, TO, DATA)
    sink.rules()
    transport.send(SENDER, TO, DATA)
    transport.close()
    assert len(sink.accepted()) == 1 + keep


def test_a_server_that_has_gone_was_not_reached(sink: Sink) -> None:
    """No server, and a connection that ended while nothing was being sent, mean that nothing was handed over."""
    transport = Smtp(sink.url)
    transport.send(SENDER, TO, DATA)
    sink.stop()
    for _ in range(2):
        with pytest.raises(UnreachedError, match=r"^127\.0\.0\.1:\d+: "):
            transport.send(SENDER, TO, DATA)
    sink.start()
    transport.send(SENDER, TO, DATA)
    transport.close()
    assert len(sink.accepted()) == 2


def test_no_password_without_tls(sink: Sink) -> None:
    """A password is not sent to another machine that offers no TLS."""
    transport = Smtp(f"smtp://me:secret@127.1:{sink.port}")  # loopback, by a name that is not known as such
    with pytest.raises(UnreachedError, match="offers no TLS; a password is not sent without it"):
        transport.send(SENDER, TO, DATA)
    assert sink.accepted() == []


@contextmanager
def saying(greeting: bytes) -> Iterator[int]:
    """A server that says one thing to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    "greeting",
    [b"", b"421 4.3.2 anna@example.org is too busy\r\n", b"554 no\r\n", b"HTTP/1.1 400\r\n\r\n", b"\xff\xff\r\n"],
)
def test_what_is_no_mail_server_was_not_reached(greeting: bytes) -> None:
    """A server that closes, refuses or speaks another language was not reached; what is told of it holds no address."""
    with saying(greeting) as port, pytest.raises(UnreachedError) as caught:
        Smtp(f"smtp://127.0.0.1:{port}").send(SENDER, TO, DATA)
    assert "@" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://host/path",
        "smtp://host?x=1",
        "smtp://host:port",
    ],
)
def test_wrong_addresses_of_servers(url: str) -> None:
    """What does not name a mail server is refused at once."""
    with pytest.raises(ValueError, match=r"smtp://|port|Port"):
        Smtp(url)


def test_names_and_passwords_may_hold_any_sign() -> None:
    """What an address cannot hold is written with percent signs."""
    smtp = Smtp("smtps://me%40example.org:a%2Fb@mail.example.org")
    assert (smtp.user, smtp.password, smtp.host, smtp.port, smtp.secure) == (
        "me@example.org",
        "a/b",
        "mail.example.org",
        465,
        True,
    )


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, begin + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path / "certificate.pem"
    file.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    return file


def test_tls_begins_where_it_is_offered(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes mail only over TLS gets it so, and one whose certificate nobody vouches for gets nothing."""
    with Sink(tmp_path / "sink", "--certificate", certificate) as sink:
        with pytest.raises(UnreachedError, match=r"(?i)certificate"):
            Smtp(sink.url).send(SENDER, TO, DATA)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        transport = Smtp(sink.url)
        transport.send(SENDER, TO, DATA)
        transport.close()
        assert [mail["data"].encode() for mail in sink.accepted()] == [DATA]


def test_a_folder_gets_one_file_a_mail(tmp_path: Path) -> None:
    """The same mail sent twice is one file, and half a file is never seen."""
    folder = Folder(tmp_path / "outbox")
    other = DATA.replace(b"<1@", b"<2@")
    for data in (DATA, DATA, other):
        folder.send(SENDER, TO, data)
    files = list(folder.path.iterdir())
    assert sorted(file.read_bytes() for file in files) == sorted([DATA, other])
    assert {file.suffix for file in files} == {".eml"}
