"""A lease keeps two processes from doing one job at the same time."""

from __future__ import annotations

import os
import secrets
import uuid
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from .database import upsert
from .tables import lease

LEASE_SECONDS = 60.0


class LostError(Exception):
    """Another process has taken the job over."""


def new_owner() -> str:
    """A name for this process that no other has."""
    return f"{_machine()}/{os.getpid()}/{secrets.token_hex(4)}"


def take(connection: Connection, name: str, owner: str, now: float) -> bool:
    """Take the lease, or renew it when half its time is over; False while another living process has it."""
    wanted = select(lease.c.owner, lease.c.expires).where(lease.c.name == name)
    until = now + LEASE_SECONDS
    held = connection.execute(wanted).one_or_none()
    if held is None:
        new = upsert(connection, lease).values(name=name, owner=owner, expires=until).on_conflict_do_nothing()
        return connection.execute(new.returning(lease.c.name)).first() is not None
    if held.owner == owner and now + LEASE_SECONDS / 2 < held.expires <= until:
        return True  # nothing is written, or a server with nothing to do would keep the disk busy
    held = connection.execute(wanted.with_for_update()).one_or_none()
    if held is None or (held.owner != owner and held.expires > now and not _has_ended(held.owner)):
        return False
    connection.execute(update(lease).where(lease.c.name == name).values(owner=owner, expires=until))
    return True


def holds(connection: Connection, name: str, owner: str) -> bool:
    """Whether the lease is the owner's; if so, nobody takes it over before the transaction has ended."""
    held = select(lease.c.owner).where(lease.c.name == name).with_for_update()
    return connection.execute(held).scalar_one_or_none() == owner


def give_back(connection: Connection, name: str, owner: str) -> None:
    """Let the next one have it at once."""
    connection.execute(delete(lease).where(lease.c.name == name, lease.c.owner == owner))


def _machine() -> str:
    """What tells this machine, and a container on it, from all others: their names are often the same, and so are process ids."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return f"{uuid.getnode():x}"


def _has_ended(owner: str) -> bool:
    """Whether the owner was a process of this machine that is no more: after a crash nobody should wait for the clock."""
    machine, _, rest = owner.partition("/")
    if machine != _machine():
        return False
    try:
        os.kill(int(rest.partition("/")[0]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False
