"""Lists of entries that no page could hold: cut by the first letters, again and again, until each part is short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from ..names import slugify, sort_key
from ..site import Site
from .views import Card, Topic, card, whole_view

MOST = 400  # entries on one page of a list
_DEEP = 12  # letters; names that share more are cut by number


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


def part(label: str, path: str, cards: tuple[Card, ...], depth: int = 1) -> Part:
    """The list of `cards`, which are in index order and share their first letters but `depth`."""
    if len(cards) <= MOST:
        return Part(label, path, len(cards), cards, ())
    while depth <= _DEEP:
        begin = partial(_begin, depth)
        groups = [(key, tuple(group)) for key, group in groupby(cards, begin)]
        if len(groups) > 1:
            taken: dict[str, int] = {}
            parts = []
            for key, group in groups:
                slug = slugify(key) or "other"
                taken[slug] = number = taken.get(slug, 0) + 1  # `ß` has the address of `ss`
                below = f"{path}{slug}{f'--{number}' if number > 1 else ''}/"
                parts.append(part(key.title() or "–", below, group, depth + 1))
            return Part(label, path, len(cards), (), tuple(parts))
        depth += 1
    pages = [cards[i : i + MOST] for i in range(0, len(cards), MOST)]
    numbered = (Part(f"{label} {i}", f"{path}{i}/", len(page), page, ()) for i, page in enumerate(pages, 1))
    return Part(label, path, len(cards), (), tuple(numbered))


def _begin(depth: int, card: Card) -> str:
    return sort_key(card.term)[1][:depth].strip()


def by_letter(site: Site) -> Part:
    """The whole index, a part a letter."""
    letters = tuple(part(x.letter, x.path, x.cards, 2) for x in whole_view(site).letters)
    return Part("A–Z", "a-z/", len(site.glossary.entries), (), letters)


def of_topic(site: Site, topic: Topic) -> Part:
    """The entries of a topic."""
    return part(topic.name, topic.path, tuple(map(card, site.glossary.by_topic[topic.slug])))


def list_pages(site: Site) -> Iterator[Part]:
    """Every page that only a glossary of many entries has."""
    if not site.frame.listed_at_once:
        yield from by_letter(site).below
        for topic in whole_view(site).topics:
            yield from of_topic(site, topic).below
