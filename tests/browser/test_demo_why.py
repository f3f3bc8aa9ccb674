"""Why this word: the arithmetic that the live demo shows is Python's, and so are the sentences that speak for it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sitegen.demo import shown
from sitegen.ngram import BEGIN, END, LongestMatch, explain
from sitegen.train import LanguageModel
from tests.browser.conftest import Visit
from tests.browser.pages import TERM, awake, control, frame, more


def rows(page: Page) -> list[list[str]]:
    """The table's rows."""
    table = page.locator(".why tbody tr")
    found: list[list[str]] = table.evaluate_all(
        "all => all.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return found


def evidence(page: Page) -> list[list[str]]:
    """The sentences: text without spaces, what is marked as context, the word, the entry."""
    items = page.locator(".why li")
    found: list[list[str]] = items.evaluate_all("""all => all.map((item) => [
      item.querySelector("q").textContent.replace(/\\s/g, ""),
      [...item.querySelectorAll("mark")].map((mark) => mark.textContent).join(" "),
      item.querySelector("b")?.textContent ?? "",
      item.querySelector("a").textContent,
    ])""")
    return found


def asked_why(visit: Visit, number: int) -> Page:
    """A term's page on which so many steps were taken and the table is open."""
    page = visit(TERM)
    awake(page)
    page.locator(".why summary").press("Enter")
    for _ in range(number):
        control(page, "step").press("Enter")
    expect(page.locator(".why li").first).to_be_visible()
    return page


def percent(share: float) -> str:
    """A share as the table prints it."""
    return f"{share * 100:.2f} %"


def near(text: str, share: float) -> bool:
    """Whether a printed percentage is this share, rounded either way."""
    return abs(float(text.removesuffix(" %")) - share * 100) <= 0.00501


@pytest.mark.parametrize("number", [0, 1, 3, 6])
def test_the_table_is_the_arithmetic(visit: Visit, model: LanguageModel, number: int) -> None:
    """Row by row the table has Python's counts, shares, weights and sums, and its last figure is the bar of the word."""
    page = asked_why(visit, number)
    words = frame(page).tokens
    words = words[max((i + 1 for i, word in enumerate(words) if word == "end of sentence"), default=0) :]
    drawn = frame(page).drawn[0].removeprefix("others: ")
    word = END if drawn == "end of sentence" else drawn
    parts = explain(model.model, word, [BEGIN, *words])
    found = rows(page)
    for row, part in zip(found, parts, strict=False):
        context = part.context
        if context is None:
            assert row[:3] == ["any word", "", f"1 in {part.total}"]
        else:
            plain = sum(model.count(context, w) for w in model.model.vocabulary)
            raw = model.count(context, word)
            assert row[:3] == [
                " ".join(map(shown, context)) or "no context",
                str(plain) if plain == part.total else f"{plain} ({part.total})",
                str(raw) if raw == part.count else f"{raw} ({part.count})",
            ]
        assert [
            near(text, share) for text, share in zip(row[3:], (part.share, part.weight, part.reached), strict=True)
        ] == [True] * 3
    assert [row[0] for row in found[len(parts) :]] == ["without the unknown word", "temperature 0.6"]
    bars = dict(zip([row[0] for row in frame(page).ledger], frame(page).bars, strict=True))
    if drawn in bars:
        assert found[-1][5].replace(" ", "") == bars[drawn]


def test_the_cuts_stand_last(visit: Visit) -> None:
    """What top-k and top-p make of the share stands below the temperature, and ends at the bar."""
    page = visit(TERM)
    awake(page)
    page.locator(".why summary").press("Enter")
    more(page)
    page.get_by_label("top-k").select_option("3")
    page.get_by_role("slider", name="temperature").fill("1")
    assert [row[0] for row in rows(page)[-2:]] == ["without the unknown word", "top-k 3: 3 of 2749 stay"]
    assert rows(page)[-1][5].replace(" ", "") == frame(page).bars[0]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_sentences_speak_for_it(visit: Visit, model: LanguageModel, number: int) -> None:
    """The sentences are the first three that Python finds, with context and word marked and the entry linked."""
    page = asked_why(visit, number)
    words = frame(page).tokens
    drawn = frame(page).drawn[0].removeprefix("others: ")
    word = END if drawn == "end of sentence" else drawn
    context = model.model.seen([BEGIN, *words])
    expected = []
    for entry, sentence in model.evidence(context, word):
        whole = (BEGIN, *sentence, END)
        follows = any(whole[i : i + len(context) + 1] == (*context, word) for i in range(len(whole)))
        marked = " ".join(w for w in context if w != BEGIN)
        expected.append(["".join(sentence), marked, word if follows and word != END else "", entry.title])
        if len(expected) == 3:
            break
    assert evidence(page) == expected


def test_longest_match_has_one_row(visit: Visit, model: LanguageModel) -> None:
    """Without smoothing the one row is the longest context that the text has, and what followed it."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.get_by_label("longest match, no smoothing").check()
    page.get_by_role("slider", name="temperature").fill("1")
    page.locator(".why summary").press("Enter")
    expect(page.locator(".why li").first).to_be_visible()
    offer = LongestMatch(model.corpus).after([BEGIN, *frame(page).tokens])
    word, share = next(offer.ranked())
    count = offer.counts[word]
    context = " ".join(map(shown, offer.seen))
    total = offer.counts.total()
    assert rows(page) == [[context, str(total), str(count), percent(share), "100.00 %", percent(share)]]
