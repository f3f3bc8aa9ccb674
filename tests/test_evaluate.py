"""What models are measured by: perplexity, two simpler smoothings, and a text set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import fsum, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.build import language_model
from sitegen.evaluate import held_out, score
from sitegen.ngram import BEGIN, END, Model
from sitegen.ngram.baselines import StupidBackoff, WittenBell
from sitegen.train import LanguageModel

from .conftest import CONTENT
from .test_ngram import CORPUS, corpora, histories


@pytest.fixture(scope="module")
def shipped_model() -> LanguageModel:
    """The shipped glossary's model."""
    return language_model(CONTENT)


# --- the simpler smoothings ---------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [WittenBell, StupidBackoff])
@given(corpora, st.integers(1, 5), histories)
def test_smoothings_sum_to_one(
    smoothing: type[WittenBell | StupidBackoff], corpus: list[list[str]], order: int, history: list[str]
) -> None:
    """After any history the words that were read have shares that add up to one; no other word has one."""
    model = smoothing(order, corpus)
    known = {END, *(word for sentence in corpus for word in sentence)}
    shares = {word: model.probability(word, history) for word in known}
    assert min(shares.values()) > 0
    assert fsum(shares.values()) == pytest.approx(1, abs=1e-12)
    assert (model.probability("<unk>", history), model.probability(BEGIN, history)) == (0.0, 0.0)


@given(corpora, st.integers(1, 5), st.sampled_from([*"abcde", END]), histories)
def test_smoothings_by_definition(corpus: list[list[str]], order: int, word: str, history: list[str]) -> None:
    """Both follow their equations, worked out here from a list of all n-grams, one recursion each."""
    texts = [(BEGIN, *sentence, END) for sentence in corpus]
    grams = Counter(t[i:j] for t in texts for j in range(2, len(t) + 1) for i in range(max(0, j - order), j))
    known = sorted({gram[-1] for gram in grams})
    if word not in known:
        return

    def after(h: tuple[str, ...]) -> dict[str, int]:
        return {w: grams[(*h, w)] for w in known if (*h, w) in grams}

    def witten_bell(w: str, h: tuple[str, ...]) -> float:
        lower = witten_bell(w, h[1:]) if h else 1 / len(known)
        types, tokens = len(after(h)), sum(after(h).values())
        return (grams[(*h, w)] + types * lower) / (tokens + types) if types else lower

    def backoff(w: str, h: tuple[str, ...]) -> float:
        found = after(h)
        return found[w] / sum(found.values()) if w in found else 0.4 * backoff(w, h[1:])

    h = tuple(history)[max(0, len(history) - order + 1) :]
    assert WittenBell(order, corpus).probability(word, history) == pytest.approx(witten_bell(word, h), rel=1e-9)
    normalised = backoff(word, h) / fsum(backoff(w, h) for w in known)
    assert StupidBackoff(order, corpus).probability(word, history) == pytest.approx(normalised, rel=1e-9)


# --- scoring ------------------------------------------------------------------------------------


@given(corpora, st.lists(st.lists(st.sampled_from("abcdez"), max_size=5), min_size=1, max_size=4), st.integers(1, 5))
def test_score(corpus: list[list[str]], text: list[list[str]], order: int) -> None:
    """Perplexity is two to the power of the tokens' average surprise in bits, with and without unknown words."""
    model = Model(order, corpus)
    result = score(model, text)
    words = [(word, [BEGIN, *s[:i]]) for s in text for i, word in enumerate([*s, END])]
    bits = [(word in model.vocabulary, -log2(model.probability(word, history))) for word, history in words]
    known = [b for is_known, b in bits if is_known]
    assert (result.sentences, result.tokens, len(result.unknown)) == (len(text), len(bits), len(bits) - len(known))
    assert result.perplexity == pytest.approx(2 ** (fsum(b for _, b in bits) / len(bits)))
    assert result.perplexity_without_unknown == pytest.approx(2 ** (fsum(known) / len(known)))


# --- entries set aside --------------------------------------------------------------------------


def test_held_out_sets_every_tenth_entry_aside(shipped_model: LanguageModel) -> None:
    """The tenth, twentieth ... entry is scored by models that have read the other entries only."""
    slugs = list(dict.fromkeys(entry.slug for entry in shipped_model.sources))
    aside = slugs[9::10]
    pairs = list(zip(shipped_model.corpus, shipped_model.sources, strict=True))
    read = [sentence for sentence, entry in pairs if entry.slug not in aside]
    tested = [sentence for sentence, entry in pairs if entry.slug in aside]
    found = held_out(shipped_model)
    assert (found.entries_trained, found.entries_tested) == (len(slugs) - len(aside), len(aside))
    assert found.tokens_trained == sum(len(sentence) + 1 for sentence in read)
    vocabulary = {word for sentence in read for word in sentence}
    assert found.unknown == sum(word not in vocabulary for sentence in tested for word in sentence)
    results = [score(Model(order, read), tested) for order in (1, 2, 3, 4, 5)]
    assert found.tokens_tested == results[0].tokens
    assert [row.order for row in found.rows] == [1, 2, 3, 4, 5]
    assert [row.kneser_ney_with_unknown for row in found.rows] == [result.perplexity for result in results]
    # the unknown word's small share is spread over the known words
    without = [result.perplexity_without_unknown for result in results]
    assert [row.kneser_ney for row in found.rows] == pytest.approx(without, rel=0.01)
    assert all(row.kneser_ney < bare for row, bare in zip(found.rows, without, strict=True))


def test_kneser_ney_predicts_best(shipped_model: LanguageModel) -> None:
    """With a context to look at, the pages' smoothing predicts new text better than the simpler ones."""
    rows = held_out(shipped_model).rows[1:]
    assert [row.order for row in rows if row.kneser_ney >= min(row.witten_bell, row.stupid_backoff)] == []


def test_too_few_entries(shipped_model: LanguageModel) -> None:
    """Of fewer than ten entries none can be set aside."""
    entry = shipped_model.sources[0]
    few = replace(shipped_model, corpus=tuple(map(tuple, CORPUS)), sources=(entry,) * len(CORPUS))
    with pytest.raises(ValueError, match="every tenth entry is set aside, but there are only 1"):
        held_out(few)
