"""The page of every term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup as Safe

from ..markup import Heading, at_root
from ..model import Entry, File
from ..render import Renderer
from ..site import Site
from .demo import demo
from .views import (
    Card,
    LetterView,
    ReferenceView,
    TopicView,
    card,
    cards,
    page_view,
    reference_view,
    site_view,
    token_view,
)


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
    letter: LetterView
    topics: tuple[TopicView, ...]
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


def terms(site: Site, renderer: Renderer) -> Iterator[File]:
    """One page an entry, in index order."""
    view = site_view(site)
    letters = {letter.letter: letter for letter in view.letters}
    topics = {topic.slug: topic for topic in view.topics}
    entries = site.glossary.entries
    for i, entry in enumerate(entries):
        path = entry.path
        topic = topics[entry.topics[0]] if entry.topics else None
        crumbs = (("Glossary", ""), (topic.name, topic.path) if topic else ("A–Z", "a-z/"), (entry.title, None))
        letter = letters[entry.letter]
        yield renderer.page(
            "term.html",
            path,
            site=view,
            page=page_view(
                site, renderer.policy, "term", path, entry.title, entry.definition, crumbs, (defined_term(site, entry),),
                (("text/markdown", f"{entry.title} as Markdown", path + "index.md"),
                 ("application/json", f"{entry.title} as JSON", f"api/terms/{entry.slug}.json")),
            ),
            entry=_entry_view(site, renderer, entry, letter, tuple(topics[slug] for slug in entry.topics)),
            related=cards(site, entry.related),
            contrast=cards(site, entry.contrast),
            broader=cards(site, entry.broader),
            narrower=cards(site, entry.narrower),
            backlinks=cards(site, site.backlinks.get(entry.slug, ())),
            same_letter=tuple(c for c in letter.cards if c.slug != entry.slug),
            previous=card(entries[i - 1]) if i else None,
            next=card(entries[i + 1]) if i + 1 < len(entries) else None,
            tokens=tuple(map(token_view, site.language_model.scored(entry.definition))),
            demo=demo(site.language_model, entry.slug, entry.definition),
            markdown_path=path + "index.md",
        )  # fmt: skip


def _entry_view(
    site: Site, renderer: Renderer, entry: Entry, letter: LetterView, topics: tuple[TopicView, ...]
) -> EntryView:
    body, root = site.bodies[entry.slug], renderer.root_of(entry.path)
    explorable = site.glossary.explorables.get(entry.explorable)
    dates = site.dates.get(entry.slug)
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
            explorable.name, Safe(explorable.fallback), f"explorables/{explorable.name}/explorable.js"
        )
        if explorable
        else None,
        references=tuple(map(reference_view, entry.references)),
        oldest_source=min((r.year for r in entry.references if r.year), default=None),
        deprecated=DeprecationView(
            card(site.glossary.by_slug[entry.deprecated.by]) if entry.deprecated.by else None,
            Safe(at_root(body.note, root)),
        )
        if entry.deprecated
        else None,
        updated=dates.updated.date().isoformat() if dates else "",
    )


def defined_term(site: Site, entry: Entry) -> dict[str, object]:
    """The entry as schema.org's DefinedTerm."""
    names = {"alternateName": list(entry.aliases)} if entry.aliases else {}
    return {
        "@context": "https://schema.org",
        "@type": "DefinedTerm",
        "@id": site.url(entry.path),
        "url": site.url(entry.path),
        "name": entry.title,
        **names,
        "description": entry.definition,
        "termCode": entry.slug,
        "inDefinedTermSet": {"@type": "DefinedTermSet", "@id": site.url(""), "name": site.glossary.settings.title},
    }
