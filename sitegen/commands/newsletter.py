"""`sitegen newsletter`: the service, and what an operator does before an issue goes out."""

from __future__ import annotations

import ipaddress
import logging
import sys
import time

import click

from ..check import check as check_draft
from ..link import link
from ..load import load
from ..problems import as_text, printable
from .issue_mail import issue_mail
from .operator import OUTBOX, Operator, operating
from .sending import resume, send, status
from .shared import count, stop
from .subscribers import subscribers

_CLIPPED = 100_000  # bytes of HTML beyond which Gmail shows only a part


@click.group(short_help="Run the newsletter: serve, send, subscribers, doctor.")
def newsletter() -> None:
    """Run the newsletter.

    \b
    An issue, from a file to the readers:
      sitegen newsletter check                  says what is wrong with the issues in content/newsletter/
      sitegen newsletter preview ISSUE          shows the mail
      sitegen newsletter test ISSUE --to ME     sends it to one address
      sitegen newsletter send ISSUE             sends it to everybody who confirmed
      sitegen newsletter status                 says who got it, and who did not

    The database and the mail server are named by --database and --smtp, or by SITEGEN_DATABASE and SITEGEN_SMTP; keys by SITEGEN_NEWSLETTER_KEYS.
    Without them everything stays on this machine: a SQLite file, and mails as files.
    """


def _proxies(_: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    for part in found:
        try:
            ipaddress.ip_network(part)
        except ValueError:
            raise click.BadParameter(
                f"{part!r} is neither an address nor a network, such as 127.0.0.1 or 10.0.0.0/8", param=param
            ) from None
    return found


@newsletter.command(short_help="Take subscriptions and send the mails they ask for.")
@operating
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--trust-proxy", "proxies", default="", callback=_proxies, metavar="ADDRESSES",
              help="Proxies whose X-Forwarded-For is believed, with commas between. [default: none]")  # fmt: skip
@click.option(
    "--mails-per-hour",
    "hour",
    default=500,
    show_default=True,
    type=click.IntRange(1),
    help="Mails that posted forms may cause in all; the others wait.",
)
@click.option(
    "--mails-per-source",
    "source",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help="The same from one IP address in ten minutes.",
)
def serve(operator: Operator, host: str, port: int, proxies: tuple[str, ...], hour: int, source: int) -> None:
    """Serve the newsletter's forms and links until interrupted. A static site posts to it; a proxy in front of it adds TLS."""
    from ..newsletter.intake import Budget
    from ..newsletter.service import Service

    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    config = operator.config(budget=Budget(source, hour))
    with operator.database() as database:
        service = Service(config, database, operator.transport(), proxies)
        with service.running(host, port) as address:
            mails = "sends mails" if operator.smtp else f"writes mails to {OUTBOX}/ (no --smtp)"
            mails += f", shown at {address}outbox" if service.outbox else ""
            click.echo(f"{address}  for {config.public_url}, keeps {database.shown}, {mails}  (Ctrl-C to stop)")
            service.serve()
    click.echo("stopped")


@newsletter.command(short_help="Say what is wrong with the issues.")
@click.argument("issues", nargs=-1, metavar="[ISSUE]...")
@operating
def check(operator: Operator, issues: tuple[str, ...]) -> None:
    """Say what is wrong with the issues in content/newsletter/, or with those named."""
    from ..newsletter.texts import Texts

    draft = load(operator.content)
    found = tuple(p for p in check_draft(draft) if "/newsletter/" in p.place.path or p.place.path.endswith("site.yaml"))
    if found:
        click.echo(as_text(found), err=True)
    if any(not problem.advice for problem in found):
        stop(count(len(found), "problem"))
    config = operator.config()
    texts = Texts(config).prove()
    for name in issues or [issue.name for issue in link(draft).issues]:
        made = issue_mail(operator.content, config, texts, name)
        size = len(made.html.encode())
        click.echo(
            f"{made.name}: “{printable(made.subject)}”, {len(made.text.encode()):,} bytes of text, {size:,} of HTML"
        )
        if size > _CLIPPED:
            stop(f"{made.name}: Gmail shows only the first {_CLIPPED:,} bytes; split the issue")


@newsletter.command(short_help="Show the mail of an issue.")
@click.argument("issue")
@click.option("--format", "form", type=click.Choice(["text", "html", "eml"]), default="text", show_default=True,
              help="Headers and text, the HTML part, or all of it as it goes over the wire.")  # fmt: skip
@operating
def preview(operator: Operator, issue: str, form: str) -> None:
    """Show the mail of ISSUE as a subscriber would get it."""
    from ..newsletter.issues import letter
    from ..newsletter.keys import public_id
    from ..newsletter.texts import Texts

    config = operator.config()
    made = issue_mail(operator.content, config, Texts(config).prove(), issue)
    unsubscribe = config.unsubscribe_url(public_id())
    data = letter(config, made).to("reader@example.org", "<preview@example.org>", 0.0, unsubscribe)
    if form == "eml":
        sys.stdout.buffer.write(data)
    else:
        from email import message_from_bytes
        from email.policy import default

        mail = message_from_bytes(data, policy=default)
        if form == "text":
            click.echo("".join(f"{name}: {printable(str(value))}\n" for name, value in mail.items()))
        part = mail.get_body(("plain" if form == "text" else "html",))
        click.echo(part.get_content() if part else "", nl=False)


@newsletter.command(short_help="Send an issue to one address.")
@click.argument("issue")
@click.option("--to", "address", required=True, metavar="ADDRESS", help="Who gets it, subscribed or not.")
@operating
def test(operator: Operator, issue: str, address: str) -> None:
    """Send ISSUE to one address, with a link to unsubscribe that belongs to nobody. Nothing is noted down."""
    from ..newsletter.addresses import parse_address
    from ..newsletter.issues import letter
    from ..newsletter.keys import public_id
    from ..newsletter.mails import domain_of, parse_sender
    from ..newsletter.texts import Texts
    from ..newsletter.transport import RefusedError, UncertainError

    try:
        to = parse_address(address).email
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--to") from None
    config = operator.config()
    made = issue_mail(operator.content, config, Texts(config).prove(), issue)
    name = public_id()
    data = letter(config, made).to(
        to, f"<test.{name}@{domain_of(config.sender)}>", time.time(), config.unsubscribe_url(name)
    )
    transport = operator.transport()()
    try:
        transport.send(parse_sender(config.sender)[1], to, data)
    except RefusedError as refusal:
        stop(f"the mail server refused it: {refusal.code} {printable(refusal.detail)}")
    except UncertainError as error:
        stop(f"the connection broke before the server's answer ({printable(str(error))}); it may have the mail, or not")
    finally:
        transport.close()
    click.echo(f"{made.name} went to {to if operator.smtp else OUTBOX}")


@newsletter.command(short_help="Say what is wrong with database, mail, headers, clock and keys.")
@operating
def doctor(operator: Operator) -> None:
    """Look at the database, the mail server, the headers, the clock and the keys; say what is wrong and how to mend it."""
    from ..newsletter.doctor import examine

    config = operator.config()
    transport = operator.transport()()
    wrong = 0
    with operator.database() as database:
        for finding in examine(config, database, transport):
            click.echo(f"{'WRONG' if finding.hint else 'ok':5}  {finding.area}: {printable(finding.message)}")
            if finding.hint:
                wrong += 1
                click.echo(f"       hint: {printable(finding.hint)}")
    if wrong:
        stop(f"{count(wrong, 'thing')} to mend")


for command in (send, resume, status, subscribers):
    newsletter.add_command(command)
