"""perplexity.json -> HeldOut: what `sitegen perplexity --held-out --save` has measured, for the page about the model."""

from __future__ import annotations

from dataclasses import fields

from .fields import Fields
from .model import HeldOut, HeldOutRow
from .nodes import read_yaml
from .problems import ContentError, Problem
from .source import Source

MEASURED = "perplexity.json"
_HINT = "delete the file, then write it anew: sitegen perplexity --held-out --save"
_COUNTS = tuple(field.name for field in fields(HeldOut) if field.name != "rows")
_PERPLEXITIES = tuple(field.name for field in fields(HeldOutRow) if field.name != "order")


def measured(source: Source, problems: list[Problem]) -> HeldOut | None:
    """What the file says, JSON being YAML too; `problems` grows by what is wrong in it."""
    try:
        node = read_yaml(source)
    except ContentError as error:
        problems.extend(error.problems)
        return None
    if node is None:
        return None
    top = Fields(node, (*_COUNTS, "rows"), MEASURED, problems)
    counts = {name: top.whole(name, 0, 10**9 - 1) for name in _COUNTS}
    rows = [_row(row) for row in top.groups("rows", ("order", *_PERPLEXITIES), "the row")]
    if not rows or None in [*counts.values(), *rows]:
        if not any(problem.place.path == source.path for problem in problems):
            top.say(top.place, "missing-field", f"{MEASURED} lacks a number", _HINT)
        return None
    return HeldOut(**counts, rows=tuple(rows))  # type: ignore[arg-type]


def _row(row: Fields) -> HeldOutRow | None:
    order = row.whole("order", 1, 5)
    values = {name: row.parsed(name, _perplexity, "a number from 1", None, lambda _: _HINT) for name in _PERPLEXITIES}
    return None if order is None or None in values.values() else HeldOutRow(order, **values)  # type: ignore[arg-type]


def _perplexity(value: str) -> float | None:
    number = float(value)
    if not 1 <= number < float("inf"):
        raise ValueError
    return number
