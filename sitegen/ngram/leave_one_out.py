"""What a model says as if it had not read one of its sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush, merge
from itertools import islice, tee

from .distribution import Ranking
from .line import Pair
from .model import History, Spread


class LeaveOneOut:
    """The distributions of a model that has not read one sentence, from the ranking of one that has: only n-grams of that sentence count otherwise.

    The discounts stay: they are estimated from the whole text.
    """

    def __init__(self, ranking: Ranking, sentence: Sequence[str]) -> None:
        """Leave out one `sentence` that the model has read; if it has read it twice, once."""
        self.ranking, self.model = ranking, ranking.model
        self.counts: dict[History, dict[str, int]] = {}  # by history, of words that count otherwise
        self._after: dict[History, LeftOut] = {}
        for history, word in self.model.events(sentence):
            self._unsee(history, word)

    def _unsee(self, history: History, word: str) -> None:
        """Count one n-gram less. The last of its kind, it is one left neighbour less of the shorter one."""
        while True:
            counts = self.counts.setdefault(history, {})
            before = counts[word] if word in counts else self.model.followers[len(history)][history][word]
            counts[word] = before - 1
            if before > 1 or not history:
                return
            history = history[1:]

    def spread(self, history: History) -> Spread:
        """What `Model.spread` would say without the sentence."""
        spread, counts = list(self.model.spread(history)), self.model.followers[len(history)].get(history, {})
        for word, now in self.counts.get(history, {}).items():
            spread[0] += now - counts[word]
            spread[min(counts[word], 3)] -= 1
            if now:
                spread[min(now, 3)] += 1
        return tuple(spread)  # type: ignore[return-value]

    def after(self, history: Sequence[str]) -> LeftOut:
        """The distribution after `history`; all histories that cannot be told apart have the same."""
        seen = self.model.seen(history)
        while seen and not self.spread(seen)[0]:
            seen = seen[1:]
        if seen not in self._after:
            self._after[seen] = LeftOut(self, seen)
        return self._after[seen]

    def let_go(self) -> None:
        """Let go of all that holds on to this in turn: a build does without the collector that would find it."""
        for offer in self._after.values():
            offer._pairs = iter(())
        self._after.clear()


class LeftOut:
    """P(w | h) for every word w, without the sentence: as much of a `Distribution` as scoring that sentence takes."""

    def __init__(self, source: LeaveOneOut, h: History) -> None:
        """After a history that was seen elsewhere too."""
        model, spread = source.model, source.spread(h)
        self.source, self.seen = source, h
        self.total, *kinds = spread
        self.gamma = model.passed_on(spread, len(h))
        self.shorter = source.after(h[1:]) if h else None
        self.counts = model.followers[len(h)].get(h, {})
        self.changed = source.counts.get(h, {})
        self.unknown: float = self.gamma * (self.shorter.unknown if self.shorter else 1 / (sum(kinds) + 1))
        self._pairs = self._ranked()

    def unscaled(self, word: str) -> float:
        """P(w | h), the unknown word's share left aside."""
        count = self.changed[word] if word in self.changed else self.counts.get(word, 0)
        if not self.shorter:
            return self._share(count) + self.unknown if count else 0.0
        p = self.shorter.unscaled(word) * self.gamma
        return p + self._share(count) if count else p

    def _share(self, count: int) -> float:
        """What h itself gives to a word that was seen after it so often."""
        return self.source.model.discounted(count, len(self.seen)) / self.total

    def pairs(self) -> Iterator[Pair]:
        """Every word after its probability, negative, likeliest first, ties by spelling."""
        self._pairs, pairs = tee(self._pairs)
        return pairs

    def best(self, most: int) -> list[Pair]:
        """The head of the ranking, its probabilities negative and unscaled."""
        return list(islice(self.pairs(), most))

    def _ranked(self) -> Iterator[Pair]:
        """The words by what h and the shorter history give together, without touching every word.

        A likely word stands far up in the order of what h gives, or in that of what the shorter history gives. Both are gone through,
        and what was found is certain once words that are left can have no more (R. Fagin, A. Lotem and M. Naor, "Optimal aggregation
        algorithms for middleware", 2003, the threshold algorithm).
        """
        ranking, changed = self.source.ranking, self.changed
        tried = {word for word, count in changed.items() if count}
        found = [(-self.unscaled(word), word) for word in tried]
        if self.shorter is None:
            yield from merge(sorted(found), ((-self.unscaled(word), word) for _, word in ranking.ranked() if word not in changed))
            return
        heapify(found)
        given = (word for word in ranking.given(self.seen) if word not in changed)
        for lower, other in self.shorter.pairs():
            word = next(given, "")
            for each in (word, other):
                if each and each not in tried:
                    tried.add(each)
                    heappush(found, (-self.unscaled(each), each))
            least = lower * self.gamma - (self._share(self.counts[word]) if word else 0.0)
            while found and found[0][0] < least:
                yield heappop(found)
        yield from sorted(found)
