"""Draft -> Glossary: plain values, every name resolved to a slug, the entries in index order.

A draft that passed `check` links without a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .model import Deprecation, Draft, DraftEntry, Entry, Glossary, Reference
from .names import NameIndex, fold, letter_of, slugify, sort_key
from .nodes import Scalar
from .scan import links, plain


def link(draft: Draft, base_url: str = "", form_action: str = "") -> Glossary:
    """The glossary that `draft` describes. If given, it stands at `base_url`, and the newsletter's form posts to `form_action`."""
    settings = replace(draft.settings, base_url=base_url) if base_url else draft.settings
    if form_action and settings.newsletter:
        settings = replace(settings, newsletter=replace(settings.newsletter, action=form_action))
    index = draft.index
    topics = {fold(name): topic.slug for topic in draft.settings.topics for name in (topic.slug, topic.name)}
    titles = {entry.slug: _line(entry.title) for entry in draft.entries}
    entries = {entry.slug: _entry(entry, index, topics, titles) for entry in draft.entries}
    ordered = sorted(entries.values(), key=lambda entry: (*sort_key(entry.title), entry.slug))
    children: dict[str, list[str]] = {}
    for entry in ordered:
        for parent in entry.broader:
            children.setdefault(parent, []).append(entry.slug)
    redirects = {
        slug: entry.slug
        for entry in ordered
        for name in (*entry.aliases, entry.term)
        if (slug := slugify(name)) and slug not in entries and not (name == entry.term and entry.sense)
    }
    return Glossary(
        settings=settings,
        entries=tuple(entry._replace(narrower=tuple(below)) if (below := children.get(entry.slug)) else entry for entry in ordered),
        index=index,
        redirects=redirects,
        explorables=draft.explorables,
        issues=tuple(sorted(draft.issues, key=lambda issue: issue.name, reverse=True)),
        held_out=draft.held_out,
    )


def _entry(draft: DraftEntry, index: NameIndex, topics: dict[str, str], titles: dict[str, str]) -> Entry:
    def slugs(names: Iterable[Scalar]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(index.resolve(name.value)[0] for name in names))

    title = _line(draft.title)
    return Entry(
        slug=draft.slug,
        term=_line(_text(draft.term)),
        sense=_line(_text(draft.sense)),
        title=title,
        letter=letter_of(title),
        aliases=tuple(_line(alias.value) for alias in draft.aliases),
        pronunciation=_text(draft.pronunciation),
        definition=plain(_text(draft.definition)),
        summary=_text(draft.summary),
        explainer=_text(draft.explainer),
        example=_text(draft.example),
        related=slugs(draft.related),
        contrast=slugs(draft.contrast),
        broader=slugs(draft.broader),
        narrower=(),
        topics=tuple(dict.fromkeys(topics[fold(topic.value)] for topic in draft.topics)),
        level=draft.level,
        explorable=_text(draft.explorable),
        references=tuple(
            _reference(_text(r.title), (a.value for a in r.authors), r.year, _text(r.url)) for r in draft.references
        ),
        autolink=draft.autolink,
        deprecated=Deprecation("".join(slugs(filter(None, [old.by]))), _text(old.note))
        if (old := draft.deprecated)
        else None,
        links=tuple(
            (name, slug := index.resolve(name)[0], titles[slug])
            for name in dict.fromkeys(span.value for text in draft.texts for span in links(text.value))
        ),
        place=draft.place,
    )


def whole(entry: Entry, texts: tuple[Any, ...]) -> Entry:
    """An entry made of its facts alone, with its texts."""
    summary, explainer, example, note, pronunciation, references = texts
    return entry._replace(
        summary=summary, explainer=explainer, example=example, pronunciation=pronunciation,
        references=tuple(_reference(*reference) for reference in references),
        deprecated=entry.deprecated and entry.deprecated._replace(note=note),
    )  # fmt: skip


def _reference(title: str, authors: Iterable[str], year: int | None, url: str) -> Reference:
    return Reference(_line(title), tuple(map(_line, authors)), year, url)


def _text(scalar: Scalar | None) -> str:
    return scalar.value if scalar else ""


def _line(text: str) -> str:
    return " ".join(text.split())
