"""What goes over the wire, read back by the standard library."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.newsletter.issues import IssueMail, letter
from sitegen.newsletter.keys import public_id
from sitegen.newsletter.mails import Letter, is_one_line, list_id, parse_sender
from sitegen.newsletter.texts import TextError, Texts
from tests.newsletter.world import SITE, make_config, make_issue, read_mail

COMMON = ["From", "Subject"]
ENVELOPE = ["To", "Date", "Message-ID"]
MIME = ["MIME-Version", "Content-Type"]
LEAVE = ["List-Unsubscribe", "List-Unsubscribe-Post"]


def names_on_the_wire(data: bytes) -> list[str]:
    """The header names that any parser must see: what stands before a colon in lines that continue nothing."""
    head = data.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]


def sent_issue(made: IssueMail, to: str = "anna@example.org") -> bytes:
    """The mail of an issue."""
    config = make_config()
    return letter(config, made).to(to, "<1@glossary.example>", 1_800_000_000.0, config.unsubscribe_url(public_id()))


def test_an_issue_has_exactly_the_headers_of_a_newsletter() -> None:
    """An issue says who it is from, what list it is of, where it is archived, and how to leave with one click; nothing else."""
    config = make_config()
    who = public_id()
    data = letter(config, make_issue(config)).to(
        "anna@example.org", "<1@glossary.example>", 1_800_000_000.0, config.unsubscribe_url(who)
    )
    mail = read_mail(data)
    assert mail.names == names_on_the_wire(data) == [*COMMON, "List-Id", "Archived-At", *ENVELOPE, *LEAVE, *MIME]
    assert {name: str(mail.message[name]) for name in mail.names if name != "Content-Type"} == {
        "From": "New terms <news@glossary.example>", "Subject": "Attention, explained – at last",
        "List-Id": '"New terms" <newsletter.127.0.0.1>', "Archived-At": f"<{SITE}newsletter/attention/>",
        "To": "anna@example.org", "Date": "Fri, 15 Jan 2027 08:00:00 +0000", "Message-ID": "<1@glossary.example>",
        "List-Unsubscribe": f"<{config.unsubscribe_url(who)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "MIME-Version": "1.0",
    }  # fmt: skip
    assert [part.get_content_type() for part in mail.message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_an_issue_arrives_as_it_was_written() -> None:
    """Text and HTML come out of the mail letter by letter, with each reader's own link in both."""
    config = make_config()
    made = make_issue(config)
    data = sent_issue(made)
    mail = read_mail(data)
    url = mail.url("u")
    for arrived, written in ((mail.text, made.text), (mail.html, made.html)):
        assert arrived.rstrip("\n") == written.replace("\ue002", url).rstrip("\n")
        assert url in arrived
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")


@pytest.mark.parametrize("kind", ["confirm", "courtesy", "export", "erase"])
def test_a_single_mail_has_exactly_its_headers(kind: str) -> None:
    """A mail that somebody asked for is marked as automatic and has no way to unsubscribe; its link is in text and HTML, once each."""
    url = f"http://127.0.0.1:1/{kind}/abc"
    data = Texts(make_config()).letter(kind, url).to("anna@example.org", "<1@glossary.example>", 0.0)
    mail = read_mail(data)
    assert mail.names == names_on_the_wire(data) == [*COMMON, "Auto-Submitted", *ENVELOPE, *MIME]
    assert str(mail.message["Auto-Submitted"]) == "auto-generated"
    assert (mail.text.count(url), mail.html.count(f'href="{url}"')) == (1, 1)
    assert mail.subject
    assert not is_one_line("\n".join([mail.subject, mail.subject]))


def test_long_addresses_stay_addresses() -> None:
    """A header that holds a long address holds it as it is, not as an encoded word that no program decodes there."""
    archived_at = f"{SITE}newsletter/2026-11-23-{'a-very-long-slug-' * 12}/"
    data = sent_issue(IssueMail("x", "Title", "text", "html", archived_at))
    assert f"Archived-At: <{archived_at}>\r\n".encode() in data
    assert re.search(rb"List-Unsubscribe: <http://127.0.0.1:1/u/[\w-]{38}>\r\n", data)


