"""What is posted, decided at given moments within the budgets; and the mails that come of it, sent by a real dispatcher."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, func, insert, select, update

from sitegen.newsletter.addresses import parse_address
from sitegen.newsletter.database import Database
from sitegen.newsletter.dispatch import Dispatcher, Job, Outcome
from sitegen.newsletter.intake import Budget, newest_source_key, posted, purge, remember_consent, work_off
from sitegen.newsletter.outbox import Outbox
from sitegen.newsletter.roster import counts, remove, take_in
from sitegen.newsletter.states import confirm
from sitegen.newsletter.tables import event, intake, mail, source_key, subscriber
from sitegen.newsletter.texts import Texts
from sitegen.newsletter.transport import RefusedError, Smtp
from tests.newsletter.smtp_sink import Sink
from tests.newsletter.world import add_people, dump, make_config, read_mail, states

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
NOW = 1_800_000_000.0
CONFIG = make_config()
KEYS = CONFIG.keys


class Desk:
    """Posts and decisions at moments that the test says."""

    def __init__(self, database: Database, budget: Budget) -> None:
        self.database, self.budget = database, budget

    def post(self, emails: Sequence[str], at: float, kind: str = "subscribe", source: str = "somewhere") -> None:
        rows = [posted(kind, parse_address(email), source, at) for email in emails]
        self.database.write(lambda connection: connection.execute(insert(intake), rows))

    def decide(self, now: float) -> int:
        """How many mails there are, once every post that is due was looked at."""
        while self.database.write(lambda connection: work_off(connection, KEYS, self.budget, now)):
            pass
        return self.database.write(
            lambda connection: connection.execute(select(func.count()).select_from(mail)).scalar_one()
        )

    def waiting(self) -> int:
        return len(dump(self.database)["intake"])


@pytest.fixture
def desk(database: Database) -> Desk:
    """With the budgets as shipped."""
    return Desk(database, Budget())


def test_one_inbox_gets_three_mails_a_day(desk: Desk) -> None:
    """However often somebody is posted, in whatever spelling, their inbox gets one mail in 15 minutes and three a day; nothing is kept waiting."""
    spellings = ["anna@example.org", "an.na@example.org", "anna+1@example.org", "ANNA@example.org"]
    found = []
    for minute in (0, 5, 14.9, 15, 20, 29.9, 30, 45, 600, 1439.9, 1440, 1454.9, 1455, 1469.9, 1470, 1500):
        desk.post(spellings, NOW + minute * MINUTE)
        found.append(desk.decide(NOW + minute * MINUTE))
    assert found == [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6]
    assert desk.waiting() == 0
    assert desk.database.write(counts) == {"pending": 3, "confirmed": 0, "unsubscribed": 0, "bounced": 0}


def test_a_source_that_posts_many_waits(database: Database) -> None:
    """One source causes so many mails in ten minutes; the other posts wait and come through, those of other sources at once."""
    desk = Desk(database, Budget(source=3, hour=100))
    desk.post([f"reader-{number}@example.org" for number in range(8)], NOW, source="bot")
    desk.post(["anna@example.org"], NOW, source="home")
    assert [desk.decide(NOW + minutes * MINUTE) for minutes in (0, 9, 10, 19, 20)] == [4, 4, 7, 7, 9]
    assert desk.waiting() == 0


def test_all_together_wait_for_the_hour(database: Database) -> None:
    """Beyond the hour's budget everybody waits; a flood is taken in and comes through hour by hour, in the order it came."""
    desk = Desk(database, Budget(source=1000, hour=10))
    desk.post([f"reader-{number}@example.org" for number in range(60)], NOW)
    assert desk.decide(NOW) == 10
    assert desk.waiting() == 50
    assert [desk.decide(NOW + hours * HOUR) for hours in (0.5, 1, 1.5, 2, 3)] == [10, 20, 20, 30, 40]
    order = desk.database.write(
        lambda connection: connection.execute(select(subscriber.c.email).order_by(subscriber.c.id)).scalars().all()
    )
    assert order == [f"reader-{number}@example.org" for number in range(40)]


def test_a_post_waits_for_a_day_at_most(database: Database) -> None:
    """A post that the budgets have kept waiting for a day is let go without a mail, so that nothing is kept for ever."""
    desk = Desk(database, Budget(source=0, hour=10))
    desk.post(["anna@example.org"], NOW)
    assert (desk.decide(NOW), desk.decide(NOW + DAY - 1), desk.waiting()) == (0, 0, 1)
    assert (desk.decide(NOW + DAY + 10 * MINUTE), desk.waiting()) == (0, 0)


