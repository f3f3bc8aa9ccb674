"""The Atom feeds (RFC 4287): new and changed entries, and the issues of the newsletter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..markup import at_root
from ..model import File
from ..render import Renderer
from ..site import UNDATED, Site

MOST = 50
NEWSLETTER_FEED = "newsletter/feed.xml"


def feed(site: Site, _: Renderer) -> Iterator[File]:
    """The newest entries and the newest issues, at most fifty each."""
    settings = site.glossary.settings
    yield _file(
        "feed.xml",
        _entries(site, _feed(site, "feed.xml", "", settings.title, settings.description, _moment(site.updated))),
    )
    if site.has_newsletter:
        newsletter = settings.newsletter
        subtitle = (newsletter and newsletter.description) or f"Every issue of the newsletter of {settings.title}."
        issues = site.glossary.issues
        newest = _day(issues[0].date) if issues else _moment(UNDATED)
        root = _feed(site, NEWSLETTER_FEED, "newsletter/", f"{settings.title}: newsletter", subtitle, newest)
        yield _file(NEWSLETTER_FEED, _issues(site, root))


def _entries(site: Site, root: Element) -> Element:
    topics = {topic.slug: topic.name for topic in site.glossary.settings.topics}
    for entry in site.newest[:MOST]:
        dates = site.dates.get(entry.slug)
        published, updated = (dates.published, dates.updated) if dates else (UNDATED, UNDATED)
        item = _item(root, entry.title, site.url(entry.path), _moment(published), _moment(updated))
        for topic in entry.topics:
            SubElement(item, "category", {"term": topic, "label": topics[topic]})
        SubElement(item, "summary").text = entry.definition
    return root


def _issues(site: Site, root: Element) -> Element:
    for issue in site.glossary.issues[:MOST]:
        url, day = site.url(issue.path), _day(issue.date)
        html = at_root(site.issues[issue.name], site.url("")).replace('href="#', f'href="{url}#')
        SubElement(_item(root, issue.title, url, day, day), "content", {"type": "html"}).text = html
    return root


def _feed(site: Site, path: str, page: str, title: str, subtitle: str, updated: str) -> Element:
    """A feed at `path` without entries yet, of what `page` shows."""
    settings = site.glossary.settings
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": settings.language})
    SubElement(root, "title").text = title
    SubElement(root, "subtitle").text = subtitle
    SubElement(root, "id").text = site.url(page)
    SubElement(root, "updated").text = updated
    SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": site.url(path)})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": site.url(page)})
    SubElement(SubElement(root, "author"), "name").text = settings.publisher or settings.title
    return root


def _item(root: Element, title: str, url: str, published: str, updated: str) -> Element:
    item = SubElement(root, "entry")
    SubElement(item, "title").text = title
    SubElement(item, "id").text = url
    SubElement(item, "link", {"rel": "alternate", "type": "text/html", "href": url})
    SubElement(item, "published").text = published
    SubElement(item, "updated").text = updated
    return item


def _file(path: str, root: Element) -> File:
    indent(root, " ")
    return File(
        path, b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, "utf-8", xml_declaration=False) + b"\n"
    )


def _day(date: str) -> str:
    return f"{date}T00:00:00Z"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
