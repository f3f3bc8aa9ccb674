"""What the files of one entry show: itself, and of others what stands on its pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from ..demo import Demo, demo
from ..markup import Body
from ..memo import digest
from ..model import Dates, Entry
from ..site import Site
from ..train import LanguageModel
from .views import Card, TokenView, card, token_view

NEAR = 16  # other entries under the same letter: on a page that names them all, each new entry would change all pages
LISTED = 100  # of those that link to an entry, or are kinds of it, which may be nearly all; of the others its pages tell how many they are
CARDS = 2_000  # that are kept: those of neighbours, and of what many entries lead to


class Printed(NamedTuple):
    """What the language model says on the page: its surprise at the definition's tokens, and a run."""

    tokens: tuple[TokenView, ...]
    demo: Demo

    def digest(self) -> bytes:
        """A hash of all of it."""
        return digest(json.dumps(self))


def printed(model: LanguageModel, name: str, definition: str) -> Printed:
    """What `model` says on the page of the entry `name`."""
    return Printed(tuple(map(token_view, model.scored(definition))), demo(model, name, definition))


@dataclass(frozen=True, slots=True)
class Around:
    """What stands on an entry's pages of other entries, and of its file's history."""

    related: tuple[Card, ...]
    contrast: tuple[Card, ...]
    broader: tuple[Card, ...]
    narrower: tuple[Card, ...]
    backlinks: tuple[Card, ...]
    near: tuple[Card, ...]
    before: tuple[Card, ...]  # one in index order, or none
    after: tuple[Card, ...]
    replaced_by: tuple[Card, ...]
    links: tuple[Card, ...]  # what its texts name in [[...]], in the order of `Entry.links`
    aliases: tuple[str, ...]  # addresses that lead to it
    dates: Dates | None
    more_narrower: tuple[str, ...]  # the slugs of those that are not listed
    more_backlinks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the files of one entry are made of, but for the site's frame."""

    entry: Entry
    body: Body
    around: Around
    printed: Printed


class Surroundings:
    """What stands around the entries of a site."""

    def __init__(self, site: Site, places: Iterable[int]) -> None:
        """Of those entries that are asked about, by their places: the whole is gone through only once."""
        self.dates, self.glossary = site.dates, site.glossary
        self.entries = site.glossary.entries
        self.slugs = [entry.slug for entry in self.entries]
        self.backlinks = site.backlinks_of(self.slugs[place] for place in places)
        # Neighbours show the same others: on their way to other processes, too, one card is sent for all of a chunk.
        self._card = lru_cache(maxsize=CARDS)(lambda slug: card(site.glossary.by_slug[slug]))

    @cached_property
    def aliases(self) -> dict[str, list[str]]:
        """By slug, the other addresses that lead to it."""
        found: dict[str, list[str]] = {}
        for alias, slug in self.glossary.redirects.items():
            found.setdefault(slug, []).append(alias)
        return found

    @cached_property
    def _starts(self) -> dict[str, int]:
        """By letter, the place of its first entry."""
        return {entry.letter: place for place, entry in reversed(list(enumerate(self.entries)))}

    def near(self, place: int) -> list[str]:
        """The nearest others under the same letter."""
        letter = self.entries[place].letter
        start = self._starts[letter]
        end = start + len(self.glossary.by_letter[letter])
        first = max(start, min(place - NEAR // 2, end - NEAR - 1))
        return self.slugs[first:place] + self.slugs[place + 1 : min(end, first + NEAR + 1)]

    def groups(self, place: int) -> Iterator[Sequence[str]]:
        """The slugs of the others that the entry at `place` shows, group by group as in `Around`."""
        entry = self.entries[place]
        yield from (entry.related, entry.contrast, entry.broader, entry.narrower[:LISTED])
        yield self.backlinks[entry.slug][:LISTED]
        yield self.near(place)
        yield self.slugs[max(0, place - 1) : place]
        yield self.slugs[place + 1 : place + 2]
        yield (entry.deprecated.by,) if entry.deprecated and entry.deprecated.by else ()
        yield tuple(slug for _, slug, _ in entry.links)

    def more(self, place: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The slugs of those narrower, and of those that link to the entry at `place`, that are not listed."""
        entry = self.entries[place]
        return entry.narrower[LISTED:], tuple(self.backlinks[entry.slug][LISTED:])

    def around(self, place: int) -> Around:
        """What stands around the entry at `place`."""
        slug = self.slugs[place]
        groups = (tuple(map(self._card, group)) for group in self.groups(place))
        aliases = tuple(self.aliases.get(slug, ()))
        return Around(*groups, aliases, self.dates.get(slug), *self.more(place))  # type: ignore[arg-type, call-arg]

    def digests(self) -> list[bytes]:
        """A hash of what stands around each entry, all having been asked about."""
        hashes = {entry.slug: digest(entry.slug, entry.title, entry.definition) for entry in self.entries}
        moments = {id(dates): f"{dates.published.isoformat()} {dates.updated.isoformat()}" for dates in self.dates.values()}

        def hashed(place: int) -> bytes:
            slug = self.slugs[place]
            groups = (b"".join(map(hashes.__getitem__, group)) for group in self.groups(place))
            return digest(*groups, tuple(self.aliases.get(slug, ())), moments.get(id(self.dates.get(slug)), ""), *self.more(place))

        return list(map(hashed, range(len(self.entries))))
