"""Everybody can read and use every kind of page: axe's rules, narrow and zoomed screens, forced colours, print, calm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.pages import KINDS, TERM, awake, control, frame, more, ready

MATHS_AND_TABLES = "terms/softmax/"
PAGES = {**KINDS, "mathematics": MATHS_AND_TABLES}

# All rules that axe runs by itself, best practices among them, and the one that it leaves out.
RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}


def violations(page: Page, options: Mapping[str, object]) -> list[tuple[str, str]]:
    """What axe finds: rule and element."""
    found = Axe().run(page, options=options).response["violations"]
    return [(violation["id"], node["html"]) for violation in found for node in violation["nodes"]]


def violations_everywhere(page: Page) -> dict[str, list[tuple[str, str]]]:
    """What axe finds on narrow and wide screens, in light and dark; in the dark only colours can be wrong anew."""
    found = {}
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light")
        found[f"light, {width} px"] = violations(page, RULES)
        page.emulate_media(color_scheme="dark")
        found[f"dark, {width} px"] = violations(page, COLOURS)
    return {where: what for where, what in found.items() if what}


def overflow(page: Page) -> list[str]:
    """The elements that make the page wider than its window, if it is; what scrolls by itself does not."""
    return page.evaluate("""() => {
      const width = document.documentElement.clientWidth;
      const scrolls = (e) => e && e !== document.body && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
      const wide = (e) => e.getBoundingClientRect().right > width && !scrolls(e.parentElement);
      if (document.documentElement.scrollWidth <= width) return [];
      return [...document.body.querySelectorAll("*")].filter(wide).map((e) => e.outerHTML.slice(0, 120));
    }""")


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_axe_finds_nothing(visit: Visit, path: str) -> None:
    """No kind of page breaks a rule, in light or dark, at 320 or 1280 pixels."""
    assert violations_everywhere(visit(path)) == {}


def test_axe_finds_nothing_in_use(visit: Visit) -> None:
    """Nor does a term's page with the demo played, everything folded out and a token's caption shown."""
    page = visit(TERM, reduced_motion="reduce")
    ready(page)
    control(page, "play").press("Enter")
    for summary in page.locator("summary").all():
        summary.press("Enter")
    page.locator(".definition span").first.focus()
    expect(page.locator("#caption")).to_be_visible()
    assert violations_everywhere(page) == {}


def printed(page: Page) -> None:
    """As it came."""
    ready(page)


def stepped(page: Page) -> None:
    """One token drawn, one chosen by hand."""
    control(page, "step").press("Enter")
    page.locator(".ledger").get_by_role("button").nth(3).press("Enter")
    expect(page.locator(".steps summary")).to_have_text("2 steps so far")


def explained(page: Page) -> None:
    """With the arithmetic and its sentences."""
    stepped(page)
    page.locator(".why summary").press("Enter")
    expect(page.locator(".why li").first).to_be_visible()


def cut(page: Page) -> None:
    """With words struck out."""
    page.get_by_label("top-k").select_option("3")
    expect(page.locator(".ledger del").first).to_be_visible()


def unknown(page: Page) -> None:
    """With a word that the text does not have."""
    page.get_by_label("your own prompt").fill("a zyzzyva model")
    page.get_by_label("your own prompt").press("Enter")
    expect(page.locator(".strange")).not_to_be_empty()


def copied(page: Page) -> None:
    """With a run copied from the text."""
    page.get_by_label("longest match, no smoothing").check()
    control(page, "play").press("Enter")
    expect(page.locator(".copied a").first).to_be_visible()


def this_page(page: Page) -> None:
    """Trained on this page, and explained."""
    page.get_by_label("train on this page only").check()
    explained(page)


@pytest.mark.parametrize("use", [printed, stepped, explained, cut, unknown, copied, this_page])
def test_axe_finds_nothing_in_any_state_of_the_demo(visit: Visit, use: Callable[[Page], None]) -> None:
    """No state of the demo breaks a rule or is wider than its page, in light or dark, at 320 or 1280 pixels."""
    page = visit(TERM, reduced_motion="reduce")
    awake(page)
    more(page)
    use(page)
    assert violations_everywhere(page) == {}
    page.set_viewport_size({"width": 320, "height": 800})
    assert overflow(page) == []


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_zoom(visit: Visit, path: str) -> None:
    """No kind of page scrolls sideways on a screen of 1280 pixels at 200 % zoom, which leaves it 640."""
    assert overflow(visit(path, width=640)) == []


def test_no_page_scrolls_sideways(visit: Visit, site: Path) -> None:
    """No page of the site, the redirects apart, is wider than 320 pixels."""
    page = visit(None, width=320, java_script_enabled=False)
    wide = {}
    for path in [*KINDS.values(), *(f"{file.parent.relative_to(site)}/" for file in site.glob("terms/*/index.md"))]:
        page.goto(path)
        if found := overflow(page):
            wide[path] = found
    assert wide == {}


@pytest.mark.parametrize("width", [320, 1280])
def test_name_at_the_foot(visit: Visit, width: int) -> None:
    """At the foot of a term's page, the one with the most links there, the site's name stands on one line."""
    assert visit(TERM, width).evaluate("""() => {
      const name = document.createRange();
      name.selectNodeContents(document.querySelector(".colophon > p"));
      return new Set([...name.getClientRects()].map((line) => line.top)).size;
    }""") == 1  # fmt: skip


def test_no_sideways_scrolling_in_use(visit: Visit) -> None:
    """The demo, played to its end with everything folded out, fits 320 pixels."""
    page = visit(TERM, width=320, reduced_motion="reduce")
    page.locator("autoregressive-demo").scroll_into_view_if_needed()
    ready(page)
    control(page, "play").press("Enter")
    for summary in page.locator("summary").all():
        summary.press("Enter")
    assert overflow(page) == []


def test_calm(visit: Visit) -> None:
    """With reduced motion, play goes to its end at once, and nothing on the page is ever animated."""
    page = visit(TERM, reduced_motion="reduce")
    ready(page)
    page.evaluate("""() => {
      window.moved = [];
      for (const type of ["animationstart", "transitionrun"]) {
        document.addEventListener(type, (event) => window.moved.push([type, event.target.className]));
      }
    }""")
    start = len(frame(page).tokens)
    control(page, "play").press("Enter")
    expect(page.locator("autoregressive-demo p[role=status]")).not_to_be_empty()
    tokens = frame(page).tokens
    assert tokens[-1] == "end of sentence" or len(tokens) == start + 40
    expect(control(page, "play")).to_be_visible()
    page.get_by_role("slider", name="temperature").press("Home")
    control(page, "step").press("Enter")
    expect(page.locator(".line .tok")).to_have_count(len(tokens) + 1)
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("window.moved") == []


def test_forced_colours_keep_the_text(visit: Visit) -> None:
    """In forced colours every word stays, and what tint and colour said, lines say."""
    page = visit(TERM)
    ready(page)
    text = page.locator("body").inner_text()
    page.emulate_media(forced_colors="active")
    assert page.locator("body").inner_text() == text
    assert violations(page, COLOURS) == []
    borders = page.locator(".definition span").evaluate_all(
        "all => all.map((e) => [e.className, getComputedStyle(e).borderBottomWidth])"
    )
    assert {width for tint, width in borders if tint == "t5"} == {"5px"}
    assert {width for tint, width in borders if tint == "t1"} <= {"1px"}
    drawn = page.locator(".ledger .drawn th")
    assert drawn.evaluate("e => getComputedStyle(e).textDecorationLine") == "underline"


def test_print_keeps_the_text(visit: Visit) -> None:
    """On paper, also from a dark screen, the entry is whole in dark ink, without what only a screen can use."""
    page = visit(TERM, color_scheme="dark")
    ready(page)
    parts = (
        "h1",
        ".facts",
        ".definition",
        ".summary",
        ".ledger tbody",
        ".rest .prose",
        ".rest .column",
        ".references cite",
    )
    on_screen = {part: page.locator(part).all_inner_texts() for part in parts}
    page.emulate_media(media="print")
    assert {part: page.locator(part).all_inner_texts() for part in parts} == on_screen
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(29, 26, 20)"
    assert page.locator("button:visible, input:visible, select:visible").count() == 0
    assert page.pdf()[:5] == b"%PDF-"
