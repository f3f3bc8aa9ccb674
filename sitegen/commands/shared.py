"""What the commands share: options, and how a command that cannot do its work says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from ..problems import ContentError, as_text, printable
from ..write import NotOursError

content_option = click.option(
    "--content", type=click.Path(path_type=Path, file_okay=False, exists=True), default="content", show_default=True,
    help="The folder with site.yaml and terms/.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def reported(command: Any) -> Any:
    """Runs a command; problems and operating system errors become lines on standard error and a status."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except ContentError as error:
            click.echo(as_text(error.problems), err=True)
            stop(f"{count(len(error.problems), 'problem')}; nothing was written")
        except NotOursError as error:
            raise click.UsageError(printable(str(error))) from None
        except BrokenPipeError:
            raise
        except UnicodeEncodeError as error:
            hint = "" if error.encoding == "utf-8" else "; set PYTHONUTF8=1"
            stop(f"{printable(error.object[error.start : error.end])}: what is to be printed, or the name of a file, cannot have this in {error.encoding}{hint}")
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            stop(f"{printable(where)}{error.strerror or error}")

    return run


@contextmanager
def stages() -> Iterator[Any]:
    """Names the stage at work, on a terminal only; rich is imported when the first stage begins there."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda stage: status.update(stage)


def stop(message: str) -> NoReturn:
    """End with a line on standard error and status 1."""
    click.echo(message, err=True)
    sys.exit(1)


def count(number: int, noun: str) -> str:
    """`1 entry`, `2,000 entries`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
