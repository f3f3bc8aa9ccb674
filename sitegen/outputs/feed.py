"""The Atom feed (RFC 4287) of new and changed entries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..model import File
from ..render import Renderer
from ..site import UNDATED, Site

MOST = 50


def feed(site: Site, _: Renderer) -> Iterator[File]:
    """The newest entries, at most fifty."""
    settings = site.glossary.settings
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": settings.language})
    SubElement(root, "title").text = settings.title
    SubElement(root, "subtitle").text = settings.description
    SubElement(root, "id").text = site.url("")
    SubElement(root, "updated").text = _moment(site.updated)
    SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": site.url("feed.xml")})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": site.url("")})
    SubElement(SubElement(root, "author"), "name").text = settings.publisher or settings.title
    topics = {topic.slug: topic.name for topic in settings.topics}
    for entry in site.newest[:MOST]:
        dates = site.dates.get(entry.slug)
        item = SubElement(root, "entry")
        SubElement(item, "title").text = entry.title
        SubElement(item, "id").text = site.url(entry.path)
        SubElement(item, "link", {"rel": "alternate", "type": "text/html", "href": site.url(entry.path)})
        SubElement(item, "published").text = _moment(dates.published if dates else UNDATED)
        SubElement(item, "updated").text = _moment(dates.updated if dates else UNDATED)
        for topic in entry.topics:
            SubElement(item, "category", {"term": topic, "label": topics[topic]})
        SubElement(item, "summary").text = entry.definition
    indent(root, " ")
    yield File(
        "feed.xml", b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, "utf-8", xml_declaration=False) + b"\n"
    )


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