EVIL = [
    "Title\r\nBcc: mallory@example.org", "Title\nBcc: mallory@example.org", "Title\rBcc: x", "Title\x0bBcc: x", "Title\x85Bcc: x",
    "Title\u2028Bcc: x", "Title\x00", "=?utf-8?q?Title=0ABcc:_mallory=40example.org?=", "=?utf-8?b?VGl0bGUKQmNjOiB4?=", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_no_title_becomes_a_header(evil: str) -> None:
    """A line end in a subject, a sender or another header, written in any way, is refused before anything is sent."""
    for made in (
        lambda: Letter("New terms <news@glossary.example>", evil, "text", "html"),
        lambda: Letter(f"{evil} <news@glossary.example>", "Subject", "text", "html"),
        lambda: Letter(
            "New terms <news@glossary.example>",
            "Subject",
            "text",
            "html",
            (("List-Id", list_id(evil, SITE)), ("Archived-At", f"<{evil}>")),
        ),
    ):
        with pytest.raises(ValueError, match=r"one line|Name <address>"):
            made()
    try:  # in a template, what comes after the first line is text
        data = (
            Texts(make_config(title=evil))
            .letter("confirm", "http://127.0.0.1/confirm/abc")
            .to("a@example.org", "<1@b.example>", 0.0)
        )
    except (ValueError, TextError):
        return
    assert names_on_the_wire(data) == read_mail(data).names == [*COMMON, "Auto-Submitted", *ENVELOPE, *MIME]


@pytest.mark.parametrize(
    "sender",
    ["", "news", "a@b", "New terms", "a@b.example, c@d.example", "<a@b.example>\n", "ä@b.example", "a b@c.example"],
)
def test_wrong_senders_are_refused(sender: str) -> None:
    """A sender is one address, with or without a name."""
    with pytest.raises(ValueError, match="Name <address>"):
        parse_sender(sender)


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=200), st.text(st.characters(codec="utf-8"), max_size=60)
)
def test_any_subject_is_one_header(subject: str, name: str) -> None:
    """Whatever a subject and a sender's name hold, they are refused or stand in their header, and the names of the headers stay the same."""
    try:
        made = Letter(f"{name} <news@glossary.example>", subject, "text", "html")
    except ValueError:
        return
    data = made.to("anna@example.org", "<1@glossary.example>", 0.0)
    mail = read_mail(data)
    assert names_on_the_wire(data) == mail.names == [*COMMON, *ENVELOPE, *MIME]
    assert mail.subject.split() == subject.split()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\ue002")))
def test_any_text_arrives(text: str) -> None:
    """Every character of a body arrives, whatever it is, lines of one dot and trailing spaces too."""
    mail = read_mail(Letter("a@b.example", "Subject", text, text).to("anna@example.org", "<1@b.example>", 0.0))
    assert mail.text.removesuffix("\n") == mail.html.removesuffix("\n") == text.removesuffix("\n")


def test_own_words_win(tmp_path: Path) -> None:
    """A template of the user's stands for the shipped one of that name, and a Subject of two lines cannot be made with it."""
    folder = tmp_path / "mail"
    folder.mkdir()
    config = make_config()
    config = make_config(templates=(tmp_path, *config.templates))
    (folder / "confirm.txt").write_text("Subject: Hello\n\nPress:\n{{ url }}\n")
    mail = read_mail(
        Texts(config).letter("confirm", "http://127.0.0.1/confirm/abc").to("a@example.org", "<1@b.example>", 0.0)
    )
    assert (mail.subject, mail.text) == ("Hello", "Press:\nhttp://127.0.0.1/confirm/abc\n")
    assert mail.html.count('<a class="do" href="http://127.0.0.1/confirm/abc">Press</a>') == 1
