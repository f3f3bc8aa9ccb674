"""The service over HTTP: uvicorn on loopback, a database of each kind, a mail server."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from justhtml import JustHTML
from sqlalchemy import text, update

from sitegen.newsletter.config import origin
from sitegen.newsletter.database import Database
from sitegen.newsletter.intake import Budget
from sitegen.newsletter.service import Service
from sitegen.newsletter.tables import token
from sitegen.newsletter.transport import Smtp
from tests.newsletter.faults import send
from tests.newsletter.processes import free_port
from tests.newsletter.smtp_sink import Sink
from tests.newsletter.world import SITE, Mail, add_people, dump, make_config, read_mail, states

FORM = "application/x-www-form-urlencoded"
# asyncio tells of our own client; and pytest listens to the access log, which goes nowhere
_OF_THE_TESTS = ("asyncio", "uvicorn.access")
READING = ("GET", "HEAD", "OPTIONS")


class Visitor:
    """What people and programs do at a service, and what becomes of it."""

    def __init__(self, url: str, database: Database, sink: Sink, service: Service) -> None:
        self.url, self.database, self.sink, self.service = url, database, sink, service

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """The answer, without the moment it was given."""
        status, found, data = send(path if path.startswith("http") else self.url + path, method, body, **headers)
        found.pop("date")
        return status, found, data

    def post(self, email: str, wish: str = "") -> tuple[int, dict[str, str], bytes]:
        """Fill in the form to subscribe, or the one about data."""
        return self.ask(
            "POST", "data" if wish else "subscribe", f"email={quote(email)}" + (f"&wish={wish}" if wish else "")
        )

    def mail(self, email: str, wish: str = "") -> Mail:
        """The mail that comes of it."""
        before = self.sink.lines()
        assert self.post(email, wish)[0] == 303
        return read_mail(self.sink.wait(before + 1)[-1]["data"])

    def states(self) -> dict[str, str]:
        return self.database.write(states)

    def settled(self) -> dict[str, object]:
        """All that is in the database, once nothing happens in it any more."""
        end = time.monotonic() + 20
        while True:
            now = dump(self.database)
            if not now["intake"] and not any(row[3] in ("queued", "sending") for row in now["mail"]):
                return {**dump(self.database)}  # once more: PostgreSQL reads each table at another moment
            assert time.monotonic() < end
            time.sleep(0.02)


def served(database: Database, sink: Sink) -> Iterator[Visitor]:
    """A service at work until the generator is closed."""
    port = free_port()
    service = Service(make_config(port, budget=Budget(1000, 1000)), database, lambda: Smtp(sink.url))
    with service.running("127.0.0.1", port) as address:
        thread = threading.Thread(target=service.serve, daemon=True)
        thread.start()
        yield Visitor(address, database, sink, service)
        service.end()
        thread.join()


@pytest.fixture
def visitor(database: Database, sink: Sink) -> Iterator[Visitor]:
    """At a service of its own."""
    yield from served(database, sink)


def test_from_the_form_to_the_end(visitor: Visitor) -> None:
    """Somebody subscribes, confirms, is told so when asking again, leaves, and comes back; each page is the right one."""
    assert visitor.post("Anna@example.org")[:2] == (
        303, {"location": f"{SITE}subscribe/check/", "cache-control": "no-store", "referrer-policy": "no-referrer", "content-length": "0"},
    )  # fmt: skip
    mail = read_mail(visitor.sink.wait(1)[0]["data"])
    assert (mail.to, mail.subject, visitor.states()) == (
        "Anna@example.org",
        "Please confirm: New terms",
        {"Anna@example.org": "pending"},
    )
    page = JustHTML(visitor.ask("GET", mail.url("confirm"))[2].decode(), strict=True, sanitize=False)
    assert [
        (form.attrs["method"], [button.to_text() for button in form.query("button")]) for form in page.query("form")
    ] == [("post", ["Yes, subscribe me"])]
    assert visitor.states() == {"Anna@example.org": "pending"}
    for _ in range(2):
        status, headers, _ = visitor.ask("POST", mail.url("confirm"))
        assert (status, headers["location"], visitor.states()) == (
            303,
            f"{SITE}subscribe/welcome/",
            {"Anna@example.org": "confirmed"},
        )
    visitor.settled()
    assert len(visitor.sink.accepted()) == 1
    link = visitor.service.config.unsubscribe_url(str(dump(visitor.database)["subscriber"][0][1]))
    assert b"Leave the newsletter?" in visitor.ask("GET", link)[2]
    assert visitor.states() == {"Anna@example.org": "confirmed"}
    assert visitor.ask("POST", link)[0] == 200
    assert visitor.states() == {"Anna@example.org": "unsubscribed"}
    status, _, body = visitor.ask("POST", mail.url("confirm"))  # mailed before leaving: it opens nothing any more
    assert (status, b"This link does not work" in body, visitor.states()) == (
        404,
        True,
        {"Anna@example.org": "unsubscribed"},
    )


def test_a_subscriber_who_asks_again_is_told(visitor: Visitor) -> None:
    """One who is subscribed already gets a mail that says so, with nothing to press, and stays as they are."""
    add_people(visitor.database, ["anna@example.org"])
    mail = visitor.mail("anna@example.org")
    assert (mail.subject, visitor.states()) == (
        "You are subscribed already: New terms",
        {"anna@example.org": "confirmed"},
    )
    assert mail.urls == [SITE]


def test_the_answer_does_not_tell_who_is_known(visitor: Visitor) -> None:
    """Byte by byte, the answer is the same for an address that is unknown, pending, confirmed, unsubscribed or bounced, in both forms."""
    for state in ("pending", "confirmed", "unsubscribed", "bounced"):
        add_people(visitor.database, [f"{state}@example.org"], state)
    people = ["nobody@example.org", *visitor.states()]
    assert len({repr(visitor.post(person)) for person in people}) == 1
    assert len({repr(visitor.post(person, "export")) for person in people}) == 1
    assert (
        len({repr(visitor.ask("POST", "subscribe", f"email={person}", Accept="application/json")) for person in people})
        == 1
    )
    visitor.settled()
    assert visitor.states() == {
        **{f"{state}@example.org": state for state in ("pending", "confirmed", "unsubscribed", "bounced")},
        "nobody@example.org": "pending",
    }


@pytest.mark.parametrize("body", ["multipart", FORM, "nothing", "text/plain", "large"])
def test_one_click(visitor: Visitor, body: str) -> None:
    """RFC 8058's POST unsubscribes with any body or none, is answered by 200 without a redirect, and is harmless when repeated."""
    add_people(visitor.database, ["anna@example.org", "bert@example.org"])
    link = visitor.service.config.unsubscribe_url(
        str(next(row[1] for row in dump(visitor.database)["subscriber"] if row[2] == "anna@example.org"))
    )
    bodies = {
        "multipart": ('--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        FORM: ("List-Unsubscribe=One-Click", FORM), "text/plain": ("List-Unsubscribe=One-Click", "text/plain"), "nothing": ("", ""),
        "large": ("x" * 4096, FORM),
    }  # fmt: skip
    data, kind = bodies[body]
    for _ in range(2):
        status, headers, _ = visitor.ask("POST", link, data, **({"Content-Type": kind} if kind else {}))
        assert (status, "location" in headers) == (200, False)
        assert visitor.states() == {"anna@example.org": "unsubscribed", "bert@example.org": "confirmed"}


def test_export_and_erase_by_mail(visitor: Visitor) -> None:
    """With a mailed link, a person gets all that is kept of them, and is gone with all of it; an address nobody knows gets no mail."""
    confirm = visitor.mail("anna@example.org")
    visitor.settled()
    visitor.ask("POST", confirm.url("confirm"))
    visitor.database.write(lambda connection: connection.execute(text("UPDATE mail SET created = created - 1000")))
    assert visitor.post("stranger@example.org", "export")[0] == 303
    link = visitor.mail("anna@example.org", "export").url("export")
    visitor.settled()
    assert {mail["to"] for mail in visitor.sink.accepted()} == {"anna@example.org"}
    status, headers, data = visitor.ask("POST", link)
    kept = json.loads(data)
    assert (status, headers["content-type"], headers["content-disposition"]) == (
        200,
        "application/json",
        'attachment; filename="newsletter-data.json"',
    )
    assert (kept["email"], kept["state"]) == ("anna@example.org", "confirmed")
    assert [one["what"] for one in kept["history"]] == ["subscribe", "sent confirm", "confirm", "sent export"]
    assert kept["history"][1]["message_id"] == str(confirm.message["Message-ID"])
    assert [(one["kind"], one["state"]) for one in kept["mails"]] == [("confirm", "sent"), ("export", "sent")]
    visitor.database.write(lambda connection: connection.execute(text("UPDATE mail SET created = created - 1000")))
    link = visitor.mail("anna@example.org", "erase").url("erase")
    assert visitor.states() == {"anna@example.org": "confirmed"}
    visitor.settled()
    assert b"Erased" in visitor.ask("POST", link)[2]
    after = dump(visitor.database)
    assert "anna" not in repr(after)
    assert [len(after[name]) for name in ("subscriber", "event", "token", "intake", "suppression")] == [0, 0, 0, 0, 1]
    assert visitor.ask("POST", link)[0] == 404


def test_links_that_do_not_work_look_alike(visitor: Visitor) -> None:
    """A link that expired, lost a part, was made up or is for something else gets one and the same page, and changes nothing."""
    mails = {kind: visitor.mail(f"{kind}@example.org").url("confirm") for kind in ("expired", "fresh")}
    visitor.ask("POST", mails["fresh"])
    visitor.database.write(lambda connection: connection.execute(text("UPDATE mail SET created = created - 1000")))
    erase = visitor.mail("fresh@example.org", "erase").url("erase")
    before = visitor.settled()
    expired = update(token).where(token.c.purpose == "confirm").values(expires=time.time() - 1)
    visitor.database.write(lambda connection: connection.execute(expired))
    before["token"] = dump(visitor.database)["token"]
    signed = visitor.service.config.unsubscribe_url("AAAAAAAAAAAAAAAA").rpartition("/")[2]
    secret = erase.rpartition("/")[2]
    wrong = [
        mails["expired"], erase[:-1], erase + "A", erase.replace("/erase/", "/export/"), erase.replace("/erase/", "/confirm/"), erase.replace("/erase/", "/u/"),
        f"{visitor.url}u/{signed[:-1]}", f"{visitor.url}u/{signed[:-4]}AAAA", f"{visitor.url}confirm/{signed}", f"{visitor.url}erase/{signed}",
        f"{visitor.url}u/{secret}", f"{visitor.url}u/%00", f"{visitor.url}export/%F0%9F%92%A5", f"{visitor.url}erase/{'a' * 5000}",
    ]  # fmt: skip
    answers = {repr(visitor.ask("POST", link)) for link in wrong}
    assert len(answers) == 1
    assert answers.pop().startswith("(404, ")
    assert {**dump(visitor.database)} == before
    assert visitor.ask("POST", f"{visitor.url}u/{signed}")[0] == 200  # of somebody who is gone: nothing tells


def test_reading_changes_nothing(visitor: Visitor) -> None:
    """GET, HEAD and OPTIONS of every route, with live tokens where they belong, leave the whole database as it was; HEAD is GET without a body."""
    add_people(visitor.database, ["anna@example.org", "bert@example.org"])
    links = [visitor.mail("new@example.org").url("confirm")]
    links += [
        visitor.mail(f"{name}@example.org", wish).url(wish) for name, wish in (("anna", "export"), ("bert", "erase"))
    ]
    links += [visitor.service.config.unsubscribe_url(str(row[1])) for row in dump(visitor.database)["subscriber"]]
    links += [
        visitor.url + path
        for path in (
            "",
            "subscribe",
            "data",
            "healthz",
            "nothing",
            "outbox",
            "favicon.ico",
            "subscribe?email=x@example.org",
        )
    ]
    before = visitor.settled()
    for link in links:
        got, head, options = (visitor.ask(method, link) for method in READING)
        if "readyz" not in link:
            assert (head[0], head[1], head[2]) == (got[0], got[1], b"")
        assert options[0] in (404, 405)
        assert got[0] in (200, 303, 404)
    assert visitor.ask("GET", "readyz")[0] == 200
    assert {**dump(visitor.database)} == before
    assert len(visitor.sink.accepted()) == 3


def test_every_page_is_closed(visitor: Visitor) -> None:
    """Every page forbids scripts, frames, indexing and caching, tells its address to nobody if that is secret, and asks no other machine for anything."""
    link = visitor.mail("new@example.org").url("confirm")
    for method, path in (
        ("GET", "subscribe"),
        ("GET", "data"),
        ("GET", link),
        ("POST", link + "x"),
        ("GET", "nothing"),
        ("PUT", "subscribe"),
    ):
        _, headers, body = visitor.ask(method, path)
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
        for part in ("base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert (headers["cache-control"], headers["x-content-type-options"], headers["x-robots-tag"]) == (
            "no-store",
            "nosniff",
            "noindex",
        )
        assert headers["referrer-policy"] == (
            "same-origin" if path in ("subscribe", "data") and method == "GET" else "no-referrer"
        )
        page = JustHTML(body.decode(), strict=True, sanitize=False)
        assert [part.attrs for part in page.query("script, img, iframe, [style]")] == []


@pytest.mark.parametrize(("path", "more"), [("subscribe", ""), ("data", "&wish=export")])
@pytest.mark.parametrize(
    "typed", ["", "anna", "anna@example", 'a"b<script>alert(1)</script>@example.org', "anna@example.org\x00", "x" * 400]
)
def test_a_mistake_keeps_what_was_typed(visitor: Visitor, path: str, more: str, typed: str) -> None:
    """A wrong address comes back in its field with a sentence beside it, that the field names and a summary leads to; nothing is kept."""
    status, _, body = visitor.ask("POST", path, f"email={quote(typed)}&page=/terms/%22%3E/{more}")
    page = JustHTML(body.decode(), strict=True, sanitize=False)
    (field,) = page.query("#email")
    (mistake,) = page.query("#mistake")
    assert status == 422
    assert field.attrs.get("value", "") == typed.replace("\x00", "")[:300]
    assert field.attrs["aria-invalid"] == "true"
    assert "mistake" in field.attrs["aria-describedby"].split()
    assert [label.to_text() for label in page.query("label[for=email]")] == ["Your email address"]
    assert [
        (part.attrs["role"], [link.attrs["href"] for link in part.query("a")]) for part in page.query(".summary")
    ] == [("alert", ["#email"])]
    assert mistake.to_text() == page.query(".summary a")[0].to_text() != ""
    assert page.query("title")[0].to_text().startswith("Error: ")
    assert "<script" not in body.decode()
    assert not dump(visitor.database)["intake"]
    status, _, body = visitor.ask("POST", path, f"email={quote(typed)}{more}", Accept="application/json")
    assert (status, json.loads(body)) == (422, {"ok": False, "message": mistake.to_text()})


@pytest.fixture
def quiet(tmp_path: Path, sink: Sink) -> Iterator[Visitor]:
    """At a service on SQLite: for what ends before the database."""
    database = Database(f"sqlite:///{tmp_path}/newsletter.sqlite3")
    yield from served(database, sink)
    database.close()


def test_what_fills_in_the_hidden_field_is_no_person(quiet: Visitor) -> None:
    """A form whose hidden field was filled in gets the same answer as any, and nothing comes of it."""
    person = quiet.ask("POST", "subscribe", "email=anna@example.org&website=")
    assert quiet.ask("POST", "subscribe", "email=bot@example.org&website=x") == person
    quiet.settled()
    assert quiet.states() == {"anna@example.org": "pending"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303), ({"Origin": "https://glossary.example"}, 303), ({"Origin": "own"}, 303), ({"Origin": "null"}, 303),
        ({"Origin": "https://evil.example"}, 403), ({"Origin": "http://glossary.example"}, 403), ({"Origin": "https://glossary.example:444"}, 403),
        ({"Origin": "https://glossary.example.evil.example"}, 403), ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Origin": "https://glossary.example", "Sec-Fetch-Site": "cross-site"}, 303), ({"Origin": "x"}, 403),
    ],
)  # fmt: skip
def test_forms_of_strangers_are_refused(quiet: Visitor, headers: dict[str, str], status: int) -> None:
    """A form counts from the site and from the service itself, and from no other origin; only the site's own scripts may read the answer."""
    given = {name: origin(quiet.url) if value == "own" else value for name, value in headers.items()}
    for accept in ({}, {"Accept": "application/json"}):
        found, answered, _ = quiet.ask("POST", "subscribe", "email=anna@example.org", **given, **accept)
        assert found == (200 if accept and status == 303 else status)
        allowed = given.get("Origin") in ("https://glossary.example", origin(quiet.url))
        if accept or found == 403:
            assert answered.get("access-control-allow-origin") == (given["Origin"] if allowed else None)
            assert answered["vary"] == "Origin, Accept"
    assert quiet.ask("POST", "data", "email=anna@example.org&wish=erase", **given)[0] == status
    assert (len(quiet.settled()["subscriber"]) == 1) == (status == 303)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (415, '{"email": "anna@example.org"}', {"Content-Type": "application/json"}),
        (415, "--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
        (415, "email=anna@example.org", {"Content-Type": "text/plain"}),
        (413, "email=" + "a" * 4091, {}),
        (422, "email=a&" * 21, {}),
        (422, "email=%ff", {}),
        (422, "email=%ED%A0%80", {}),
        (422, "website=&page=x", {}),
        (422, "email=anna@example.org\r\nBcc:%20x@example.org", {}),
        (303, "email=anna@example.org&email=bert@example.org&other=%00&page=%00%0d%0ax", {}),
        (303, "email=anna@example.org", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}),
    ],
)  # fmt: skip
def test_bodies(quiet: Visitor, status: int, body: str, headers: dict[str, str]) -> None:
    """What is no form, too large or not text is refused with the status that says so; of two fields of one name the first counts."""
    assert quiet.ask("POST", "subscribe", body, **headers)[0] == status
    quiet.settled()
    assert quiet.states() == ({"anna@example.org": "pending"} if status == 303 else {})


