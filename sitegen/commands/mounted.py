"""The newsletter within `sitegen serve`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import click

from ..load import outline
from ..local_server import NEWSLETTER
from .operator import ADDRESS, Operator


@contextmanager
def mounted(content: Path, templates: Path | None, address: str) -> Iterator[str]:
    """The newsletter of the glossary that `sitegen serve` shows at `address`; yields where it listens, or nothing if it has none."""
    draft, _ = outline(content)  # reading all entries would take long
    form = draft.settings.newsletter
    try:
        from ..newsletter.service import Service
    except ImportError as error:
        if form and form.own:
            click.echo(
                f"the newsletter's form goes nowhere without {error.name}; pip install 'sitegen-glossary[newsletter]'",
                err=True,
            )
        form = None
    if form is None or not form.own:
        yield ""
        return
    operator = Operator(content, "", "", address + NEWSLETTER[1:], address, templates or Path("templates"))
    config = operator.config()
    with operator.database() as database:
        service = Service(config, database, operator.transport())
        with service.running("127.0.0.1", 0) as listening:
            thread = Thread(target=service.serve, daemon=True)
            thread.start()
            ADDRESS.write_text(address)
            try:
                yield listening.removeprefix("http://").rstrip("/")
            finally:
                ADDRESS.unlink(missing_ok=True)
                service.end()
                thread.join()
