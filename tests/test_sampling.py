"""Drawing: the random numbers, what a sampler keeps, and the runs that come of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from math import fsum
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.ngram import BEGIN, END, Choice, LongestMatch, Model, Ranking, Sampler, Source, generate, mulberry32

from .test_ngram import CORPUS, corpora, histories

RANKING = Ranking(Model(3, CORPUS))
temperatures = st.sampled_from([0, 0.1, 0.5, 1, 2])
samplers = st.builds(Sampler, temperatures, st.integers(0, 300), st.floats(0.01, 1))


@dataclass(frozen=True)
class Listed:
    """An offer of given shares, likeliest first."""

    shares: dict[str, float]
    seen: tuple[str, ...] = ()

    def ranked(self) -> Iterator[tuple[str, float]]:
        return iter(self.shares.items())

    def total(self, exponent: float) -> float:
        return fsum(p**exponent for p in self.shares.values())

    def at(self, exponent: float, reach: float) -> tuple[str, float]:
        sums = accumulate(p**exponent for p in self.shares.values())
        return next(pair for pair, reached in zip(self.shares.items(), sums, strict=True) if reached > reach)


OFFER = Listed({"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1})


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


# --- what a sampler keeps -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sampler", "kept"),
    [
        (Sampler(), {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}),
        (Sampler(0), {"a": 1}),
        (Sampler(0.5), {"a": 16 / 30, "b": 9 / 30, "c": 4 / 30, "d": 1 / 30}),
        (Sampler(1, top_k=2), {"a": 4 / 7, "b": 3 / 7}),
        (Sampler(1, top_k=9), {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}),
        (Sampler(1, top_p=0.7), {"a": 4 / 7, "b": 3 / 7}),
        (Sampler(1, top_p=0.71), {"a": 4 / 9, "b": 3 / 9, "c": 2 / 9}),
        (Sampler(1, top_p=0.1), {"a": 1}),
        (Sampler(1, top_k=2, top_p=0.5), {"a": 4 / 7, "b": 3 / 7}),  # 0.4 of the whole, though 4/7 of what top-k keeps
        (Sampler(0.5, top_p=0.5), {"a": 1}),  # whose share is 0.4 before the temperature
        (Sampler(0, top_k=3, top_p=0.9), {"a": 1}),
    ],
    ids=str,
)
def test_sampler(sampler: Sampler, kept: dict[str, float]) -> None:
    """Temperature comes first, then top-k, then top-p, of shares of the whole; what stays is divided by its sum."""
    choices = list(sampler.choices(OFFER))
    assert {c.word: c.share for c in choices if not c.cut and c.share} == pytest.approx(kept)
    assert [c.word for c in choices] == list("abcd")


@pytest.mark.parametrize(
    ("sampler", "cuts"),
    [
        (Sampler(), ["", "", "", ""]),
        (Sampler(1, top_k=2), ["", "", "top-k", "top-k"]),
        (Sampler(1, top_p=0.5), ["", "", "top-p", "top-p"]),
        (Sampler(1, top_k=2, top_p=0.7), ["", "", "top-k", "top-k"]),
        (Sampler(1, top_k=3, top_p=0.1), ["", "top-p", "top-p", "top-k"]),
        (Sampler(0, top_k=2, top_p=0.9), ["", "top-p", "top-k", "top-k"]),
    ],
    ids=str,
)
def test_what_cut_a_word(sampler: Sampler, cuts: list[str]) -> None:
    """Beyond the k likeliest words it was top-k, which comes first; of those, what top-p leaves out was cut by it."""
    assert [choice.cut for choice in sampler.choices(OFFER)] == cuts


@given(samplers, histories)
def test_sampler_laws(sampler: Sampler, history: list[str]) -> None:
    """What stays is the head of the ranking, k words at most, the fewest that reach p, and its shares add up to one."""
    offer = RANKING.after(history)
    heated = list(sampler.heated(offer))
    choices = list(sampler.choices(offer))
    kept = [choice for choice in choices if not choice.cut]
    number = len(kept)
    assert [c.word for c in choices] == [word for word, _ in heated] == [word for word, _ in offer.ranked()]
    assert kept == choices[:number]
    assert [(c.word, c.share) for c in choices[number:]] == heated[number:]
    assert fsum(c.share for c in kept) == pytest.approx(1, abs=1e-9)
    together = [fsum(share for _, share in heated[:n]) for n in (number - 1, number)]
    assert together[0] < sampler.top_p
    if sampler.top_k:
        assert number <= sampler.top_k
    if number not in (sampler.top_k, len(heated)):
        assert together[1] >= sampler.top_p - 2e-9


@given(corpora, st.integers(1, 5), histories)
def test_ties_are_spelled(corpus: list[list[str]], order: int, history: list[str]) -> None:
    """Equally likely words are ranked by their spelling, so that no order of counting changes a run."""
    for source in (Ranking(Model(order, corpus)), LongestMatch(corpus)):
        ranked = list(source.after(history).ranked())
        assert ranked == sorted(ranked, key=lambda pair: (-pair[1], pair[0]))


@given(corpora, st.integers(1, 5), histories)
def test_only_words_are_offered(corpus: list[list[str]], order: int, history: list[str]) -> None:
    """Every word that was read and the end of a sentence are offered; never the begin, nor the unknown word."""
    offered = [word for word, _ in Ranking(Model(order, corpus)).after(history).ranked()]
    assert sorted(offered) == sorted({END, *(word for sentence in corpus for word in sentence)})


@given(st.one_of(samplers, st.just(Sampler())), histories, st.floats(0, 1, exclude_max=True))
def test_draw_falls_on_its_word(sampler: Sampler, history: list[str], u: float) -> None:
    """The words that stay lie on the line from 0 to 1, each as long as its share; the draw is the one at u."""
    offer = RANKING.after(history)
    kept = [choice for choice in sampler.choices(offer) if not choice.cut]
    drawn = sampler.draw(offer, u)
    place = kept.index(drawn)
    assert fsum(choice.share for choice in kept[:place]) <= u + 1e-9
    assert u <= fsum(choice.share for choice in kept[: place + 1]) + 1e-9


def _wide(order: int) -> Ranking:
    """The model of a text of hundreds of words, a few of them frequent."""
    chance = Random(1)
    text = [[f"w{int(chance.paretovariate(0.6)) % 700}" for _ in range(chance.randint(3, 20))] for _ in range(300)]
    return Ranking(Model(order, text))


WIDE = {order: _wide(order) for order in (1, 2, 3, 4)}


@given(
    st.sampled_from(list(WIDE)),
    st.lists(st.one_of(st.sampled_from([BEGIN, "w1", "w2", "w3", "w5"]), st.integers(0, 700).map("w{}".format)), max_size=3),
    st.sampled_from([0.5, 1.0, 1.5]),
    st.floats(0, 1, exclude_max=True),
)
def test_far_draw(order: int, history: list[str], exponent: float, u: float) -> None:
    """A draw that falls far down the ranking finds the word to which all the words before it lead."""
    offer = WIDE[order].after(history)
    reach = u * offer.total(exponent)
    word, p = offer.at(exponent, reach)
    ranked = list(offer.ranked())
    place = ranked.index((word, p))
    assert fsum(p**exponent for _, p in ranked[:place]) <= reach * (1 + 1e-9)
    assert reach <= fsum(p**exponent for _, p in ranked[: place + 1]) * (1 + 1e-9)


@pytest.mark.parametrize("history", [(), ("w1",), ("w2", "w1"), (BEGIN, "w1", "w1")], ids=str)
def test_every_word_can_be_drawn(history: tuple[str, ...]) -> None:
    """The middle of each word's stretch of the line draws it, from the likeliest to the last."""
    offer = WIDE[4].after(history)
    ranked = list(offer.ranked())
    ends = list(accumulate((p for _, p in ranked), initial=0.0))
    assert [offer.at(1.0, (a + b) / 2) for a, b in pairwise(ends)] == ranked


