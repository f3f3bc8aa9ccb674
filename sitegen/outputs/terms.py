"""The page of a term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup as Safe

from ..markup import Heading, at_root
from ..model import Entry, File
from ..render import Renderer
from ..site import Frame
from .shown import Shown
from .views import Card, Letter, ReferenceView, Topic, page_view, reference_view, site_view


@dataclass(frozen=True, slots=True)
class ExplorableView:
    name: str
    fallback: Safe
    script: str


@dataclass(frozen=True, slots=True)
class DeprecationView:
    card: Card | None
    note: Safe


@dataclass(frozen=True, slots=True)
class EntryView:
    slug: str
    term: str
    sense: str
    aliases: tuple[str, ...]
    pronunciation: str
    level: str
    letter: Letter
    topics: tuple[Topic, ...]
    definition: str
    summary: Safe
    in_depth: Safe
    headings: tuple[Heading, ...]
    example: Safe
    explorable: ExplorableView | None
    references: tuple[ReferenceView, ...]
    oldest_source: int | None
    deprecated: DeprecationView | None
    updated: str


def term_page(shown: Shown, renderer: Renderer) -> Iterator[File]:
    """The page of an entry."""
    frame, entry, around = renderer.frame, shown.entry, shown.around
    view = site_view(frame)
    letter = next(letter for letter in view.letters if letter.letter == entry.letter)
    topics = tuple(topic for slug in entry.topics for topic in view.topics if topic.slug == slug)
    path = entry.path
    topic = topics[0] if topics else None
    crumbs = (("Glossary", ""), (topic.name, topic.path) if topic else ("A–Z", "a-z/"), (entry.title, None))
    yield renderer.page(
        "term.html",
        path,
        site=view,
        page=page_view(
            frame, renderer.policy, "term", path, entry.title, entry.definition, crumbs, (defined_term(frame, entry),),
            (("text/markdown", f"{entry.title} as Markdown", path + "index.md"),
             ("application/json", f"{entry.title} as JSON", f"api/terms/{entry.slug}.json")),
        ),
        entry=_entry_view(shown, renderer, letter, topics),
        related=around.related,
        contrast=around.contrast,
        broader=around.broader,
        narrower=around.narrower,
        backlinks=around.backlinks,
        more_narrower=len(around.more_narrower),
        more_backlinks=len(around.more_backlinks),
        same_letter=around.near,
        previous=around.before[0] if around.before else None,
        next=around.after[0] if around.after else None,
        tokens=shown.printed.tokens,
        demo=shown.printed.demo,
    )  # fmt: skip


def _entry_view(shown: Shown, renderer: Renderer, letter: Letter, topics: tuple[Topic, ...]) -> EntryView:
    entry, body, root = shown.entry, shown.body, renderer.root_of(shown.entry.path)
    dates = shown.around.dates
    return EntryView(
        slug=entry.slug,
        term=entry.term,
        sense=entry.sense,
        aliases=entry.aliases,
        pronunciation=entry.pronunciation,
        level=entry.level,
        letter=letter,
        topics=topics,
        definition=entry.definition,
        summary=Safe(at_root(body.summary, root)),
        in_depth=Safe(at_root(body.in_depth, root)),
        headings=body.headings,
        example=Safe(at_root(body.example, root)),
        explorable=ExplorableView(
            entry.explorable,
            Safe(dict(renderer.frame.explorables)[entry.explorable]),
            f"explorables/{entry.explorable}/explorable.js",
        )
        if entry.explorable
        else None,
        references=tuple(map(reference_view, entry.references)),
        oldest_source=min((r.year for r in entry.references if r.year), default=None),
        deprecated=DeprecationView(
            shown.around.replaced_by[0] if shown.around.replaced_by else None, Safe(at_root(body.note, root))
        )
        if entry.deprecated
        else None,
        updated=dates.updated.date().isoformat() if dates else "",
    )


def defined_term(frame: Frame, entry: Entry) -> dict[str, object]:
    """The entry as schema.org's DefinedTerm."""
    names = {"alternateName": list(entry.aliases)} if entry.aliases else {}
    return {
        "@context": "https://schema.org",
        "@type": "DefinedTerm",
        "@id": frame.url(entry.path),
        "url": frame.url(entry.path),
        "name": entry.title,
        **names,
        "description": entry.definition,
        "termCode": entry.slug,
        "inDefinedTermSet": {"@type": "DefinedTermSet", "@id": frame.url(""), "name": frame.title},
    }
