"""A Markdown twin of every term page, for readers that are programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model import Entry, File
from ..render import Renderer
from ..scan import scan
from ..site import Site
from .views import reference_view


def markdown(site: Site, _: Renderer) -> Iterator[File]:
    """One `index.md` beside each term page."""
    for entry in site.glossary.entries:
        yield File(entry.path + "index.md", (_twin(site, entry) + "\n").encode())


def _twin(site: Site, entry: Entry) -> str:
    parts = [f"# {entry.title}", f"> {entry.definition}"]
    if entry.aliases:
        parts.append("Also called: " + ", ".join(entry.aliases))
    if entry.deprecated:
        by = f"Replaced by {_link(site, entry.deprecated.by)}. " if entry.deprecated.by else ""
        parts.append(f"**Deprecated.** {by}{_linked(site, entry.deprecated.note)}".strip())
    parts.append(_linked(site, entry.summary))
    if entry.explainer:
        parts += ["## In depth", _linked(site, entry.explainer, deeper=True)]
    if entry.example:
        parts += ["## In a sentence", _linked(site, entry.example)]
    for heading, slugs in (("Not to be confused with", entry.contrast), ("Related terms", entry.related)):
        if slugs:
            parts += [f"## {heading}", _list(site, slugs)]
    if entry.references:
        views = map(reference_view, entry.references)
        rows = (". ".join(filter(None, [v.authors, v.title, str(v.year or ""), v.url])) for v in views)
        parts += ["## References", "\n".join(f"- {row}" for row in rows)]
    parts.append(f"From [{site.glossary.settings.title}]({site.url('')}): {site.url(entry.path)}")
    return "\n\n".join(filter(None, parts))


def _list(site: Site, slugs: Iterable[str]) -> str:
    return "\n".join(f"- {_link(site, slug)}: {site.glossary.by_slug[slug].definition}" for slug in slugs)


def _link(site: Site, slug: str) -> str:
    entry = site.glossary.by_slug[slug]
    return f"[{entry.title}]({site.url(entry.path)}index.md)"


def _linked(site: Site, text: str, deeper: bool = False) -> str:
    """`text` with every `[[link]]` as an ordinary one, and its headings one level down."""
    text = text.strip()
    for span in reversed(scan(text)):
        if span.kind == "heading" and deeper:
            text = text[: span.at] + "#" + text[span.at :]
        elif span.kind == "link":
            entry = site.glossary.by_slug[site.glossary.index.resolve(span.value)[0]]
            text = f"{text[: span.start]}[{span.shown or span.value}]({site.url(entry.path)}index.md){text[span.end :]}"
    return text
