"""From probabilities to text: rank the vocabulary, apply the temperature, draw, repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from .model import BEGIN, END, Model


class Ranking:
    """The vocabulary by unigram probability, likeliest first, ties by spelling: what all histories share."""

    def __init__(self, model: Model, like: Ranking | None = None) -> None:
        """Rank the vocabulary of `model`; `like`, made of a model with these words and more, saves the spelling's sort."""
        self.model = model
        self.unigrams = model.unigrams()
        self.spelled: list[str] = [w for w in like.spelled if w in self.unigrams] if like else sorted(self.unigrams)
        ranked = sorted(self.spelled, key=self.unigrams.__getitem__, reverse=True)  # stable: ties stay spelled
        self.ranked = [(word, self.unigrams[word]) for word in ranked]
        self._sums: dict[float, float] = {}

    def power_sum(self, exponent: float) -> float:
        """The sum of P(w) ** exponent over the vocabulary."""
        if exponent not in self._sums:
            self._sums[exponent] = float(sum(p**exponent for _, p in self.ranked))
        return self._sums[exponent]


def _likeliest_first(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


class Distribution:
    """P(w | h) for every word w, without touching every word.

    Only the words seen after some end of h are computed (`near`); every other word's probability is its
    unigram's, times one factor that all of them share (`scale`).
    """

    def __init__(self, ranking: Ranking, history: Sequence[str]) -> None:
        model = ranking.model
        self.ranking = ranking
        self.seen = model.seen(history)
        near: dict[str, float] = {}
        scale = 1.0
        for length in range(1, len(self.seen) + 1):
            h = self.seen[len(self.seen) - length :]
            counts = model.followers[length].get(h)
            if counts is None:
                continue
            gamma, total = model.backoff(h), counts.total()
            scale *= gamma
            shares = {count: model.discounted(count, length) / total for count in set(counts.values())}
            lower = {word: gamma * p for word, p in near.items()}
            seen = {
                word: shares[count] + (lower.get(word) or scale * ranking.unigrams[word])
                for word, count in counts.items()
            }
            near = lower | seen
        self.scale, self.near = scale, near
        unknown = scale * model.backoff(()) * model.uniform
        self._totals: dict[float, float] = {}
        self.known = 1 - unknown  # the unknown word is never offered: its share is spread over the others

    @cached_property
    def _near_ranked(self) -> list[tuple[str, float]]:
        return [(word, -p) for p, word in sorted((-p, word) for word, p in self.near.items())]

    def ranked(self) -> Iterator[tuple[str, float]]:
        """Every word and its probability, likeliest first, ties by spelling."""
        near, far = iter(self._near_ranked), self._far()
        a, b = next(near, None), next(far, None)
        while a or b:
            if b is None or (a is not None and _likeliest_first(a) < _likeliest_first(b)):
                assert a is not None
                yield a[0], a[1] / self.known
                a = next(near, None)
            else:
                yield b[0], b[1] / self.known
                b = next(far, None)

    def _far(self) -> Iterator[tuple[str, float]]:
        for word, p in self.ranking.ranked:
            if word not in self.near:
                yield word, self.scale * p

    def probability(self, word: str) -> float:
        """P(w | h) among the words that may be offered."""
        p = self.near.get(word)
        return (self.scale * self.ranking.unigrams[word] if p is None else p) / self.known

    def total(self, exponent: float) -> float:
        """The sum of P(w | h) ** exponent over the vocabulary."""
        if exponent in self._totals:
            return self._totals[exponent]
        near = sum((p / self.known) ** exponent for _, p in self._near_ranked)
        shared = sum(self.ranking.unigrams[word] ** exponent for word, _ in self._near_ranked)
        far = (self.scale / self.known) ** exponent * (self.ranking.power_sum(exponent) - shared)
        self._totals[exponent] = float(near + far)
        return self._totals[exponent]

    def draw(self, u: float, temperature: float) -> tuple[str, float]:
        """The word on which `u` in [0, 1) falls, and its probability, at this temperature.

        The words lie on the line from 0 to 1 likeliest first, each as long as its share
        P(w) ** (1/T) of the whole; T = 0 always takes the first.
        """
        if temperature == 0:
            return next(self.ranked())[0], 1.0
        exponent = 1 / temperature
        total = self.total(exponent)
        cumulated, last = 0.0, (END, 0.0)
        for word, p in self.ranked():
            last = (word, p**exponent / total)
            cumulated += last[1]
            if cumulated > u:
                break
        return last


def mulberry32(seed: int) -> Callable[[], float]:
    """Tommy Ettinger's 32-bit generator, uniform in [0, 1): the same numbers here and in the browser."""
    state = seed & 0xFFFFFFFF

    def next_number() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = state
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    return next_number


@dataclass(frozen=True, slots=True)
class Draw:
    """One step of generation: what the model saw, what it offered, where the draw fell, what was drawn."""

    history: tuple[str, ...]
    distribution: Distribution
    u: float
    word: str
    share: float


def generate(ranking: Ranking, prompt: Sequence[str], temperature: float, seed: int) -> Iterator[Draw]:
    """Draw one word after the other, each from the distribution that those before it give, without end.

    After the end of a sentence the next one begins.
    """
    random = mulberry32(seed)
    text = [BEGIN, *prompt]
    while True:
        history = tuple(text[max(0, len(text) - ranking.model.order + 1) :])
        distribution = Distribution(ranking, history)
        u = random()
        word, share = distribution.draw(u, temperature)
        yield Draw(history, distribution, u, word, share)
        text = [BEGIN] if word == END else [*text, word]
