"""The language model: against an independent estimator, and by the laws that every such model obeys."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from math import fsum, log10
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.ngram import BEGIN, END, Distribution, Model, Ranking, generate, mulberry32

KENLM = Path(__file__).parent / "golden" / "kenlm"
CORPUS = [line.split() for line in (KENLM / "tiny.txt").read_text().splitlines()]
ORDERS = (2, 3, 4)

words = st.sampled_from(["a", "b", "c", "d", "e"])
corpora = st.lists(st.lists(words, max_size=6), min_size=1, max_size=8)
histories = st.lists(st.sampled_from([*"abcdez", BEGIN]), max_size=5)


@dataclass(frozen=True)
class Gram:
    """One line of an ARPA file."""

    history: tuple[str, ...]
    word: str
    log_probability: float
    log_backoff: float


def arpa(order: int) -> Iterator[Gram]:
    """The n-grams of KenLM's model."""
    for line in (KENLM / f"tiny.{order}.arpa").read_text().splitlines():
        match line.split("\t"):
            case [probability, gram, *backoff]:
                *history, word = gram.split(" ")
                yield Gram(tuple(history), word, float(probability), float(backoff[0]) if backoff else 0.0)


def predictable(model: Model) -> list[str]:
    """Every word that has a share of each distribution; the unknown word stands for all that were never seen."""
    return [*model.vocabulary, "<unk>"]


# --- against KenLM ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_kenlm_probabilities(order: int) -> None:
    """Every n-gram that KenLM lists has the probability it gives, to all the digits it prints."""
    model = Model(order, CORPUS)
    grams = [gram for gram in arpa(order) if gram.word != BEGIN]  # which is never predicted
    assert len(grams) > 300
    ours = {(*gram.history, gram.word): log10(model.probability(gram.word, gram.history)) for gram in grams}
    assert ours == pytest.approx({(*gram.history, gram.word): gram.log_probability for gram in grams}, abs=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_kenlm_backoffs(order: int) -> None:
    """The share that each context leaves to the shorter one is KenLM's, and contexts it does not list back off freely."""
    model = Model(order, CORPUS)
    contexts = {(*gram.history, gram.word): gram.log_backoff for gram in arpa(order) if len(gram.history) < order - 1}
    ours = {context: log10(model.backoff(context)) for context in contexts}
    assert ours == pytest.approx(contexts, abs=1e-6)


# --- laws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, *ORDERS])
@pytest.mark.parametrize(
    "history",
    [
        pytest.param((), id="none"),
        pytest.param((BEGIN,), id="begin"),
        pytest.param(("language", "model"), id="seen"),
        pytest.param(("looks", "at", "the", "last"), id="longer than the order"),
        pytest.param(("temperature", "gradient"), id="seen words, unseen together"),
        pytest.param(("xyzzy",), id="unknown"),
        pytest.param(("language", "xyzzy"), id="unknown last"),
        pytest.param(("xyzzy", "language", "model"), id="unknown first"),
    ],
)
def test_probabilities_sum_to_one(order: int, history: tuple[str, ...]) -> None:
    """After any history the probabilities of all words, the unknown one included, add up to one."""
    model = Model(order, CORPUS)
    assert fsum(model.probability(word, history) for word in predictable(model)) == pytest.approx(1, abs=1e-12)


@given(corpora, st.integers(1, 5), histories)
def test_sum_on_any_corpus(corpus: list[list[str]], order: int, history: list[str]) -> None:
    """The probabilities add up to one on any corpus, and each is more than nothing."""
    model = Model(order, corpus)
    shares = [model.probability(word, history) for word in predictable(model)]
    assert min(shares) > 0
    assert fsum(shares) == pytest.approx(1, abs=1e-12)


@given(corpora, st.integers(1, 5), histories)
def test_distribution_is_the_model(corpus: list[list[str]], order: int, history: list[str]) -> None:
    """The quick distribution gives every word the model's own probability, less the unknown word's share."""
    model = Model(order, corpus)
    distribution = Distribution(Ranking(model), history)
    known = 1 - model.probability("<unk>", history)
    expected = {word: model.probability(word, history) / known for word in model.vocabulary}
    ranked = list(distribution.ranked())
    assert dict(ranked) == pytest.approx(expected, abs=1e-12)
    assert {word: distribution.probability(word) for word in expected} == dict(ranked)
    assert ranked == sorted(ranked, key=lambda pair: (-pair[1], pair[0]))
    assert distribution.total(1.0) == pytest.approx(1, abs=1e-12)


@given(corpora, st.integers(1, 5), st.data())
def test_without_is_undone_exactly(corpus: list[list[str]], order: int, data: st.DataObject) -> None:
    """A model that forgot a sentence counts as if it had never read it, and afterwards is what it was, bit for bit."""
    index = data.draw(st.integers(0, len(corpus) - 1))
    model, before = Model(order, corpus), Model(order, corpus)
    with model.without(corpus[index]) as forgetful:
        assert forgetful.followers == Model(order, corpus[:index] + corpus[index + 1 :]).followers
    assert model.followers == before.followers
    assert model.unigrams() == before.unigrams()
    assert [model.backoff(h) for h in before.followers[-1]] == [before.backoff(h) for h in before.followers[-1]]


def test_without_is_undone_after_a_mistake() -> None:
    """What goes wrong while a sentence is forgotten does not leave it forgotten."""
    model = Model(3, CORPUS)
    followers = copy.deepcopy(model.followers)
    with pytest.raises(KeyError), model.without(CORPUS[0]):
        raise KeyError
    assert model.followers == followers


def test_without_its_only_sentence() -> None:
    """A model that has forgotten all it read knows no word, and gives all it has to the unknown one."""
    model = Model(3, [["a", "b"]])
    with model.without(["a", "b"]):
        assert model.unigrams() == {}
        assert (model.probability("a", []), model.probability("b", ["a"]), model.probability("z", [BEGIN])) == (1.0, 1.0, 1.0)


def test_order_below_one() -> None:
    """A model that looks at no word at all is refused."""
    with pytest.raises(ValueError, match="at least 1"):
        Model(0, CORPUS)


# --- drawing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "numbers"),
    [
        # Recorded with Node from the generator's original in JavaScript, times 2 ** 32.
        (0, [1144304738, 1416247, 958946056, 627933444, 2007157716]),
        (1, [2693262067, 11749833, 2265367787, 4213581821, 4159151403]),
        (42, [2581720956, 1925393290, 3661312704, 2876485805, 750819978]),
        (2**31 - 1, [1842962257, 546041740, 1654754255, 1702490205, 513796057]),
        (2**32 - 1, [3850105811, 813802916, 3073704848, 4054706436, 3630262831]),
    ],
)
def test_mulberry32(seed: int, numbers: list[int]) -> None:
    """The generator gives the numbers that JavaScript gives for the same seed."""
    random = mulberry32(seed)
    assert [random() * 2**32 for _ in numbers] == numbers


