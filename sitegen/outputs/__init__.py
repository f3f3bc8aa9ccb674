"""What a site consists of. To add an output: write one function in one file, and name it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..model import File
from ..render import Renderer
from ..site import Site
from .api import api, term_json
from .assets import assets
from .feed import feed
from .lists import PartPage, part_pages
from .llms import llms
from .markdown import markdown
from .newsletter import newsletter, to_begin_with
from .pages import model, pages
from .redirects import redirects
from .robots import robots
from .search import search
from .shown import Around, Printed, Shown, Surroundings, printed
from .sitemap import sitemap
from .terms import term_page

# The files of one entry, and those of the whole site; those of the model are apart, as it changes seldom, and so are the many parts of lists.
ENTRY_OUTPUTS: tuple[Callable[[Shown, Renderer], Iterator[File]], ...] = (term_page, redirects, term_json, markdown)
SITE_OUTPUTS: tuple[Callable[[Site, Renderer], Iterator[File]], ...] = (pages, newsletter, search, assets, api, feed, sitemap, robots, llms)
MODEL_OUTPUTS: tuple[Callable[[Site, Renderer], Iterator[File]], ...] = (model,)

__all__ = ["ENTRY_OUTPUTS", "MODEL_OUTPUTS", "SITE_OUTPUTS", "Around", "PartPage", "Printed", "Shown", "Surroundings", "part_pages", "printed", "to_begin_with"]
