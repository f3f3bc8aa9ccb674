"""What was posted -> states and mails, within the budgets.

A post is one appended row, whoever is meant, so neither the answer nor its time tells whether an address is known.
What follows from it is decided here, later, in one transaction.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update

from .addresses import Address
from .database import upsert
from .keys import Keys
from .states import note, subscribe
from .tables import consent, intake, mail, source_key, subscriber, token

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

BETWEEN_MAILS = 15 * MINUTE  # to one inbox
MAILS_A_DAY = 3  # to one inbox
BETWEEN_COURTESIES = 7 * DAY  # to one who is subscribed already
BOUNCE_HOLDS = 30 * DAY
PENDING_HOLDS = 30 * DAY
MAILS_KEPT = 30 * DAY
POSTED_HOLDS = 1 * DAY  # for a post that the budgets keep waiting
SOURCE_KEY_HOLDS = 30 * DAY
_LATER = 10 * MINUTE
_BATCH = 25


@dataclass(frozen=True, slots=True)
class Budget:
    """How many mails posts may cause: from one source in ten minutes, and in all in an hour. A post beyond that waits."""

    source: int = 20
    hour: int = 500


def posted(kind: str, address: Address, source: str, now: float, page: str = "", consent: str = "") -> dict[str, Any]:
    """One posted form as a row of `intake`."""
    return {
        "kind": kind, "email": address.email, "email_key": address.key,
        "source": source, "page": page, "consent": consent, "at": now, "next_at": now,
    }  # fmt: skip


def work_off(connection: Connection, keys: Keys, budget: Budget, now: float) -> int:
    """Decide on a few of the posts that are due; how many there were."""
    if not _hour_has_room(connection, budget, now):  # all wait, so that a flood of posts is cheap
        waits = update(intake).where(intake.c.next_at <= now, intake.c.at > now - POSTED_HOLDS)
        connection.execute(waits.values(next_at=now + _LATER))
    due = select(intake).where(intake.c.next_at <= now).order_by(intake.c.next_at, intake.c.id)
    rows = connection.execute(due.limit(_BATCH).with_for_update(skip_locked=True)).mappings().all()
    for row in rows:
        if _decided(connection, row, keys, budget, now):
            connection.execute(delete(intake).where(intake.c.id == row["id"]))
        else:  # it waits for the budget
            connection.execute(update(intake).where(intake.c.id == row["id"]).values(next_at=now + _LATER))
    return len(rows)


def _decided(connection: Connection, row: RowMapping, keys: Keys, budget: Budget, now: float) -> bool:
    address = Address(row["email"], row["email_key"])
    known = connection.execute(select(subscriber).where(subscriber.c.email_key == address.key)).mappings().one_or_none()
    if row["kind"] != "subscribe" and known is None:
        return True  # nothing is kept that could be exported or erased
    kind = _mail_kind(connection, row["kind"], known, now)
    victim = keys.victim(address.victim)
    if kind and not _inbox_has_room(connection, victim, now):
        kind = ""  # the mail of a moment ago is still to be read
    if kind and not (
        _source_has_room(connection, row["source"], budget, now) and _hour_has_room(connection, budget, now)
    ):
        if now < row["at"] + POSTED_HOLDS:
            return False
        kind = ""
    if row["kind"] == "subscribe" and (kind or known is None):  # else nothing follows, so there is nothing to prove
        known = subscribe(connection, address, now)
        note(
            connection,
            known["id"],
            "subscribe",
            row["at"],
            source=row["source"],
            page=row["page"],
            consent=row["consent"],
        )
    if kind and known is not None:
        connection.execute(insert(mail).values(
            subscriber=known["id"], kind=kind, state="queued", attempts=0, created=now, next_at=now,
            victim=victim, source=row["source"], detail="",
        ))  # fmt: skip
    return True


def _mail_kind(connection: Connection, wanted: str, known: RowMapping | None, now: float) -> str:
    """Which mail a post asks for; none for one whose mailbox has refused ours lately."""
    if known is not None and known["state"] == "bounced" and now < known["changed"] + BOUNCE_HOLDS:
        return ""
    if wanted != "subscribe":
        return wanted
    if known is None or known["state"] != "confirmed":
        return "confirm"
    last = select(func.max(mail.c.created)).where(mail.c.subscriber == known["id"], mail.c.kind == "courtesy")
    return "courtesy" if now >= (connection.execute(last).scalar_one() or 0) + BETWEEN_COURTESIES else ""


def _inbox_has_room(connection: Connection, victim: str, now: float) -> bool:
    recent = select(func.count(), func.max(mail.c.created)).where(mail.c.victim == victim, mail.c.created > now - DAY)
    number, last = connection.execute(recent).one()
    return number < MAILS_A_DAY and (last is None or now >= last + BETWEEN_MAILS)


def _hour_has_room(connection: Connection, budget: Budget, now: float) -> bool:
    used = select(func.count()).select_from(mail).where(mail.c.created > now - HOUR)
    return connection.execute(used).scalar_one() < budget.hour


def _source_has_room(connection: Connection, source: str, budget: Budget, now: float) -> bool:
    used = select(func.count()).select_from(mail).where(mail.c.source == source, mail.c.created > now - 10 * MINUTE)
    return connection.execute(used).scalar_one() < budget.source


def remember_consent(connection: Connection, hash_: str, text: str, now: float) -> None:
    """Keep the exact words to which people consent from now on."""
    connection.execute(
        upsert(connection, consent).values(hash=hash_, text=text, first_used=now).on_conflict_do_nothing()
    )


def newest_source_key(connection: Connection, now: float) -> bytes:
    """The key of today's sources, made anew when a third of its time is over; a key whose time is over is destroyed."""
    connection.execute(delete(source_key).where(source_key.c.created < now - SOURCE_KEY_HOLDS))
    newest = (
        select(source_key.c.key)
        .where(source_key.c.created > now - SOURCE_KEY_HOLDS / 3)
        .order_by(source_key.c.id.desc())
    )
    key = connection.execute(newest.limit(1)).scalar_one_or_none()
    if key is None:
        key = secrets.token_bytes(32)
        connection.execute(insert(source_key).values(key=key, created=now))
    return bytes(key)


def source_tag(key: bytes, host: str) -> str:
    """A client as it is kept: its IPv4 address or its IPv6 network of 64 bits, hashed with a key that will be destroyed."""
    try:
        ip = ipaddress.ip_address(host)
        network = ipaddress.ip_network((ip, 64 if ip.version == 6 else 32), strict=False).network_address.packed
    except ValueError:
        network = host.encode()
    return hmac.digest(key, network, "sha256").hex()[:32]


def purge(connection: Connection, now: float) -> None:
    """Remove what has served: subscriptions nobody confirmed, tokens that expired, mails that budgets no longer count."""
    waiting = select(mail.c.subscriber).where(mail.c.state.in_(("queued", "sending")), mail.c.subscriber.is_not(None))
    old = subscriber.c.changed < now - PENDING_HOLDS
    connection.execute(delete(subscriber).where(subscriber.c.state == "pending", old, subscriber.c.id.not_in(waiting)))
    connection.execute(delete(token).where(token.c.expires < now))
    settled = mail.c.state.not_in(("queued", "sending"))
    connection.execute(delete(mail).where(mail.c.created < now - MAILS_KEPT, or_(settled, mail.c.subscriber.is_(None))))
