"""`python -m tests.screenshots OUT` takes the README's picture: a term's page in light and dark, side by side.

OUT is the file to write; tests/golden/term-page.png is the one that the README shows.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from tests.browser.conftest import shipped_site
from tests.browser.pages import TERM, control, ready

WIDTH, HEIGHT = 1280, 1250
STEPS = 1
COLOURS = 256  # a page of text has few: a palette makes the file a quarter as large


def take(out: Path) -> None:
    """Build the shipped site, photograph the page in both themes, write the picture."""
    with shipped_site() as (address, browser):
        shots = []
        for scheme in ("light", "dark"):
            viewport = {"width": WIDTH, "height": HEIGHT}
            page = browser.new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            page.goto(address + TERM)
            ready(page)
            control(page, "step").focus()
            for _ in range(STEPS):
                page.keyboard.press("Enter")
            page.locator(".steps summary", has_text="so far").wait_for()
            page.evaluate("document.activeElement.blur(), scrollTo(0, 0), document.fonts.ready")
            shots.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    picture = Image.new("RGB", (2 * WIDTH, HEIGHT))
    for i, shot in enumerate(shots):
        picture.paste(shot, (i * WIDTH, 0))
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    take(Path(sys.argv[1]))
