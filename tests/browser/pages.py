"""What the browser tests share: where the pages are, how a keyboard gets about in them, what the demo shows."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

TERM = "terms/autoregressive-model/"
KINDS = {
    "home": "",
    "term": TERM,
    "a-z": "a-z/",
    "topics": "topics/",
    "topic": "topics/generation/",
    "search": "search/",
    "about": "about/",
    "model": "model/",
    "subscribe": "subscribe/",
    "check": "subscribe/check/",
    "welcome": "subscribe/welcome/",
    "data": "subscribe/data/",
    "newsletter": "newsletter/",
    "issue": "newsletter/2026-11-23-one-token-at-a-time/",
    "404": "404.html",
}

_FRAME = """demo => {
  const text = (element) => element.textContent.trim().replace(/\\s+/g, " ");
  const all = (selector) => [...demo.querySelectorAll(selector)];
  const attributes = (element, ...names) => names.map((name) => element.getAttribute(name));
  return {
    line: text(demo.querySelector(".line")),
    tokens: all(".line .tok").map(text).filter((token) => token !== "start of sentence"),
    seen: all(".line .sight .tok").map(text),
    ledger: all(".ledger tbody tr").map((row) => [...row.cells].map(text).filter(Boolean)),
    bars: all(".ledger rect").map((bar) => bar.getAttribute("width")),
    drawn: all(".ledger tbody tr").filter((row) => row.classList.contains("drawn")).map((row) => text(row.cells[0])),
    rule: [
      demo.querySelector(".draw").getAttribute("aria-label"),
      ...all(".draw rect").map((part) => [part.classList.contains("drawn"), ...attributes(part, "x", "width")]),
      ...all(".draw line, .draw text").map((part) => [text(part), ...attributes(part, "x", "x1", "x2", "text-anchor")]),
    ],
  };
}"""


@dataclass(frozen=True)
class Frame:
    """What the demo shows at one moment."""

    line: str
    tokens: list[str]  # of the text so far
    seen: list[str]  # those under the brace
    ledger: list[list[str]]  # the rows' texts: word, chance, count
    bars: list[str]
    drawn: list[str]  # the word that the next step appends
    rule: list[object]  # the draw on its line from 0 to 1


def frame(page: Page) -> Frame:
    """What the page's demo shows."""
    return Frame(**page.locator("autoregressive-demo").evaluate(_FRAME))


_STATE = """demo => ({
  chips: [...demo.querySelectorAll(".line .tok")].map((chip) => chip.getAttribute("aria-label") ?? chip.textContent),
  notes: [".copied", ".strange"].map((part) => demo.querySelector(part).textContent),
  controls: Object.fromEntries([...demo.querySelectorAll(".controls [name]:not([name=link])")].map((control) =>
    [control.name, control.ariaPressed ?? (control.type === "checkbox" ? control.checked : control.value)])),
  seed: demo.querySelector(".seed").textContent,
})"""


def state(page: Page) -> tuple[Frame, dict[str, object]]:
    """All that the page's demo shows: the frame, each token as it is told to listeners, the notes, the controls."""
    return frame(page), page.locator("autoregressive-demo").evaluate(_STATE)


def chips(page: Page) -> list[str]:
    """The demo's tokens as they are told to listeners."""
    found: list[str] = page.locator("autoregressive-demo").evaluate(_STATE)["chips"]
    return found


def said(page: Page) -> Locator:
    """The demo's status line."""
    return page.locator("autoregressive-demo [role=status]")


def awake(page: Page) -> None:
    """Touch the demo, which takes no step, and wait until its model is there."""
    ready(page)
    control(page, "reset").press("Enter")
    page.locator(".line [role=button]").first.wait_for()


def more(page: Page) -> None:
    """Fold the controls out that are not always shown."""
    page.locator(".more summary").press("Enter")


def steps(page: Page) -> list[str]:
    """The demo's written-out steps, each on one line."""
    return [" ".join(text.split()) for text in page.locator(".steps li").all_text_contents()]


def control(page: Page, name: str) -> Locator:
    """A button of the demo."""
    return page.locator(".controls").get_by_role("button", name=name, exact=True)


def ready(page: Page) -> None:
    """Wait until the demo takes commands."""
    page.locator("button[name=step]:enabled").wait_for()


def tab_to(page: Page, target: Locator, most: int = 40) -> None:
    """Reach `target` with the Tab key alone, from where the focus is."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{most} presses of Tab do not reach {target}")
