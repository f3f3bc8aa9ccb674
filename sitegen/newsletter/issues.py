"""An issue to everybody: frozen once, sent row by row, and what became of it told from the rows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, insert, literal, select, update

from .config import Config
from .database import upsert
from .dispatch import Job, Outcome
from .leases import LostError, take
from .mails import Letter, domain_of, list_id, parse_sender
from .states import BOUNCE, change
from .tables import delivery, issue, subscriber

STALE = 24 * 3600.0  # an issue frozen longer ago than this goes on only when somebody says so again
_WINDOW, _LEAST, _SHARE = 200, 10, 0.05


class IssueError(Exception):
    """The issue cannot be sent; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class IssueMail:
    """An issue as content makes it, with UNSUBSCRIBE where each mail has a link of its own."""

    name: str
    subject: str
    text: str
    html: str
    archived_at: str


@dataclass(frozen=True, slots=True)
class Status:
    """How far an issue is, counted from its rows."""

    name: str
    state: str  # sending, paused or done
    policy: str
    reason: str
    frozen_at: float
    counts: dict[str, int]
    open: tuple[tuple[str, str, str], ...]  # of each that failed or is uncertain: state, address, what the server said

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def letter(config: Config, made: IssueMail) -> Letter:
    """The mail that everybody gets, but for To and the link to unsubscribe."""
    headers = (("List-Id", list_id(config.title, config.public_url)), ("Archived-At", f"<{made.archived_at}>"))
    return Letter(config.sender, made.subject, made.text, made.html, headers)


def freeze(connection: Connection, config: Config, made: IssueMail, policy: str, now: float) -> bool:
    """Fix what is sent and to whom, in this one transaction; False if that was done before.

    Raises IssueError if it was done before with other words, or there is nobody to send to.
    """
    digest = letter(config, made).hash
    new = upsert(connection, issue).values(
        name=made.name, subject=made.subject, text=made.text, html=made.html, archived_at=made.archived_at,
        hash=digest, policy=policy, frozen_at=now, state="sending", reason="",
    ).on_conflict_do_nothing()  # fmt: skip
    if connection.execute(new.returning(issue.c.name)).first() is None:
        if found(connection, made.name)["hash"] != digest:
            raise IssueError(
                f"{made.name} has changed since it was frozen; `resume {made.name}` sends it to the rest as it was"
            )
        return False
    audience = select(literal(made.name), subscriber.c.id, literal("queued"), literal(0), literal(now), literal(""))
    columns = ["issue", "subscriber", "state", "attempts", "next_at", "detail"]
    audience = audience.where(subscriber.c.state == "confirmed").with_for_update(
        read=True, key_share=True
    )  # nobody is erased meanwhile
    connection.execute(insert(delivery).from_select(columns, audience))
    if connection.execute(select(delivery.c.issue).where(delivery.c.issue == made.name).limit(1)).first() is None:
        raise IssueError("nobody has confirmed yet, so there is nobody to send to")
    return True


def resume(connection: Connection, name: str, now: float, sure: bool = False, uncertain: str = "") -> None:
    """Let a stopped issue go on. `uncertain` says what becomes of the mails of which nobody knows: "resend" or "drop".

    Raises IssueError if there is no such issue, or it is so old that somebody must be `sure`: a restored backup sends nothing by itself.
    """
    known = found(connection, name)
    if now - known["frozen_at"] > STALE and not sure:
        raise IssueError(f"{name} was frozen more than a day ago; if it should still go out, say `resume {name} --yes`")
    connection.execute(update(issue).where(issue.c.name == name).values(state="sending", reason=""))
    if uncertain:
        unclear = update(delivery).where(delivery.c.issue == name, delivery.c.state == "uncertain")
        connection.execute(
            unclear.values(state="queued", next_at=now) if uncertain == "resend" else unclear.values(state="skipped")
        )


def found(connection: Connection, name: str) -> RowMapping:
    """The frozen issue. Raises IssueError if there is none."""
    known = connection.execute(select(issue).where(issue.c.name == name)).mappings().one_or_none()
    if known is None:
        raise IssueError(f"{name} has not been sent to anybody")
    return known


def names(connection: Connection) -> list[str]:
    """The issues that were frozen, oldest first."""
    return list(connection.execute(select(issue.c.name).order_by(issue.c.frozen_at)).scalars())


def status(connection: Connection, name: str) -> Status:
    """How far the issue is. Raises IssueError if there is none."""
    known = found(connection, name)
    counted = select(delivery.c.state, func.count()).where(delivery.c.issue == name).group_by(delivery.c.state)
    counts: dict[str, int] = dict(connection.execute(counted).all())
    unclear = select(delivery.c.state, subscriber.c.email, delivery.c.detail).join(subscriber).where(
        delivery.c.issue == name, delivery.c.state.in_(("failed", "uncertain"))
    ).order_by(delivery.c.state, subscriber.c.email)  # fmt: skip
    state = known["state"] if counts.get("queued") or counts.get("sending") else "done"
    rows = tuple((state, email, detail) for state, email, detail in connection.execute(unclear))
    return Status(name, state, known["policy"], known["reason"], known["frozen_at"], counts, rows)


