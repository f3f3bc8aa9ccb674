"""What a first visit costs, as a browser counts it, and that nothing on the page jumps.

The server of these tests compresses with gzip -9, so every size here is one that a server with Brotli stays below.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit, compressed
from tests.browser.pages import KINDS, TERM, control, frame, ready

KB = 1000
GOOD_SHIFT = 0.1  # Core Web Vitals' bound; fallbacks of another measure than the font's go up to 0.33
_SIZES = """() => performance.getEntries().filter((e) => ["navigation", "resource"].includes(e.entryType)).map(
  (e) => [new URL(e.name).pathname.split("/").pop() || "page", e.encodedBodySize])"""
_WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      window.shifts.push([shift.value, ...shift.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? String(node))]);
    }
  }).observe({ type: "layout-shift", buffered: true });
}"""


def transferred(page: Page) -> dict[str, int]:
    """The bytes of each response that the page has asked for so far."""
    page.wait_for_load_state("networkidle")
    found = page.evaluate(_SIZES)
    assert all(size for _, size in found), found
    return dict(found)


def shifts(page: Page) -> list[list[Any]]:
    """The layout shifts so far, those right after an input included, once the newest frame is drawn."""
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )
    found: list[list[Any]] = page.evaluate("window.shifts")
    return found


def test_every_page_is_small(site: Path) -> None:
    """No page's HTML is over 14 KB."""
    sizes = {str(page.relative_to(site)): len(compressed(page)) for page in site.rglob("*.html")}
    assert {page: size for page, size in sizes.items() if size > 14 * KB} == {}


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_first_view(visit: Visit, path: str) -> None:
    """A cold visit takes at most 8 requests, 25 KB without fonts, 60 KB with, 10 KB of JavaScript, and no model."""
    sizes = transferred(visit(path))
    fonts = sum(size for name, size in sizes.items() if name.endswith(".woff2"))
    scripts = sum(size for name, size in sizes.items() if name.endswith(".js"))
    assert len(sizes) <= 8, sizes
    assert scripts <= 10 * KB, sizes
    assert sum(sizes.values()) - fonts <= 25 * KB, sizes
    assert sum(sizes.values()) <= 60 * KB, sizes
    assert "model.bin" not in sizes


def test_the_model_comes_with_the_first_touch(visit: Visit) -> None:
    """The model is fetched when the demo is first used, once, however often it is used."""
    page = visit(TERM)
    ready(page)
    before = transferred(page)
    control(page, "step").press("Enter")
    expect(page.locator(".steps li")).to_have_count(1)
    control(page, "step").press("Enter")
    expect(page.locator(".steps li")).to_have_count(2)
    requests = page.evaluate(_SIZES)
    assert sorted(name for name, _ in requests if name not in before) == ["engine.js", "live.js", "model.bin"]


def test_the_demo_is_small(site: Path) -> None:
    """All that runs the demo but the counting engine is at most 8 KB; what it takes to wake up, 600 bytes; the newsletter's form takes 1 KB, the search 4 KB."""
    scripts = {script.name: len(compressed(script)) for script in site.glob("assets/*/*.js")}
    sizes = {name: size for name, size in scripts.items() if name not in ("site.js", "engine.js", "newsletter.js", "search.js")}
    assert scripts["search.js"] <= 4 * KB, scripts
    assert scripts["newsletter.js"] <= KB, scripts
    assert sizes["demo.js"] <= 600, sizes
    assert sum(sizes.values()) <= 8192, sizes


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_little_moves_when_the_fonts_arrive_late(visit: Visit, path: str, width: int) -> None:
    """The fallback has the font's measure: when that arrives long after the first paint, no more than a line moves."""
    page = visit(None, width=width)
    page.add_init_script(f"({_WATCH_SHIFTS})()")
    held: list[Route] = []
    page.route("**/*.woff2", lambda route: held.append(route))
    page.goto(path, wait_until="domcontentloaded")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert held, "the page shows a fallback first"
    assert not page.evaluate("document.fonts.check('1em Newsreader')")
    for route in held:
        route.continue_()
    page.unroute("**/*.woff2")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('1em Newsreader')")
    assert sum(value for value, *_ in shifts(page)) < GOOD_SHIFT


def test_nothing_jumps_when_the_demo_starts(visit: Visit) -> None:
    """No layout shift when the demo wakes up, writes its first tokens, plays, and is reset."""
    page = visit(None)
    page.add_init_script(f"({_WATCH_SHIFTS})()")
    page.goto(TERM)
    ready(page)
    start = len(frame(page).tokens)
    for _ in range(3):
        control(page, "step").press("Enter")
    expect(page.locator(".line .tok")).to_have_count(start + 3)
    control(page, "reset").press("Enter")
    expect(page.locator(".line .tok")).to_have_count(start)
    assert shifts(page) == []
