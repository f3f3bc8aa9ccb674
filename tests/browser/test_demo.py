"""The live demo's text and ledger: it starts as printed, goes on as printed, and each token and word can be taken."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from sitegen.train import LanguageModel
from tests.browser.conftest import Visit
from tests.browser.pages import TERM, awake, chips, control, frame, more, ready, said, state, steps


@pytest.mark.parametrize("path", ["", TERM, "terms/adam/"])
def test_buttons_take_the_printed_steps(visit: Visit, path: str) -> None:
    """The live demo's first frame is the printed one to the last bar, and its first twelve steps are the printed."""
    page = visit(path)
    ready(page)
    first, printed, summary = frame(page), steps(page), page.locator(".steps").inner_text()
    awake(page)
    assert frame(page) == first
    assert (steps(page), page.locator(".steps").inner_text()) == (printed, summary)

    control(page, "step").focus()
    for _ in printed:
        page.keyboard.press("Enter")
    expect(page.locator(".steps summary")).to_have_text("12 steps so far")
    assert steps(page) == printed


def test_a_lost_model_is_asked_for_again(browser: Browser, address: str) -> None:
    """When the model does not arrive the demo says so and keeps the printed frame; the next touch tries again."""
    page = browser.new_page()
    page.route("**/model.bin", lambda route: route.fulfill(status=503), times=1)
    page.goto(address + TERM)
    ready(page)
    printed = frame(page)
    step = control(page, "step")
    step.press("Enter")
    expect(said(page)).to_have_text("The model could not be loaded.")
    assert frame(page) == printed
    step.press("Enter")
    expect(page.locator(".line .tok")).to_have_count(len(printed.tokens) + 1)
    page.close()


def test_hurried_touches_are_all_taken(visit: Visit) -> None:
    """Steps asked for while the model is still on its way are taken when it is there, none lost and none doubled."""
    page = visit(TERM)
    ready(page)
    printed = steps(page)
    page.evaluate("for (let i = 0; i < 5; i++) document.querySelector('button[name=step]').click()")
    expect(page.locator(".steps summary")).to_have_text("5 steps so far")
    assert steps(page) == printed[:5]


def test_a_printed_token_can_be_pressed(visit: Visit) -> None:
    """A click on a token before the model is there loads it and goes back to that token, once."""
    page = visit(TERM)
    ready(page)
    page.evaluate("Math.random = () => 0")
    tokens = frame(page).tokens
    page.locator(".line .tok").nth(2).click()
    expect(page.locator(".line .tok")).to_have_count(3)
    assert frame(page).tokens == tokens[:3]
    expect(said(page)).to_have_text(f"Back to “{tokens[2]}”. From here the text branches, with seed 510.")


def test_tokens_are_one_stop_for_the_keyboard(visit: Visit) -> None:
    """The text takes one press of Tab; arrows, Home and End move in it, Enter goes back to a token and branches."""
    page = visit(TERM)
    ready(page)
    page.locator(".feed").focus()  # loads the model and stands on the last token
    expect(page.locator(".line [role=button]").last).to_be_focused()
    control(page, "step").focus()
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(page.locator(".steps summary")).to_have_text("3 steps so far")
    before = frame(page)
    assert page.locator(".line [tabindex='0']").all_text_contents() == before.tokens[-1:]
    page.locator(".line [tabindex='0']").focus()
    reached = []
    for key in ("Left", "Home", "Right", "Left", "Left", "End", "Right", "Left", "Left"):
        page.keyboard.press(key if key in ("Home", "End") else f"Arrow{key}")
        reached.append(page.evaluate("document.activeElement.index"))
    last = len(before.tokens) - 1
    assert reached == [last - 1, 0, 1, 0, 0, last, last, last - 1, last - 2]

    page.evaluate("Math.random = () => 0.5")
    page.keyboard.press("Enter")
    expect(page.locator(".steps summary")).to_have_text("One step so far")
    assert frame(page).tokens == before.tokens[:-2]
    assert page.evaluate("document.activeElement.index") == last - 2
    expect(page.locator(".seed")).to_have_text("9")
    page.locator(".line").evaluate("line => line.dir = 'rtl'")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.index") == last - 3


def test_the_focus_is_not_stolen(visit: Visit) -> None:
    """Who tabs on from the text while the model is on its way is not called back when it comes."""
    page = visit(TERM)
    held: list[Route] = []
    page.route("**/model.bin", lambda route: held.append(route))
    ready(page)
    page.locator(".feed").focus()
    page.keyboard.press("Tab")
    expect(control(page, "step")).to_be_focused()
    while not page.evaluate("performance.getEntriesByType('resource').some((e) => e.name.endsWith('live.js'))"):
        page.wait_for_timeout(20)  # the page's policy lets nothing be waited for inside it
    held[0].continue_()
    expect(page.locator(".line [role=button]").last).to_be_visible()
    expect(control(page, "step")).to_be_focused()


def test_each_generated_token_tells_its_context(visit: Visit, model: LanguageModel) -> None:
    """A generated token tells how many words of context were found, as Python's model finds them, and a prompt's does not."""
    page = visit(TERM)
    ready(page)
    prompt = frame(page).tokens
    control(page, "step").focus()
    for _ in range(6):
        page.keyboard.press("Enter")
    expect(page.locator(".steps summary")).to_have_text("6 steps so far")
    words = frame(page).tokens
    expected = list(prompt)
    for i in range(len(prompt), len(words)):
        sentence = words[max((j + 1 for j in range(i) if words[j] == "end of sentence"), default=0) : i]
        found = len(model.model.seen(["<s>", *sentence]))
        expected.append(f"{words[i]}, context of {found}")
    shown = [label.removesuffix(", copied") for label in chips(page)]
    assert shown == expected
    badges = page.locator(".line .tok").evaluate_all("all => all.map((chip) => chip.dataset.found ?? '')")
    assert badges == [label.rpartition("context of ")[2] if "context of" in label else "" for label in shown]


