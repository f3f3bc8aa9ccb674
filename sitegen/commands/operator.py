"""What the newsletter's commands share: where its data stands, its configuration, and how a failure is said."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import click

from ..load import load
from ..local_server import NEWSLETTER
from ..model import Settings
from ..problems import printable
from ..settings import parse_base_url
from ..theme import SHIPPED
from .shared import content_option, reported, stop

if TYPE_CHECKING:
    from ..newsletter.config import Config
    from ..newsletter.database import Database
    from ..newsletter.keys import Keys
    from ..newsletter.transport import Transport

KEYS = "SITEGEN_NEWSLETTER_KEYS"
HOME = Path("subscribers")  # where all that is personal stands, if nothing else is said
OUTBOX = HOME / "outbox"
ADDRESS = HOME / "address"  # where `sitegen serve` stands while it runs

database_option = click.option(
    "--database", envvar="SITEGEN_DATABASE", metavar="URL", show_envvar=True,
    help=f"sqlite:///FILE or postgresql://USER@HOST/NAME. [default: {HOME}/newsletter.sqlite3]",
)  # fmt: skip
smtp_option = click.option(
    "--smtp", envvar="SITEGEN_SMTP", metavar="URL", show_envvar=True,
    help=f"smtp://USER:PASSWORD@HOST:587 or smtps://HOST. Without one, mails become files in {OUTBOX}.",
)  # fmt: skip
public_url_option = click.option(
    "--public-url",
    metavar="URL",
    help="Where the service stands. [default: the form's action in site.yaml, less 'subscribe']",
)
site_url_option = click.option(
    "--site-url", metavar="URL", help="Where the site stands. [default: base_url in site.yaml]"
)


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator's command works with. Everything is opened when it is asked for."""

    content: Path
    database_url: str
    smtp: str
    public_url: str
    site_url: str
    templates: Path = Path("templates")

    @property
    def settings(self) -> Settings:
        return load(self.content).settings

    def config(self, **more: Any) -> Config:
        """Raises UsageError for what site.yaml or the environment lacks."""
        from ..newsletter.config import Config
        from ..newsletter.mails import is_one_line

        settings = self.settings
        form, where = settings.newsletter, f"{self.content}/site.yaml"
        if form is None or not form.own:
            raise click.UsageError(
                f"{where} names no newsletter of its own; add 'newsletter:' with 'action: https://.../subscribe' and 'sender:'"
            )
        sender = form.sender or ("" if self.smtp else f"{_ascii(settings.title)} <newsletter@localhost>")
        if not sender:
            raise click.UsageError(
                f"{where}: 'newsletter' has no 'sender'; write sender: Your Glossary <newsletter@example.org>"
            )
        for name, said in (("title", settings.title), ("newsletter: title", form.title)):
            if not is_one_line(said):
                raise click.UsageError(f"{where}: '{name}' holds what cannot stand in a mail's header")
        local = ADDRESS.read_text().strip() if not self.smtp and ADDRESS.is_file() else ""
        site_url = _address(self.site_url or local or settings.base_url, "--site-url", f"'base_url' in {where}")
        if self.smtp and site_url == Settings().base_url:
            raise click.UsageError(f"{where} has no 'base_url', so links in mails would lead nowhere")
        public_url = self.public_url or (local and local + NEWSLETTER[1:])
        public_url = public_url or urljoin(site_url, form.action).removesuffix("subscribe")
        return Config(
            site=settings.title, title=form.title, consent=form.consent, language=settings.language,
            site_url=site_url, public_url=_address(public_url, "--public-url", f"'action' in {where}"),
            sender=sender, keys=keys(self),
            templates=tuple(folder for folder in (self.templates.absolute(), SHIPPED) if folder.is_dir()), **more,
        )  # fmt: skip

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, closed in the end."""
        from ..newsletter.database import AddressError, Database

        if not self.database_url:
            make_home()
        try:
            database = Database(self.database_url or f"sqlite:///{HOME}/newsletter.sqlite3")
        except AddressError as error:
            raise click.BadParameter(str(error), param_hint="--database") from None
        try:
            yield database
        finally:
            database.close()

    def transport(self) -> Callable[[], Transport]:
        """Makes a way out for mails."""
        from ..newsletter.transport import Folder, Smtp

        if not self.smtp:
            make_home()
            return lambda: Folder(OUTBOX)
        try:
            Smtp(self.smtp)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--smtp") from None
        return lambda: Smtp(self.smtp)

    def reach(self) -> None:
        """Raises UnreachedError if there is no mail server there, or it does not know us: better now than when an issue is on its way."""
        from ..newsletter.transport import Smtp

        way = self.transport()()
        if isinstance(way, Smtp):
            way.open()
            way.close()


def operating(command: Callable[..., Any]) -> Any:
    """Gives a command its Operator; what cannot be done becomes one line and a status."""

    @content_option
    @database_option
    @smtp_option
    @public_url_option
    @site_url_option
    @wraps(command)
    def run(
        *args: Any,
        content: Path,
        database: str | None,
        smtp: str | None,
        public_url: str | None,
        site_url: str | None,
        **options: Any,
    ) -> None:
        _run(command, Operator(content, database or "", smtp or "", public_url or "", site_url or ""), *args, **options)

    return run


def keeping(command: Callable[..., Any]) -> Any:
    """The same, for a command that needs the database only."""

    @database_option
    @wraps(command)
    def run(*args: Any, database: str | None, **options: Any) -> None:
        _run(
            command,
            Operator(Path("content"), database or "", os.environ.get("SITEGEN_SMTP", ""), "", ""),
            *args,
            **options,
        )

    return run


def _run(command: Callable[..., Any], operator: Operator, *args: Any, **options: Any) -> None:
    try:
        from ..newsletter.database import DatabaseError, one_line
        from ..newsletter.issues import IssueError
        from ..newsletter.leases import LostError
        from ..newsletter.texts import TextError
        from ..newsletter.transport import UnreachedError
    except ImportError as error:
        stop(f"the newsletter needs {error.name}; install it with: pip install 'sitegen-glossary[newsletter]'")
    from sqlalchemy.exc import SQLAlchemyError

    try:
        reported(command)(operator, *args, **options)
    except (DatabaseError, IssueError, LostError, TextError) as error:
        stop(printable(str(error)))
    except UnreachedError as error:
        stop(printable(f"the mail server was not reached: {error}"))
    except SQLAlchemyError as error:
        stop(printable(f"the database is out of order: {one_line(error)}"))


def keys(operator: Operator) -> Keys:
    """The keys in the environment; where mails only become files, a key of their own will do. Raises UsageError."""
    from ..newsletter.keys import parse_keys

    given = os.environ.get(KEYS, "")
    if not given and not operator.smtp:
        file = make_home() / "keys"
        if not file.exists():
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
                new.write(secrets.token_urlsafe(32))
        given = file.read_text()
    if not given:
        raise click.UsageError(
            f"{KEYS} is not set. Keep one long random text there, and keep it safe, for example: {secrets.token_urlsafe(32)}"
        )
    try:
        return parse_keys(given)
    except ValueError as error:
        raise click.UsageError(f"{KEYS}: {error}") from None


def make_home() -> Path:
    """The folder of all that is personal: only its owner reads it, and git never takes it along."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    ignore = HOME / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return HOME


def _address(url: str, option: str, setting: str) -> str:
    """The address of a site, that can stand in a mail's header. Raises UsageError."""
    try:
        found = parse_base_url(url)
        if found.isascii() and (urlsplit(found).port or 1):
            return found
    except ValueError:
        pass
    raise click.UsageError(
        f"{option}, or {setting}, must be an address like https://example.org/, in ASCII (xn--... for other letters); not {printable(repr(url))}"
    )


def _ascii(text: str) -> str:
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c == " ")).strip() or "Glossary"
