"""The single mails: to confirm, to say that one is subscribed already, to export, to erase."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, insert, select, update

from .config import Config
from .dispatch import Job, Outcome
from .keys import new_token, token_hash
from .leases import take
from .mails import domain_of, parse_sender
from .states import BOUNCE, change, note
from .tables import mail, subscriber, token
from .texts import Texts

LEASE = "outbox"
HOUR = 3600.0
TOKEN_HOLDS = {"confirm": 7 * 24 * HOUR, "export": 24 * HOUR, "erase": 24 * HOUR}  # from sending on


class Outbox:
    """Claims mails while this process has the lease, so that two servers on one database send none twice."""

    def __init__(self, config: Config, texts: Texts, owner: str) -> None:
        self.config, self.texts, self.owner = config, texts, owner
        self.sender = parse_sender(config.sender)[1]
        self.under_way: set[int] = set()

    def next_look(self) -> float:
        return 0.2

    def step(self, connection: Connection, outcomes: Sequence[Outcome], room: int) -> list[Job]:
        now = time.time()
        for outcome in outcomes:
            self._record(connection, outcome, now)
        self.under_way -= {outcome.job.key[0] for outcome in outcomes}
        if not take(connection, LEASE, self.owner, now):
            return []
        # What a killed server had under way goes out again, under the same Message-ID.
        left_over = (mail.c.state == "sending", mail.c.id.not_in(self.under_way))
        connection.execute(update(mail).where(*left_over).values(state="queued"))
        if not room:
            return []
        due = select(mail, subscriber.c.email, subscriber.c.epoch).join(subscriber, isouter=True)
        due = due.where(mail.c.state == "queued", mail.c.next_at <= now).order_by(mail.c.next_at, mail.c.id).limit(room)
        jobs = []
        for row in connection.execute(due).mappings().all():
            gone = row["email"] is None
            state = {"state": "skipped" if gone else "sending"}
            connection.execute(update(mail).where(mail.c.id == row["id"]).values(**state))
            if not gone:
                self.under_way.add(row["id"])
                jobs.append(self._job(connection, row, now))
        return jobs

    def _job(self, connection: Connection, row: RowMapping, now: float) -> Job:
        kind, who, url = row["kind"], row["subscriber"], self.config.site_url
        if kind in TOKEN_HOLDS:
            given = new_token()
            new = {"subscriber": who, "purpose": kind, "epoch": row["epoch"], "expires": now + TOKEN_HOLDS[kind]}
            connection.execute(insert(token).values(hash=token_hash(given), **new))
            url = f"{self.config.public_url}{kind}/{given}"
        data = self.texts.letter(kind, url).to(row["email"], self._message_id(row["id"], row["created"]), now)
        return Job((row["id"], who), row["email"], data, row["attempts"])

    def _message_id(self, number: int, created: float) -> str:
        return f"<mail.{number}.{created:.0f}@{domain_of(self.config.sender)}>"

    def _record(self, connection: Connection, outcome: Outcome, now: float) -> None:
        number, who = outcome.job.key
        again = outcome.state == "unreached" or outcome.may_be_sent_again
        state = "queued" if again else outcome.state
        connection.execute(update(mail).where(mail.c.id == number).values(
            state=state, attempts=outcome.attempts, at=now, next_at=now + outcome.wait, code=outcome.code, detail=outcome.detail,
        ))  # fmt: skip
        kept = connection.execute(
            select(mail.c.subscriber, mail.c.kind, mail.c.created).where(mail.c.id == number)
        ).one_or_none()
        if kept is None or kept.subscriber is None:  # erased while the mail was on its way, and by now perhaps forgotten
            return
        if outcome.state == "sent":
            note(connection, who, f"sent {kept.kind}", now, message_id=self._message_id(number, kept.created))
        elif outcome.refusal and outcome.refusal.no_such_mailbox:
            change(connection, who, BOUNCE, now)