def test_a_word_chosen_by_hand_is_marked(visit: Visit) -> None:
    """A word of the ledger, pressed, is the next token, marked as the reader's; "all others" is no word."""
    page = visit(TERM)
    awake(page)
    before = frame(page)
    page.locator(".ledger tbody th").last.click()
    assert frame(page) == before
    chosen = before.ledger[2][0]
    page.locator(".ledger").get_by_role("button").nth(2).press("Enter")
    expect(page.locator(".line .tok")).to_have_count(len(before.tokens) + 1)
    assert frame(page).tokens == [*before.tokens, chosen]
    assert "chosen by you" in chips(page)[-1]
    assert steps(page)[0].endswith(f" {chosen} you")
    expect(said(page)).to_have_text(
        re.compile(rf"^“{re.escape(chosen)}”, chosen by you, \d+ percent, seen .+ after “.+”\.$")
    )
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 3, "the focus stays where it was"


def cut_rows(page: Page) -> list[tuple[str, str]]:
    """The ledger's rows: what was struck out, and the reason."""
    rows = page.locator(".ledger tbody tr")
    found: list[list[str]] = rows.evaluate_all(
        "all => all.map((row) => [row.querySelector('del')?.textContent ?? '', row.cells[1].textContent.trim()])"
    )
    return [(struck, reason) for struck, reason in found]


def test_what_is_cut_stays_to_be_seen(visit: Visit) -> None:
    """Words that top-k or top-p cut keep their share, struck out, and say why; the rest is scaled to 100 %."""
    page = visit(TERM)
    awake(page)
    printed = frame(page)
    more(page)
    page.get_by_label("top-k").select_option("3")
    after = frame(page)
    shares = [float(bar.rstrip("%")) for bar in printed.bars]
    together = sum(shares[:3])
    assert [float(bar.rstrip("%")) for bar in after.bars[:3]] == pytest.approx(
        [100 * s / together for s in shares[:3]], abs=0.02
    )
    assert after.bars[3:8] == printed.bars[3:8]
    assert cut_rows(page) == [("", "")] * 3 + [(row[1], "cut by top-k") for row in printed.ledger[3:]]
    segments = [part[2] for part in after.rule[2:10]]
    assert segments[3:] == ["0.00%"] * 5

    page.get_by_label("top-k").select_option("0")
    page.get_by_label("top-p").fill("0.4")
    assert [reason for _, reason in cut_rows(page)] == [""] * 3 + ["cut by top-p"] * 6
    page.get_by_label("top-k").select_option("5")
    assert [reason for _, reason in cut_rows(page)] == [""] * 3 + ["cut by top-p"] * 2 + ["cut by top-k"] * 4
    page.get_by_label("top-k").select_option("0")
    page.get_by_label("top-p").fill("1")
    assert frame(page) == printed


def test_unknown_words_are_told(visit: Visit) -> None:
    """A word that the text does not have is marked, told, and shuts off what stands before it."""
    page = visit(TERM)
    awake(page)
    more(page)
    field = page.get_by_label("your own prompt")
    field.fill("A zyzzyva model")
    field.press("Enter")
    expect(page.locator(".strange")).to_have_text("Unknown to the model: “zyzzyva”. It sees only what follows.")
    expect(field).to_be_focused()
    assert chips(page) == ["a", "zyzzyva, unknown word", "model"]
    assert frame(page).seen == ["model"]
    field.fill("zyzzyva")
    field.press("Enter")
    expect(page.locator(".brace")).to_have_text("the model sees nothing")
    assert frame(page).seen == []
    field.fill("  ")
    field.press("Enter")
    expect(page.locator(".strange")).to_be_empty()
    assert len(chips(page)) > 3


def test_a_copied_run_is_told(visit: Visit, model: LanguageModel) -> None:
    """Eight tokens in a row that stand in the text are underlined, and the entry is linked in which they first stand."""
    page = visit(TERM, reduced_motion="reduce")
    awake(page)
    more(page)
    page.get_by_label("longest match, no smoothing").check()
    control(page, "play").press("Enter")
    expect(said(page)).to_have_text(re.compile("^Stopped after"))
    words = frame(page).tokens
    words = words[: words.index("end of sentence")] if "end of sentence" in words else words
    text = [" ".join(sentence) for sentence in model.corpus]
    inside = [
        i + 8 <= len(words) and any(f" {' '.join(words[i : i + 8])} " in f" {s} " for s in text)
        for i in range(len(words))
    ]
    expected = [any(inside[max(0, i - 7) : i + 1]) for i in range(len(words))]
    assert [label.endswith(", copied") for label in chips(page)[: len(words)]] == expected
    assert any(expected)
    link = page.locator(".copied a").first
    title, slug = link.inner_text(), link.evaluate("link => link.pathname")
    assert f"/glossary/{next(entry.path for entry in model.sources if entry.title == title)}" == slug


def test_order_one_sees_nothing(visit: Visit) -> None:
    """A model of order 1 has an empty bracket, which says so, and offers the same words whatever was said."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.get_by_label("order").fill("1")
    expect(page.locator(".brace")).to_have_text("the model sees nothing")
    first = frame(page)
    assert first.seen == []
    control(page, "step").press("Enter")
    expect(page.locator(".steps summary")).to_have_text("One step so far")
    assert frame(page).ledger[:8] == first.ledger[:8]
    assert state(page)[1]["chips"][-1].endswith("context of 0")
