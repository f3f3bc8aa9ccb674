"""`sitegen check`: everything that is wrong with the content."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..check import check as check_draft
from ..load import load
from ..problems import FORMATS, Problem
from .shared import content_option, count, reported


@click.command()
@content_option
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), default="text", show_default=True,
              help="text for people, json for programs, github for annotations on a pull request.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Count advice as problems.")
@reported
def check(content: Path, form: str, as_json: bool, strict: bool) -> None:
    """Say everything that is wrong with the content, each with its place, rule and a hint."""
    draft = load(content)
    found = check_draft(draft)
    serious = [problem for problem in found if strict or not problem.advice]
    form = "json" if as_json else form
    if output := FORMATS[form](found):
        _print_problems(output) if form == "text" else click.echo(output)
    if form == "text":
        click.echo(f"{count(len(draft.entries), 'entry')}: {_verdict(found, serious)}", err=bool(serious))
    sys.exit(1 if serious else 0)


def _verdict(found: tuple[Problem, ...], serious: list[Problem]) -> str:
    if not found:
        return "nothing to mend"
    advice = len(found) - len(serious)
    parts = [count(len(serious), "problem")] if serious else ["no problems"]
    return ", ".join(parts + [f"{advice} advice"] * bool(advice))


def _print_problems(text: str) -> None:
    """Plain where a program reads; on a terminal the places stand out and the hints stand back."""
    for line in text.splitlines():
        if line.startswith("    hint: "):
            click.secho(line, dim=True)
        else:
            place, _, rest = line.partition(": ")
            message, _, rule = rest.rpartition(" (")
            click.echo(f"{click.style(place, bold=True)}: {message} {click.style('(' + rule, dim=True)}")
