"""llms.txt: what the site holds, in Markdown, by topic."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Entry, File
from ..render import Renderer
from ..site import Site


def llms(site: Site, _: Renderer) -> Iterator[File]:
    """One line a term, below its first topic; of a glossary with very many, one line a topic."""
    settings, glossary = site.glossary.settings, site.glossary
    parts = [f"# {settings.title}", f"> {settings.description}"]
    listed: set[str] = set()
    if not site.frame.listed_at_once:
        rows = [f"- [{topic.name}]({site.url(f'topics/{topic.slug}/')}): {topic.description}" for topic in settings.topics]
        parts += ["## Topics", "\n".join(rows)] if rows else []
        parts += ["## Terms", f"- [A–Z]({site.url('a-z/')}): all {len(glossary.entries):,} by their first letters"]
    for topic in settings.topics if site.frame.listed_at_once else ():
        entries = [entry for entry in glossary.by_topic[topic.slug] if entry.slug not in listed]
        listed.update(entry.slug for entry in entries)
        if entries:
            parts += [f"## {topic.name}", _rows(site, entries)]
    rest = [entry for entry in glossary.entries if entry.slug not in listed]
    if rest and site.frame.listed_at_once:
        parts += ["## Other terms" if listed else "## Terms", _rows(site, rest)]
    data = [
        ("api/glossary.json", "Every term as JSON"),
        ("api/schema.json", "The schema of that JSON"),
        ("feed.xml", "New and changed terms"),
    ]
    parts += ["## Data", "\n".join(f"- [{name}]({site.url(path)})" for path, name in data)]
    yield File("llms.txt", ("\n\n".join(parts) + "\n").encode())


def _rows(site: Site, entries: list[Entry]) -> str:
    return "\n".join(f"- [{entry.title}]({site.url(entry.path)}index.md): {entry.definition}" for entry in entries)
