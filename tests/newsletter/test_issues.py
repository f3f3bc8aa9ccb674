"""An issue to everybody: frozen once, sent row by row by a real dispatcher to a real mail server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from sitegen.newsletter import issues
from sitegen.newsletter.addresses import parse_address
from sitegen.newsletter.config import Config
from sitegen.newsletter.database import Database
from sitegen.newsletter.dispatch import Dispatcher
from sitegen.newsletter.issues import IssueError, IssueQueue, Status
from sitegen.newsletter.leases import LostError, give_back, take
from sitegen.newsletter.roster import remove
from sitegen.newsletter.tables import delivery, issue, lease, subscriber
from sitegen.newsletter.transport import Smtp
from tests.newsletter.smtp_sink import Sink
from tests.newsletter.world import add_people, make_config, make_issue, read_mail, states

CONFIG = make_config()
ISSUE = make_issue(CONFIG)
PEOPLE = [f"reader-{number}@example.org" for number in range(40)]
LEASE = f"issue {ISSUE.name}"


def freeze(database: Database, policy: str = "resend", people: list[str] = PEOPLE, now: float = 0.0) -> None:
    """An issue to these people, ready to be sent."""
    add_people(database, people)
    assert database.write(lambda connection: issues.freeze(connection, CONFIG, ISSUE, policy, now or time.time()))


def dispatcher(
    database: Database, sink: Sink, connections: int = 3, owner: str = "sender", **options: Any
) -> Dispatcher:
    """What sends it."""
    return Dispatcher(
        IssueQueue(CONFIG, ISSUE.name, owner),
        database.write,
        lambda: Smtp(sink.url),
        connections,
        **{"backoff": 0.05, **options},
    )


def status(database: Database) -> Status:
    """How far it is."""
    return database.write(lambda connection: issues.status(connection, ISSUE.name))


def rows(database: Database) -> dict[str, tuple[str, int]]:
    """For each address, the state and the attempts."""
    found = select(subscriber.c.email, delivery.c.state, delivery.c.attempts).join(delivery)
    return {
        email: (state, attempts)
        for email, state, attempts in database.write(lambda connection: connection.execute(found).all())
    }


def test_everybody_who_confirmed_gets_it_once(database: Database, sink: Sink) -> None:
    """An issue goes to those who have confirmed, and to nobody else; the rows say so, and sending again sends nothing."""
    for state in ("pending", "unsubscribed", "bounced"):
        add_people(database, [f"{state}@example.org"], state)
    freeze(database)
    for _ in range(2):
        dispatcher(database, sink).run()
        assert Counter(mail["to"] for mail in sink.accepted()) == Counter(PEOPLE)
        found = status(database)
        assert (found.state, found.counts, found.total, found.open) == ("done", {"sent": 40}, 40, ())
    ids = {mail["message_id"] for mail in sink.accepted()}
    links = {read_mail(mail["data"]).url("u") for mail in sink.accepted()}
    assert (len(ids), len(links)) == (40, 40)


def test_each_link_unsubscribes_its_reader(database: Database, sink: Sink) -> None:
    """The link in a mail is that of the person whom the mail was sent to."""
    freeze(database)
    dispatcher(database, sink).run()
    public = database.write(
        lambda connection: dict(connection.execute(select(subscriber.c.email, subscriber.c.public_id)).all())
    )
    found = {
        mail["to"]: CONFIG.keys.unsubscribes(read_mail(mail["data"]).url("u").rpartition("/")[2])
        for mail in sink.accepted()
    }
    assert found == public


def test_what_is_frozen_stays(database: Database, sink: Sink) -> None:
    """Freezing again is nothing, with other words it is refused, and who confirms later is not among the readers."""
    freeze(database)
    add_people(database, ["late@example.org"])

    def again(made: issues.IssueMail) -> bool:
        return database.write(lambda connection: issues.freeze(connection, CONFIG, made, "hold", time.time()))

    assert again(ISSUE) is False
    for changed in (
        replace(ISSUE, subject="Other"),
        replace(ISSUE, text="Other"),
        replace(ISSUE, html="Other"),
        replace(ISSUE, archived_at="https://x.example/"),
    ):
        with pytest.raises(IssueError, match="has changed since it was frozen"):
            again(changed)
    dispatcher(database, sink).run()
    assert status(database).counts == {"sent": 40}


def test_nobody_and_nothing(database: Database) -> None:
    """An issue without readers is not begun, and one that was not begun has no status and cannot go on."""
    with pytest.raises(IssueError, match="nobody"):
        database.write(lambda connection: issues.freeze(connection, CONFIG, ISSUE, "resend", time.time()))
    assert database.write(issues.names) == []
    for ask in (lambda c: issues.status(c, ISSUE.name), lambda c: issues.resume(c, ISSUE.name, 0.0)):
        with pytest.raises(IssueError, match="has not been sent"):
            database.write(ask)


def test_who_leaves_meanwhile_gets_nothing(database: Database, sink: Sink) -> None:
    """Between freezing and sending, one leaves, one is erased, and one's mailbox is found missing: none of them gets it."""
    freeze(database)
    leaver, forgotten, gone = map(parse_address, PEOPLE[:3])
    database.write(lambda connection: remove(connection, leaver, CONFIG.keys, time.time(), forget=False))
    database.write(lambda connection: remove(connection, forgotten, CONFIG.keys, time.time(), forget=True))
    database.write(
        lambda connection: connection.execute(
            update(subscriber).where(subscriber.c.email == gone.email).values(state="bounced")
        )
    )
    dispatcher(database, sink).run()
    assert {mail["to"] for mail in sink.accepted()} == set(PEOPLE[3:])
    assert status(database).counts == {"sent": 37, "skipped": 2}


