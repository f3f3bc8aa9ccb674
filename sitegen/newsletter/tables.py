"""What is kept. Moments are seconds since 1970, UTC; `source` is a keyed hash of an IP address (see `intake.source_tag`)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

STATES = ("pending", "confirmed", "unsubscribed", "bounced")
MAIL_STATES = ("queued", "sending", "sent", "failed", "uncertain", "skipped")
ISSUE_STATES = ("sending", "paused")
POSTED = ("subscribe", "export", "erase")
POLICIES = ("resend", "hold")

metadata = MetaData()


def _one_of(name: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{name} IN ({', '.join(map(repr, values))})", name=f"known_{name}")


def _column(name: str, kind: Any, *rest: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *rest, **{"nullable": False, **options})


def _person(on_delete: str = "CASCADE", **options: bool) -> Column[Any]:
    return _column("subscriber", Integer, ForeignKey("subscriber.id", ondelete=on_delete), **options)


# A posted form, until it is decided what follows from it.
intake = Table(
    "intake", metadata,
    _column("id", Integer, primary_key=True),
    _column("kind", String(12)), _column("email", String(320)), _column("email_key", String(320), index=True),
    _column("source", String(32)), _column("page", String(200)), _column("consent", String(64)),
    _column("at", Double), _column("next_at", Double, index=True),
    _one_of("kind", POSTED),
)  # fmt: skip

subscriber = Table(
    "subscriber", metadata,
    _column("id", Integer, primary_key=True),
    _column("public_id", String(16), unique=True),
    _column("email", String(320)), _column("email_key", String(320), unique=True),
    _column("state", String(12), index=True),
    _column("epoch", Integer),  # grows with every leaving, so that a link mailed before it opens nothing
    _column("created", Double), _column("changed", Double), _column("confirmed_at", Double, nullable=True),
    _one_of("state", STATES),
    CheckConstraint("state <> 'confirmed' OR confirmed_at IS NOT NULL", name="confirmed_has_a_moment"),
    sqlite_autoincrement=True,
)  # fmt: skip

# A mailed link that confirms, exports or erases. Only its hash is kept.
token = Table(
    "token", metadata,
    _column("hash", String(64), primary_key=True),
    _person(index=True),
    _column("purpose", String(8)), _column("epoch", Integer), _column("expires", Double),
    _one_of("purpose", ("confirm", "export", "erase")),
)  # fmt: skip

# What happened to a subscription, in order: the evidence of consent. Rows are only added, and go with the person.
event = Table(
    "event", metadata,
    _column("id", Integer, primary_key=True),
    _person(index=True),
    _column("kind", String(20)), _column("at", Double), _column("source", String(32)),
    _column("page", String(200)), _column("consent", String(64)), _column("message_id", String(200)),
)  # fmt: skip

consent = Table(
    "consent", metadata,
    _column("hash", String(64), primary_key=True), _column("text", Text), _column("first_used", Double),
)  # fmt: skip

# A mail to one person: confirm, courtesy, export or erase. Older rows are the budgets' memory.
mail = Table(
    "mail", metadata,
    _column("id", Integer, primary_key=True),
    _person("SET NULL", nullable=True, index=True),
    _column("kind", String(12)), _column("state", String(12)), _column("attempts", Integer),
    _column("created", Double, index=True), _column("next_at", Double), _column("at", Double, nullable=True),
    _column("victim", String(32)), _column("source", String(32)),
    _column("code", Integer, nullable=True), _column("detail", String(200)),
    _one_of("state", MAIL_STATES),
    Index("mail_due", "state", "next_at"), Index("mail_victim", "victim", "created"), Index("mail_source", "source", "created"),
    sqlite_autoincrement=True,
)  # fmt: skip

# An issue as it was frozen when sending began. Nothing changes in it later but `state` and `reason`.
issue = Table(
    "issue", metadata,
    _column("name", String(200), primary_key=True),
    _column("subject", Text), _column("text", Text), _column("html", Text), _column("archived_at", Text),
    _column("hash", String(64)), _column("policy", String(8)), _column("frozen_at", Double),
    _column("state", String(8)), _column("reason", String(300)),
    _one_of("state", ISSUE_STATES), _one_of("policy", POLICIES),
)  # fmt: skip

delivery = Table(
    "delivery", metadata,
    _column("issue", String(200), ForeignKey("issue.name"), primary_key=True),
    _person(primary_key=True, index=True),
    _column("state", String(12)), _column("attempts", Integer),
    _column("next_at", Double), _column("at", Double, nullable=True),
    _column("code", Integer, nullable=True), _column("detail", String(200)),
    _one_of("state", MAIL_STATES),
    Index("delivery_due", "issue", "state", "next_at"),
)  # fmt: skip

# Who asked to be forgotten, as a keyed hash: an import must not bring them back.
suppression = Table(
    "suppression", metadata,
    _column("hash", String(64), primary_key=True), _column("at", Double),
)  # fmt: skip

lease = Table(
    "lease", metadata,
    _column("name", String(220), primary_key=True), _column("owner", String(120)), _column("expires", Double),
)  # fmt: skip

# The keys of `source`. When the last of a time is gone, so is the way back to an address.
source_key = Table(
    "source_key", metadata,
    _column("id", Integer, primary_key=True), _column("key", LargeBinary), _column("created", Double),
)  # fmt: skip
