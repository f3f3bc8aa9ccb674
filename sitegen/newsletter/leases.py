"""A lease keeps two processes from doing one job at the same time."""

from __future__ import annotations

import os
import secrets
import socket

from sqlalchemy import Connection, delete, select, update

from .database import upsert
from .tables import lease

LEASE_SECONDS = 60.0


class LostError(Exception):
    """Another process has taken the job over."""


def new_owner() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()[:80]}/{os.getpid()}/{secrets.token_hex(4)}"


def take(connection: Connection, name: str, owner: str, now: float) -> bool:
    """Take or renew the lease; False while another living process has it."""
    connection.execute(
        upsert(connection, lease).values(name=name, owner=owner, expires=now + LEASE_SECONDS).on_conflict_do_nothing()
    )
    held = connection.execute(select(lease).where(lease.c.name == name).with_for_update()).mappings().one()
    if held["owner"] != owner and held["expires"] > now and not _has_ended(held["owner"]):
        return False
    connection.execute(update(lease).where(lease.c.name == name).values(owner=owner, expires=now + LEASE_SECONDS))
    return True


def give_back(connection: Connection, name: str, owner: str) -> None:
    """Let the next one have it at once."""
    connection.execute(delete(lease).where(lease.c.name == name, lease.c.owner == owner))


def _has_ended(owner: str) -> bool:
    """Whether the owner was a process of this machine that is no more: after a crash nobody should wait for the clock."""
    host, _, rest = owner.partition("/")
    if host != socket.gethostname()[:80]:
        return False
    try:
        os.kill(int(rest.partition("/")[0]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False
