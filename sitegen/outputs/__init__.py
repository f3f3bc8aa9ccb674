"""What a site consists of. To add an output: write one function in one file, and name it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..model import File
from ..render import Renderer
from ..site import Site
from .api import api
from .assets import assets
from .feed import feed
from .llms import llms
from .markdown import markdown
from .newsletter import newsletter
from .pages import pages
from .redirects import redirects
from .robots import robots
from .sitemap import sitemap
from .terms import terms

OUTPUTS: tuple[Callable[[Site, Renderer], Iterator[File]], ...] = (
    terms, pages, newsletter, redirects, assets, api, markdown, feed, sitemap, robots, llms,
)  # fmt: skip
