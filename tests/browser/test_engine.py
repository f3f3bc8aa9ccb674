"""The model in the browser is the model in Python: same probabilities, same explanations, same text.

Python's is the reference; the browser counts the model file that the site publishes.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, JSHandle, Page

from sitegen.ngram import BEGIN, END, LongestMatch, Model, Ranking, Sampler, explain, generate, pack, unpack
from tests.browser.conftest import compressed, watched

UNKNOWN = "zyzzyva"
Corpus = list[list[str]]

# In the page. Words are asked for by spelling, so that nothing depends on how either side numbers them.
_LOAD = """async ([folder, file]) => {
  const [engine, live] = await Promise.all([import(folder + "engine.js"), import(folder + "live.js")]);
  const bytes = Uint8Array.from(atob(file), (sign) => sign.charCodeAt(0));
  const corpus = await engine.readCorpus(new Response(bytes).body);
  const number = new Map(corpus.words.map((word, id) => [word, id])).set("<s>", corpus.START);
  return { ...engine, ...live, corpus, ids: (words) => words.map((word) => number.get(word)) };
}"""
_DISCOUNTS = "({ Model, corpus }, order) => new Model(corpus, order).discounts"
_PROBABILITIES = """({ Model, corpus, ids }, [order, questions]) => {
  const model = new Model(corpus, order);
  return questions.map(([history, words]) => {
    const p = model.distribution(ids(history));
    return ids(words).map((id) => p[id]);
  });
}"""
_CONTEXTS = """({ Model, corpus, ids }, [order, questions]) => {
  const model = new Model(corpus, order);
  return questions.map(([history, word]) => model.contexts(ids(history)).reverse().map((context) => {
    const at = context.ids.indexOf(ids([word])[0]);
    return [context.history.length, context.counts[at] ?? 0, context.total, context.shares[at] ?? 0, context.gamma];
  }));
}"""
_RUN = """({ Model, longestMatch, corpus, ids, sample, draw, mulberry32 }, [order, prompt, sampler, seed, length]) => {
  const source = order ? new Model(corpus, order) : longestMatch(corpus);
  let history = [corpus.START, ...ids(prompt)];
  return Array.from({ length }, (_, i) => {
    const sampled = sample(source.offer(history), sampler);
    const place = draw(sampled, mulberry32(seed, i));
    const id = sampled.ids[place];
    history = id === corpus.END ? [corpus.START] : [...history, id];
    return [corpus.words[id], sampled.shares[place]];
  });
}"""
_OFFER = """({ Model, longestMatch, corpus, ids, sample }, [order, history, sampler]) => {
  const source = order ? new Model(corpus, order) : longestMatch(corpus);
  const sampled = sample(source.offer(ids(history)), sampler);
  return sampled.ids.map((id, i) => [corpus.words[id], sampled.shares[i], i < sampled.kept ? "" : sampled.cut(i)]);
}"""
_CORPUS = "({ corpus }) => [...corpus.tokens.subarray(0, corpus.length)].map((id) => corpus.words[id] ?? '<s>')"


def model_file(corpus: Corpus) -> bytes:
    """A model file of one entry."""
    vocabulary, tokens = pack(corpus)
    header = {"entries": [["terms/a/", "A"]], "sentences": [0, len(corpus)], "vocabulary": len(vocabulary)}
    return gzip.compress(json.dumps(header).encode() + b"\n" + vocabulary + tokens, mtime=0)


class Engine:
    """The shipped engine.js and live.js in a page, with a model file that they have read."""

    def __init__(self, page: Page, folder: str, file: bytes) -> None:
        from base64 import b64encode

        self.page, self.folder = page, folder
        self.handle: JSHandle = page.evaluate_handle(_LOAD, [folder, b64encode(file).decode()])

    def ask(self, question: str, arguments: object = None) -> list:
        return self.handle.evaluate(question, arguments)

    def reading(self, corpus: Corpus) -> Engine:
        return Engine(self.page, self.folder, model_file(corpus))


@pytest.fixture(scope="session")
def published(site: Path) -> bytes:
    """The model file of the shipped site."""
    return (site / "model.bin").read_bytes()


@pytest.fixture(scope="session")
def corpus(published: bytes) -> Corpus:
    """The sentences in that file, as Python reads them."""
    line, rest = gzip.decompress(published).split(b"\n", 1)
    size = json.loads(line)["vocabulary"]
    return unpack(rest[:size], rest[size:])


@pytest.fixture(scope="module")
def engine(browser: Browser, address: str, site: Path, published: bytes) -> Iterator[Engine]:
    """The shipped engine with the shipped model."""
    (script,) = site.glob("assets/*/engine.js")
    with watched(browser, address) as visit:
        yield Engine(visit("about/"), f"{address}{script.parent.relative_to(site)}/", published)


def test_the_browser_reads_the_corpus(engine: Engine, corpus: Corpus) -> None:
    """The browser unpacks the very sentences that Python packed."""
    assert engine.ask(_CORPUS) == [word for sentence in corpus for word in (BEGIN, *sentence, END)]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_discounts_agree_with_python(engine: Engine, corpus: Corpus, order: int) -> None:
    """Every discount is Python's to the last bit: both divide the same whole numbers in the same order."""
    assert engine.ask(_DISCOUNTS, order) == [list(discounts) for discounts in Model(order, corpus).discounts]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_probabilities_agree_with_python(engine: Engine, corpus: Corpus, order: int) -> None:
    """For each order over 3,000 pairs of history and word, seen, unseen and unknown, have the same probability to 1e-12."""
    chance = random.Random(order)
    model = Model(order, corpus)
    events = [event for sentence in corpus for event in model.events(sentence)]
    vocabulary = sorted(model.vocabulary)
    questions = []
    for history, word in chance.sample(events, 150):
        read = list(history)
        mixed = chance.choices([w for w in vocabulary if w != END], k=4)
        cut = [*read[:-1], UNKNOWN] if chance.random() < 0.5 else [UNKNOWN, *read[1:]]
        words = [word, END, *chance.choices(vocabulary, k=3)]
        questions += [(h, words) for h in (read, read[1:], cut, [*mixed[:1], *read[1:]], mixed)]
    found = engine.ask(_PROBABILITIES, [order, questions])

    expected = [[model.probability(word, history) for word in words] for history, words in questions]
    assert sum(map(len, expected)) >= 3000
    for (history, words), ours, theirs in zip(questions, found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=0), (history, words)


