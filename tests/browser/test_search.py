"""The search: what is typed finds its term, with the keyboard, on narrow screens, and though it is misspelled."""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from sitegen.outputs.search import beginnings, plain
from tests.browser.conftest import Visit
from tests.browser.pages import TERM, tab_to
from tests.browser.test_accessibility import overflow, violations_everywhere

_FIND = """async (queries) => {
  const form = document.querySelector(".find");
  const { find } = await import(new URL("search.js", document.querySelector("script[type=module]").src));
  const answers = [];
  for (const query of queries) {
    const { found, words, more, partly, changed, some } = await find(form.action, query);
    answers.push({ found: found.map(({ row, rank, name }) => [row[1], rank, name]), words, more, partly: !!partly, changed: !!changed, some: !!some });
  }
  return answers;
}"""


def find(page: Page, *queries: str) -> list[dict[str, Any]]:
    """What the script finds, as the page would list it."""
    answers: list[dict[str, Any]] = page.evaluate(_FIND, list(queries))
    return answers


def field(page: Page) -> Locator:
    """The search's field."""
    return page.get_by_role("searchbox", name="Search the glossary")


def listed(page: Page) -> list[str]:
    """The terms that stand below the field."""
    return page.locator(".found a bdi").all_inner_texts()


def status(page: Page) -> Locator:
    """What is said of them."""
    return page.locator(".find [role=status]")


@pytest.mark.parametrize(("query", "first"), [
    ("autoregressive model", "Autoregressive model"),
    ("AR mod", "Autoregressive model"),
    ("attention", "Attention"),
    ("nucleus", "Top-p"),
    ("TOP P", "Top-p"),
    ("self attention", "Self-attention"),
    ("selfattention", "Self-attention"),
    ("what is an autoregressive model?", "Autoregressive model"),
    ("what is a transformer", "Transformer"),
    ("atention", "Attention"),
    ("tranfsormer", "Transformer"),
    ("backpropogation", "Backpropagation"),
    ("former", "Transformer"),
    ("tokens", "Token"),
    ("transformers", "Transformer"),
    ("back propagation", "Backpropagation"),
    ("what are tokens?", "Token"),
    ("how do transformers work", "Transformer"),
])  # fmt: skip
def test_questions(visit: Visit, query: str, first: str) -> None:
    """A reader finds the term by its name, another of its names, a part, a question, or a slip of the keyboard."""
    (answer,) = find(visit(), query)
    assert answer["found"][0][0] == first, answer


def test_words_of_the_definition(visit: Visit) -> None:
    """Where no name has the words, terms are found in whose definition they stand; words that stand nowhere find nothing."""
    by_definition, nothing, signs = find(visit(), "squared gradient", "zyzzyvas", "?!")
    assert "AdaGrad" in [term for term, *_ in by_definition["found"]]
    assert (nothing["found"], nothing["more"]) == ([], 0)
    assert (signs["found"], signs["words"]) == ([], [])


