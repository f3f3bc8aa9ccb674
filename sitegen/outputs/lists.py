"""Lists of entries that no page could hold: cut by the first letters, again and again, until each part is short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby

from ..memo import digest
from ..model import File
from ..names import HAN, slugify, sort_key
from ..render import Renderer
from ..site import Site
from .plain import plain_page
from .views import Card, Topic, site_view, whole_view

MOST = 400  # entries on one page of a list
WIDE = 100  # parts on one page; of scripts that have thousands of letters a part has those from one to another
_DEEP = 32  # letters; names that share more are cut by number

Keyed = tuple[str, Card]  # an entry after the letters by which it is sorted


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a list: either short, or itself a list of parts."""

    label: str
    path: str
    count: int
    cards: tuple[Card, ...] = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)

    def below(self, above: tuple[Part, ...] = ()) -> Iterator[tuple[Part, tuple[Part, ...]]]:
        """The parts of it, and the parts of those, each with those between it and the whole list."""
        for part in self.parts:
            yield part, above
            yield from part.below((*above, part))

    @property
    def first(self) -> str:
        """The first term in it."""
        return self.cards[0].term if self.cards else self.parts[0].first

    @property
    def last(self) -> str:
        """The last term in it."""
        return self.cards[-1].term if self.cards else self.parts[-1].last


@dataclass(frozen=True, slots=True)
class PartPage:
    """The page of a part of the index, or of a topic's list. It shows nothing else of the glossary, so most stay when an entry comes."""

    part: Part
    above: tuple[Part, ...]
    topic: Topic | None
    previous: Part | None = None  # that lists entries, as this one does
    next: Part | None = None

    @property
    def _head(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """Its heading, its description, and the pages above it."""
        part, topic = self.part, self.topic
        above = (("Topics", "topics/"), (topic.name, topic.path)) if topic else (("A–Z", "a-z/"),)
        heading = f"{topic.name}: {part.label}" if topic else part.label
        between = tuple((each.label, each.path) for each in self.above)
        return heading, f"{part.count:,} terms, from {part.first} to {part.last}.", (*above, *between)

    def digest(self) -> bytes:
        """A hash of all it shows but for the frame."""
        part = self.part
        parts = tuple((below.label, below.path, below.count) for below in part.parts)
        beside = tuple(each and (each.label, each.path) for each in (self.previous, self.next))
        return digest(part.path, self._head, tuple(map(tuple, part.cards)), parts, beside)

    def file(self, renderer: Renderer) -> File:
        """The page."""
        heading, description, above = self._head
        view = site_view(renderer.frame)
        return plain_page(
            renderer, view, "part.html", self.part.path, heading, description, *above, part=self.part, previous=self.previous, next=self.next
        )


def cut(label: str, path: str, cards: Sequence[Keyed], depth: int = 1) -> Part:
    """The list of `cards`, which are in index order and share their first letters but `depth`."""
    if len(cards) <= MOST:
        return Part(label, path, len(cards), tuple(card for _, card in cards), ())
    while depth <= _DEEP:
        groups = [(begin, list(group)) for begin, group in groupby(cards, partial(_begin, depth))]
        if len(groups) > 1:
            taken: dict[str, int] = {}
            parts = []
            for begin, end, group in _neighbours(groups) if len(groups) > WIDE else ((begin, begin, group) for begin, group in groups):
                slug = slugify(begin) or "other"
                taken[slug] = number = taken.get(slug, 0) + 1  # `ß` has the address of `ss`
                below = f"{path}{slug}{f'--{number}' if number > 1 else ''}/"
                parts.append(cut(_span(begin.title() or "#", end.title() or "#"), below, group, depth + (begin == end)))
            return Part(label, path, len(cards), (), tuple(parts))
        depth += 1
    pages = [tuple(card for _, card in cards[i : i + MOST]) for i in range(0, len(cards), MOST)]
    numbered = (Part(_span(page[0].term, page[-1].term), f"{path}{i}/", len(page), page, ()) for i, page in enumerate(pages, 1))
    return Part(label, path, len(cards), (), tuple(numbered))


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} – {last}"


def _begin(depth: int, keyed: Keyed) -> str:
    return keyed[0][:depth].strip()


def _neighbours(groups: Sequence[tuple[str, list[Keyed]]]) -> Iterator[tuple[str, str, list[Keyed]]]:
    """Neighbouring groups together, each from the letters of the first to those of the last; one that is large stands alone."""
    enough = 2 * sum(len(group) for _, group in groups) // WIDE  # any two of them have more, so that they are no more than are wide
    run: list[tuple[str, list[Keyed]]] = []
    for begin, group in [*groups, ("", [])]:
        if run and (not group or sum(len(some) for _, some in run) + len(group) > enough):
            yield run[0][0], run[-1][0], [card for _, some in run for card in some]
            run = []
        run.append((begin, group))


@lru_cache(maxsize=1)
def lists(site: Site) -> tuple[Part, dict[str, Part]]:
    """The whole index, a part a letter; and by slug, the list of each topic."""
    view = whole_view(site)
    keys: dict[str, str] = {}

    def keyed(cards: tuple[Card, ...]) -> list[Keyed]:
        for card in cards:
            if card.slug not in keys:
                keys[card.slug] = sort_key(card.term)[1]
        return [(keys[card.slug], card) for card in cards]

    letters = tuple(cut(x.letter, x.path, keyed(x.cards), 1 if x.letter in ("#", HAN) else 2) for x in view.letters)
    topics = {topic.slug: cut(topic.name, topic.path, keyed(topic.cards)) for topic in view.topics}
    return Part("A–Z", "a-z/", view.count, (), letters), topics


def part_pages(site: Site) -> Iterator[PartPage]:
    """Every page that only a glossary of many entries has."""
    if not site.frame.listed_at_once:
        index, topics = lists(site)
        yield from _pages_of(index, None)
        for topic in site_view(site.frame).topics:
            yield from _pages_of(topics[topic.slug], topic)


def _pages_of(whole: Part, topic: Topic | None) -> Iterator[PartPage]:
    """The pages of a list; those that list entries lead from each to the next."""
    found = list(whole.below())
    short = [part for part, _ in found if part.cards]
    beside = {part.path: (before, after) for before, part, after in zip((None, *short), short, (*short[1:], None), strict=False)}
    for part, above in found:
        yield PartPage(part, above, topic, *beside.get(part.path, (None, None)))
