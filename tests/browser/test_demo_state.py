"""The live demo's controls and its address: a link reproduces what was seen, whatever it says nothing breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.pages import TERM, awake, control, frame, more, said, state

LINK = "() => navigator.clipboard.readText()"


def play(page: Page) -> None:
    """Play to the end, which under reduced motion is at once."""
    control(page, "play").press("Enter")
    expect(said(page)).to_contain_text("Stopped after")


def greedy(page: Page) -> None:
    """Always the likeliest word."""
    page.get_by_role("slider", name="temperature").press("Home")
    play(page)


def chosen(page: Page) -> None:
    """A word chosen by hand, then the wild preset."""
    page.locator(".ledger").get_by_role("button").nth(5).press("Enter")
    control(page, "wild").press("Enter")
    play(page)


def branched(page: Page) -> None:
    """Played, then gone back into the prompt."""
    play(page)
    page.locator(".line .tok").nth(4).press("Enter")
    control(page, "step").press("Enter")


def cut(page: Page) -> None:
    """All cuts at once, and another seed."""
    control(page, "careful").press("Enter")
    page.get_by_label("top-k").select_option("10")
    page.get_by_label("order").fill("2")
    control(page, "new seed").press("Enter")
    play(page)
    play(page)


def own_prompt(page: Page) -> None:
    """A prompt with every sign that an address could mistake."""
    page.get_by_label("your own prompt").fill('“Zyzzyva” & a+b = "the 50 % <model>"')
    page.get_by_label("your own prompt").press("Enter")
    page.get_by_label("longest match").check()
    control(page, "step").press("Enter")


def this_page(page: Page) -> None:
    """Trained on this page."""
    page.get_by_label("train on this page only").check()
    play(page)


@pytest.mark.parametrize("use", [greedy, chosen, branched, cut, own_prompt, this_page])
def test_a_copied_link_reproduces_everything(visit: Visit, use: Callable[[Page], None]) -> None:
    """The link that "copy link" copies shows, on a new page, the same text, marks, bars, next draw, steps and controls."""
    page = visit(TERM, reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"])
    awake(page)
    more(page)
    use(page)
    control(page, "copy link").press("Enter")
    expect(said(page)).to_have_text("The link is copied.")
    link = page.evaluate(LINK)
    assert link == page.url
    other = visit(None)
    other.goto(link)
    other.locator(".line [role=button]").first.wait_for()
    assert state(other) == state(page)
    expect(other.locator(".demo")).to_be_in_viewport()


def test_a_refused_copy_shows_the_link(visit: Visit) -> None:
    """Where the browser refuses to copy, the link stands selected in a field that can only be read."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    control(page, "careful").press("Enter")
    control(page, "copy link").press("Enter")
    field = page.get_by_label("Link to what the model shows")
    expect(field).to_have_value(page.url)
    expect(field).to_be_focused()
    assert page.evaluate("document.activeElement.selectionEnd") == len(page.url)


@pytest.mark.parametrize(
    "fragment",
    [
        "#~",
        "#~s=x&t=9&n=0&k=17&p=2&m=2&o=5&y=a",
        "#~t=&s=-1&n=2.5&g=%E0%A4%A&k=1e3",
        "#~g=zyzzyva+is&y=,,",
        "#~q=%20&constructor=1",
    ],
)
def test_a_senseless_link_is_the_printed_start(visit: Visit, fragment: str) -> None:
    """What an address says in vain is left out: the page then shows its printed start."""
    plain = visit(TERM)
    awake(plain)
    page = visit(TERM + fragment)
    page.locator(".line [role=button]").first.wait_for()
    assert state(page) == state(plain)


def test_the_address_follows_and_is_followed(visit: Visit) -> None:
    """The address is written when something settles, only with what differs; a new fragment is shown at once."""
    page = visit(TERM)
    address = page.url
    awake(page)
    assert page.url == address
    slider = page.get_by_role("slider", name="temperature")
    slider.press("ArrowRight")
    expect(page).to_have_url(f"{address}#~t=0.7")
    slider.press("ArrowLeft")
    expect(page).to_have_url(address)
    word = frame(page).drawn[0]
    control(page, "step").press("Enter")
    expect(page).to_have_url(f"{address}#~g={word}")
    page.evaluate("location.hash = '#~t=1.5&k=3'")
    expect(page.locator("[name=temperature]")).to_have_value("1.5")
    assert len(state(page)[1]["chips"]) == len(frame(page).tokens)
    assert control(page, "play").is_visible()
    page.evaluate("location.hash = '#references'")
    expect(page.locator("[name=temperature]")).to_have_value("1.5")