def test_scripts_get_json(quiet: Visitor) -> None:
    """A script of the site that asks for JSON gets a sentence to show."""
    status, headers, body = quiet.ask(
        "POST", "subscribe", "email=anna@example.org", Accept="application/json", Origin="https://glossary.example"
    )
    assert (status, headers["content-type"], json.loads(body)["ok"]) == (200, "application/json", True)
    status, _, body = quiet.ask("POST", "subscribe", "x" * 5000, Accept="application/json")
    assert (status, json.loads(body)) == (413, {"ok": False, "message": "That was far more than a form holds."})


def test_consent_is_evidence(quiet: Visitor) -> None:
    """What is kept of a subscription tells which words were agreed to, on which page, and from a source that nobody can read back."""
    config = quiet.service.config
    quiet.ask("POST", "subscribe", f"email=anna@example.org&page=/terms/token/&consent={config.consent_hash}")
    quiet.ask("POST", "subscribe", "email=bert@example.org&page=%0a%00x&consent=%3Cscript%3E")
    found = quiet.settled()
    assert [row[1] for row in found["consent"]] == [config.consent]  # type: ignore[attr-defined]
    history = sorted((row[2], row[5], row[6]) for row in found["event"] if row[2] == "subscribe")  # type: ignore[attr-defined]
    assert history == [("subscribe", "/terms/token/", config.consent_hash), ("subscribe", "x", "")]
    assert "127.0.0.1" not in repr(found)


