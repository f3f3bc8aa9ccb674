"""A reader's way through the site, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.pages import KINDS, TERM, control, frame, ready, steps, tab_to

PACE = 350  # milliseconds: how long the demo rests between two tokens


def focused(page: Page) -> Locator:
    """The element that has the focus."""
    return page.locator(":focus")


def press_step(page: Page) -> None:
    """Take one step by keyboard, and wait until it is written down."""
    taken = page.locator(".steps li")
    before = taken.count() if "so far" in (page.locator(".steps summary").text_content() or "") else 0
    page.keyboard.press("Enter")
    expect(taken).to_have_count(before + 1)


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_skip_link_comes_first(visit: Visit, path: str) -> None:
    """On every kind of page the first Tab stop is a visible skip link, and Enter moves on into the content."""
    page = visit(path)
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Skip to the content")
    expect(focused(page)).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_from_home_to_a_term_by_letter(visit: Visit) -> None:
    """From the home page a letter leads to its place in the A–Z, its first term to a page, Back to the same place."""
    page = visit()
    expect(page).to_have_title("AI Glossary")
    tab_to(page, page.get_by_role("link", name=re.compile(r"^B \d+$")))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/glossary/a-z/#letter-b$"))
    expect(page.get_by_role("heading", name="B", exact=True)).to_be_in_viewport()

    page.keyboard.press("Tab")  # goes on from the letter, not from the top of the page
    expect(focused(page)).to_have_text("Backpropagation")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/glossary/terms/backpropagation/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Backpropagation")

    page.go_back()
    expect(page).to_have_url(re.compile(r"/glossary/a-z/#letter-b$"))
    expect(page.get_by_role("heading", name="B", exact=True)).to_be_in_viewport()


def test_step_by_step(visit: Visit) -> None:
    """Each step appends exactly the token that the ledger marks, says it in one sentence, and shows new candidates."""
    page = visit(None)
    page.goto(TERM, referer="https://search.example/")  # as somebody lands here
    expect(page.get_by_role("heading", level=1)).to_have_text("Autoregressive model")
    ready(page)
    tab_to(page, control(page, "step"))
    for _ in range(5):
        before = frame(page)
        (word,) = before.drawn
        chances = [chance for name, chance, *_ in before.ledger if name == word]
        press_step(page)
        after = frame(page)
        word = word.removeprefix("others: ")
        assert after.tokens == [*before.tokens, word]
        assert after.ledger != before.ledger
        assert steps(page)[-1].endswith(f" {word}")
        said = page.locator("autoregressive-demo p[role=status]").text_content() or ""
        assert re.fullmatch(
            rf"“{re.escape(word)}”, \d+(\.\d)? percent, seen (never|once|\d+ times) (after “.+”|in the text)\.", said
        )
        if ": " not in before.drawn[0]:
            assert said.startswith(f"“{word}”, {chances[0].removesuffix(' %')} percent, seen ")


def test_reset_and_new_seed(visit: Visit) -> None:
    """Reset returns to the printed frame exactly; a new seed keeps the prompt and its candidates, and draws anew."""
    page = visit(TERM)
    ready(page)
    printed, run = frame(page), steps(page)
    tab_to(page, control(page, "step"))
    for _ in range(3):
        press_step(page)
    assert frame(page) != printed
    tab_to(page, control(page, "reset"))
    page.keyboard.press("Enter")
    expect(page.locator(".steps li")).to_have_count(12)
    assert (frame(page), steps(page)) == (printed, run)

    page.evaluate("Math.random = () => 0.5")
    tab_to(page, control(page, "new seed"))
    page.keyboard.press("Enter")
    expect(page.locator(".seed")).to_have_text("500")
    anew = frame(page)
    assert (anew.tokens, anew.ledger[:8], anew.bars) == (printed.tokens, printed.ledger[:8], printed.bars)
    assert anew.rule != printed.rule


def test_play_and_pause(visit: Visit) -> None:
    """Play writes a token at each beat without a word to listeners, pauses at once, and ends with one sentence."""
    page = visit(None)
    page.clock.install(time=0)
    page.goto(TERM)
    ready(page)
    page.clock.pause_at(60_000)
    start = len(frame(page).tokens)
    said = page.locator("autoregressive-demo p[role=status]")
    tab_to(page, control(page, "play"))
    page.keyboard.press("Space")
    expect(control(page, "pause")).to_be_focused()
    page.clock.run_for(3 * PACE)
    assert len(frame(page).tokens) == start + 3
    expect(said).to_be_empty()

    page.keyboard.press("Space")
    expect(control(page, "play")).to_be_focused()
    page.clock.run_for(20 * PACE)
    assert len(frame(page).tokens) == start + 3

    page.keyboard.press("Space")
    expect(control(page, "pause")).to_be_focused()
    page.clock.run_for(60 * PACE)
    expect(control(page, "play")).to_be_focused()
    tokens = frame(page).tokens
    assert len(tokens) - start - 3 <= 40
    assert tokens.count("end of sentence") <= 1
    expect(said).to_have_text(f"Stopped after {len(tokens) - start} tokens.")


def test_temperature_by_arrow_keys(visit: Visit) -> None:
    """Arrow keys turn the temperature, which is said in words and moves the ledger; at zero one word has it all."""
    page = visit(TERM)
    ready(page)
    printed = frame(page)
    slider = page.get_by_role("slider", name="temperature")
    expect(slider).to_have_attribute("aria-valuetext", "0.6: slightly cautious")
    tab_to(page, slider)
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "0.7: slightly cautious")
    expect(page.locator("autoregressive-demo output").first).to_have_text("0.7")
    warmer = frame(page)
    assert [row[0] for row in warmer.ledger[:8]] == [row[0] for row in printed.ledger[:8]]
    assert float(warmer.bars[0].rstrip("%")) < float(printed.bars[0].rstrip("%"))

    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0: always the likeliest word")
    coldest = frame(page)
    assert [row[1] for row in coldest.ledger] == ["100 %", *["0.0 %"] * 8]
    assert coldest.drawn == [coldest.ledger[0][0]]
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "2: wild")


def test_definition_token_by_token(visit: Visit) -> None:
    """The definition is one Tab stop; arrows move through its tokens, each with a caption that Escape closes."""
    page = visit(TERM)
    tokens = page.locator(".definition span")
    captions = [" ".join(text.split()) for text in page.locator(".numbers li").all_text_contents()]
    tab_to(page, tokens.first)
    shown = []
    for _ in captions:
        shown.append(" ".join((page.locator("#caption").text_content() or "").split()))
        page.keyboard.press("ArrowRight")
    assert shown == captions
    expect(tokens.last).to_be_focused()
    expect(tokens.last).to_have_attribute("aria-describedby", "caption")
    page.keyboard.press("Escape")
    expect(page.locator("#caption")).to_be_hidden()
    page.keyboard.press("Home")
    expect(tokens.first).to_be_focused()


def test_related_term(visit: Visit) -> None:
    """A related term stands with its own definition, which is the one on its page."""
    page = visit(TERM)
    related = page.get_by_role("region", name="Related terms").get_by_role("listitem").first
    term, definition = related.get_by_role("link").inner_text(), related.locator("span").inner_text()
    page.get_by_role("link", name="Related terms").focus()
    page.keyboard.press("Enter")
    tab_to(page, related.get_by_role("link"), most=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(term)
    expect(page.locator(".definition")).to_have_text(definition)


@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_theme_is_remembered_without_a_flash(visit: Visit, system: str, chosen: str) -> None:
    """A chosen theme wins over the system's on the next page too, from its first paint on."""
    page = visit("about/", color_scheme=system)
    switch = page.get_by_role("combobox", name="Colours")
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    tab_to(page, switch)
    page.keyboard.type(chosen.title())  # as a native list is used
    expect(switch).to_have_value(chosen)
    other = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert other != paper

    # What counts is the colour when the stylesheet applies, before any module has run.
    page.route("**/site.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(TERM)
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == other
    assert page.evaluate("document.documentElement.dataset.theme") == chosen


def test_a_redirect_leads_to_the_term(browser: Browser, address: str) -> None:
    """An alias has an address, which leads on to its term."""
    page = browser.new_page()
    page.goto(f"{address}terms/ar-model/")
    expect(page).to_have_url(f"{address}{TERM}")
    page.close()


def test_a_wrong_address(browser: Browser, address: str) -> None:
    """A wrong address, however deep, answers 404 with a page whose styles and links work."""
    page = browser.new_page()
    response = page.goto(f"{address}terms/no/such/thing/")
    assert response is not None
    assert response.status == 404
    assert page.evaluate("[...document.styleSheets].length") == 1
    page.get_by_role("link", name="Back to the beginning").press("Enter")
    expect(page).to_have_url(address)
    page.close()
