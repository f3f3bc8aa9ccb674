"""A page for every alias, which leads to its entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model import File
from ..render import Renderer
from .shown import Shown
from .views import card, page_view, site_view


def redirects(shown: Shown, renderer: Renderer) -> Iterator[File]:
    """One page for each alias of an entry that is not the address of another."""
    entry, frame = shown.entry, renderer.frame
    for alias in shown.around.aliases:
        path = f"terms/{alias}/"
        page = page_view(frame, renderer.policy, "redirect", path, entry.title, entry.definition, robots="noindex")
        page = replace(page, canonical=frame.url(entry.path))
        yield renderer.page("redirect.html", path, site=site_view(frame), page=page, target=card(entry))
