"""Lists of entries that no page could hold: cut by the first letters, again and again, until each part is short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby

from ..memo import digest
from ..model import File
from ..names import slugify, sort_key
from ..render import Renderer
from ..site import Site
from .plain import plain_page
from .views import Card, Topic, site_view, whole_view

MOST = 400  # entries on one page of a list
_DEEP = 12  # letters; names that share more are cut by number

Keyed = tuple[str, Card]  # an entry after the letters by which it is sorted


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a list: either short, or itself a list of parts."""

    label: str
    path: str
    count: int
    cards: tuple[Card, ...] = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)

    @property
    def below(self) -> Iterator[Part]:
        """The parts of it, and the parts of those."""
        for part in self.parts:
            yield part
            yield from part.below


@dataclass(frozen=True, slots=True)
class PartPage:
    """The page of a part of the index, or of a topic's list. It shows nothing else of the glossary, so most stay when an entry comes."""

    part: Part
    topic: Topic | None

    def digest(self) -> bytes:
        """A hash of all it shows but for the frame."""
        part, topic = self.part, self.topic
        parts = tuple((below.label, below.path, below.count) for below in part.parts)
        above = (topic.name, topic.path) if topic else ()
        return digest(part.label, part.path, part.count, tuple(map(tuple, part.cards)), parts, above)

    def file(self, renderer: Renderer) -> File:
        """The page."""
        part, topic = self.part, self.topic
        heading = f"{topic.name}: {part.label}" if topic else part.label
        above = (("Topics", "topics/"), (topic.name, topic.path)) if topic else (("A–Z", "a-z/"),)
        description = f"{part.count} terms that begin with {part.label}."
        return plain_page(renderer, site_view(renderer.frame), "part.html", part.path, heading, description, *above, part=part)


def cut(label: str, path: str, cards: Sequence[Keyed], depth: int = 1) -> Part:
    """The list of `cards`, which are in index order and share their first letters but `depth`."""
    if len(cards) <= MOST:
        return Part(label, path, len(cards), tuple(card for _, card in cards), ())
    while depth <= _DEEP:
        groups = [(begin, list(group)) for begin, group in groupby(cards, partial(_begin, depth))]
        if len(groups) > 1:
            taken: dict[str, int] = {}
            parts = []
            for begin, group in groups:
                slug = slugify(begin) or "other"
                taken[slug] = number = taken.get(slug, 0) + 1  # `ß` has the address of `ss`
                below = f"{path}{slug}{f'--{number}' if number > 1 else ''}/"
                parts.append(cut(begin.title() or "–", below, group, depth + 1))
            return Part(label, path, len(cards), (), tuple(parts))
        depth += 1
    pages = [tuple(card for _, card in cards[i : i + MOST]) for i in range(0, len(cards), MOST)]
    numbered = (Part(f"{label} {i}", f"{path}{i}/", len(page), page, ()) for i, page in enumerate(pages, 1))
    return Part(label, path, len(cards), (), tuple(numbered))


def _begin(depth: int, keyed: Keyed) -> str:
    return keyed[0][:depth].strip()


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

    letters = tuple(cut(x.letter, x.path, keyed(x.cards), 2) for x in view.letters)
    topics = {topic.slug: cut(topic.name, topic.path, keyed(topic.cards)) for topic in view.topics}
    return Part("A–Z", "a-z/", view.count, (), letters), topics


def part_pages(site: Site) -> Iterator[PartPage]:
    """Every page that only a glossary of many entries has."""
    if not site.frame.listed_at_once:
        index, topics = lists(site)
        yield from (PartPage(part, None) for part in index.below)
        for topic in site_view(site.frame).topics:
            yield from (PartPage(part, topic) for part in topics[topic.slug].below)