# --- runs ---------------------------------------------------------------------------------------


def run(source: Source, prompt: Sequence[str], sampler: Sampler, seed: int, steps: int) -> list[tuple[str, float]]:
    """The words of a run, and where each draw fell."""
    return [(draw.word, draw.u) for draw in islice(generate(source, prompt, sampler, seed), steps)]


@pytest.mark.parametrize("sampler", [Sampler(0), Sampler(0.3), Sampler(1, 5), Sampler(2, 0, 0.9)], ids=str)
def test_generation_repeats_itself(sampler: Sampler) -> None:
    """The same seed draws the same words, from a model counted in another order too."""
    runs = [run(Ranking(Model(3, corpus)), ["a"], sampler, 7, 60) for corpus in (CORPUS, CORPUS[::-1])]
    assert runs[0] == runs[1]


def test_greedy_generation() -> None:
    """At temperature 0 every word is the likeliest, whatever the seed."""
    for draw in islice(generate(RANKING, ["a"], Sampler(0), 5), 40):
        assert (draw.word, draw.share) == (next(draw.offer.ranked())[0], 1.0)


def test_generation_begins_anew() -> None:
    """After the end of a sentence the model sees the beginning of the next, and nothing before it."""
    draws = list(islice(generate(Ranking(Model(4, CORPUS)), ["the"], Sampler(), 3), 200))
    follows = [after.history for before, after in pairwise(draws) if before.word == END]
    assert set(follows) == {(BEGIN,)}
    assert draws[0].history == (BEGIN, "the")
    assert max(len(draw.history) for draw in draws) == 3


def test_drawing_from_nothing() -> None:
    """A text without words offers nothing but the end of a sentence."""
    assert Sampler().draw(LongestMatch([]).after(["a"]), 0.5) == Choice(END, 1.0)


# --- the longest match --------------------------------------------------------------------------


@given(corpora, st.lists(st.sampled_from("abcdez"), max_size=5))
def test_longest_match(corpus: list[list[str]], words: list[str]) -> None:
    """What is offered after a text is what followed the longest end of it that the corpus has, as often as it did."""
    texts = [(BEGIN, *sentence, END) for sentence in corpus]
    history = (BEGIN, *words)
    for start in range(len(history) + 1):
        end = history[start:]
        size = len(end)
        found = [t[i + size] for t in texts for i in range(not size, len(t) - size) if t[i : i + size] == end]
        if found:
            break
    offer = LongestMatch(corpus).after(history)
    assert offer.seen == end
    assert dict(offer.ranked()) == {word: found.count(word) / len(found) for word in found}
    assert offer.total(1.0) == pytest.approx(1)


def test_longest_match_copies() -> None:
    """Once only one sentence goes on like the text, the rest of it is copied."""
    words = [word for word, _ in run(LongestMatch(CORPUS), ["a", "masked"], Sampler(), 1, 9)]
    assert words == ["language", "model", "fills", "in", "a", "hidden", "token", ".", END]
