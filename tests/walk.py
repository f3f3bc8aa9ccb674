"""`python -m tests.walk OUT` films a walk through the demo: twenty seconds, as an animated picture.

OUT is the file to write; tests/golden/demo.webp is the one that the README shows. Every run films the same.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import shipped_site
from tests.browser.pages import TERM, control, ready

WIDTH, HEIGHT = 660, 840
READ, LOOK, GLANCE = 3000, 1500, 500  # milliseconds that a picture stays


def walk(page: Page) -> Iterator[int]:
    """What is done, and after each act for how long its result is shown; all by keyboard, so that the focus is seen."""
    tokens = page.locator(".line .tok:not(.end)")
    yield LOOK
    step = control(page, "step")
    step.focus()
    yield GLANCE
    for _ in range(3):
        before = tokens.count()
        step.press("Enter")
        expect(tokens).to_have_count(before + 1)
        yield LOOK
    why = page.locator(".why summary")
    why.press("Enter")
    page.locator(".why tbody tr").first.wait_for()
    why.scroll_into_view_if_needed()
    page.locator(".why").evaluate("element => scrollBy(0, element.getBoundingClientRect().bottom - innerHeight + 8)")
    yield READ
    why.press("Enter")
    page.locator(".demo").evaluate("element => element.scrollIntoView()")
    careful = control(page, "careful")
    careful.press("Enter")
    yield LOOK
    for _ in range(6):
        step.press("Enter")
        yield GLANCE
    chip = tokens.nth(5)
    chip.focus()
    yield GLANCE
    chip.press("Enter")
    expect(page.locator(".status")).to_contain_text("branches")
    yield LOOK
    choice = page.locator(".ledger tbody button").nth(1)
    choice.focus()
    yield GLANCE
    choice.press("Enter")
    expect(page.locator(".line .you")).to_have_count(1)
    yield LOOK
    for _ in range(4):
        step.press("Enter")
        yield GLANCE
    yield LOOK


def film(out: Path) -> None:
    """Build the shipped site, take the walk, write the pictures as one file."""
    with shipped_site() as (address, browser):
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.add_init_script("Math.random = () => 0.5")  # a branch takes another seed: here always the same
        page.goto(address + TERM)
        page.evaluate("document.fonts.ready")
        page.locator(".demo").evaluate("element => element.scrollIntoView()")
        ready(page)
        frames, durations = [], []
        for duration in walk(page):
            page.wait_for_timeout(250)  # transitions have ended
            frames.append(Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB"))
            durations.append(duration)
    out.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(out, save_all=True, append_images=frames[1:], duration=durations, loop=0, lossless=True, method=4, minimize_size=True)
    print(f"{out}: {len(frames)} pictures, {sum(durations) / 1000:.1f} s, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    film(Path(sys.argv[1]))
