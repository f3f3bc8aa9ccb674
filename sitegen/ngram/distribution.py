"""P(w | h) for a whole vocabulary at once, ranked, without touching every word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from .model import Model


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
