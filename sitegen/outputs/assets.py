"""What pages load: styles, scripts, fonts and the explorables' modules."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import File
from ..render import Renderer
from ..site import Site


def assets(site: Site, _: Renderer) -> Iterator[File]:
    """The assets in a folder named by their content; the explorables at steady addresses."""
    for name, data in site.assets.items():
        yield File(site.assets_path + name, data)
    for explorable in site.glossary.explorables.values():
        yield File(f"explorables/{explorable.name}/explorable.js", explorable.script)