def test_courtesies_and_bounces_are_rare(desk: Desk) -> None:
    """One who is subscribed already is told so once a week, and a mailbox that refused us is left alone for a month."""
    add_people(desk.database, ["anna@example.org"])
    add_people(desk.database, ["bert@example.org"], "bounced")
    desk.database.write(lambda connection: connection.execute(update(subscriber).values(changed=NOW)))
    found = []
    for day in (0, 1, 6, 7, 13, 14, 29, 30):
        desk.post(["anna@example.org", "bert@example.org"], NOW + day * DAY)
        found.append(desk.decide(NOW + day * DAY))
    assert found == [1, 1, 1, 2, 2, 3, 4, 5]
    assert desk.database.write(states) == {"anna@example.org": "confirmed", "bert@example.org": "bounced"}


def test_what_has_served_goes(desk: Desk) -> None:
    """A subscription nobody confirmed goes after a month, with its history; what budgets no longer count goes, and a mail that waits keeps its person."""
    desk.post(["anna@example.org", "bert@example.org"], NOW)
    desk.decide(NOW)
    anna = select(subscriber.c.id).where(subscriber.c.email == "anna@example.org").scalar_subquery()
    desk.database.write(
        lambda connection: connection.execute(update(mail).where(mail.c.subscriber == anna).values(state="sent"))
    )
    before = dump(desk.database)
    for later, kept in ((30 * DAY, 2), (30 * DAY + 1, 1)):
        desk.database.write(lambda connection, later=later: purge(connection, NOW + later))
        assert [len(dump(desk.database)[name]) for name in ("subscriber", "event", "mail")] == [kept] * 3
        assert (dump(desk.database) == before) == (kept == 2)
    assert desk.database.write(states) == {"bert@example.org": "pending"}


def test_keys_of_sources_are_destroyed(database: Database) -> None:
    """The key of sources is the same for ten days, then another; after thirty days it is gone, and so is the way back to an IP address."""

    def key(days: float) -> bytes:
        return database.write(lambda connection: newest_source_key(connection, NOW + days * DAY))

    first, same, second = key(0), key(9.9), key(10)
    assert first == same != second
    assert len(first) == 32
    key(29)
    assert len(dump(database)["source_key"]) == 3
    key(30.1)
    kept = database.write(lambda connection: connection.execute(select(source_key.c.key)).scalars().all())
    assert first not in kept


def test_words_of_consent_are_kept_once(database: Database) -> None:
    """Each wording is kept with the moment it was first used."""
    for moment, words in ((1.0, "a"), (2.0, "b"), (3.0, "a")):
        database.write(
            lambda connection, moment=moment, words=words: remember_consent(connection, words * 64, words, moment)
        )
    assert dump(database)["consent"] == [("a" * 64, "a", 1.0), ("b" * 64, "b", 2.0)]


def test_who_was_erased_is_not_imported(database: Database) -> None:
    """An import brings back nobody who left or was erased, under an old key either; only they themselves can, by confirming again."""
    people = [parse_address(f"{name}@example.org") for name in ("anna", "bert", "carl")]

    def bring() -> dict[str, int]:
        return database.write(lambda connection: take_in(connection, [*people, people[0]], KEYS, NOW, "a fair"))

    assert bring() == {"added": 3, "known": 1, "erased": 0}
    assert database.write(lambda connection: remove(connection, people[0], KEYS, NOW, forget=True))
    assert database.write(lambda connection: remove(connection, people[1], KEYS, NOW, forget=False))
    assert not database.write(lambda connection: remove(connection, people[0], KEYS, NOW, forget=False))
    assert bring() == {"added": 0, "known": 2, "erased": 2}
    assert database.write(states) == {"bert@example.org": "unsubscribed", "carl@example.org": "confirmed"}
    desk = Desk(database, Budget())
    desk.post(["anna@example.org"], time.time())
    desk.decide(time.time())
    outbox = Outbox(CONFIG, Texts(CONFIG), "server")
    (job,) = database.write(lambda connection: outbox.step(connection, [], 5))
    token = read_mail(job.data).url("confirm").rpartition("/")[2]
    assert database.write(lambda connection: confirm(connection, token, KEYS, time.time()))
    assert dump(database)["suppression"] == []


def dispatcher(database: Database, sink: Sink) -> Dispatcher:
    """What sends single mails."""
    return Dispatcher(Outbox(CONFIG, Texts(CONFIG), "server"), database.write, lambda: Smtp(sink.url), 2, backoff=0.05)


def mailed(database: Database, sink: Sink, until: int) -> None:
    """Send single mails until none waits."""
    sender = dispatcher(database, sink)
    thread = threading.Thread(target=sender.run, daemon=True)
    thread.start()
    sink.wait(until)
    end = time.monotonic() + 20
    while any(row[3] in ("queued", "sending") for row in dump(database)["mail"]):
        assert time.monotonic() < end
        time.sleep(0.02)
    sender.stop()
    thread.join()