def test_by_keyboard(visit: Visit) -> None:
    """From any page: Tab to the field, type, arrows go through what is found, Escape comes back, Enter opens."""
    page = visit(TERM)
    tab_to(page, field(page))
    page.keyboard.type("atten")
    expect(status(page)).to_have_text("4 terms.")
    assert listed(page)[:2] == ["Attention", "Self-attention"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(":focus")).to_have_text("Self-attention")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(field(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(field(page)).to_be_focused()
    expect(page.locator(".found")).to_be_hidden()
    page.keyboard.type("t")
    expect(page.locator(".found")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Attention")


def test_leaving(visit: Visit) -> None:
    """What was found goes away when the focus does, and is there again with it."""
    page = visit()
    field(page).fill("token")
    expect(page.locator(".found")).to_be_visible()
    page.get_by_role("combobox", name="Colours").focus()
    expect(page.locator(".found")).to_be_hidden()
    field(page).focus()
    expect(page.locator(".found")).to_be_visible()


def test_impatience(visit: Visit) -> None:
    """An arrow pressed before the answer is there waits for it; one that belongs to an input method does nothing; a click into what is found leaves it open."""
    page = visit()
    held: list[Route] = []
    page.route("**/search/index.json", lambda route: held.append(route))
    field(page).fill("attention")
    page.wait_for_function("() => document.querySelector('.find').dataset.awake")
    page.evaluate("document.querySelector('.found').hidden = false")
    field(page).press("ArrowDown")
    for route in held:
        route.continue_()
    expect(page.locator(".found a").first).to_be_focused()
    expect(page.locator(".found a").first).to_have_text("Attention")
    field(page).focus()
    field(page).dispatch_event("keydown", {"key": "ArrowDown", "isComposing": True, "bubbles": True})
    expect(field(page)).to_be_focused()
    page.locator(".found span").first.click()
    expect(page.locator(".found")).to_be_visible()


def test_a_script_that_comes_late(visit: Visit) -> None:
    """If the reader has gone on when the script arrives, nothing opens over the page."""
    page = visit()
    held: list[Route] = []
    page.route("**/search.js", lambda route: held.append(route))
    field(page).press_sequentially("token")
    page.get_by_role("combobox", name="Colours").focus()
    for route in held:
        route.continue_()
    page.wait_for_function("() => document.querySelector('.find').dataset.awake")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".found")).to_be_hidden()


@pytest.mark.parametrize("width", [900, 1050, 1280])
@pytest.mark.parametrize("title", ["AI Glossary", "A Comprehensive Glossary of Large Language Model Terminology", "A Comprehensive Glossary of Large Language Model Terminology and All That Goes With It Today"])
def test_long_titles(visit: Visit, title: str, width: int) -> None:
    """However long the site's title is, what is found stands within the page."""
    page = visit(width=width)
    page.locator(".brand").evaluate("(brand, title) => { brand.lastChild.textContent = title; }", title)
    field(page).fill("model")
    expect(page.locator(".found a").first).to_be_visible()
    box = page.locator(".found").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert overflow(page) == []


def test_the_page(visit: Visit) -> None:
    """Enter leads to the search's page, whose address keeps what was searched for; a name that is not the entry's own is told."""
    page = visit("topics/generation/")
    field(page).fill("nucleus")
    field(page).press("Enter")
    expect(page).to_have_url(re.compile(r"/glossary/search/\?q=nucleus$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    expect(page.locator(".found li")).to_have_text([re.compile(r"^Top-p also nucleus sampling .+")])
    field(page).fill("adam")
    expect(page).to_have_url(re.compile(r"/glossary/search/\?q=adam$"))
    expect(page.locator(".found a").first).to_have_text("Adam")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/glossary/terms/adam/$"))
    page.go_back()
    expect(page.locator(".found a").first).to_have_text("Adam")


def test_a_slip_is_told(visit: Visit) -> None:
    """What is found for other words than those typed says so."""
    page = visit("search/?q=atention")
    expect(status(page)).to_have_text(re.compile(r"^Nothing begins so\. \d+ terms for “attention”\.$"))
    field(page).fill("zyzzyva")
    expect(status(page)).to_have_text("Nothing is called so.")
    field(page).fill("")
    expect(page.locator(".found")).to_be_hidden()


def test_narrow(visit: Visit) -> None:
    """On a narrow screen a link leads into the field on the search's page; nothing is wider than the screen."""
    page = visit(TERM, width=320)
    expect(field(page)).to_be_hidden()
    page.get_by_role("link", name="Search").press("Enter")
    expect(field(page)).to_be_focused()
    page.keyboard.type("model")
    expect(page.locator(".found a").first).to_be_visible()
    assert overflow(page) == []


@pytest.mark.parametrize("path", ["search/?q=model", TERM])
def test_axe_finds_nothing(visit: Visit, path: str) -> None:
    """What is found breaks no rule, in light or dark, on its page and on others."""
    page = visit(path)
    if path == TERM:
        field(page).fill("model")
    expect(page.locator(".found a").first).to_be_visible()
    assert violations_everywhere(page) == {}


def test_without_scripts(visit: Visit) -> None:
    """Without scripts no page has a field that would do nothing, and the search's page leads to the letters."""
    for path in ("", "search/"):
        page = visit(path, java_script_enabled=False)
        assert page.locator("input[type=search]:visible, .to-search:visible").count() == 0
    expect(page.locator("main").get_by_role("link", name="A", exact=True)).to_be_visible()


def test_from_a_wrong_address(visit: Visit, site: Path) -> None:
    """The page for a wrong address, at whatever depth, finds terms, too."""
    page = visit("search/")
    page.route("**/nowhere/at/all/", lambda route: route.fulfill(path=site / "404.html"))
    page.goto("nowhere/at/all/")
    field(page).fill("adam")
    page.locator(".found a").first.click()
    expect(page).to_have_url(re.compile(r"/glossary/terms/adam/$"))


def test_nothing_is_loaded_before(visit: Visit) -> None:
    """Script and index are loaded when the field is used, each once, and not before."""
    page = visit(TERM)
    page.wait_for_load_state("networkidle")
    names = "() => performance.getEntriesByType('resource').map((e) => e.name.split('/').slice(-2).join('/')).filter((n) => n.includes('search'))"
    assert page.evaluate(names) == []
    field(page).press_sequentially("gradient")
    expect(page.locator(".found a").first).to_be_visible()
    assert [name.rpartition("/")[2] for name in page.evaluate(names)] == ["search.js", "index.json"]


def test_an_index_that_cannot_be_loaded(visit: Visit) -> None:
    """If the index is not to be had, the field says so, and asks again for it when somebody types on."""
    page = visit()
    asked: list[Route] = []

    def refuse_once(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=200, body="<html>") if len(asked) == 1 else route.continue_()

    page.route("**/search/index.json", refuse_once)
    field(page).fill("ada")
    expect(status(page)).to_have_text("The index cannot be loaded.")
    field(page).press_sequentially("m")
    expect(page.locator(".found a").first).to_have_text("Adam")


def test_both_halves_read_alike(visit: Visit) -> None:
    """The browser makes of every character the same plain text as the index, and of names the same beginnings."""
    page = visit()
    letters = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co")]
    module = "import(new URL('search.js', document.querySelector('script[type=module]').src))"
    assert page.evaluate(f"async (all) => {{ const {{ plain }} = await {module}; return all.map(plain); }}", letters) == list(map(plain, letters))
    chance = random.Random(3)
    signs = [*"abc XY 12 -.'’_ßςΣİıﬁ注意カなไทยé한", *(chance.choice(letters) for _ in range(200))]
    names = ["".join(chance.choices(signs, k=9)) for _ in range(3000)]
    found = page.evaluate(f"async (all) => {{ const {{ beginnings }} = await {module}; return all.map(beginnings); }}", names)
    assert found == list(map(beginnings, names))


def nearest_beginning(typed: str, word: str) -> int:
    """The restricted Damerau-Levenshtein distance from `typed` to the nearest beginning of `word`, by its recursive definition."""
    known: dict[tuple[int, int], int] = {}

    def distance(i: int, j: int) -> int:
        if min(i, j) == 0:
            return max(i, j)
        if (i, j) not in known:
            ways = [distance(i - 1, j) + 1, distance(i, j - 1) + 1, distance(i - 1, j - 1) + (typed[i - 1] != word[j - 1])]
            if min(i, j) > 1 and typed[i - 1] == word[j - 2] and typed[i - 2] == word[j - 1]:
                ways.append(distance(i - 2, j - 2) + 1)
            known[i, j] = min(ways)
        return known[i, j]

    return min(distance(len(typed), j) for j in range(len(word) + 1))


def test_slips_are_counted(visit: Visit) -> None:
    """How many letters are wrong is the restricted Damerau-Levenshtein distance to the nearest beginning of the word."""
    chance = random.Random(5)
    pairs = [("".join(chance.choices("abc", k=chance.randint(1, 7))), "".join(chance.choices("abc", k=chance.randint(1, 9)))) for _ in range(2000)]
    module = "import(new URL('search.js', document.querySelector('script[type=module]').src))"
    found = visit().evaluate(f"async (all) => {{ const {{ wrong }} = await {module}; return all.map(([a, b]) => Math.min(wrong(a, b, 2), 3)); }}", pairs)
    assert found == [min(nearest_beginning(*pair), 3) for pair in pairs]