class IssueQueue:
    """The rows of one issue, for a Dispatcher. Raises LostError when another sender has taken over."""

    def __init__(self, config: Config, name: str, owner: str) -> None:
        self.config, self.name, self.owner = config, name, owner
        self.sender = parse_sender(config.sender)[1]
        self.row: RowMapping | None = None
        self.left: float | None = 0.0
        self.under_way: set[int] = set()
        self.recent: deque[bool] = deque(maxlen=_WINDOW)  # whether each of the last refusals was of a missing mailbox

    def next_look(self) -> float | None:
        return self.left

    def step(self, connection: Connection, outcomes: Sequence[Outcome], room: int) -> list[Job]:
        now = time.time()
        if not take(connection, f"issue {self.name}", self.owner, now):
            raise LostError(f"another process is sending {self.name}")
        if self.row is None:
            self.row = found(connection, self.name)
        hold = self.row["policy"] == "hold"
        left_over = update(delivery).where(
            delivery.c.issue == self.name, delivery.c.state == "sending", delivery.c.subscriber.not_in(self.under_way)
        )  # fmt: skip
        connection.execute(
            left_over.values(state="uncertain", detail="the sender was killed")
            if hold
            else left_over.values(state="queued")
        )
        reason = self._record(connection, outcomes, hold, now)
        if reason:
            connection.execute(update(issue).where(issue.c.name == self.name).values(state="paused", reason=reason))
        paused = connection.execute(select(issue.c.state).where(issue.c.name == self.name)).scalar_one() == "paused"
        self.under_way -= {outcome.job.key for outcome in outcomes}
        jobs = self._claim(connection, room, now) if room and not paused else []
        self.under_way |= {job.key for job in jobs}
        next_at = select(func.min(delivery.c.next_at)).where(
            delivery.c.issue == self.name, delivery.c.state == "queued"
        )
        due = None if paused else connection.execute(next_at).scalar_one()
        self.left = None if due is None else max(0.0, due - now)
        return jobs

    def _claim(self, connection: Connection, room: int, now: float) -> list[Job]:
        assert self.row is not None
        due = select(
            delivery.c.subscriber, delivery.c.attempts, subscriber.c.email, subscriber.c.public_id, subscriber.c.state
        ).join(subscriber).where(
            delivery.c.issue == self.name, delivery.c.state == "queued", delivery.c.next_at <= now
        ).order_by(delivery.c.next_at, delivery.c.subscriber).limit(room).with_for_update(skip_locked=True, of=delivery)  # fmt: skip
        rows = connection.execute(due).mappings().all()
        states = {row["subscriber"]: "sending" if row["state"] == "confirmed" else "skipped" for row in rows}
        for state in ("sending", "skipped"):
            if ids := [who for who, then in states.items() if then == state]:
                chosen = update(delivery).where(delivery.c.issue == self.name, delivery.c.subscriber.in_(ids))
                connection.execute(chosen.values(state=state, at=now))
        return [
            Job(row["subscriber"], row["email"], self._data(row), row["attempts"])
            for row in rows
            if states[row["subscriber"]] == "sending"
        ]

    def _data(self, row: RowMapping) -> bytes:
        assert self.row is not None
        message_id = f"<{self.row['hash'][:16]}.{row['public_id']}@{domain_of(self.config.sender)}>"
        return self.letter.to(
            row["email"], message_id, self.row["frozen_at"], self.config.unsubscribe_url(row["public_id"])
        )

    @property
    def letter(self) -> Letter:
        """The frozen words."""
        if not hasattr(self, "_letter"):
            assert self.row is not None
            made = IssueMail(*(self.row[part] for part in ("name", "subject", "text", "html", "archived_at")))
            self._letter = letter(self.config, made)
        return self._letter

    def _record(self, connection: Connection, outcomes: Sequence[Outcome], hold: bool, now: float) -> str:
        """Write down what became of the jobs; a reason to pause, if there is one."""
        reason = ""
        for outcome in outcomes:
            state, detail = outcome.state, outcome.detail
            refusal = outcome.refusal
            if state == "unreached" or (not hold and outcome.may_be_sent_again):
                state = "queued"
            elif state == "failed" and refusal and refusal.ours:
                state, reason = "queued", f"the mail server refuses what we send: {refusal.code} {detail}"
            connection.execute(
                update(delivery).where(delivery.c.issue == self.name, delivery.c.subscriber == outcome.job.key).values(
                    state=state, attempts=outcome.attempts, at=now, next_at=now + outcome.wait, code=outcome.code, detail=detail
                )
            )  # fmt: skip
            if state == "failed" and refusal and refusal.no_such_mailbox:
                change(connection, outcome.job.key, BOUNCE, now)
            if state in ("sent", "failed"):
                self.recent.append(state == "failed")
        refused = sum(self.recent)
        if refused >= _LEAST and refused > _SHARE * len(self.recent):
            reason = reason or f"{refused} of the last {len(self.recent)} addresses were refused"
            self.recent.clear()
        return reason
