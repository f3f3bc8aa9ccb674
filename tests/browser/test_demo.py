"""The model in the browser is the model in Python: same probabilities, same runs, same printed steps.

Python's is the reference; both count the model file that the site publishes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from justhtml import JustHTML, Node
from playwright.sync_api import Browser, Page, expect

from sitegen.ngram import BEGIN, END, Distribution, generate
from sitegen.outputs.demo import percent, shown
from sitegen.train import LanguageModel
from tests.browser.conftest import Visit, watched
from tests.browser.pages import TERM, frame, ready, steps

UNKNOWN = "zyzzyva"

# In the page: an engine is the module and the model it has counted; histories come as words.
_LOAD = """async ([url, json]) => {
  const module = await import(url);
  return { ...module, model: module.parseModel(JSON.parse(json)) };
}"""
_PROBABILITIES = """(engine, questions) => questions.map(([history, words]) => {
  const ids = history.map((word) => (word === "<s>" ? engine.START : engine.model.ids.get(word)));
  const p = engine.distribution(engine.model, ids);
  return words.map((word) => engine.model.ids.get(word)).flatMap((id) => [p[id], engine.explain(engine.model, ids, id).at(-1).p]);
})"""
_RUN = """(engine, [prompt, temperature, seed, length]) => {
  const { START, END, model } = engine;
  const random = engine.mulberry32(seed);
  let history = engine.encode(model, prompt);
  return Array.from({ length }, () => {
    const list = engine.candidates(model, history, temperature);
    const { id, text, share, count } = list[engine.draw(list, random())];
    history = id === END ? [START] : [...history, id];
    return { text, share, count, top: list.slice(0, 3).map((each) => [each.text, each.share]) };
  });
}"""
_CANDIDATES = """(engine, [history, temperature]) => {
  const ids = history.map((word) => (word === "<s>" ? engine.START : engine.model.ids.get(word)));
  return engine.candidates(engine.model, ids, temperature).map(({ text, share, count }) => [text, share, count]);
}"""


class Engine:
    """templates/assets/engine.js in a page, with a model that it has counted itself."""

    def __init__(self, page: Page, script: str, model_json: str) -> None:
        self.handle = page.evaluate_handle(_LOAD, [script, model_json])

    def ask(self, question: str, arguments: object) -> list:
        return self.handle.evaluate(question, arguments)


@pytest.fixture(scope="session")
def published(site: Path) -> str:
    """The model file of the shipped site."""
    return (site / "model.json").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def reference(published: str) -> LanguageModel:
    """Python's model of the tokens in that file."""
    data = json.loads(published)
    corpus, sentence = [], []
    for number in data["tokens"]:
        if number:
            sentence.append(data["vocabulary"][number])
        else:
            corpus.append(tuple(sentence))
            sentence = []
    return LanguageModel(tuple(corpus), data["order"], temperature=1, seed=0)


@pytest.fixture(scope="module")
def engine(browser: Browser, address: str, site: Path, published: str) -> Iterator[Engine]:
    """The shipped engine with the shipped model."""
    (script,) = site.glob("assets/*/engine.js")
    with watched(browser, address) as visit:
        yield Engine(visit("about/"), f"{address}{script.relative_to(site)}", published)


def test_the_published_file_is_the_model(published: str, reference: LanguageModel) -> None:
    """Model file, its tokens counted again and written again are the same bytes, discounts included."""
    assert reference.to_json().decode() == published


def test_probabilities_agree_with_python(engine: Engine, reference: LanguageModel) -> None:
    """Over 3,000 pairs of history and word have the same probability to 1e-12, looked up or explained step by step."""
    chance = random.Random(1)
    model = reference.model
    events = [event for sentence in reference.corpus for event in model.events(sentence)]
    vocabulary = sorted(model.vocabulary)
    questions = []
    for history, word in chance.sample(events, 200):
        read = list(history)
        mixed = chance.choices(vocabulary[2:], k=3)
        cut = [*read[:-1], UNKNOWN] if chance.random() < 0.5 else [UNKNOWN, *read[1:]]
        words = [word, END, *chance.choices(vocabulary, k=4)]
        questions += [(h, words) for h in (read, read[1:], cut, [*mixed[:1], *read[1:]], mixed)]
    found = engine.ask(_PROBABILITIES, questions)

    expected = [[model.probability(word, history) for word in words] for history, words in questions]
    assert sum(map(len, expected)) >= 3000
    for (history, words), ours, theirs in zip(questions, found, expected, strict=True):
        assert ours[0::2] == pytest.approx(theirs, rel=1e-12, abs=0), (history, words)
        assert ours[1::2] == pytest.approx(theirs, rel=1e-12, abs=0), (history, words)


