"""The words of a distribution side by side, for a draw to fall on one of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from heapq import merge
from itertools import accumulate, islice
from math import inf
from typing import TYPE_CHECKING

from .model import END

if TYPE_CHECKING:
    from .distribution import Distribution

Pair = tuple[float, str]  # a probability, negative so that pairs sort, and a word

HEAD = 64  # words that a distribution keeps in order, and that are walked over before a place is looked for in another way


class Line:
    """The words of a distribution, likeliest first, each as long as P(w | h) ** exponent, the unknown word's share left aside.

    A word that h was not followed by keeps its place in the order without history. What lies before each of these places is
    known from sums, so that a draw far down the line finds its word by bisection, in O(log V) steps for V words.
    """

    def __init__(self, offer: Distribution, exponent: float) -> None:
        self.offer, self.exponent = offer, exponent
        self.shorter = offer.shorter.line(exponent) if offer.shorter else None
        self.gamma = offer.gamma**exponent

    @cached_property
    def length(self) -> float:
        """The sum of P(w | h) ** exponent over the vocabulary."""
        own = sum(p**self.exponent for p in self.offer.own.values())
        if self.shorter:
            elsewhere = sum(self.shorter.offer.own[word] ** self.exponent for word in self.offer.own)
            own += self.gamma * (self.shorter.length - elsewhere)
        return float(own)

    def at(self, reach: float) -> Pair:
        """The word on which `reach` falls, from 0 to `length`."""
        pair, reached = self._walk(islice(self.offer.pairs(), HEAD), reach)
        if reached <= reach and (places := range(self._places)):
            place = bisect_right(places, reach, key=self._before) - 1
            pair, _ = self._walk(self._since(place), reach - self._before(place))
        return pair

    def _walk(self, pairs: Iterable[Pair], reach: float) -> tuple[Pair, float]:
        """The pair with which the sum of lengths passes `reach`, or else the last one, and the sum."""
        pair, reached = (0.0, END), 0.0
        for pair in pairs:
            reached += (-pair[0]) ** self.exponent
            if reached > reach:
                break
        return pair, reached

    @property
    def _places(self) -> int:
        return self.shorter._places if self.shorter else len(self.offer.own_pairs)

    def _limit(self, place: int) -> Pair:
        """Where the word at `place` in the order without history stands here, if h was not followed by it; the first stands before all."""
        if self.shorter is None:
            return self.offer.own_pairs[place] if place else (-inf, "")
        p, word = self.shorter._limit(place)
        return p * self.offer.gamma, word

    def _before(self, place: int) -> float:
        """The length of all words before that."""
        before = self._own_sums[bisect_left(self.offer.own_pairs, self._limit(place))]
        if self.shorter:
            given, sums = self._given
            before += self.gamma * (self.shorter._before(place) - sums[bisect_left(given, self.shorter._limit(place))])
        return before

    def _since(self, place: int) -> Iterator[Pair]:
        """The words from there on."""
        own = islice(self.offer.own_pairs, bisect_left(self.offer.own_pairs, self._limit(place)), None)
        if self.shorter is None:
            return own
        gamma, counts = self.offer.gamma, self.offer.counts
        return merge(own, ((p * gamma, word) for p, word in self.shorter._since(place) if word not in counts))

    @cached_property
    def _own_sums(self) -> list[float]:
        """The lengths of the first words that followed h, from none of them to all."""
        return _sums(self.offer.own_pairs, self.exponent)

    @cached_property
    def _given(self) -> tuple[list[Pair], list[float]]:
        """The same words as the shorter history has them, and their lengths there."""
        pairs = sorted((-self.shorter.offer.own[word], word) for word in self.offer.own) if self.shorter else []
        return pairs, _sums(pairs, self.exponent)


def _sums(pairs: list[Pair], exponent: float) -> list[float]:
    return list(accumulate(((-p) ** exponent for p, _ in pairs), initial=0.0))
