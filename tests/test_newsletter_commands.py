"""`sitegen newsletter`, as operators run it: whatever is wrong is one line and a status, never a traceback."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import MakeContent, Result, sitegen
from tests.newsletter.smtp_sink import Sink

KEYS = "a key that only the tests of this project know"
SITE = """\
title: Words
base_url: https://glossary.example/
newsletter:
  action: https://newsletter.glossary.example/subscribe
  sender: Words <news@glossary.example>
"""
ISSUE = "# An issue\n\nWords of it.\n"


@pytest.fixture
def content(make_content: MakeContent) -> Path:
    """A small glossary with one issue."""
    term = "term: Attention\ndefinition: What a head looks at.\n"
    return make_content({"site.yaml": SITE, "attention.yaml": term, "newsletter/2026-11-01-first.md": ISSUE})


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A mail server that takes everything."""
    with Sink(tmp_path / "sink") as sink:
        yield sink


def run(content: Path, *args: object, smtp: str = "") -> Result:
    """A command in the folder where the content stands."""
    folder = content.parent
    result = sitegen(
        "newsletter", *args, cwd=folder, SITEGEN_NEWSLETTER_KEYS=KEYS, SITEGEN_DATABASE="", SITEGEN_SMTP=smtp
    )
    assert "Traceback" not in result.err, result.err
    return result


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("status", "--database", "postgresql://u:secret@127.0.0.1:abc/x"), 2, "a database is written as"),
        (("status", "--database", "sqlite:///a.sqlite3?timeout=abc"), 2, "without options"),
        (("status", "--database", "sqlite://host/a.sqlite3"), 2, "a SQLite file is written as"),
        (("status", "--database", "sqlite:///content"), 1, "unable to open"),
        (("test", "first", "--to", "me@example.org", "--smtp", "smtp://u:secret#x@h"), 2, "a mail server is written as"),
        (("test", "first", "--to", "me@example.org", "--smtp", "smtp://127.0.0.1:0"), 2, "a mail server is written as"),
        (("test", "first", "--to", "me@example.org", "--smtp", "smtp://127.0.0.1:1"), 1, "not reached: 127.0.0.1:1: Connection refused"),
        (("test", "first", "--to", "me@example.org", "--smtp", "smtp://a..b"), 1, "must be ASCII"),
        (("test", "first", "--to", "me@example.org", "--smtp", f"smtp://{'a' * 70}.example"), 1, "must be ASCII"),
        (("preview", "first", "--public-url", "https://[bad"), 2, "--public-url"),
        (("preview", "first", "--public-url", "https://host:bad/"), 2, "--public-url"),
        (("preview", "first", "--site-url", "https://glossär.example/"), 2, "xn--"),
        (("send", "first", "--rate", "nan"), 2, "--rate"),
        (("send", "first", "--backoff", "inf"), 2, "--backoff"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_line(content: Path, args: tuple[str, ...], status: int, said: str) -> None:
    """What cannot be meant is wrong usage, what cannot be reached a problem; no message holds a password."""
    result = run(content, *args)
    assert (result.status, result.out) == (status, "")
    assert said in result.err
    assert "secret" not in result.err


def test_links_need_the_address_of_the_site(content: Path) -> None:
    """Without base_url nothing is really sent, since every link would lead elsewhere."""
    (content / "site.yaml").write_text(SITE.replace("base_url: https://glossary.example/\n", ""))
    result = run(content, "send", "first", "--smtp", "smtp://127.0.0.1:1")
    assert (result.status, result.out) == (2, "")
    assert "has no 'base_url'" in result.err


def test_a_form_on_the_site_itself_makes_whole_links(content: Path) -> None:
    """With an action that is a path, the service stands below the site's own address."""
    (content / "site.yaml").write_text(
        SITE.replace("https://newsletter.glossary.example/subscribe", "/letters/subscribe")
    )
    result = run(content, "preview", "first")
    assert "List-Unsubscribe: <https://glossary.example/letters/u/" in result.out


def test_nothing_is_frozen_without_a_mail_server(content: Path) -> None:
    """Whether the server can be reached is known before an issue begins, so that a wrong password waits for nobody."""
    (content.parent / "people.txt").write_text("reader@example.org\n")
    assert run(content, "subscribers", "import", "people.txt", "--proof", "a test").status == 0
    result = run(content, "send", "first", smtp="smtp://127.0.0.1:1")
    assert (result.status, result.out) == (1, "")
    assert result.err == "the mail server was not reached: 127.0.0.1:1: Connection refused\n"
    assert run(content, "status").out == "no issue has been sent yet\n"


def test_a_locked_database_stops_no_sender(content: Path, sink: Sink) -> None:
    """While another program holds the database for longer than anybody waits, a sender says so, and goes on after."""
    (content.parent / "people.txt").write_text("".join(f"reader{i}@example.org\n" for i in range(40)))
    assert run(content, "subscribers", "import", "people.txt", "--proof", "a test").status == 0
    lock = sqlite3.connect(content.parent / "subscribers/newsletter.sqlite3", isolation_level=None, timeout=10)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(run, content, "send", "first", "--connections", "1", "--rate", "10", smtp=sink.url)
        sink.wait(3)
        lock.execute("BEGIN EXCLUSIVE")
        time.sleep(13)
        lock.close()
        result = sending.result()
    assert result.status == 0, result.err
    assert result.err.splitlines()[1:2] == ["mails wait: OperationalError"]
    assert sorted(mail["to"] for mail in sink.accepted()) == sorted(f"reader{i}@example.org" for i in range(40))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("confirm.txt", "Subject: Please\n\nPress it.\n", "confirm.txt:1:1: the mail lacks its link, {{ url }}"),
        ("confirm.txt", "Please confirm\n\n{{ url }}\n", "confirm.txt:1:1: the first line must be 'Subject: '"),
        ("confirm.txt", "Subject: x\n\n\n{{ url.nope() }}\n", "confirm.txt:4:1: 'str object' has no attribute 'nope'"),
        ("erase.txt", "Subject: x\n{% if %}\n", "erase.txt:2:1: Expected an expression"),
        ("export.txt", '{% extends "export.txt" %}', "export.txt:1:1: maximum recursion depth exceeded"),
        ("left.html", '{{ "a" * 99999999999999 }}', "left.html:1:1: MemoryError"),
        ("left.html", b"\xff", "left.html:1:1: 'utf-8' codec"),
        ("issue.txt", "{{ body }}", "issue.txt:1:1: there is no link to leave"),
        ("issue.html", "{{ body }}", "issue.html:1:1: there is no link to leave"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_template_stops_everything(content: Path, name: str, text: str | bytes, said: str) -> None:
    """A mail without its link, or a template that cannot be rendered, is told with its line before anybody gets one."""
    folder = content.parent / "templates/mail"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run(content, "preview", "first")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"mail/{said}")
    assert result.err.endswith("(broken-template)\n")
