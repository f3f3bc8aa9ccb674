"""What a host and a crawler need to know: robots.txt, and `_headers` for hosts that read it."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import File
from ..render import Renderer
from ..site import Site


def robots(site: Site, renderer: Renderer) -> Iterator[File]:
    """Both files."""
    yield File("robots.txt", f"User-agent: *\nAllow: /\n\nSitemap: {site.url('sitemap.xml')}\n".encode())
    base = site.frame.base_path
    lines = [
        f"{base}*",
        f"  Content-Security-Policy: {renderer.policy}; frame-ancestors 'none'",
        "  X-Content-Type-Options: nosniff",
        "  Referrer-Policy: strict-origin-when-cross-origin",
        f"{base}assets/*",
        "  Cache-Control: public, max-age=31536000, immutable",
    ]
    yield File("_headers", ("\n".join(lines) + "\n").encode())
