"""sitemap.xml: every page meant to be found, with its last change where that is known."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..model import File
from ..render import Renderer
from ..site import Site


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
    changed = {
        entry.path: site.dates[entry.slug].updated for entry in site.glossary.entries if entry.slug in site.dates
    }
    if site.dates:
        changed |= dict.fromkeys(("", "a-z/"), site.updated)
    root = Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for path in (*lists, *(entry.path for entry in site.glossary.entries)):
        item = SubElement(root, "url")
        SubElement(item, "loc").text = site.url(path)
        if path in changed:
            SubElement(item, "lastmod").text = changed[path].date().isoformat()
    indent(root, " ")
    yield File(
        "sitemap.xml",
        b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, "utf-8", xml_declaration=False) + b"\n",
    )