def test_explanations_agree_with_python(engine: Engine, corpus: Corpus) -> None:
    """The counts, totals, shares and passed-down weights behind a probability are those that Python explains it with."""
    chance = random.Random(7)
    model = Model(5, corpus)
    questions = chance.sample([event for sentence in corpus for event in model.events(sentence)], 300)
    found = engine.ask(_CONTEXTS, [5, questions])
    for (history, word), rows in zip(questions, found, strict=True):
        expected, weight = [], 1.0
        for part in explain(model, word, history)[:-1]:
            gamma = model.backoff(part.context or ())
            expected.append([len(part.context or ()), part.count, part.total, part.share, gamma])
            assert part.weight == pytest.approx(weight, rel=1e-12)
            weight *= gamma
        assert rows == expected


SETTINGS = {
    "printed": (4, Sampler(0.6)),
    "greedy": (3, Sampler(0)),
    "careful": (4, Sampler(0.6, 0, 0.9)),
    "wild": (5, Sampler(1.3)),
    "cut twice": (2, Sampler(1, 40, 0.8)),
    "hot": (1, Sampler(2, 100)),
    "longest match": (0, Sampler(1)),
    "longest match, cut": (0, Sampler(0.8, 10, 0.9)),
}


@pytest.mark.parametrize(("order", "sampler"), SETTINGS.values(), ids=SETTINGS.keys())
def test_the_same_seed_gives_the_same_text(engine: Engine, corpus: Corpus, order: int, sampler: Sampler) -> None:
    """Over 1,000 tokens the browser draws what Python draws, each with the same share."""
    prompt = ["a", "model", "that"]
    source = Ranking(Model(order, corpus)) if order else LongestMatch(corpus)
    length = 1000 if order else 300  # copying whole sentences, Python looks through the text for every word
    drawn = [(draw.word, draw.share) for draw in islice(generate(source, prompt, sampler, 2026), length)]
    found = engine.ask(_RUN, [order, prompt, in_script(sampler), 2026, length])
    assert [word for word, _ in found] == [word for word, _ in drawn]
    assert [share for _, share in found] == pytest.approx([share for _, share in drawn], rel=1e-9)


def in_script(sampler: Sampler) -> dict[str, float]:
    """The sampler's settings by their names in the browser."""
    return {"temperature": sampler.temperature, "topK": sampler.top_k, "topP": sampler.top_p}


letters = st.sampled_from(["a", "b", "c", "abc", "é", "𝛼", "語", ".", "ab"])
corpora = st.lists(st.lists(letters, min_size=1, max_size=6), min_size=1, max_size=8)
histories = st.lists(st.sampled_from(["a", "b", "abc", "𝛼", UNKNOWN]), max_size=6)
samplers = st.builds(Sampler, st.sampled_from([0, 0.5, 1, 2]), st.integers(0, 5), st.sampled_from([0.3, 0.5, 0.9, 1]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corpora, st.integers(0, 5), histories, samplers)
def test_offers_agree_on_any_corpus(
    engine: Engine, corpus: Corpus, order: int, history: list[str], sampler: Sampler
) -> None:
    """On any corpus, after any history, at any setting: the same words in the same order, with the same shares and cuts."""
    source = Ranking(Model(order, corpus)) if order else LongestMatch(corpus)
    expected = list(
        sampler.choices(source.after([BEGIN, *history][-source.sight :] if source.sight else [BEGIN, *history]))
    )
    found = engine.reading(corpus).ask(_OFFER, [order, [BEGIN, *history], in_script(sampler)])
    assert [(word, cut) for word, _, cut in found] == [(choice.word, choice.cut) for choice in expected]
    assert [share for _, share, _ in found] == pytest.approx([choice.share for choice in expected], rel=1e-9)


def test_the_engine_is_small(site: Path) -> None:
    """The engine is at most 2 KB, compressed with gzip."""
    (script,) = site.glob("assets/*/engine.js")
    assert len(compressed(script)) <= 2048
