"""The life of a subscription. Nothing else changes a state.

            subscribe    confirm      unsubscribe    bounce
    (none)  pending      -            -              -
    pending pending      confirmed    unsubscribed   bounced
    confirmed confirmed  confirmed    unsubscribed   bounced
    unsubscribed same    confirmed    unsubscribed   unsubscribed
    bounced bounced      confirmed    unsubscribed   bounced

Anybody can post anybody's address, so `subscribe` changes nothing for one who is known. `unsubscribe` begins a new
epoch: a link to confirm that was mailed before it opens nothing any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from .addresses import Address
from .database import upsert
from .keys import Keys, public_id, token_hash
from .tables import event, intake, subscriber, suppression, token

CONFIRM, UNSUBSCRIBE, BOUNCE = "confirm", "unsubscribe", "bounce"

TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    CONFIRM: {"pending": "confirmed", "confirmed": "confirmed", "unsubscribed": "confirmed", "bounced": "confirmed"},
    UNSUBSCRIBE: {"pending": "unsubscribed", "confirmed": "unsubscribed", "unsubscribed": "unsubscribed", "bounced": "unsubscribed"},
    BOUNCE: {"pending": "bounced", "confirmed": "bounced", "unsubscribed": "unsubscribed", "bounced": "bounced"},
}  # fmt: skip


def subscribe(connection: Connection, address: Address, now: float) -> RowMapping:
    """The subscriber with this address; a new one is pending."""
    new = upsert(connection, subscriber).values(
        public_id=public_id(), email=address.email, email_key=address.key, state="pending", epoch=0, created=now, changed=now,
    ).on_conflict_do_nothing(index_elements=["email_key"])  # fmt: skip
    connection.execute(new)
    return connection.execute(select(subscriber).where(subscriber.c.email_key == address.key)).mappings().one()


def change(
    connection: Connection, who: int, what: str, now: float, epoch: int | None = None, **evidence: str
) -> str | None:
    """Let `what` happen to the subscriber `who`; the state they are in then.

    With `epoch`, only to one who has not left since; None if there is no such subscriber.
    """
    wanted = select(subscriber).where(subscriber.c.id == who).with_for_update(key_share=True)
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None or (epoch is not None and row["epoch"] != epoch):
        return None
    state = TRANSITIONS[what][row["state"]]
    if state != row["state"]:
        values: dict[str, Any] = {"state": state, "changed": now}
        if state == "confirmed":
            values["confirmed_at"] = now
        if state == "unsubscribed":
            values["epoch"] = row["epoch"] + 1
        connection.execute(update(subscriber).where(subscriber.c.id == who).values(**values))
        note(connection, who, what, now, **evidence)
    return state


def note(connection: Connection, who: int, kind: str, now: float, **evidence: str) -> None:
    """Add to what is known of how `who` came to be subscribed: source, page, consent, message_id."""
    values = {"source": "", "page": "", "consent": "", "message_id": "", **evidence}
    connection.execute(insert(event).values(subscriber=who, kind=kind, at=now, **values))


def holder(connection: Connection, given: str, purpose: str, now: float) -> RowMapping | None:
    """Whom the mailed token `given` belongs to, and the epoch it was mailed in; None if it is not for `purpose`, or has expired."""
    wanted = select(token.c.subscriber, token.c.epoch)
    holds = (token.c.hash == token_hash(given), token.c.purpose == purpose, token.c.expires > now)
    return connection.execute(wanted.where(*holds)).mappings().one_or_none()


def confirm(connection: Connection, given: str, keys: Keys, now: float, source: str = "") -> bool:
    """Confirm with a mailed token; False if it does not hold, or its owner has left since. Again, it is harmless."""
    found = holder(connection, given, "confirm", now)
    if found is None or change(connection, found["subscriber"], CONFIRM, now, found["epoch"], source=source) is None:
        return False
    key = select(subscriber.c.email_key).where(subscriber.c.id == found["subscriber"])
    hashes = keys.suppressed(connection.execute(key).scalar_one())
    connection.execute(delete(suppression).where(suppression.c.hash.in_(hashes)))
    return True


def unsubscribe(connection: Connection, who: str, now: float) -> None:
    """Unsubscribe the subscriber with the public id `who`, if there is one."""
    found = connection.execute(select(subscriber.c.id).where(subscriber.c.public_id == who)).scalar_one_or_none()
    if found is not None:
        change(connection, found, UNSUBSCRIBE, now)


def erase(connection: Connection, who: int, keys: Keys, now: float) -> None:
    """Forget a subscriber, but for a keyed hash that keeps an import from bringing them back."""
    key = connection.execute(select(subscriber.c.email_key).where(subscriber.c.id == who)).scalar_one()
    kept = upsert(connection, suppression).values(hash=keys.suppressed(key)[0], at=now).on_conflict_do_nothing()
    connection.execute(kept)
    connection.execute(delete(intake).where(intake.c.email_key == key))
    connection.execute(delete(subscriber).where(subscriber.c.id == who))