def test_single_mails_survive_a_bad_day(desk: Desk, sink: Sink) -> None:
    """A busy server and broken connections cost nobody their mail; who gets two gets the same one, but for a link that both work."""
    people = [f"reader-{number}@example.org" for number in range(20)]
    desk.post(people, time.time())
    desk.decide(time.time())
    sink.rules(busy=0.3, drop=0.2)
    mailed(desk.database, sink, 20)
    found = {(mail["to"], mail["message_id"]) for mail in sink.accepted()}
    assert sorted(to for to, _ in found) == sorted(people)
    for one in sink.accepted():
        token = read_mail(one["data"]).url("confirm").rpartition("/")[2]
        assert desk.database.write(lambda connection, token=token: confirm(connection, token, KEYS, time.time()))
    assert desk.database.write(counts)["confirmed"] == 20
    kept = desk.database.write(
        lambda connection: (
            connection.execute(select(event.c.message_id).where(event.c.kind == "sent confirm")).scalars().all()
        )
    )
    assert sorted(kept) == sorted(message_id for _, message_id in found)


def test_a_missing_mailbox_is_left_alone(desk: Desk, sink: Sink) -> None:
    """A confirm mail to a mailbox that does not exist makes its subscription bounced; one refused for our sake does not."""
    desk.post(["anna@example.org", "bert@example.org", "carl@example.org"], time.time())
    desk.decide(time.time())
    sink.rules(rcpt={"anna@example.org": "550 5.1.1 no such user"}, data={"bert@example.org": "554 5.7.1 spam"})
    mailed(desk.database, sink, 1)
    assert desk.database.write(states) == {
        "anna@example.org": "bounced",
        "bert@example.org": "pending",
        "carl@example.org": "pending",
    }


def test_a_killed_server_has_one_message_id(desk: Desk) -> None:
    """What a killed server had on its way goes out again under the same Message-ID, and to nobody who was erased since."""
    desk.post(["anna@example.org", "bert@example.org"], time.time())
    desk.decide(time.time())

    def step(outcomes: Sequence[Outcome] = (), room: int = 5) -> list[Job]:
        return desk.database.write(lambda connection: outbox.step(connection, outcomes, room))

    outbox = Outbox(CONFIG, Texts(CONFIG), "server")
    first = step()
    assert step() == []
    outbox = Outbox(CONFIG, Texts(CONFIG), "server")
    desk.database.write(
        lambda connection: remove(connection, parse_address("bert@example.org"), KEYS, NOW, forget=True)
    )
    second = step()
    assert ([job.to for job in first], [job.to for job in second]) == (
        ["anna@example.org", "bert@example.org"],
        ["anna@example.org"],
    )
    assert read_mail(first[0].data).message["Message-ID"] == read_mail(second[0].data).message["Message-ID"]
    refused = RefusedError(550, "5.1.1 no")
    step([Outcome(second[0], "failed", 550, "5.1.1 no", refusal=refused, attempts=1)], room=0)
    assert outbox.under_way == set()
    assert sorted(row[3] for row in dump(desk.database)["mail"]) == ["failed", "skipped"]


@pytest.mark.parametrize("became", ["sent", "failed"])
def test_a_mail_that_was_forgotten_on_its_way(desk: Desk, became: str) -> None:
    """What became of a mail is of no matter once its reader was erased and the mail itself, long decided on, was removed."""
    now = time.time()
    desk.post(["anna@example.org"], now - 31 * DAY)
    desk.decide(now - 31 * DAY)
    outbox = Outbox(CONFIG, Texts(CONFIG), "server")
    (job,) = desk.database.write(lambda connection: outbox.step(connection, [], 5))
    desk.database.write(lambda connection: remove(connection, parse_address(job.to), KEYS, now, forget=True))
    desk.database.write(lambda connection: purge(connection, now))
    assert dump(desk.database)["mail"] == []
    refused = RefusedError(550, "5.1.1 no such user") if became == "failed" else None
    outcome = Outcome(job, became, refused and 550, "", refusal=refused, attempts=1)
    assert desk.database.write(lambda connection: outbox.step(connection, [outcome], 5)) == []
    assert outbox.under_way == set()
    assert desk.database.write(states) == {}


def test_the_other_server_sends_nothing(desk: Desk) -> None:
    """While one server has the lease, another claims no mail."""
    desk.post(["anna@example.org"], time.time())
    desk.decide(time.time())

    def step(owner: str) -> int:
        outbox = Outbox(CONFIG, Texts(CONFIG), owner)
        return desk.database.write(lambda connection: len(outbox.step(connection, [], 5)))

    def none(connection: Connection) -> object:
        return Outbox(CONFIG, Texts(CONFIG), "a machine/1/a").step(connection, [], 0)

    desk.database.write(none)
    assert (step("other machine/1/b"), step("a machine/1/a")) == (0, 1)
