"""An entry as plain values: the facts that may matter to others, and its texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .model import DraftDeprecation, DraftEntry
from .nodes import Scalar
from .problems import Place
from .scan import links
from .source import Source


def facts(entry: DraftEntry) -> tuple[Any, ...]:
    """What of an entry may matter to others: all but its prose and references, of whose texts only the links are left."""

    def values(scalars: Iterable[Scalar]) -> tuple[str, ...]:
        return tuple(scalar.value for scalar in scalars)

    old = entry.deprecated
    return (
        entry.place.path, entry.slug, _value(entry.term), _value(entry.sense), values(entry.aliases), _value(entry.definition),
        _links(entry.summary), _links(entry.explainer), _links(entry.example),
        values(entry.related), values(entry.contrast), values(entry.broader), values(entry.topics),
        entry.level, _value(entry.explorable), entry.autolink, old and (_value(old.by), _links(old.note)),
    )  # fmt: skip


def from_facts(known: tuple[Any, ...]) -> DraftEntry:
    """The entry of which these are the facts. Its values do not know their places."""
    path, slug, term, sense, aliases, definition, summary, explainer, example, *lists, level, explorable, autolink, old = known
    source = Source(path, "")

    def scalar(value: str | None) -> Scalar | None:
        return None if value is None else Scalar(value, source, 0, 0)

    def scalars(values: tuple[str, ...]) -> tuple[Scalar, ...]:
        return tuple(Scalar(value, source, 0, 0) for value in values)

    place = Place(path)
    related, contrast, broader, topics = map(scalars, lists)
    return DraftEntry(
        place, slug, place, scalar(term), scalar(sense), scalars(aliases), None, scalar(definition), scalar(summary),
        scalar(explainer), scalar(example), related, contrast, broader, topics, level, scalar(explorable), (), autolink,
        DraftDeprecation(scalar(old[0]), scalar(old[1])) if old else None, frozenset(),
    )  # fmt: skip


def texts(entry: DraftEntry) -> tuple[Any, ...]:
    """The rest of it: prose, pronunciation and references."""
    return (
        _value(entry.summary) or "", _value(entry.explainer) or "", _value(entry.example) or "",
        (entry.deprecated and _value(entry.deprecated.note)) or "", _value(entry.pronunciation) or "",
        tuple((_value(r.title) or "", tuple(a.value for a in r.authors), r.year, _value(r.url) or "") for r in entry.references),
    )  # fmt: skip


def _value(scalar: Scalar | None) -> str | None:
    return None if scalar is None else scalar.value


def _links(scalar: Scalar | None) -> str | None:
    return None if scalar is None else " ".join(scalar.value[span.start : span.end] for span in links(scalar.value))
