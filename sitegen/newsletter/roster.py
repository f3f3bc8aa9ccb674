"""Who is subscribed: to list, to carry elsewhere and back, to remove, and what is kept of one person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from .addresses import Address
from .keys import Keys, public_id
from .states import UNSUBSCRIBE, change, erase, note
from .tables import STATES, consent, delivery, event, mail, subscriber, suppression


def counts(connection: Connection) -> dict[str, int]:
    """How many are in each state."""
    found: dict[str, int] = dict(
        connection.execute(select(subscriber.c.state, func.count()).group_by(subscriber.c.state)).all()
    )
    return {state: found.get(state, 0) for state in STATES}


def people(connection: Connection, state: str = "") -> Iterator[dict[str, Any]]:
    """The subscribers, in the order in which they came, or those in one state."""
    wanted = select(subscriber).order_by(subscriber.c.id)
    for row in connection.execute(wanted.where(subscriber.c.state == state) if state else wanted).mappings():
        yield {
            "email": row["email"], "state": row["state"],
            "created": _moment(row["created"]), "changed": _moment(row["changed"]), "confirmed_at": _moment(row["confirmed_at"]),
        }  # fmt: skip


def export(connection: Connection, who: int) -> dict[str, Any]:
    """Everything that is kept of one subscriber."""
    person = connection.execute(select(subscriber).where(subscriber.c.id == who)).mappings().one()
    happened = select(event, consent.c.text).join(consent, event.c.consent == consent.c.hash, isouter=True)
    mails = (
        select(mail.c.kind, mail.c.state, mail.c.created, mail.c.at).where(mail.c.subscriber == who).order_by(mail.c.id)
    )
    issues = (
        select(delivery.c.issue, delivery.c.state, delivery.c.at)
        .where(delivery.c.subscriber == who)
        .order_by(delivery.c.issue)
    )
    return {
        "email": person["email"], "state": person["state"],
        "created": _moment(person["created"]), "changed": _moment(person["changed"]), "confirmed_at": _moment(person["confirmed_at"]),
        "history": [
            {"what": row["kind"], "at": _moment(row["at"]), "source": row["source"], "page": row["page"],
             "consent": row["text"] or row["consent"], "message_id": row["message_id"]}
            for row in connection.execute(happened.where(event.c.subscriber == who).order_by(event.c.id)).mappings()
        ],
        "mails": [{**row, "created": _moment(row["created"]), "at": _moment(row["at"])} for row in connection.execute(mails).mappings()],
        "issues": [{**row, "at": _moment(row["at"])} for row in connection.execute(issues).mappings()],
    }  # fmt: skip


def take_in(connection: Connection, addresses: Iterable[Address], keys: Keys, now: float, proof: str) -> dict[str, int]:
    """Add addresses that consented elsewhere, as confirmed. One who is known, or asked to be forgotten, stays as they are."""
    found = {"added": 0, "known": 0, "erased": 0}
    for address in addresses:
        known = select(subscriber.c.id).where(subscriber.c.email_key == address.key)
        erased = select(suppression.c.hash).where(suppression.c.hash.in_(keys.suppressed(address.key)))
        if connection.execute(known).first():
            found["known"] += 1
        elif connection.execute(erased).first():
            found["erased"] += 1
        else:
            new = insert(subscriber).values(
                public_id=public_id(), email=address.email, email_key=address.key, state="confirmed",
                epoch=0, created=now, changed=now, confirmed_at=now,
            )  # fmt: skip
            who = connection.execute(new).inserted_primary_key
            note(connection, who[0] if who else 0, "import", now, page=proof[:200])
            found["added"] += 1
    return found


def remove(connection: Connection, address: Address, keys: Keys, now: float, forget: bool) -> bool:
    """Unsubscribe somebody, or erase all that is known of them; False if nobody has this address."""
    who = connection.execute(select(subscriber.c.id).where(subscriber.c.email_key == address.key)).scalar_one_or_none()
    if who is None:
        return False
    if forget:
        erase(connection, who, keys, now)
    else:
        change(connection, who, UNSUBSCRIBE, now)
    return True


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
