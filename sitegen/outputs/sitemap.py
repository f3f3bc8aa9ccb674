"""sitemap.xml: every page meant to be found, with its last change where that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from ..model import File
from ..render import Renderer
from ..site import Site
from .lists import part_pages

MOST = 50_000  # addresses in one file, as sitemaps.org has it; of more, sitemap.xml is an index of files
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemap(site: Site, _: Renderer) -> Iterator[File]:
    """Every page but redirects, the 404 and the answers to the newsletter's form."""
    settings = site.glossary.settings
    lists = ["", "a-z/", "about/", "model/"]
    if settings.topics:
        lists += ["topics/", *(f"topics/{topic.slug}/" for topic in settings.topics)]
    if settings.newsletter:
        lists += ["subscribe/", *(["subscribe/data/"] if settings.newsletter.own else [])]
    if site.has_newsletter:
        lists += ["newsletter/", *(issue.path for issue in site.glossary.issues)]
    lists += [page.part.path for page in part_pages(site)]
    changed = {
        entry.path: site.dates[entry.slug].updated for entry in site.glossary.entries if entry.slug in site.dates
    }
    if site.dates:
        changed |= dict.fromkeys(("", "a-z/"), site.updated)
    rows = [
        (site.url(path), changed[path].date().isoformat() if path in changed else "")
        for path in (*lists, *(entry.path for entry in site.glossary.entries))
    ]
    if len(rows) <= MOST:
        yield _file("sitemap.xml", "urlset", "url", rows)
        return
    names = []
    for number, start in enumerate(range(0, len(rows), MOST), 1):
        names.append(f"sitemap-{number}.xml")
        yield _file(names[-1], "urlset", "url", rows[start : start + MOST])
    yield _file("sitemap.xml", "sitemapindex", "sitemap", [(site.url(name), "") for name in names])


def _file(path: str, root: str, item: str, rows: Iterable[tuple[str, str]]) -> File:
    lines = [f'<?xml version="1.0" encoding="utf-8"?>\n<{root} xmlns="{_SPACE}">']
    for address, moment in rows:
        lastmod = f"\n  <lastmod>{moment}</lastmod>" if moment else ""
        lines.append(f" <{item}>\n  <loc>{escape(address, quote=False)}</loc>{lastmod}\n </{item}>")
    return File(path, ("\n".join(lines) + f"\n</{root}>\n").encode())
