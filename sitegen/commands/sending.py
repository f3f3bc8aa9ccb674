"""`sitegen newsletter send`, `resume` and `status`: an issue to everybody who confirmed."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click

from ..problems import printable
from .issue_mail import issue_mail
from .operator import OUTBOX, Operator, keeping, operating
from .shared import count, json_option, stop

if TYPE_CHECKING:
    from ..newsletter.config import Config
    from ..newsletter.database import Database
    from ..newsletter.issues import Status

_ON_TERMINAL, _IN_LOG = 0.5, 10.0  # seconds between two reports

_POLICIES = {
    "resend": "after a crash, mails of which nobody knows go out again, under the same Message-ID",
    "hold": "after a crash, mails of which nobody knows are held back for you to decide",
}


def _finite(_: click.Context, param: click.Parameter, value: float) -> float:
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to count with", param=param)
    return value


connections_option = click.option(
    "--connections",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many to the mail server at once.",
)
rate_option = click.option("--rate", default=0.0, type=click.FloatRange(0), callback=_finite, metavar="N",
                           help="At most N mails a second. [default: as fast as it goes]")  # fmt: skip
backoff_option = click.option("--backoff", default=60.0, show_default=True, type=click.FloatRange(0.01), callback=_finite, metavar="SECONDS",
                              help="The first wait after a server said 'later'; it doubles.")  # fmt: skip


@click.command(short_help="Send an issue to everybody who confirmed.")
@click.argument("issue")
@click.option("--policy", type=click.Choice(sorted(_POLICIES)), default="resend", show_default=True,
              help="What becomes of mails that were on their way when a sender was killed: sent again, or held.")  # fmt: skip
@connections_option
@rate_option
@backoff_option
@operating
def send(operator: Operator, issue: str, policy: str, connections: int, rate: float, backoff: float) -> None:
    """Send ISSUE to everybody who has confirmed by now. Said again, it goes on where it stopped; nobody gets it twice."""
    from ..newsletter import issues
    from ..newsletter.texts import Texts

    config = operator.config()
    made = issue_mail(operator.content, config, Texts(config).prove(), issue)
    operator.reach()
    with operator.database() as database:
        new = database.write(lambda connection: issues.freeze(connection, config, made, policy, time.time()))
        if not new:
            database.write(lambda connection: issues.resume(connection, made.name, time.time()))
        _send(operator, config, database, made.name, connections, rate, backoff)


@click.command(short_help="Go on with an issue that stopped.")
@click.argument("issue")
@click.option("--yes", is_flag=True, help="Even if it was begun more than a day ago.")
@click.option(
    "--uncertain",
    type=click.Choice(["resend", "drop"]),
    help="What to do with mails of which nobody knows whether they arrived.",
)
@connections_option
@rate_option
@backoff_option
@operating
def resume(
    operator: Operator, issue: str, yes: bool, uncertain: str | None, connections: int, rate: float, backoff: float
) -> None:
    """Go on with ISSUE as it was frozen, after a pause, a crash or a look at what is uncertain."""
    from ..newsletter import issues

    config = operator.config()
    operator.reach()
    with operator.database() as database:
        name = _named(database, issue)
        database.write(lambda connection: issues.resume(connection, name, time.time(), yes, uncertain or ""))
        _send(operator, config, database, name, connections, rate, backoff)


@click.command(short_help="Say how far the issues are.")
@click.argument("issue", required=False)
@json_option
@keeping
def status(operator: Operator, issue: str | None, as_json: bool) -> None:
    """Say how far ISSUE is, or all of them: counted from one row for each reader. Those that failed or are uncertain are listed."""
    from ..newsletter import issues

    with operator.database() as database:
        names = [_named(database, issue)] if issue else database.write(issues.names)
        found = [database.write(lambda connection, name=name: issues.status(connection, name)) for name in names]  # type: ignore[misc]
    if as_json:
        click.echo(json.dumps([_as_dict(one) for one in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("no issue has been sent yet")
    for one in found:
        click.echo(_line(one))
        for state, email, detail in one.open:
            click.echo(f"    {state}: {printable(email)}" + (f" ({printable(detail)})" if detail else ""))


def _send(
    operator: Operator, config: Config, database: Database, name: str, connections: int, rate: float, backoff: float
) -> None:
    from ..newsletter import issues
    from ..newsletter.dispatch import Dispatcher
    from ..newsletter.leases import give_back, new_owner

    before = database.write(lambda connection: issues.status(connection, name))
    owner = new_owner()
    dispatcher = Dispatcher(
        issues.IssueQueue(config, name, owner), database.write, operator.transport(), connections, backoff, rate
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: dispatcher.stop())
    where = "" if operator.smtp else f", as files in {OUTBOX}/"
    click.echo(
        f"{name} to {count(before.total, 'reader')} over {count(connections, 'connection')}{where}; {_POLICIES[before.policy]}",
        err=True,
    )
    try:
        with _reports(database, name, dispatcher):
            dispatcher.run()
    finally:
        database.write(lambda connection: give_back(connection, f"issue {name}", owner))
    after = database.write(lambda connection: issues.status(connection, name))
    click.echo(_line(after))
    if after.state == "paused":
        stop(f"paused: {printable(after.reason)}; mend it, then `sitegen newsletter resume {name}`")
    if after.state != "done":
        stop(f"stopped; `sitegen newsletter resume {name}` goes on")
    if after.counts.get("uncertain"):
        stop(
            f"of {after.counts['uncertain']} nobody knows; see `status`, then `resume {name} --uncertain resend` or `--uncertain drop`"
        )


@contextmanager
def _reports(database: Database, name: str, dispatcher: Any) -> Iterator[None]:
    """Tells how far it is while the block runs: a bar on a terminal, else a line now and then."""
    from sqlalchemy.exc import SQLAlchemyError

    from ..newsletter import issues

    ended = Event()
    terminal = sys.stderr.isatty()

    def report(show: Any) -> None:
        began, first = time.monotonic(), None
        while not ended.wait(_ON_TERMINAL if terminal else _IN_LOG):
            try:
                now = database.write(lambda connection: issues.status(connection, name))
            except SQLAlchemyError:  # the sender itself says that the database is out of order
                continue
            left = now.counts.get("queued", 0) + now.counts.get("sending", 0)
            first = left if first is None else first
            took = time.monotonic() - began
            speed = (first - left) / took if took else 0.0
            forecast = (
                f"{speed:.0f} a second, {_duration(left / speed)} left"
                if speed
                else dispatcher.unreached or "nothing moves yet"
            )
            show(now.total - left, now.total, f"{_counts(now)}; {forecast}")

    def line(_: int, __: int, text: str) -> None:
        click.echo(text, err=True)

    @contextmanager
    def told(show: Any) -> Iterator[None]:
        thread = Thread(target=report, args=(show,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    if terminal:
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task(name)
            with told(lambda done, total, text: bar.update(task, completed=done, total=total, description=text)):
                yield
    else:
        with told(line):
            yield


def _named(database: Database, issue: str) -> str:
    """The frozen issue that is meant: its name, its slug, or its file."""
    from ..newsletter import issues

    wanted = issue.rpartition("/")[2].removesuffix(".md")
    meant = [name for name in database.write(issues.names) if wanted in (name, name[11:])]
    if len(meant) > 1:
        raise click.UsageError(f"'{printable(wanted)}' may be {' or '.join(meant)}; say which")
    return meant[0] if meant else wanted


def _line(status: Status) -> str:
    begun = datetime.fromtimestamp(status.frozen_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{status.name}: {status.state}, begun {begun}, {_counts(status)} of {status.total:,}"


def _counts(status: Status) -> str:
    order = ("sent", "queued", "sending", "failed", "uncertain", "skipped")
    return ", ".join(f"{status.counts[state]:,} {state}" for state in order if status.counts.get(state)) or "0 sent"


def _as_dict(status: Status) -> dict[str, Any]:
    return {
        "issue": status.name,
        "state": status.state,
        "policy": status.policy,
        "reason": status.reason,
        "frozen_at": datetime.fromtimestamp(status.frozen_at, UTC).isoformat(timespec="seconds"),
        "total": status.total,
        "counts": status.counts,
        "open": [{"state": state, "email": email, "detail": detail} for state, email, detail in status.open],
    }


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
