"""`sitegen newsletter subscribers`: who is there, to carry elsewhere and back, and to remove."""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..problems import printable
from .operator import Operator, keeping, keys
from .shared import count, json_option, stop

if TYPE_CHECKING:
    from ..newsletter.addresses import Address

_COLUMNS = ("email", "state", "created", "changed", "confirmed_at")
state_option = click.option(
    "--state", type=click.Choice(["pending", "confirmed", "unsubscribed", "bounced"]), help="Only those in this state."
)


@click.group(short_help="List, export, import and remove subscribers.")
def subscribers() -> None:
    """List, export, import and remove subscribers."""


@subscribers.command("list", short_help="Count the subscribers, or list them.")
@state_option
@json_option
@keeping
def list_(operator: Operator, state: str | None, as_json: bool) -> None:
    """Count the subscribers by state; with --state, list those in it."""
    from ..newsletter import roster

    with operator.database() as database:
        found = (
            database.write(lambda connection: list(roster.people(connection, state or ""))) if state or as_json else []
        )
        counts = database.write(roster.counts)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif state:
        for person in found:
            click.echo(f"{person['email']}\t{person['changed']}")
    else:
        for name, number in counts.items():
            click.echo(f"{number:>9,}  {name}")


@subscribers.command(short_help="Write the subscribers as CSV.")
@state_option
@keeping
def export(operator: Operator, state: str | None) -> None:
    """Write the subscribers to standard output, as CSV with the columns email, state, created, changed and confirmed_at."""
    from ..newsletter import roster

    with operator.database() as database:
        found = database.write(lambda connection: list(roster.people(connection, state or "")))
    rows = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    rows.writeheader()
    rows.writerows(found)


@subscribers.command("import", short_help="Take in addresses that consented elsewhere.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--proof", required=True, metavar="TEXT", help="Where and how these people consented; kept as evidence with each."
)
@keeping
def import_(operator: Operator, file: Path, proof: str) -> None:
    """Take in the addresses of FILE: one a line, or CSV with a column `email` and, if it has a column `state`, those confirmed.

    They are confirmed at once, so import only people who have confirmed elsewhere. Who left, or asked to be forgotten, stays away. If a
    line is wrong, nothing is imported.
    """
    from ..newsletter import roster

    found = _addresses(file)
    with operator.database() as database:
        made = keys(operator)
        done = database.write(lambda connection: roster.take_in(connection, found, made, time.time(), proof))
    click.echo(f"{done['added']:,} added, {done['known']:,} known before, {done['erased']:,} had asked to be forgotten")


@subscribers.command(short_help="Unsubscribe an address, or erase it.")
@click.argument("address")
@click.option("--erase", is_flag=True, help="Forget all that is known of it, too.")
@keeping
def remove(operator: Operator, address: str, erase: bool) -> None:
    """Unsubscribe ADDRESS for its owner, who wrote to you instead of using the link."""
    from ..newsletter import roster
    from ..newsletter.addresses import parse_address

    try:
        who = parse_address(address)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="ADDRESS") from None
    with operator.database() as database:
        made = keys(operator)
        if not database.write(lambda connection: roster.remove(connection, who, made, time.time(), erase)):
            stop(f"{who.email} is no subscriber")
    click.echo(f"{who.email} is {'erased' if erase else 'unsubscribed'}")


def _addresses(file: Path) -> list[Address]:
    """Every address of the file. Stops with a line for each that is none."""
    from ..newsletter.addresses import parse_address

    with file.open(encoding="utf-8-sig", newline="") as opened:
        try:
            lines = list(csv.reader(opened))
        except (UnicodeDecodeError, csv.Error) as error:
            stop(f"{file}: not a CSV file in UTF-8 ({error})")
    head = [name.strip().lower() for name in lines[0]] if lines else []
    column = head.index("email") if "email" in head else 0
    state = head.index("state") if "email" in head and "state" in head else None
    found, wrong = [], []
    for number, row in enumerate(lines[1:] if "email" in head else lines, 2 if "email" in head else 1):
        if not any(row) or (state is not None and row[state : state + 1] != ["confirmed"]):
            continue
        try:
            found.append(parse_address(row[column] if column < len(row) else ""))
        except ValueError as error:
            wrong.append(f"{file}:{number}:1: {printable(str(error))} (bad-address)")
    if wrong:
        stop("\n".join([*wrong, f"{count(len(wrong), 'problem')}; nothing was imported"]))
    return found
