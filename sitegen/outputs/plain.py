"""A page with a head, breadcrumbs and whatever its template asks for."""

from __future__ import annotations

from typing import Any

from ..model import File
from ..render import Renderer
from .views import SiteView, page_view

_HOME = ("Glossary", "")


def plain_page(
    renderer: Renderer, view: SiteView, template: str, path: str, heading: str, description: str,
    *above: tuple[str, str], robots: str = "", json_ld: tuple[object, ...] = (),
    alternates: tuple[tuple[str, str, str], ...] = (), **context: Any,
) -> File:  # fmt: skip
    """The page at `path`, `above` being the pages between home and it."""
    crumbs = (_HOME, *above, (heading, None)) if path.endswith("/") else ()
    kind = template.removesuffix(".html")
    head = page_view(renderer.frame, renderer.policy, kind, path, heading, description, crumbs, json_ld, alternates, robots)
    return renderer.page(template, path, site=view, page=head, **context)
