"""From probabilities to text: rank the vocabulary, apply the temperature, draw, repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from .model import BEGIN, END, Model


class Ranking:
    """The vocabulary by unigram probability, likeliest first, ties by spelling, and every distribution asked for."""

    def __init__(self, model: Model, like: Ranking | None = None) -> None:
        """Rank the vocabulary of `model`; `like`, made of a model with these words and more, saves the spelling's sort."""
        self.model = model
        self.unigrams = model.unigrams()
        self.spelled: list[str] = [w for w in like.spelled if w in self.unigrams] if like else sorted(self.unigrams)
        ranked = sorted(self.spelled, key=self.unigrams.__getitem__, reverse=True)  # stable: ties stay spelled
        self.ranked = [(word, self.unigrams[word]) for word in ranked]
        self._after: dict[tuple[str, ...], Distribution] = {}

    def after(self, history: Sequence[str]) -> Distribution:
        """The distribution after `history`; all histories that the model cannot tell apart share one."""
        seen = self.model.seen(history)
        if seen not in self._after:
            self._after[seen] = Distribution(self, seen)
        return self._after[seen]


class Distribution:
    """P(w | h) for every word w, without touching every word.

    Only the words seen after h are computed (`own`). Every other word's probability is what it has after the
    history without its first word (`shorter`), times the factor `gamma`.
    """

    def __init__(self, ranking: Ranking, history: Sequence[str]) -> None:
        model = ranking.model
        self.ranking = ranking
        self.seen = h = model.seen(history)
        self.gamma = model.backoff(h)
        self.shorter = ranking.after(h[1:]) if h else None
        if self.shorter is None:
            self.own, self.unknown = ranking.unigrams, self.gamma * model.uniform
        else:
            counts = model.followers[len(h)][h]
            total = counts.total()
            shares = {count: model.discounted(count, len(h)) / total for count in set(counts.values())}
            lower = self.shorter.unscaled
            self.own = {word: shares[count] + self.gamma * lower(word) for word, count in counts.items()}
            self.unknown = self.gamma * self.shorter.unknown
        self.known = 1 - self.unknown  # the unknown word is never offered: its share is spread over the others
        self._sums: dict[float, float] = {}

    def unscaled(self, word: str) -> float:
        """P(w | h), the unknown word's share left aside."""
        p = self.own.get(word)
        if p is None and self.shorter:
            return self.gamma * self.shorter.unscaled(word)
        return p or 0.0

    def probability(self, word: str) -> float:
        """P(w | h) among the words that may be offered."""
        return self.unscaled(word) / self.known

    @cached_property
    def _own_ranked(self) -> list[tuple[str, float]]:
        return [(word, -p) for p, word in sorted((-p, word) for word, p in self.own.items())]

    def _ranked(self) -> Iterator[tuple[str, float]]:
        if self.shorter is None:
            yield from self.ranking.ranked
            return
        own = iter(self._own_ranked)
        others = ((word, self.gamma * p) for word, p in self.shorter._ranked() if word not in self.own)
        a, b = next(own, None), next(others, None)
        while a and b:
            if _likeliest_first(a) < _likeliest_first(b):
                yield a
                a = next(own, None)
            else:
                yield b
                b = next(others, None)
        yield from filter(None, (a, b))
        yield from own
        yield from others

    def ranked(self) -> Iterator[tuple[str, float]]:
        """Every word and its probability, likeliest first, ties by spelling."""
        return ((word, p / self.known) for word, p in self._ranked())

    def total(self, exponent: float) -> float:
        """The sum of P(w | h) ** exponent over the vocabulary."""
        return float(self._sum(exponent) / self.known**exponent)

    def _sum(self, exponent: float) -> float:
        if exponent not in self._sums:
            own = sum(p**exponent for p in self.own.values())
            if self.shorter:
                elsewhere = sum(self.shorter.unscaled(word) ** exponent for word in self.own)
                own += self.gamma**exponent * (self.shorter._sum(exponent) - elsewhere)
            self._sums[exponent] = float(own)
        return self._sums[exponent]

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


def _likeliest_first(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


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
        distribution = ranking.after(history)
        u = random()
        word, share = distribution.draw(u, temperature)
        yield Draw(history, distribution, u, word, share)
        text = [BEGIN] if word == END else [*text, word]
