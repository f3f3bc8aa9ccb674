"""A probability taken apart adds up to the probability."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.ngram import Model, explain

from .test_ngram import CORPUS, corpora, histories


@given(corpora, st.integers(1, 5), st.sampled_from([*"abcdez", "</s>", "<unk>"]), histories)
def test_explanation_is_the_probability(corpus: list[list[str]], order: int, word: str, history: list[str]) -> None:
    """The parts, longest context first, add up step by step to the model's probability, of unknown words too."""
    model = Model(order, corpus)
    parts = explain(model, word, history)
    seen = model.seen(history)
    assert [part.context for part in parts] == [*(seen[i:] for i in range(len(seen) + 1)), None]
    assert parts[0].weight == 1.0
    sums = [sum(part.weight * part.share for part in parts[: i + 1]) for i in range(len(parts))]
    assert [part.reached for part in parts] == pytest.approx(sums, rel=1e-12)
    assert parts[-1].reached == pytest.approx(model.probability(word, history), rel=1e-12)


def test_explanation_by_hand() -> None:
    """Of "a a", "a b" and "a b" at order 2, P(b | a) is worked out by hand.

    Two bigrams stand once, two twice, one three times: Y = 1/3, D1 = 1/3, D2 = 3/2. After `a` stand a once, b
    twice, the end once: the share is (2 - 3/2)/4, and (1/3 + 3/2 + 1/3)/4 is passed down. The unigrams
    follow a: <s> and a, b: a, end: a and b, with the customary discounts; the uniform distribution is
    over these three and the unknown word.
    """
    parts = explain(Model(2, [["a", "a"], ["a", "b"], ["a", "b"]]), "b", ["a"])
    assert [(part.context, part.count, part.total) for part in parts] == [(("a",), 2, 4), ((), 1, 5), (None, 1, 4)]
    assert [(part.share, part.weight, part.reached) for part in parts] == [
        pytest.approx((1 / 8, 1, 1 / 8)),
        pytest.approx((1 / 10, 13 / 24, 43 / 240)),
        pytest.approx((1 / 4, 13 / 48, 79 / 320)),
    ]


def test_explanation_of_a_text() -> None:
    """A context that was never read is not among the parts."""
    contexts = [part.context for part in explain(Model(4, CORPUS), "model", ["xyzzy", "language"])]
    assert contexts == [("language",), (), None]
