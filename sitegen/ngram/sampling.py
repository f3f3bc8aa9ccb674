"""From probabilities to text: rank the vocabulary, apply the temperature, draw, repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from .model import BEGIN, END, History, Model

CLOSE = 1e-9  # sums of shares that miss top-p by less have reached it, in whichever order they were added


class Source(Protocol):
    """What text can be generated from: a distribution after every history."""

    @property
    def sight(self) -> int | None:
        """How many words of a history are looked at; None means all."""

    def after(self, history: Sequence[str]) -> Offer: ...


class Offer(Protocol):
    """A distribution over words."""

    @property
    def seen(self) -> History:
        """The end of the history that was found in the text."""

    def ranked(self) -> Iterator[tuple[str, float]]:
        """Every word and its probability, likeliest first, ties by spelling."""

    def total(self, exponent: float) -> float:
        """The sum of P(w) ** exponent over all words."""


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

    @property
    def sight(self) -> int:
        """How many words of a history the model looks at."""
        return self.model.order - 1

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
            total = sum(counts.values())
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
    def _few(self) -> list[tuple[str, float]]:
        """The words that were seen after h or any shorter history but none, likeliest first."""
        words = set[str]()
        level = self
        while level.shorter:
            words.update(level.own)
            level = level.shorter
        return [(word, -p) for p, word in sorted((-self.unscaled(word), word) for word in words)]

    def _factor(self, unigram: float) -> float:
        """P(w | h) of a word that was seen after none of them."""
        return self.gamma * self.shorter._factor(unigram) if self.shorter else unigram

    def _ranked(self) -> Iterator[tuple[str, float]]:
        """Words that no history has keep the order of the unigrams; the few others are merged in."""
        few = dict(self._few)
        waiting = iter(self._few)
        first = next(waiting, None)
        scaled: dict[float, float] = {}
        for word, unigram in self.ranking.ranked:
            if word in few:
                continue
            p = scaled.get(unigram)
            if p is None:
                p = scaled[unigram] = self._factor(unigram)
            while first and (first[1] > p or (first[1] == p and first[0] < word)):
                yield first
                first = next(waiting, None)
            yield word, p
        while first:
            yield first
            first = next(waiting, None)

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
class Choice:
    """A word that may be drawn. `cut` names what ruled it out first; `share` is then what it had before."""

    word: str
    share: float
    cut: Literal["", "top-k", "top-p"] = ""


@dataclass(frozen=True, slots=True)
class Sampler:
    """How a word is drawn from a distribution, in this order.

    - temperature T: every P(w) becomes P(w) ** (1/T), divided by their sum; T = 0 leaves only the likeliest word.
    - top-k: only the k likeliest words stay (Fan, Lewis and Dauphin, arXiv 1805.04833); 0 keeps all.
    - top-p: of these, only the likeliest that together have the share p of the whole distribution
      (Holtzman et al., arXiv 1904.09751); 1 keeps all.
    - What stays is divided by its sum.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def heated(self, offer: Offer) -> Iterator[tuple[str, float]]:
        """The words, likeliest first, with their shares at the temperature."""
        if self.temperature == 0:
            return ((word, float(i == 0)) for i, (word, _) in enumerate(offer.ranked()))
        exponent = 1 / self.temperature
        total = offer.total(exponent)
        return ((word, p**exponent / total) for word, p in offer.ranked())

    def kept(self, offer: Offer) -> tuple[int, float]:
        """How many of the likeliest words stay, and the share they have together; all of them count as 0 words."""
        if not self.top_k and self.top_p == 1:
            return 0, 1.0
        number, together = 0, 0.0
        for _, share in self.heated(offer):
            number += 1
            together += share
            if number == self.top_k or together >= self.top_p - CLOSE:
                break
        return number, together

    def choices(self, offer: Offer) -> Iterator[Choice]:
        """Every word, likeliest first, those that were cut too."""
        number, together = self.kept(offer)
        for i, (word, share) in enumerate(self.heated(offer), 1):
            if not number or i <= number:
                yield Choice(word, share / together)
            else:
                yield Choice(word, share, "top-k" if 0 < self.top_k < i else "top-p")

    def draw(self, offer: Offer, u: float) -> Choice:
        """The word on which `u` in [0, 1) falls when the shares of those that stay are laid on the line from 0 to 1."""
        reached, last = 0.0, Choice(END, 0.0)
        for choice in self.choices(offer):
            if choice.cut:
                break
            last = choice
            reached += choice.share
            if reached > u:
                break
        return last


@dataclass(frozen=True, slots=True)
class Draw:
    """One step of generation: what the model saw, what it offered, where the draw fell, what was drawn."""

    history: History
    offer: Offer
    u: float
    word: str
    share: float


def generate(source: Source, prompt: Sequence[str], sampler: Sampler, seed: int) -> Iterator[Draw]:
    """Draw one word after the other, each from the distribution that those before it give, without end.

    After the end of a sentence the next one begins.
    """
    random = mulberry32(seed)
    text = [BEGIN, *prompt]
    while True:
        sight = len(text) if source.sight is None else source.sight
        history = tuple(text[max(0, len(text) - sight) :])
        offer = source.after(history)
        u = random()
        choice = sampler.draw(offer, u)
        yield Draw(history, offer, u, choice.word, choice.share)
        text = [BEGIN] if choice.word == END else [*text, choice.word]