def test_who_is_erased_while_the_mail_is_on_its_way(database: Database, sink: Sink) -> None:
    """Erasing somebody whose mail is just being sent disturbs nobody and leaves no trace of them."""
    freeze(database, people=PEOPLE[:2])
    sink.rules(delay=0.5)
    sender = threading.Thread(target=dispatcher(database, sink).run, daemon=True)
    sender.start()
    sink.wait(2)
    database.write(
        lambda connection: remove(connection, parse_address(PEOPLE[0]), CONFIG.keys, time.time(), forget=True)
    )
    sender.join()
    assert rows(database) == {PEOPLE[1]: ("sent", 1)}


def test_a_busy_server_is_tried_again(database: Database, sink: Sink) -> None:
    """A server that says 'later' to every third recipient gets every mail in the end, each once, with its attempts counted."""
    freeze(database)
    sink.rules(busy=0.35)
    dispatcher(database, sink).run()
    assert Counter(mail["to"] for mail in sink.accepted()) == Counter(PEOPLE)
    assert status(database).counts == {"sent": 40}
    assert max(attempts for _, attempts in rows(database).values()) > 1


def test_attempts_end(database: Database, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailbox that is busy for ever is given up after a number of attempts, each later than the one before, and is not called missing."""
    monkeypatch.setattr("sitegen.newsletter.dispatch.MOST_ATTEMPTS", 4)
    freeze(database)
    sink.rules(rcpt={PEOPLE[0]: "450 4.2.1 full of mail for anna@example.org"})
    began = time.monotonic()
    dispatcher(database, sink).run()
    assert time.monotonic() - began > 0.8 * (0.05 + 0.1 + 0.2)
    assert status(database).open == (("failed", PEOPLE[0], "4.2.1 full of mail for <address>"),)
    assert rows(database)[PEOPLE[0]] == ("failed", 4)
    assert database.write(states)[PEOPLE[0]] == "confirmed"


def test_a_missing_mailbox_is_a_bounce(database: Database, sink: Sink) -> None:
    """A mailbox that does not exist is not written to again; one that is full, or is refused for our sake, stays subscribed."""
    freeze(database)
    sink.rules(rcpt={PEOPLE[0]: "550 5.1.1 no such user", PEOPLE[1]: "552 5.2.2 mailbox full"})
    dispatcher(database, sink).run()
    assert status(database).counts == {"sent": 38, "failed": 2}
    found = database.write(states)
    assert (found[PEOPLE[0]], found[PEOPLE[1]], found[PEOPLE[2]]) == ("bounced", "confirmed", "confirmed")


@pytest.mark.parametrize(
    "rules", [{"data": {"*": "554 5.7.1 looks like spam"}}, {"mail": {"*": "550 5.7.1 not from you"}}, {"rcpt": {"*": "554 5.7.1 relay denied"}}, {"rcpt": {"*": "554 5.1.8 bad sender"}}]
)  # fmt: skip
def test_a_server_that_refuses_us_pauses_the_issue(database: Database, sink: Sink, rules: dict[str, Any]) -> None:
    """When the server refuses what we are or what we send, the issue stops at once, nobody is called missing, and `resume` goes on with all."""
    freeze(database)
    sink.rules(**rules)
    dispatcher(database, sink).run()
    found = status(database)
    assert (found.state, found.counts) == ("paused", {"queued": 40})
    assert found.reason.startswith("the mail server refuses what we send: 55")
    assert set(database.write(states).values()) == {"confirmed"}
    sink.rules()
    dispatcher(database, sink).run()
    assert sink.accepted() == []  # a pause lasts until somebody ends it
    database.write(lambda connection: issues.resume(connection, ISSUE.name, time.time()))
    dispatcher(database, sink).run()
    assert status(database).counts == {"sent": 40}


def test_too_many_missing_mailboxes_pause_the_issue(database: Database, sink: Sink) -> None:
    """A list of which a large part does not exist stops before all of it has been tried."""
    freeze(database)
    sink.rules(rcpt=dict.fromkeys(PEOPLE[::2], "550 5.1.1 no such user"))
    dispatcher(database, sink).run()
    found = status(database)
    assert found.state == "paused"
    assert 10 <= found.counts["failed"] <= 13
    assert "addresses were refused" in found.reason


@pytest.mark.parametrize("keep", [True, False])
def test_a_break_after_the_dot(database: Database, sink: Sink, keep: bool) -> None:
    """Where nobody knows whether a mail arrived, `resend` sends it again under the same Message-ID, and nobody goes without."""
    freeze(database)
    sink.rules(drop=0.4, keep=keep)
    dispatcher(database, sink).run()
    assert status(database).counts == {"sent": 40}
    found = {(mail["to"], mail["message_id"], mail["digest"]) for mail in sink.accepted()}
    assert {to for to, _, _ in found} == set(PEOPLE)
    assert len(found) == 40


@pytest.mark.parametrize("decision", ["resend", "drop"])
def test_what_is_held_is_decided(database: Database, sink: Sink, decision: str) -> None:
    """With `hold`, what nobody knows is never sent twice; it is listed until the operator sends it again or drops it."""
    freeze(database, "hold")
    sink.rules(drop=0.4, keep=False)
    dispatcher(database, sink).run()
    found = status(database)
    got = {mail["to"] for mail in sink.accepted()}
    assert len(sink.accepted()) == len(got) == found.counts["sent"]
    assert {email for state, email, _ in found.open if state == "uncertain"} == set(PEOPLE) - got
    sink.rules()
    database.write(lambda connection: issues.resume(connection, ISSUE.name, time.time(), uncertain=decision))
    dispatcher(database, sink).run()
    assert status(database).counts == (
        {"sent": 40} if decision == "resend" else {"sent": len(got), "skipped": 40 - len(got)}
    )
    assert status(database).open == ()


def test_no_server_is_waited_for(database: Database, sink: Sink) -> None:
    """While there is no mail server nothing is lost and no attempt is counted; when it comes back, everything goes out."""
    freeze(database)
    sink.stop()
    sender = dispatcher(database, sink)
    thread = threading.Thread(target=sender.run, daemon=True)
    thread.start()
    _until(lambda: sender.unreached != "")
    assert status(database).counts.get("sent", 0) == 0
    sink.start()
    thread.join()
    assert sender.unreached == ""
    assert set(rows(database).values()) == {("sent", 1)}


def test_one_sender_at_a_time(database: Database, sink: Sink) -> None:
    """A second sender of the same issue ends at once and says why; when the first has given back its lease, or its time is over, it may."""
    freeze(database)
    assert database.write(lambda connection: take(connection, LEASE, "another machine/1/a", time.time()))
    with pytest.raises(LostError, match="another process is sending"):
        dispatcher(database, sink).run()
    assert sink.accepted() == []
    database.write(lambda connection: connection.execute(update(lease).values(expires=time.time() - 1)))
    dispatcher(database, sink).run()
    assert len(sink.accepted()) == 40
    with pytest.raises(LostError):
        dispatcher(database, sink, owner="other").run()
    database.write(lambda connection: give_back(connection, LEASE, "sender"))
    dispatcher(database, sink, owner="other").run()


def test_a_lease_that_is_lost_stops_the_sender(database: Database, sink: Sink) -> None:
    """A sender whose lease was taken over stops, and what it did not record is found by the next one."""
    freeze(database)
    sink.rules(delay=0.05)
    sender, error = dispatcher(database, sink, connections=1), list[BaseException]()

    def run() -> None:
        try:
            sender.run()
        except LostError as lost:
            error.append(lost)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    sink.wait(3)
    database.write(lambda connection: connection.execute(delete(lease)))
    database.write(lambda connection: take(connection, LEASE, "another machine/1/a", time.time()))
    thread.join()
    assert len(error) == 1
    dispatcher(database, sink, owner="another machine/1/a").run()
    assert {mail["to"] for mail in sink.accepted()} == set(PEOPLE)
    assert len({(mail["to"], mail["message_id"]) for mail in sink.accepted()}) == 40


def test_an_old_issue_waits_for_somebody_who_is_sure(database: Database, sink: Sink) -> None:
    """An issue frozen more than a day ago, as in a backup that was restored, goes on only when somebody says so again."""
    freeze(database, now=time.time() - 25 * 3600)
    with pytest.raises(IssueError, match="--yes"):
        database.write(lambda connection: issues.resume(connection, ISSUE.name, time.time()))
    database.write(lambda connection: issues.resume(connection, ISSUE.name, time.time(), sure=True))
    dispatcher(database, sink).run()
    assert len(sink.accepted()) == 40


def test_a_rate_is_kept(database: Database, sink: Sink) -> None:
    """With a rate, mails go out no faster than that."""
    freeze(database)
    began = time.monotonic()
    dispatcher(database, sink, a_second=40).run()
    assert time.monotonic() - began >= 0.9
    assert len(sink.accepted()) == 40


def test_the_frozen_words_go_out(database: Database, sink: Sink) -> None:
    """What is sent is what was frozen, whatever the configuration says of titles later."""
    freeze(database)
    other: Config = make_config(title="Another title")
    Dispatcher(IssueQueue(other, ISSUE.name, "sender"), database.write, lambda: Smtp(sink.url), 3).run()
    mail = read_mail(sink.accepted()[0]["data"])
    assert mail.subject == ISSUE.subject
    assert mail.text.rstrip("\n") == ISSUE.text.replace("\ue002", mail.url("u")).rstrip("\n")


def test_status_is_counted(database: Database) -> None:
    """A status is counted from the rows each time, and an issue whose rows are all settled is done whatever else is written."""
    freeze(database)
    database.write(lambda connection: connection.execute(update(issue).values(state="paused", reason="x")))
    assert (status(database).state, status(database).counts) == ("paused", {"queued": 40})

    def settle(connection: Connection) -> None:
        connection.execute(update(delivery).values(state="sent"))

    database.write(settle)
    assert (status(database).state, status(database).counts) == ("done", {"sent": 40})


def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
