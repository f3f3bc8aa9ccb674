"""A page for every alias, which leads to its entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model import File
from ..render import Renderer
from ..site import Site
from .views import card, page_view, site_view


def redirects(site: Site, renderer: Renderer) -> Iterator[File]:
    """One page an alias that is not the address of an entry."""
    view = site_view(site)
    for alias, slug in site.glossary.redirects.items():
        entry, path = site.glossary.by_slug[slug], f"terms/{alias}/"
        page = page_view(site, renderer.policy, "redirect", path, entry.title, entry.definition, robots="noindex")
        page = replace(page, canonical=site.url(entry.path))
        yield renderer.page("redirect.html", path, site=view, page=page, target=card(entry))
