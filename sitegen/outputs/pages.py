"""Every page that is neither a term's nor the newsletter's, nor a part of a list: home, A-Z, topics, about, the model's, the one for a wrong address."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from markupsafe import Markup as Safe

from ..demo import MODEL_PATH
from ..markup import at_root
from ..model import File
from ..render import Renderer
from ..site import Site
from .lists import Part, lists
from .model_view import model_view
from .plain import plain_page
from .views import card, site_view, whole_view

NEWEST = 5


def pages(site: Site, renderer: Renderer) -> Iterator[File]:
    """The pages that the glossary and its settings ask for."""
    settings = site.glossary.settings
    view = whole_view(site)
    page = partial(plain_page, renderer, view)
    yield page("home.html", "", settings.title, settings.description, json_ld=(term_set(site),),
               demo=site.opening(), newest=tuple(map(card, site.newest[:NEWEST])))  # fmt: skip
    at_once = site.frame.listed_at_once
    index, lists_of = (Part("", "", view.count, (), ()), {}) if at_once else lists(site)
    listed = "in one list" if at_once else "by their first letters"
    yield page("a-z.html", "a-z/", "A–Z", f"All {view.count} terms of {settings.title}, {listed}.", part=index)
    if view.topics:
        yield page("topics.html", "topics/", "Topics", f"The terms of {settings.title} by topic.", at_once=at_once)
    for topic in view.topics:
        description = topic.description or f"{topic.count} terms about {topic.name.lower()}."
        part = Part(topic.name, topic.path, topic.count, topic.cards, ()) if at_once else lists_of[topic.slug]
        yield page("topic.html", topic.path, topic.name, description, ("Topics", "topics/"), topic=topic, part=part)
    about = Safe(at_root(site.about, renderer.root_of("about/")))
    yield page("about.html", "about/", "About", f"What {settings.title} is, and how it is made.", body=about)
    yield page("404.html", "404.html", "Page not found", "There is no page at this address.", robots="noindex")


def model(site: Site, renderer: Renderer) -> Iterator[File]:
    """The page about the language model, and what browsers make it of. They show nothing else of the glossary."""
    description = "The small language model on every page: what it read, how it counts, and how well it predicts."
    yield plain_page(renderer, site_view(site.frame), "model.html", "model/", "About the model", description,
                     model=model_view(site.language_model, site.glossary.held_out))  # fmt: skip
    yield File(MODEL_PATH, site.language_model.packed)


def term_set(site: Site) -> dict[str, object]:
    """The glossary as schema.org's DefinedTermSet."""
    settings = site.glossary.settings
    publisher = {"publisher": {"@type": "Organization", "name": settings.publisher}} if settings.publisher else {}
    terms = [{"@type": "DefinedTerm", "@id": site.url(e.path), "name": e.title} for e in site.glossary.entries]
    return {
        "@context": "https://schema.org",
        "@type": "DefinedTermSet",
        "@id": site.url(""),
        "url": site.url(""),
        "name": settings.title,
        "description": settings.description,
        "inLanguage": settings.language,
        **publisher,
        **({"hasDefinedTerm": terms} if site.frame.listed_at_once else {}),  # a page of 100,000 would be no page
    }
