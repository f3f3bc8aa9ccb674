"""`sitegen newsletter`, as operators run it: whatever is wrong is one line and a status, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeContent, Result, sitegen

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
