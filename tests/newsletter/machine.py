"""The real newsletter and the model side by side: whatever happens, in whatever order, both say the same.

`run(url, steps)` lets Hypothesis find the order; it is used by the tests and by the benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from quopri import decodestring
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, select

from sitegen.newsletter import issues as issues_module
from sitegen.newsletter import outbox as outbox_module
from sitegen.newsletter.addresses import parse_address
from sitegen.newsletter.database import Database
from sitegen.newsletter.dispatch import Job, Outcome
from sitegen.newsletter.intake import Budget, posted, purge, work_off
from sitegen.newsletter.issues import IssueQueue, freeze
from sitegen.newsletter.outbox import Outbox
from sitegen.newsletter.roster import export, take_in
from sitegen.newsletter.states import confirm, erase, holder, unsubscribe
from sitegen.newsletter.tables import delivery, intake, mail, subscriber, suppression
from sitegen.newsletter.texts import Texts
from sitegen.newsletter.transport import RefusedError
from tests.newsletter.model import DAY, EDGES, MINUTE, Issue, Mail, Model, Person
from tests.newsletter.world import make_config, make_issue

PEOPLE = ("anna@example.org", "an.na@example.org", "Anna+1@example.org", "bert@example.org")
SOURCES = ("home", "office", "bot")
OUTCOMES = ("sent", "sent", "sent", "missing", "busy", "uncertain", "unreached")
STEPS = 60
_TOKEN = re.compile(rb"/(confirm|export|erase|u)/([\w-]+)")
_WAIT = 90.0


def outcome(job: Job, what: str) -> Outcome:
    """What the dispatcher would say of a job that ended so."""
    refusal = {"missing": RefusedError(550, "5.1.1 gone"), "busy": RefusedError(450, "4.2.1 busy")}.get(what)
    state = {"missing": "failed", "busy": "queued"}.get(what, what)
    wait = _WAIT if what in ("busy", "uncertain") else 0.0
    return Outcome(
        job,
        state,
        refusal and refusal.code,
        refusal.detail if refusal else "",
        wait,
        job.attempts + (what != "unreached"),
        refusal,
    )


def link(data: bytes) -> tuple[str, str]:
    """What the link in a mail is for, and its token; a mail without one is a courtesy."""
    found = _TOKEN.search(decodestring(data))
    return (found[1].decode(), found[2].decode()) if found else ("courtesy", "")


class Newsletter(RuleBasedStateMachine):
    """The rules are what can happen; the invariants are what must hold after each."""

    database: ClassVar[Database]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(1_800_000_000.0, per_source=4, per_hour=9)
        self.clock = SimpleNamespace(time=lambda: self.model.now)
        self.patches = [patch.object(module, "time", self.clock) for module in (outbox_module, issues_module)]
        for one in self.patches:
            one.start()
        self.config = make_config(budget=Budget(source=4, hour=9))
        self.texts = Texts(self.config)
        self.outbox = Outbox(self.config, self.texts, "server")
        self.connection = (
            self.database.engine.connect()
        )  # all of an example is one transaction, which is never committed
        self.transaction = self.connection.begin()
        self.under_way: list[tuple[Job, Mail]] = []
        self.issue_queues: dict[Issue, IssueQueue] = {}
        self.issues_under_way: dict[Issue, list[tuple[Job, Person]]] = {}
        self.tokens: list[tuple[str, str]] = []  # purpose and token of every link that was mailed
        self.left: dict[str, Person] = {}  # the same for links to unsubscribe
        self.ever: list[tuple[str, float]] = []  # victim and moment of every mail that was ever decided on
        self.before: dict[str, str] = {}
        self.event = ""

    def teardown(self) -> None:
        self.transaction.rollback()
        self.connection.close()
        for one in self.patches:
            one.stop()

    @initialize(emails=st.lists(st.sampled_from(PEOPLE), unique_by=str.lower, max_size=4))
    def some_are_there(self, emails: Sequence[str]) -> None:
        self.import_(emails)

    # --- what can happen

    @rule(kind=st.sampled_from(("subscribe", "subscribe", "subscribe", "export", "erase")), email=st.sampled_from(PEOPLE),
          source=st.sampled_from(SOURCES), times=st.sampled_from((1, 1, 1, 1, 2, 12)))  # fmt: skip
    def post(self, kind: str, email: str, source: str, times: int) -> None:
        self.event = "post"
        for _ in range(times):
            self.connection.execute(
                insert(intake), posted(kind, parse_address(email), source, self.model.now, "page", "")
            )
            self.model.post(kind, email, source)

    @rule()
    def decide(self) -> None:
        self.event = "decide"
        count = len(self.model.mails)
        assert work_off(self.connection, self.config.keys, self.config.budget, self.model.now) == self.model.work_off()
        self.ever += [(one.victim, one.created) for one in self.model.mails[count:]]

    @rule(what=st.lists(st.sampled_from(OUTCOMES), min_size=4, max_size=4), room=st.integers(0, 4))
    def deliver(self, what: Sequence[str], room: int) -> None:
        """Record what became of the mails on their way, and send others."""
        self.event = "bounce"
        outcomes = [outcome(job, said) for (job, _), said in zip(self.under_way, what, strict=False)]
        for (_, sent), said in zip(self.under_way, what, strict=False):
            self.model.outcome(sent, said, _WAIT)
        self.under_way = self.under_way[len(outcomes) :]
        self.claim(outcomes, room)

    @rule(room=st.integers(1, 4))
    def server_is_killed(self, room: int) -> None:
        """What it had on its way is found by the next one."""
        self.event = "kill"
        self.outbox = Outbox(self.config, self.texts, "server")
        for _, sent in self.under_way:
            sent.state = "queued"
        self.under_way = []
        self.claim([], room)

    def claim(self, outcomes: Sequence[Outcome], room: int) -> None:
        jobs = self.outbox.step(self.connection, outcomes, room)
        claimed = self.model.claim(room)
        found = [(job.to, *link(job.data)) for job in jobs]
        assert [(to, kind) for to, kind, _ in found] == [(one.person and one.person.email, one.kind) for one in claimed]
        for one, (_, kind, token) in zip(claimed, found, strict=True):
            if token:
                self.model.mailed(one, token)
                self.tokens.append((kind, token))
        self.under_way += zip(jobs, claimed, strict=True)

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), wrong=st.sampled_from(("", "", "", "cut", "purpose")))
    def confirm(self, data: st.DataObject, wrong: str) -> None:
        self.event = "confirm"
        right = [token for purpose, token in self.tokens if (purpose == "confirm") == (wrong != "purpose")]
        if right:
            token = data.draw(st.sampled_from(right[-4:]))
            token = token[:-1] if wrong == "cut" else token
            assert confirm(self.connection, token, self.config.keys, self.model.now) == self.model.confirm(token)

    @precondition(lambda self: self.left)
    @rule(data=st.data())
    def unsubscribe(self, data: st.DataObject) -> None:
        self.event = "unsubscribe"
        token = data.draw(st.sampled_from(list(self.left)))
        who = self.config.keys.unsubscribes(token)
        assert who
        unsubscribe(self.connection, who, self.model.now)
        if self.left[token] in self.model.people.values():
            self.model.unsubscribe(self.left[token])

    @precondition(lambda self: self.model.people)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """By the link that stands in every issue, got long ago."""
        self.event = "unsubscribe"
        person = data.draw(st.sampled_from(list(self.model.people.values())))
        who = self.connection.execute(
            select(subscriber.c.public_id).where(subscriber.c.email_key == person.email.lower())
        ).scalar_one()
        self.left[self.config.keys.unsubscribe_token(who)] = person
        unsubscribe(self.connection, who, self.model.now)
        self.model.unsubscribe(person)

    @precondition(lambda self: any(purpose != "confirm" for purpose, _ in self.tokens))
    @rule(data=st.data(), purpose=st.sampled_from(("export", "erase")))
    def use_a_data_link(self, data: st.DataObject, purpose: str) -> None:
        """With each link for each purpose: only the right one does something."""
        self.event = "erase"
        token = data.draw(st.sampled_from([token for kind, token in self.tokens if kind != "confirm"]))
        found, expected = holder(self.connection, token, purpose, self.model.now), self.model.holder(token, purpose)
        assert (found is None) == (expected is None)
        if found and expected and purpose == "export":
            kept = export(self.connection, found["subscriber"])
            assert (kept["email"], kept["state"]) == (expected.person.email, expected.person.state)
        elif found and expected:
            erase(self.connection, found["subscriber"], self.config.keys, self.model.now)
            self.model.forget(expected.person)

    @rule(emails=st.lists(st.sampled_from(PEOPLE), max_size=3))
    def import_(self, emails: Sequence[str]) -> None:
        self.event = "import"
        found = take_in(self.connection, map(parse_address, emails), self.config.keys, self.model.now, "a list")
        expected = [self.model.take_in(email) for email in emails]
        assert found == {what: expected.count(what) for what in ("added", "known", "erased")}

    @rule(data=st.data(), off=st.sampled_from((0, 0, -1, 1)))
    def time_passes(self, data: st.DataObject, off: int) -> None:
        """To a moment at which some rule begins to hold or ceases to, or a second beside it."""
        self.event = "wait"
        rules = {
            name: [at + off for at in moments if at + off > self.model.now]
            for name, moments in self.model.moments().items()
        }
        chosen = data.draw(st.sampled_from([name for name, moments in rules.items() if moments] or [""]))
        self.model.now = data.draw(st.sampled_from(sorted(rules[chosen])[:2])) if chosen else self.model.now + DAY

    @rule(
        email=st.sampled_from(PEOPLE),
        kind=st.sampled_from(("subscribe", "erase")),
        minutes=st.sampled_from((7, 15, 20)),
    )
    def insist(self, email: str, kind: str, minutes: int) -> None:
        """Somebody posts the same again and again."""
        for number in range(4):
            self.post(kind, email, SOURCES[number % 3], 1)
            self.decide()
            self.both_say_the_same()
            self.model.now += minutes * MINUTE
        self.event = "wait"

    @rule(
        email=st.sampled_from(PEOPLE),
        kind=st.sampled_from(("subscribe", "subscribe", "erase")),
        source=st.sampled_from(SOURCES),
        confirms=st.booleans(),
    )
    def everything_goes_well(self, email: str, kind: str, source: str, confirms: bool) -> None:
        """Somebody posts, gets the mail, and may use its link."""
        self.event = "post"
        self.post(kind, email, source, 1)
        self.decide()
        self.both_say_the_same()
        self.event = "bounce"
        self.deliver(("sent",) * 4, 4)
        self.deliver(("sent",) * 4, 0)
        self.event = "confirm"
        if confirms and self.tokens and self.tokens[-1][0] == "confirm":
            token = self.tokens[-1][1]
            assert confirm(self.connection, token, self.config.keys, self.model.now) == self.model.confirm(token)

    @rule()
    def purge(self) -> None:
        self.event = "purge"
        purge(self.connection, self.model.now)
        self.model.purge()

    @precondition(
        lambda self: len(self.issue_queues) < 3 and any(state == "confirmed" for _, state in self.model.states())
    )
    @rule(policy=st.sampled_from(("resend", "hold")))
    def freeze(self, policy: str) -> None:
        self.event = "freeze"
        name = f"issue-{len(self.issue_queues)}"
        assert freeze(self.connection, self.config, make_issue(self.config, name), policy, self.model.now)
        issue = self.model.freeze(policy)
        self.issue_queues[issue], self.issues_under_way[issue] = IssueQueue(self.config, name, "sender"), []

    @precondition(lambda self: self.issue_queues)
    @rule(
        data=st.data(),
        what=st.lists(st.sampled_from(OUTCOMES), min_size=6, max_size=6),
        killed=st.sampled_from((False, False, True)),
    )
    def send_issue(self, data: st.DataObject, what: Sequence[str], killed: bool) -> None:
        """Record what became of the mails of an issue, or die before that; then send others, to those who are still there."""
        self.event = "bounce"
        issue = data.draw(st.sampled_from(list(self.issue_queues)))
        going, outcomes = self.issues_under_way[issue], []
        if killed:
            self.issue_queues[issue] = IssueQueue(self.config, self.issue_queues[issue].name, "sender")
            self.model.killed(issue)
        else:
            outcomes = [outcome(job, said) for (job, _), said in zip(going, what, strict=False)]
            for (_, person), said in zip(going, what, strict=False):
                self.model.issue_outcome(issue, person, said, _WAIT)
        jobs = self.issue_queues[issue].step(self.connection, outcomes, len(PEOPLE))
        people = {person.email: person for person in self.model.claim_issue(issue)}
        assert sorted(job.to for job in jobs) == sorted(people)
        self.issues_under_way[issue] = [(job, people[job.to]) for job in jobs]
        self.left |= {link(job.data)[1]: people[job.to] for job in jobs}

    # --- what must hold

    @invariant()
    def both_say_the_same(self) -> None:
        type(self).steps += 1
        query = self.connection.execute
        people = query(select(subscriber)).mappings().all()
        email = {row["id"]: row["email"] for row in people}
        found: dict[str, Any] = {
            "people": sorted((row["email"], row["state"], row["epoch"], row["created"], row["changed"], row["confirmed_at"]) for row in people),
            "posts": sorted(map(tuple, query(select(intake.c.kind, intake.c.email, intake.c.source, intake.c.at, intake.c.next_at)))),
            "mails": [
                (email.get(row.subscriber), row.kind, row.state, row.attempts, row.created, row.next_at)
                for row in query(select(mail.c.subscriber, mail.c.kind, mail.c.state, mail.c.attempts, mail.c.created, mail.c.next_at).order_by(mail.c.id))
            ],
            "erased": sorted(query(select(suppression.c.hash)).scalars()),
            "deliveries": sorted((row.issue, email[row.subscriber], row.state) for row in query(select(delivery.c.issue, delivery.c.subscriber, delivery.c.state))),
        }  # fmt: skip
        model = self.model
        expected = {
            "people": sorted((one.email, one.state, one.epoch, one.created, one.changed, one.confirmed_at) for one in model.people.values()),
            "posts": sorted((one.kind, one.email, one.source, one.at, one.next_at) for one in model.posts),
            "mails": [(one.person and one.person.email, one.kind, one.state, one.attempts, one.created, one.next_at) for one in model.mails],
            "erased": sorted(self.config.keys.suppressed(key)[0] for key in model.erased),
            "deliveries": sorted((f"issue-{number}", person.email, state) for number, one in enumerate(model.issues) for person, state in one.readers.items()),
        }  # fmt: skip
        assert found == expected
        after = {row["email_key"]: row["state"] for row in people}
        edges = {
            (self.before.get(key), after.get(key))
            for key in self.before.keys() | after.keys()
            if self.before.get(key) != after.get(key)
        }
        assert edges <= EDGES.get(self.event, set()), (self.event, edges)
        self.before = after

    @invariant()
    def no_inbox_is_bombed(self) -> None:
        """Of the mails that posts caused, no inbox gets two in 15 minutes nor four in a day."""
        for victim in {victim for victim, _ in self.ever}:
            moments = sorted(at for one, at in self.ever if one == victim)
            assert all(later - earlier >= 15 * MINUTE for earlier, later in pairwise(moments))
            assert all(later - earlier >= DAY for earlier, later in zip(moments, moments[3:], strict=False))


def run(url: str, steps: int) -> int:
    """Let things happen in ever new orders until so many steps are taken; how many there were. Raises what an example raises."""
    Newsletter.database, Newsletter.steps = Database(url), 0
    chosen = settings(
        max_examples=30,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    try:
        while Newsletter.steps < steps:
            run_state_machine_as_test(Newsletter, settings=chosen)  # type: ignore[no-untyped-call]
    finally:
        Newsletter.database.close()
    return Newsletter.steps
