"""The newsletter's pages: its form, its archive, and where our own service leads those who have used the form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from markupsafe import Markup as Safe

from ..markup import at_root
from ..model import Entry, File
from ..render import Renderer
from ..site import Site
from .feed import NEWSLETTER_FEED
from .plain import plain_page
from .views import card, whole_view

FIRST = 3  # entries to begin with


@dataclass(frozen=True, slots=True)
class IssueView:
    title: str
    date: str
    path: str
    body: Safe


def newsletter(site: Site, renderer: Renderer) -> Iterator[File]:
    """What there is of it: a form, issues, or both."""
    if not site.has_newsletter:
        return
    settings = site.glossary.settings
    title, form = settings.title, settings.newsletter
    alternates = (("application/atom+xml", f"{title}: newsletter", NEWSLETTER_FEED),)
    page = partial(plain_page, renderer, whole_view(site), alternates=alternates)
    issues = tuple(
        IssueView(
            issue.title, issue.date, issue.path, Safe(at_root(site.issues[issue.name], renderer.root_of(issue.path)))
        )
        for issue in site.glossary.issues
    )
    if form:
        yield page("subscribe.html", "subscribe/", "Subscribe", form.description or f"New terms of {title} by mail.")
    if form and form.own:
        above = ("Subscribe", "subscribe/")
        first = tuple(map(card, to_begin_with(site)))
        yield page("check.html", "subscribe/check/", "Check your inbox", "One more click.", above, robots="noindex")
        yield page("welcome.html", "subscribe/welcome/", "You are subscribed", "What comes next, and what there is to read until then.",
                   above, robots="noindex", newest=issues[:1], first=first)  # fmt: skip
        yield page(
            "data.html",
            "subscribe/data/",
            "Your data",
            f"Download or erase what the newsletter of {title} keeps about you.",
            above,
        )
    yield page(
        "newsletter.html", "newsletter/", "Newsletter", f"Every issue of the newsletter of {title}.", issues=issues
    )
    for issue in issues:
        description = f"The newsletter of {issue.date}."
        yield page("issue.html", issue.path, issue.title, description, ("Newsletter", "newsletter/"), issue=issue)


def to_begin_with(site: Site) -> list[Entry]:
    """The few entries that most others lead to, those for beginners first; none where nobody is shown them."""
    form = site.glossary.settings.newsletter
    if not (form and form.own):
        return []

    def order(entry: Entry) -> tuple[bool, int]:
        return entry.level != "beginner", -len(site.backlinks.get(entry.slug, ()))

    return sorted((entry for entry in site.glossary.entries if not entry.deprecated), key=order)[:FIRST]