def test_a_database_out_of_order(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    """When the database takes nothing, visitors are asked to come again, nothing is acknowledged, and no log names an address."""
    caplog.set_level(logging.DEBUG)
    visitor.database.write(lambda connection: connection.execute(text("ALTER TABLE intake RENAME TO away")))
    status, headers, body = visitor.post("anna@example.org")
    assert (status, headers["retry-after"], b"out of order for a moment" in body) == (503, "60", True)
    assert visitor.ask("GET", "readyz")[0] == 503
    assert visitor.ask("GET", "healthz")[0] == 200
    visitor.database.write(lambda connection: connection.execute(text("ALTER TABLE away RENAME TO intake")))
    assert visitor.post("anna@example.org")[0] == 303
    visitor.sink.wait(1)
    assert "anna" not in caplog.text


def test_logs_hold_no_address(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes well or wrong, no log, even of the smallest things, holds an e-mail address, a token or an IP address."""
    caplog.set_level(logging.DEBUG)
    visitor.sink.rules(
        rcpt={
            "anna@example.org": "550 5.1.1 <anna@example.org> no",
            "bert@example.org": "450 4.2.1 bert@example.org later",
        },
        drop=0.2,
    )
    for number in range(5):
        visitor.post(f"carl-{number}@example.org")
    for name in ("anna", "bert"):
        visitor.post(f"{name}@example.org")
    visitor.sink.wait(5)
    link = read_mail(visitor.sink.accepted()[0]["data"]).url("confirm")
    for method, path, body in (
        ("POST", link, ""),
        ("POST", link + "x", ""),
        ("POST", "subscribe", "email=dora"),
        ("POST", "subscribe", "x" * 9999),
        ("PUT", "data", ""),
    ):
        visitor.ask(method, path, body)
    secret = link.rpartition("/")[2]
    for hidden in ("anna", "bert", "carl", "dora", "example.org", "127.0.0.1", secret):
        assert hidden not in "\n".join(
            record.getMessage() for record in caplog.records if record.name not in _OF_THE_TESTS
        )


def test_two_servers_on_one_database(database: Database, sink: Sink) -> None:
    """Two servers share one database: no mail goes out twice, and no inbox gets more than one however the posts are spread."""
    first, second = served(database, sink), served(database, sink)
    visitors = [next(first), next(second)]
    threads = [threading.Thread(target=_posts, args=(visitor, number)) for number, visitor in enumerate(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    visitors[0].settled()
    assert sorted(mail["to"].partition("+")[0] for mail in sink.accepted()) == sorted(
        f"victim-{number}" for number in range(8)
    )
    for server in (first, second):
        assert next(server, None) is None


def _posts(visitor: Visitor, number: int) -> None:
    for victim in range(8):
        for spelling in range(5):
            assert visitor.post(f"victim-{victim}+{number}{spelling}@example.org")[0] == 303