def test_presets(visit: Visit) -> None:
    """A preset sets temperature and cuts and is shown as pressed while they hold; pressed again, it is undone."""
    page = visit(TERM)
    awake(page)
    printed = state(page)

    def controls() -> list[object]:
        found = state(page)[1]["controls"]
        return [found[name] for name in ("careful", "wild", "temperature", "topK", "topP")]

    control(page, "careful").press("Enter")
    assert controls() == ["true", "false", "0.6", "0", "0.9"]
    control(page, "wild").press("Enter")
    assert controls() == ["false", "true", "1.3", "0", "1"]
    page.get_by_role("slider", name="temperature").press("ArrowRight")
    assert controls() == ["false", "false", "1.4", "0", "1"]
    control(page, "wild").press("Enter")
    control(page, "wild").press("Enter")
    assert state(page) == printed


def test_ranges_speak_in_words(visit: Visit) -> None:
    """Each slider says its value in words, to those who see as to those who listen."""
    page = visit(TERM)
    awake(page)
    more(page)
    said = {}
    for name, values in {"temperature": (0, 0.4, 1, 2), "order": (1, 2, 5), "top-p": (0.1, 0.9, 1)}.items():
        slider = page.get_by_role("slider", name=name)
        for value in values:
            slider.fill(str(value))
            said[f"{name} {value}"] = slider.get_attribute("aria-valuetext")
            seen = slider.evaluate(
                "e => [e.nextElementSibling, e.nextElementSibling.nextElementSibling].map((x) => x.textContent)"
            )
            assert ": ".join(seen) == said[f"{name} {value}"]
    assert said == {
        "temperature 0": "0: always the likeliest word",
        "temperature 0.4": "0.4: cautious",
        "temperature 1": "1: as the text has it",
        "temperature 2": "2: wild",
        "order 1": "1: sees no word",
        "order 2": "2: sees 1 word",
        "order 5": "5: sees 4 words",
        "top-p 0.1": "0.1: keeps the likeliest 10 %",
        "top-p 0.9": "0.9: keeps the likeliest 90 %",
        "top-p 1": "1: cuts nothing",
    }


def test_reset_keeps_the_settings(visit: Visit) -> None:
    """Reset brings back the page's own text and seed; what the controls say stays."""
    page = visit(TERM, reduced_motion="reduce")
    awake(page)
    more(page)
    control(page, "wild").press("Enter")
    start = state(page)
    page.get_by_label("your own prompt").fill("the model")
    page.get_by_label("your own prompt").press("Enter")
    control(page, "new seed").press("Enter")
    play(page)
    control(page, "reset").press("Enter")
    assert state(page) == start


def test_every_part_of_the_demo_by_tab(visit: Visit) -> None:
    """The Tab key goes through the live demo in reading order: the text, the words, the controls, what folds out."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.locator(".why summary").press("Enter")
    expect(page.locator(".why li").first).to_be_visible()
    page.locator(".line [tabindex='0']").focus()
    reached = []
    for _ in range(36):
        reached.append(page.evaluate("(e => e.name || e.className || e.textContent.trim())(document.activeElement)"))
        if reached[-1] == "About this model":
            break
        page.keyboard.press("Tab")
    words = [row[0] for row in frame(page).ledger[:8]]
    links = page.locator(".why li a").all_text_contents()
    assert reached == [
        "tok", *words, "step", "play", "reset", "reseed", "careful", "wild", "temperature", "More controls", "order",
        "topK", "topP", "longest", "page", "prompt", "go on from here", "copy", *reached[25:26], "scroll", *links,
        "Twelve steps, seed 509", "About this model",
    ]  # fmt: skip
    assert reached[25].startswith("Why this word?")


def test_playing_gives_way_after_each_token(visit: Visit) -> None:
    """While the demo plays, with everything folded out, each token is a task of its own: between any two the page has its turn."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.locator(".why summary").press("Enter")
    page.evaluate("""() => {
      window.turns = [];
      let turn = 0;
      const next = () => { turn += 1; setTimeout(next); };
      next();
      new MutationObserver(() => window.turns.push(turn)).observe(document.querySelector(".feed"), { childList: true, subtree: true });
    }""")
    before = len(frame(page).tokens)
    control(page, "play").press("Enter")
    expect(said(page)).to_contain_text("Stopped after", timeout=20_000)
    turns = page.evaluate("window.turns")
    assert len(set(turns)) == len(turns) == len(frame(page).tokens) - before > 1