@pytest.mark.parametrize("temperature", [0, 0.6, 1, 1.5, 2])
def test_seeded_runs_agree_with_python(engine: Engine, reference: LanguageModel, temperature: float) -> None:
    """The same seed draws the same 200 tokens, each with the same share and count."""
    prompt = ("a", "model", "that")
    found = engine.ask(_RUN, [prompt, temperature, 2026, 200])

    draws = list(islice(generate(reference.ranking, prompt, temperature, 2026), 200))
    assert [step["text"] for step in found] == [draw.word for draw in draws]
    assert [step["share"] for step in found] == pytest.approx([draw.share for draw in draws], rel=1e-10)
    counts = [reference.count(draw.distribution.seen, draw.word) for draw in draws]
    assert [step["count"] for step in found] == counts


@given(
    corpus=st.lists(st.lists(st.sampled_from("ab😀，ﬁé"), min_size=1, max_size=6).map(tuple), min_size=1, max_size=8),
    history=st.lists(st.sampled_from([BEGIN, *"ab😀，x"]), max_size=4).map(tuple),
    order=st.integers(2, 5),
    temperature=st.sampled_from([0.3, 1, 2]),
)
@settings(max_examples=60, deadline=None)
def test_any_corpus_is_counted_alike(
    engine: Engine, corpus: list[tuple[str, ...]], history: tuple[str, ...], order: int, temperature: float
) -> None:
    """For any small corpus and history the candidates have Python's shares, likeliest first, ties by code point."""
    model = LanguageModel(tuple(corpus), order, temperature, 0)
    handle = engine.handle.evaluate_handle(
        "(engine, json) => ({ ...engine, model: engine.parseModel(JSON.parse(json)) })", model.to_json().decode()
    )
    found = handle.evaluate(_CANDIDATES, [history, temperature])

    distribution = Distribution(model.ranking, history[max(0, len(history) - order + 1) :])
    total = distribution.total(1 / temperature)
    expected = {word: p ** (1 / temperature) / total for word, p in distribution.ranked()}
    assert {word: share for word, share, _ in found} == pytest.approx(expected, rel=1e-9)
    assert {word: count for word, _, count in found} == {w: model.count(distribution.seen, w) for w in expected}
    assert found == sorted(found, key=lambda row: (-row[1], row[0]))


def _printed(html: Path) -> tuple[dict[str, str], list[str], list[str]]:
    """What a page prints of its demo: its settings, the prompt's tokens, the twelve steps."""
    source = html.read_text(encoding="utf-8")
    part = source[source.index("<autoregressive-demo") : source.index("</autoregressive-demo>")]
    (demo,) = JustHTML(part, sanitize=False).query("autoregressive-demo")

    def text(node: Node) -> str:
        return " ".join(node.to_text(separator="", strip=False).split())

    prompt = [text(token) for token in demo.query(".line .tok")]
    return demo.attrs, prompt, [text(step) for step in demo.query(".steps li")]


def test_every_page_prints_the_steps_that_the_live_model_takes(engine: Engine, site: Path) -> None:
    """On the home page and all term pages, the engine's first twelve steps are the twelve in the HTML."""
    pages = [site / "index.html", *(file.with_suffix(".html") for file in sorted(site.glob("terms/*/index.md")))]
    assert len(pages) > 48
    for page in pages:
        attributes, prompt, printed = _printed(page)
        sight = int(attributes["data-order"]) - 1
        run = engine.ask(_RUN, [prompt, float(attributes["data-temperature"]), int(attributes["data-seed"]), 12])
        history, lines = [BEGIN, *prompt], []
        for step in run:
            top = ", ".join(f"{shown(word)} {percent(share)} %" for word, share in step["top"])
            lines.append(f"{' '.join(map(shown, history[-sight:]))} {top} {shown(step['text'])}")
            history = [BEGIN] if step["text"] == END else [*history, step["text"]]
        assert lines == printed, page


@pytest.mark.parametrize("path", ["", TERM, "terms/adam/"])
def test_buttons_take_the_printed_steps(visit: Visit, path: str) -> None:
    """The live demo's first frame is the printed one to the last bar, and its first twelve steps are the printed."""
    page = visit(path)
    ready(page)
    first, printed = frame(page), steps(page)
    page.get_by_role("button", name="reset").click()  # the first touch, which takes no step
    expect(page.locator(".steps li")).to_have_count(0)
    assert frame(page) == first

    page.get_by_role("button", name="step").focus()
    for _ in printed:
        page.keyboard.press("Enter")
    expect(page.locator(".steps li")).to_have_count(len(printed))
    assert steps(page) == printed


def test_a_lost_model_is_asked_for_again(browser: Browser, address: str) -> None:
    """When the model does not arrive the demo says so and keeps the printed frame; the next touch tries again."""
    page = browser.new_page()
    page.route("**/model.json", lambda route: route.fulfill(status=503), times=1)
    page.goto(address + TERM)
    ready(page)
    printed = frame(page)
    step = page.get_by_role("button", name="step")
    step.press("Enter")
    expect(page.locator("autoregressive-demo p[role=status]")).to_have_text("The model could not be loaded.")
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
    expect(page.locator(".steps li")).to_have_count(5)
    assert steps(page) == printed[:5]
