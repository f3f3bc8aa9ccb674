"""What the templates are given: plain values, apart from the model, so that a template never computes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup as Safe

from ..demo import shown
from ..model import Entry, Newsletter, Reference
from ..render import json_script
from ..site import Frame, Site
from ..train import ScoredToken

_TINTS = (1, 3, 5, 8, 11)  # bits at which a token's tint grows deeper


class Card(NamedTuple):
    slug: str
    term: str
    path: str
    definition: str


@dataclass(frozen=True, slots=True)
class Topic:
    slug: str
    name: str
    description: str
    path: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the index. `path` leads to where its entries are listed."""

    letter: str
    anchor: str
    path: str


@dataclass(frozen=True, slots=True)
class SiteView:
    title: str
    description: str
    language: str
    base_url: str
    topics: tuple[Topic, ...]
    letters: tuple[Letter, ...]
    newsletter: Newsletter | None


@dataclass(frozen=True, slots=True)
class TopicView(Topic):
    """A topic with its entries."""

    cards: tuple[Card, ...] = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.cards)


@dataclass(frozen=True, slots=True)
class LetterView(Letter):
    """A letter with its entries."""

    cards: tuple[Card, ...] = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.cards)


@dataclass(frozen=True, slots=True)
class WholeView(SiteView):
    """For pages that tell of all entries: how many there are, and which under every topic and letter."""

    topics: tuple[TopicView, ...]
    letters: tuple[LetterView, ...]
    count: int


@dataclass(frozen=True, slots=True)
class PageView:
    kind: str
    title: str
    heading: str
    description: str
    path: str
    canonical: str
    csp: str
    crumbs: tuple[tuple[str, str | None], ...] = ()
    json_ld: tuple[Safe, ...] = ()
    alternates: tuple[tuple[str, str, str], ...] = ()
    robots: str = ""


class TokenView(NamedTuple):
    """A token of a definition. `tint` is 0 to 5."""

    text: str
    space: bool
    bits: str
    tint: int
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferenceView:
    title: str
    authors: str
    year: int | None
    url: str
    host: str


def card(entry: Entry) -> Card:
    """An entry as lists show it."""
    return Card(entry.slug, entry.title, entry.path, entry.definition)


@lru_cache(maxsize=1)
def site_view(frame: Frame) -> SiteView:
    """What every page shows of the whole."""
    topics = tuple(Topic(slug, name, description, f"topics/{slug}/") for slug, name, description in frame.topics)
    letters = tuple(Letter(letter, anchor(letter), letter_path(frame, letter)) for letter in frame.letters)
    return SiteView(frame.title, frame.description, frame.language, frame.base_url, topics, letters, frame.newsletter)


@lru_cache(maxsize=1)
def whole_view(site: Site) -> WholeView:
    """The same with all entries."""
    view, glossary = site_view(site.frame), site.glossary
    cards = {entry.slug: card(entry) for entry in glossary.entries}

    def listed(entries: Iterable[Entry]) -> tuple[Card, ...]:
        return tuple(cards[entry.slug] for entry in entries)

    topics = tuple(TopicView(t.slug, t.name, t.description, t.path, listed(glossary.by_topic[t.slug])) for t in view.topics)
    letters = tuple(LetterView(x.letter, x.anchor, x.path, listed(glossary.by_letter[x.letter])) for x in view.letters)
    return WholeView(
        view.title, view.description, view.language, view.base_url, topics, letters, view.newsletter, len(glossary.entries)
    )


def letter_path(frame: Frame, letter: str) -> str:
    """Where the entries under a letter are listed: among all, or on pages of their own."""
    return f"a-z/#{anchor(letter)}" if frame.listed_at_once else f"a-z/{anchor(letter)}/"


def anchor(letter: str) -> str:
    """The id of a letter in the index; `#` and letters without a case are spelled as their code."""
    return f"letter-{letter.lower()}" if letter.isascii() and letter.isalpha() else f"letter-u{ord(letter):x}"


def page_view(
    frame: Frame, csp: str, kind: str, path: str, heading: str, description: str,
    crumbs: tuple[tuple[str, str | None], ...] = (), json_ld: tuple[object, ...] = (),
    alternates: tuple[tuple[str, str, str], ...] = (), robots: str = "",
) -> PageView:  # fmt: skip
    """A page's head and place: every page but the home page has breadcrumbs, and says so to machines."""
    title = frame.title
    if crumbs:
        json_ld = (*json_ld, _breadcrumbs(frame, crumbs, path))
    return PageView(
        kind=kind, title=title if kind == "home" else f"{heading} · {title}", heading=heading, description=description,
        path=path, canonical="" if robots else frame.url(path), csp=csp, crumbs=crumbs,
        json_ld=tuple(json_script(value) for value in json_ld),
        alternates=(("application/atom+xml", f"{title}: new and changed terms", "feed.xml"), *alternates), robots=robots,
    )  # fmt: skip


def _breadcrumbs(frame: Frame, crumbs: tuple[tuple[str, str | None], ...], path: str) -> dict[str, object]:
    items = [
        {"@type": "ListItem", "position": i, "name": name, "item": frame.url(path if where is None else where)}
        for i, (name, where) in enumerate(crumbs, 1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def reference_view(reference: Reference) -> ReferenceView:
    """A reference with its authors as one phrase; a last author `others` stands for those left out."""
    host = urlsplit(reference.url).hostname or ""
    authors = list(reference.authors)
    if authors and authors[-1] in ("others", "et al.", "et al"):
        names = ", ".join(authors[:-1]) + " and others"
    else:
        names = " and ".join(filter(None, [", ".join(authors[:-1]), *authors[-1:]]))
    return ReferenceView(reference.title, names, reference.year, reference.url, host.removeprefix("www."))


def token_view(scored: ScoredToken) -> TokenView:
    """A token of the definition with its tint."""
    tint = bisect_right(_TINTS, scored.bits)
    return TokenView(
        scored.token.text, scored.token.space, f"{scored.bits:.1f}", tint, tuple(map(shown, scored.expected))
    )
