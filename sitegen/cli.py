"""The commands, with those in `commands`: the only place that prints and exits."""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .build import build as build_site
from .commands.profile import Stages
from .commands.shared import content_option, count, json_option, reported, stages
from .memo import Memo, may_be_memo
from .problems import printable
from .write import claim

if TYPE_CHECKING:
    from .model import Draft

out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="public", show_default=True,
    help="The folder to write the site to. It is replaced as a whole.",
)  # fmt: skip
templates_option = click.option(
    "--templates", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder whose templates and assets replace the shipped ones, file by file. [default: ./templates, if there is one]",
)  # fmt: skip


_LATE = ("check", "deploy", "generate", "newsletter", "perplexity")


class _Commands(click.Group):
    """The commands of this file, and those in `commands`, each of which is imported when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *_LATE])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in _LATE:
            command: click.Command = getattr(import_module(f".commands.{name}", __package__), name)
            return command
        return super().get_command(context, name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """Turn a folder of YAML glossary entries into a static site that explains its terms.

    \b
    A first site in four commands:
      sitegen new "Language model"     writes content/terms/language-model.yaml; fill it in
      sitegen check                    says all that is wrong, with file, line and column
      sitegen serve                    shows the site at http://localhost:8000 and follows your edits
      sitegen build                    writes the site to public/, ready for any web server

    \b
    Exit status: 0 all went well, 1 the content has problems, 2 wrong usage.
    """
    # Nearly all that a build makes stays until its end: looking for garbage among it, as often as by default, costs a tenth.
    gc.set_threshold(50_000, 50, 100)


def _templates(given: Path | None) -> Path | None:
    return given or (Path("templates") if Path("templates").is_dir() else None)


@main.command(short_help="Build the site.")
@content_option
@out_option
@templates_option
@click.option("--base-url", default="", help="Where the site will stand, instead of what site.yaml says.")
@click.option("--jobs", type=click.IntRange(1, 1024), help="How many processes do the work, four a core at most. [default: one a core]")
@click.option("--scheduler", default="", metavar="ADDRESS",
              help="Let the Dask cluster with this scheduler do the work, as in tcp://10.0.0.1:8786.")  # fmt: skip
@click.option("--memo", type=click.Path(path_type=Path, dir_okay=False),
              help="Where results are remembered. [default: .sitegen/memo.sqlite3 beside the content]")  # fmt: skip
@click.option("--profile", is_flag=True, help="Say where the time went: by stage, and the ten slowest pages.")
@json_option
@reported
def build(
    content: Path, out: Path, templates: Path | None, base_url: str, jobs: int | None, scheduler: str, memo: Path | None,
    profile: bool, as_json: bool,
) -> None:  # fmt: skip
    """Build the site. If anything is wrong, the site that stood there before stays."""
    if base_url:
        from .settings import parse_base_url

        try:
            base_url = parse_base_url(base_url)
        except ValueError:
            raise click.UsageError("--base-url must be an address like https://example.org/glossary/") from None
    templates = _templates(templates)
    _apart(content, out, templates, memo)
    if memo and not memo.name:
        raise click.UsageError("--memo names no file")
    if memo and not may_be_memo(memo):
        raise click.UsageError(f"--memo {printable(str(memo))} holds something else; choose another file")
    times = Stages()

    def begin(stage: str) -> None:
        times.begin(stage)
        progress(stage)

    with stages() as progress, Memo(memo or content.resolve().parent / ".sitegen" / "memo.sqlite3") as remembered:
        try:
            written = build_site(content, out, templates, base_url, begin, remembered, jobs or 0, scheduler, times.spent)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO) and not error.filename:  # as of a file that was open
                error.filename = str(out)
            raise
    if profile:
        click.echo(times.report(), err=True)
    if as_json:
        click.echo(
            json.dumps({"out": str(out), "changed": written.changed, "same": written.same, "removed": written.removed})
        )
    else:
        total = count(written.changed + written.same, "file")
        news = f"{written.changed:,} new or changed, {written.removed:,} removed"
        click.echo(f"{printable(str(out))}: {total}, {news if written.changed or written.removed else 'nothing changed'}")


def _real(path: Path) -> Path:
    """As `Path.resolve`, which may raise in a loop of links."""
    return Path(os.path.realpath(path))


def _apart(content: Path, out: Path, templates: Path | None, memo: Path | None) -> None:
    """The output is replaced as a whole, so nothing that matters may stand in it."""
    target, shown = _real(out), printable(str(out))
    if target.is_symlink():
        raise click.UsageError(f"--out {shown} is a link that leads back to itself; choose another folder")
    for kept in map(_real, filter(None, (content, Path.cwd(), templates, memo))):
        if kept.is_relative_to(target):
            raise click.UsageError(f"--out {shown} would replace {printable(str(kept))}; choose another folder")
    if target.is_relative_to(_real(content)):
        raise click.UsageError(f"--out {shown} lies in the content; choose another folder")
    claim(target)


@main.command(short_help="Show the site while you write.")
@content_option
@templates_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 lets others in."
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@reported
def serve(content: Path, templates: Path | None, host: str, port: int) -> None:
    """Show the site, rebuild on every save, reload the page, and show problems in it."""
    try:
        host.encode("idna")
    except UnicodeError:
        raise click.UsageError(f"--host {printable(host)} is no address") from None
    ends = (signal.SIGINT, signal.SIGTERM)

    def end(*_: object) -> None:
        """What is left to do takes seconds on a large site, and has to be done, however often Ctrl-C is pressed."""
        for each in ends:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in ends:
        signal.signal(each, end)
    try:
        from .commands.mounted import mounted
        from .serve import serve as serve_site

        serve_site(content, _templates(templates), host, port, click.echo, partial(mounted, content, templates))
    except KeyboardInterrupt:
        click.echo("stopped")


@main.command(short_help="Write a commented entry for TERM.")
@click.argument("term")
@content_option
@reported
def new(term: str, content: Path) -> None:
    """Write a commented entry for TERM, which passes `check` once it is filled in."""
    from .load import load
    from .new import new_entry

    try:
        path, text = new_entry(load(content), content, term)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:  # never over an entry that stands there
        file.write(text)
    click.echo(f"{path}: fill in the lines marked with <...>, then run: sitegen check")


@main.command("list", short_help="List the terms and what each lacks.")
@content_option
@click.option("--missing", is_flag=True, help="Only entries that lack something.")
@json_option
@reported
def list_(content: Path, missing: bool, as_json: bool) -> None:
    """List the terms with their topics and what each lacks."""
    from .load import load

    rows = [row for row in _rows(load(content)) if row["missing"] or not missing]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not sys.stdout.isatty():
        for row in rows:
            click.echo(
                "\t".join([row["slug"], printable(row["term"]), ",".join(row["topics"]), ",".join(row["missing"])])
            )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("term", "topics", "level", "missing", box=None, header_style="bold")
    for row in rows:
        table.add_row(printable(row["term"]), ", ".join(row["topics"]), row["level"], ", ".join(row["missing"]))
    console = Console(markup=False, emoji=False, highlight=False)
    console.print(table)
    console.print(count(len(rows), "entry"))


def _rows(draft: Draft) -> Iterator[dict[str, Any]]:
    parts = ("summary", "explainer", "example", "related", "topics", "level", "references")
    for entry in sorted(draft.entries, key=lambda entry: entry.title.casefold()):
        yield {
            "slug": entry.slug,
            "term": entry.title,
            "topics": [topic.value for topic in entry.topics],
            "level": entry.level,
            "missing": [part for part in parts if not getattr(entry, part)],
        }


@main.command(short_help="Explain every rule of check.")
@json_option
def rules(as_json: bool) -> None:
    """Explain every rule that `check` knows, and how site.yaml can change it."""
    from .rules import RULES

    if as_json:
        rows = [
            {"rule": r.name, "asks": r.asks, "advice": r.advice, "switchable": r.switchable, "limit": r.limit}
            for r in RULES
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for rule in RULES:
        kind = "advice" if rule.advice else "problem"
        limit = f", limit {rule.limit}" if rule.limit else ""
        switch = "; can be switched" if rule.switchable else ""
        click.echo(f"{rule.name}  ({kind}{limit}{switch})\n    {rule.asks}")
    click.echo(
        "\nSwitch one in site.yaml:\n    rules:\n      orphan: off\n      missing-example: problem\n      definition-length: [problem, 200]"
    )
