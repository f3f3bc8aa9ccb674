"""What the trained model says of an entry's definition, which it has mostly read."""

from __future__ import annotations

import gc
import pickle
from dataclasses import replace
from math import log2

import pytest

from sitegen.build import language_model
from sitegen.ngram import Model, Ranking, pack, unpack
from sitegen.ngram.packing import MOST_WORDS
from sitegen.outputs import printed
from sitegen.train import LanguageModel

from .conftest import CONTENT, MakeContent


@pytest.fixture(scope="module")
def shipped() -> LanguageModel:
    """The model of the shipped glossary."""
    return language_model(CONTENT)


def test_a_definition_is_scored_as_if_unread(shipped: LanguageModel) -> None:
    """Each token's surprise, and what was likelier, are those of a model with the same discounts that has read all but this definition."""
    for entry in list(dict.fromkeys(shipped.sources))[::10]:
        scored = shipped.scored(entry.definition)
        words = shipped.words(token.text for token, _, _ in scored)
        place = shipped.corpus.index(words)
        unread = Model(shipped.order, shipped.corpus[:place] + shipped.corpus[place + 1 :])
        unread.discounts = shipped.model.discounts
        ranking = Ranking(unread)
        offers = [ranking.after(history) for history, _ in unread.events(words)]
        expected = [
            (log2(1 / unread.probability(word, offer.seen)), tuple(word for _, word in offer.best(3)))
            for word, offer in zip(words, offers, strict=False)
        ]
        assert [likelier for _, likelier in expected] == [token.expected for token in scored]
        assert [bits for bits, _ in expected] == pytest.approx([token.bits for token in scored], abs=1e-9)


def test_what_is_left_of_an_answer(shipped: LanguageModel) -> None:
    """What was worked out for one page is gone afterwards, though nobody looks for garbage, which no process of a build does."""
    entries = list(dict.fromkeys(shipped.sources))
    printed(shipped, entries[0].slug, entries[0].definition)
    gc.collect()
    gc.disable()
    try:
        for entry in entries[1:20]:
            printed(shipped, entry.slug, entry.definition)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_definition_with_straight_quotes_is_scored_as_if_unread(shipped: LanguageModel) -> None:
    """Quotes are read as opening and closing ones; a definition that has straight ones was read all the same, and keeps them in print."""
    curly = ("what", "“", "it", "”", "says", "of", "itself", ".")
    model = replace(shipped, corpus=(*shipped.corpus, curly), sources=())
    scored = model.scored('What "it" says of itself.')
    assert [token.text for token, _, _ in scored] == ["What", '"', "it", '"', "says", "of", "itself", "."]
    assert [bits for _, bits, _ in scored] == [bits for _, bits, _ in model.scored("What “it” says of itself.")]


def test_a_text_is_counted_once(shipped: LanguageModel) -> None:
    """A language model that comes out of the memo, or is given to who asks it, shares what the process has counted; one of another text does not."""
    once, again = (pickle.loads(pickle.dumps(shipped.bare())) for _ in range(2))
    assert once.ranking is again.ranking
    assert replace(again, corpus=again.corpus[1:]).ranking is not again.ranking


def test_a_definition_of_two_sentences_is_scored_as_if_unread(shipped: LanguageModel) -> None:
    """Where the model has read a definition as two sentences, each is scored as if it had not been read, and begins without a history."""
    first, second = ("a", "zorgle", "of", "sorts", "."), ("it", "flibbers", ".")
    model = replace(shipped, corpus=(*shipped.corpus, first, second), sources=())
    scored = model.scored("A zorgle of sorts.  It flibbers.")
    assert [token.text for token, _, _ in scored] == ["A", "zorgle", "of", "sorts", ".", "It", "flibbers", "."]
    apart = [*model.scored("A zorgle of sorts."), *model.scored("It flibbers.")]
    assert [one[1:] for one in scored] == [one[1:] for one in apart]
    assert min(bits for token, bits, _ in scored if token.text in ("zorgle", "flibbers")) > 10


def test_more_words_than_a_browser_can_be_told_of(make_content: MakeContent) -> None:
    """A text of ever new words is read until these are as many as the browser's file can hold."""
    entries = {
        f"term-{i}.yaml": f"term: Term {i}\ndefinition: Number {i}.\nexplainer: {' '.join(f'w{i}x{word}' for word in range(2_000))}.\n" for i in range(35)
    }
    site = "title: Test\nbase_url: https://example.org/\ndemo: {tokens: 500000}\n"
    model = language_model(make_content({"site.yaml": site, **entries}))
    assert MOST_WORDS - 2_100 < len(model.model.vocabulary) <= MOST_WORDS
    assert len(unpack(*pack(model.corpus))) == len(model.corpus)
