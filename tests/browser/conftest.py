"""A real Chromium, and the shipped site behind a real server below a sub-path.

Whatever a page complains of fails the test that opened it: an error on the console, an exception, a breach of
the Content-Security-Policy, a request that leaves the site's own folder.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from sitegen.build import language_model
from sitegen.train import LanguageModel
from tests.browser.install import find_browser
from tests.conftest import CONTENT, sitegen

BASE = "/glossary/"
_REPORT_BREACHES = "addEventListener('securitypolicyviolation', e => console.error(e.violatedDirective, e.blockedURI))"

Visit = Callable[..., Page]


@cache
def compressed(path: Path) -> bytes:
    """What a server sends for a file; fonts are compressed as they are."""
    data = path.read_bytes()
    return data if path.suffix == ".woff2" else gzip.compress(data, 9, mtime=0)


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder below BASE, compressed, as a plain static server would."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript", ".woff2": "font/woff2"}  # noqa: RUF012

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        file = Path(self.directory) / path.removeprefix(BASE)
        if file.is_dir():
            file /= "index.html"
        found = path.startswith(BASE) and file.is_file()
        if not found:
            file = Path(self.directory) / "404.html"
        data = compressed(file)
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", self.guess_type(str(file)))
        if file.suffix != ".woff2":
            self.send_header("Content-Encoding", "gzip")
        if "assets" in file.parts:
            self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Requests are judged by the browser that makes them."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped glossary as it is built for a sub-path: only the page for wrong addresses has to know."""
    out = tmp_path_factory.mktemp("browser") / "site"
    result = sitegen("build", "--content", CONTENT, "--out", out, "--base-url", f"https://example.org{BASE}")
    assert result.status == 0, result.err
    return out


@pytest.fixture(scope="session")
def model() -> LanguageModel:
    """Python's model of the shipped glossary."""
    return language_model(CONTENT)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address at which a built site stands until the block is left."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{BASE}"
        server.shutdown()


@contextmanager
def launched() -> Iterator[Browser]:
    """A Chromium that runs until the block is left."""
    path = find_browser()
    if path is None:
        pytest.fail("There is no Chromium to test with: `make test` installs one.")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield browser
        browser.close()


@contextmanager
def shipped_site() -> Iterator[tuple[str, Browser]]:
    """The shipped glossary, built anew: where it is served, and a Chromium to look at it."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        result = sitegen("build", "--content", CONTENT, "--out", site)
        if result.status:
            sys.exit(result.err)
        with served(site) as address, launched() as browser:
            yield address, browser


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where that site is served."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with launched() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Opens a page of the site, each in a profile of its own: `visit("a-z/", width=320, color_scheme="dark")`."""
    with watched(browser, address) as open_page:
        yield open_page


@contextmanager
def watched(browser: Browser, address: str) -> Iterator[Visit]:
    """Pages that may not complain of anything until the block is left."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.location['url']}: {message.text}")

    def request(request: Request) -> None:
        inside = request.url.startswith((address, "data:")) or request.method == "POST"
        if not inside:
            complaints.append(f"request to {request.url}")

    def open_page(path: str | None = "", width: int = 1280, height: int = 800, **options: Any) -> Page:
        viewport = {"width": width, "height": height}
        context = browser.new_context(base_url=address, viewport=viewport, **options)
        contexts.append(context)
        context.set_default_timeout(5000)
        context.add_init_script(_REPORT_BREACHES)
        context.on("console", console)
        context.on("weberror", lambda error: complaints.append(f"{error.page and error.page.url}: {error.error}"))
        context.on("request", request)
        page = context.new_page()
        if path is not None:
            page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
