"""P(w | h) for a whole vocabulary at once, ranked, without touching every word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from .line import HEAD, Line, Pair
from .model import History, Model

_DISTRIBUTIONS = 20_000  # that are kept, of some KB each


class Ranking:
    """The vocabulary by unigram probability, likeliest first, ties by spelling, and the distribution after any history.

    Texts are full of the same few histories: the distributions after the last `_DISTRIBUTIONS` are kept.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.counts = model.followers[0].get((), {})
        self._shares = {count: model.unigram(count) for count in set(self.counts.values())}
        self._sorted = sorted((-self.unigram(word), word) for word in self.counts)
        self._after: dict[History, Distribution] = {}
        self._given: dict[History, list[str]] = {}

    @property
    def sight(self) -> int:
        """How many words of a history the model looks at."""
        return self.model.order - 1

    def unigram(self, word: str) -> float:
        """P(w) of a word of the vocabulary; of others 0."""
        count = self.counts.get(word)
        return self._shares[count] if count else 0.0

    def ranked(self) -> Iterator[Pair]:
        """Every word after its probability."""
        return iter(self._sorted)

    def given(self, h: History) -> list[str]:
        """The words seen after `h`, those first to which it gives most itself."""
        if h not in self._given:
            counts, length = self.model.followers[len(h)].get(h, {}), len(h)
            left = {count: self.model.discounted(count, length) for count in set(counts.values())}
            self._given[h] = sorted(counts, key=lambda word: left[counts[word]], reverse=True)
        return self._given[h]

    def after(self, history: Sequence[str]) -> Distribution:
        """The distribution after `history`; all histories that the model cannot tell apart have the same."""
        seen = self.model.seen(history)
        known = self._after.get(seen)
        if known is None:
            known = Distribution(self, seen)
            if len(self._after) >= _DISTRIBUTIONS:
                for each in self._after.values():
                    each.let_go()
                self._after.clear()
            self._after[seen] = known
        return known


class Distribution:
    """P(w | h) for every word w, without touching every word.

    Only the words seen after h have a count of their own. Every other word's probability is what it has after the
    history without its first word (`shorter`), times the factor `gamma`.
    """

    def __init__(self, ranking: Ranking, h: History) -> None:
        """After a history that was seen."""
        model = ranking.model
        self.ranking, self.seen = ranking, h
        self.gamma = model.backoff(h)
        self.shorter = ranking.after(h[1:]) if h else None
        self.counts = model.followers[len(h)].get(h, {}) if h else {}
        total = model.total(h)
        # What h itself gives to a word, by the word's count.
        self.shares = {count: model.discounted(count, len(h)) / total for count in set(self.counts.values())}
        self.unknown: float = self.gamma * (self.shorter.unknown if self.shorter else model.uniform)
        self.known = 1 - self.unknown  # the unknown word is never offered: its share is spread over the others
        self._lines: dict[float, Line] = {}
        self._head: list[Pair] = []  # the head of the ranking, as far as anybody has looked
        self._rest: Iterator[Pair] | None = None  # what comes after it

    def unscaled(self, word: str) -> float:
        """P(w | h), the unknown word's share left aside."""
        if not self.shorter:
            return self.ranking.unigram(word)
        p, count = self.shorter.unscaled(word) * self.gamma, self.counts.get(word)
        return p + self.shares[count] if count else p

    def probability(self, word: str) -> float:
        """P(w | h) among the words that may be offered."""
        return self.unscaled(word) / self.known

    @cached_property
    def own(self) -> dict[str, float]:
        """The words seen after h, with their probability."""
        if not self.shorter:
            return {word: self.ranking.unigram(word) for word in self.ranking.counts}
        shares, gamma, given = self.shares, self.gamma, self.shorter.own  # among whose words are all of these
        return {word: given[word] * gamma + shares[count] for word, count in self.counts.items()}

    @cached_property
    def own_pairs(self) -> list[Pair]:
        """The same, likeliest first."""
        return sorted((-p, word) for word, p in self.own.items())

    def pairs(self) -> Iterator[Pair]:
        """Every word after its probability, negative; the head is merged only once."""
        if not self.seen:
            yield from self._merged()
            return
        yield from self._head
        for i in range(len(self._head), HEAD):
            if i == len(self._head):
                self._rest = self._rest or islice(self._merged(), i, None)
                pair = next(self._rest, None)
                if pair is None:
                    return
                self._head.append(pair)
            yield self._head[i]
        yield from islice(self._merged(), HEAD, None)

    def _merged(self) -> Iterator[Pair]:
        """Every word after its probability, negative: words that h does not have keep the order of the shorter history."""
        if self.shorter is None:
            yield from self.ranking.ranked()
            return
        gamma, counts, few = self.gamma, self.counts, iter(self.own_pairs)
        first = next(few, None)
        for p, word in self.shorter.pairs():
            if word in counts:
                continue
            pair = p * gamma, word
            while first and first < pair:
                yield first
                first = next(few, None)
            yield pair
        if first:
            yield first
            yield from few

    def ranked(self) -> Iterator[tuple[str, float]]:
        """Every word and its probability, likeliest first, ties by spelling."""
        known = self.known
        return ((word, -p / known) for p, word in self.pairs())

    def best(self, most: int) -> list[Pair]:
        """The head of the ranking, its probabilities negative and unscaled."""
        return self._head[:most] if len(self._head) >= most else list(islice(self.pairs(), most))

    def let_go(self) -> None:
        """Let go of all that holds on to this in turn: a build does without the collector that would find it. It is made again when it is needed."""
        self._lines, self._rest = {}, None

    def line(self, exponent: float) -> Line:
        """The words, each as long as P(w | h) ** exponent."""
        if exponent not in self._lines:
            self._lines[exponent] = Line(self, exponent)
        return self._lines[exponent]

    def total(self, exponent: float) -> float:
        """The sum of P(w | h) ** exponent over the vocabulary."""
        return float(self.line(exponent).length / self.known**exponent)

    def at(self, exponent: float, reach: float) -> tuple[str, float]:
        """The word on which `reach` falls if each is as long as P(w | h) ** exponent, likeliest first, and its P(w | h)."""
        p, word = self.line(exponent).at(reach * self.known**exponent)
        return word, -p / self.known