def test_mulberry32_far_along() -> None:
    """The hundred thousandth number is still JavaScript's."""
    random = mulberry32(1)
    *_, last = (random() for _ in range(100_000))
    assert last * 2**32 == 2346085445


@pytest.mark.parametrize("temperature", [0, 0.3, 1, 2])
def test_generation_repeats_itself(temperature: float) -> None:
    """The same seed draws the same words, from a model counted in another order too."""
    runs = [
        [(draw.word, draw.u) for draw in islice(generate(Ranking(Model(3, corpus)), ["a"], temperature, 7), 60)]
        for corpus in (CORPUS, CORPUS[::-1])
    ]
    assert runs[0] == runs[1]


def test_generation_begins_anew() -> None:
    """After the end of a sentence the model sees the beginning of the next, and nothing before it."""
    draws = list(islice(generate(Ranking(Model(4, CORPUS)), ["the"], 1.0, 3), 200))
    follows = [after.history for before, after in pairwise(draws) if before.word == END]
    assert set(follows) == {(BEGIN,)}
    assert draws[0].history == (BEGIN, "the")
    assert max(len(draw.history) for draw in draws) == 3


@given(histories, st.floats(0, 1, exclude_max=True), st.sampled_from([0, 0.2, 1, 2]))
def test_draw_falls_on_its_word(history: list[str], u: float, temperature: float) -> None:
    """The words lie on the line from 0 to 1, each as long as its share at the temperature; the draw is the one at u."""
    distribution = Distribution(Ranking(Model(3, CORPUS)), history)
    ranked = list(distribution.ranked())
    word, share = distribution.draw(u, temperature)
    if temperature == 0:
        assert (word, share) == (ranked[0][0], 1.0)
        return
    weights = [p ** (1 / temperature) for _, p in ranked]
    place = [candidate for candidate, _ in ranked].index(word)
    total = fsum(weights)
    assert share == pytest.approx(weights[place] / total, abs=1e-12)
    assert fsum(weights[:place]) / total <= u + 1e-9
    assert u <= fsum(weights[: place + 1]) / total + 1e-9
