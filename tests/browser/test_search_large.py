"""The search of a large glossary, whose index is cut: one file is loaded, and finds what going through all names would find."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser, Route, expect

from sitegen.outputs.search import BEST, MOST, beginnings
from tests.browser.conftest import Visit, served, watched
from tests.browser.test_search import field, find, listed, status
from tests.conftest import sitegen

WORDS = ["".join(letters) for letters in product("bdgk", "aeiou", "lmnr", "aeiou", "ts")]
SHARED = "인공지능대규모언어모델학습데이터처리시스템"  # a beginning that is longer than a file's name may be
NAMES = [*(f"{word} model" for word in WORDS[:450]), *(f"{a}-{b}" for a, b in zip(WORDS[:150], reversed(WORDS), strict=False)), "大语言模型", "语言学", "Ångström", "C", "C++", "GPT4", *(f"{SHARED}{word}" for word in WORDS[:420])]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Visit]:
    """Pages of a glossary whose index is cut."""
    assert len(NAMES) > MOST
    folder = tmp_path_factory.mktemp("large")
    (folder / "content" / "terms").mkdir(parents=True)
    (folder / "content" / "site.yaml").write_text("title: Large\nbase_url: https://example.org/glossary/\ndemo: {tokens: 1000}\n")
    for number, name in enumerate(NAMES):
        (folder / "content" / "terms" / f"n{number}.yaml").write_text(f"term: {name}\nslug: n{number}\ndefinition: This has the number {number}.\n", "utf-8")
    result = sitegen("build", cwd=folder)
    assert result.status == 0, result.err
    with served(folder / "public") as address, watched(browser, address) as visit:
        yield visit


def test_a_large_glossary(large: Visit) -> None:
    """Whatever is typed finds all terms whose names have words that begin so, or the best and how many more there are; one file is loaded for it."""
    chance = random.Random(7)
    parts = [begin[: chance.randint(1, len(begin))] for name in NAMES for begin in beginnings(name)]
    queries = [*chance.sample(parts, 300), *(f"{chance.choice(parts)} {chance.choice(parts)}" for _ in range(200)), "model", "m", "b", "语言", "angstrom"]
    page = large()
    for query, answer in zip(queries, find(page, *queries), strict=True):
        words = query.split()
        wanted = {name for name in NAMES if all(any(begin.startswith(word) for begin in beginnings(name)) for word in words)}
        named = {term for term, rank, _ in answer["found"] if answer["words"] == words and not answer["some"] and rank < 4}
        assert named <= wanted, query
        if len(words) == 1:
            assert len(named) + answer["more"] == len(wanted), query
            assert len(named) >= min(BEST, len(wanted)), query
        elif not answer["partly"]:
            assert named == wanted, query


def test_one_file_for_a_search(large: Visit) -> None:
    """A search loads what tells where to look, and the one file; the words only where nothing is found."""
    page = large()
    names = "() => performance.getEntriesByType('resource').map((e) => decodeURIComponent(e.name.split('/').pop())).filter((n) => n.endsWith('.json'))"
    find(page, "balat model")
    assert page.evaluate(names)[0] == "index.json"
    assert len(page.evaluate(names)) == 2
    (slip,) = find(page, "blaat model")
    assert (slip["found"][0][0], slip["changed"]) == ("balat model", True)
    assert page.evaluate(names)[2:] == ["words.json"]


def test_awkward_names(large: Visit) -> None:
    """Signs tell names apart; a hyphen does not; and a word with which no name begins finds none by chance."""
    signs, hyphen, chance, long = find(large(), "c++", "gpt-4", "this", f"{SHARED}{WORDS[419]}")
    assert (signs["found"][0][0], hyphen["found"][0][0], long["found"][0][0]) == ("C++", "GPT4", f"{SHARED}{WORDS[419]}")
    assert (chance["found"], chance["more"]) == ([], 0)


def test_a_question(large: Visit) -> None:
    """A question, whose words stand in files of their own, finds the term that has the longest of them."""
    (answer,) = find(large(), "what is balat model")
    assert (answer["found"][0][0], answer["some"]) == ("balat model", True)


def test_more_than_is_listed(large: Visit) -> None:
    """Where more is found than a page lists, it says how much, in the masthead with a link to all, on the page with what helps."""
    page = large()
    field(page).fill("model")
    expect(status(page)).to_have_text("450 terms.")
    expect(page.locator(".found a bdi")).to_have_count(8)
    page.get_by_role("link", name="All that is found").press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=model$"))
    expect(page.locator(".found a bdi")).to_have_count(50)
    expect(page.locator(".found li").last).to_have_text("More letters find fewer terms.")


def test_an_answer_that_comes_late(large: Visit) -> None:
    """An answer that comes after somebody typed on is not shown."""
    page = large()
    held: list[Route] = []
    page.route("**/search/b-.json", lambda route: held.append(route))
    field(page).fill("b")
    field(page).fill("语")
    expect(page.locator(".found a bdi")).to_have_text(["语言学", "大语言模型"])
    for route in held:
        route.continue_()
    page.wait_for_load_state("networkidle")
    assert listed(page) == ["语言学", "大语言模型"]
