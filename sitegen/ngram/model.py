"""Counts of n-grams, and the probabilities that interpolated modified Kneser-Ney makes of them.

Source: S. Chen and J. Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling",
Harvard TR-10-98 (1998), sections 3 and 4.1. Details as in KenLM's estimator `lmplz`: the unigram is
mixed with the uniform distribution, and a sentence's begin is history only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
FALLBACK = (0.5, 1.0, 1.5)

History = tuple[str, ...]
Spread = tuple[int, int, int, int]  # the sum of the counts of the words after a history; how many of them it has once, twice, and more often


class Model:
    """An n-gram model over words.

    `followers[k]` maps a history of k words to the words seen after it and their *adjusted counts*
    a(h w): at the highest order, and for n-grams that start a sentence, how often h w was seen; below,
    after how many different words h w was seen (Chen and Goodman, section 3.7).
    """

    def __init__(self, order: int, sentences: Iterable[Sequence[str]]) -> None:
        """Count `sentences`, each a sequence of words, for n-grams of up to `order` words."""
        if order < 1:
            raise ValueError("the order of an n-gram model is at least 1")
        self.order = order
        self.followers: list[dict[History, dict[str, int]]] = [{} for _ in range(order)]
        self._spreads: dict[History, Spread] = {}
        spelled: dict[str, str] = {}  # one string for every word, however often it was read
        for sentence in sentences:
            for history, word in self.events([spelled.setdefault(word, word) for word in sentence]):
                self._see(history, word)
        self.discounts = tuple(self._discounts(length) for length in range(order))

    def events(self, sentence: Sequence[str]) -> Iterator[tuple[History, str]]:
        """Every word of a sentence and its end, each with the history that the model sees before it."""
        words = (BEGIN, *sentence, END)
        for i in range(1, len(words)):
            yield words[max(0, i - self.order + 1) : i], words[i]

    def _see(self, history: History, word: str) -> None:
        """Count one n-gram. Seen for the first time, it is one more left neighbour of the shorter one."""
        while True:
            table = self.followers[len(history)]
            counts = table.get(history)
            if counts is None:
                counts = table[history] = {}
            before = counts.get(word, 0)
            counts[word] = before + 1
            if before or not history:
                return
            history = history[1:]

    def _discounts(self, length: int) -> tuple[float, float, float]:
        """D1, D2 and D3+ for n-grams with a history of `length` words (Chen and Goodman, equation 26).

        Y = n1/(n1 + 2 n2), Dk = k - (k+1) Y n(k+1)/nk, where nk is how many n-grams have the count k.
        A text too small for that gets the customary fallback.
        """
        n = Counter(chain.from_iterable(counts.values() for counts in self.followers[length].values()))
        if not all(n[k] for k in (1, 2, 3)):
            return FALLBACK
        y = n[1] / (n[1] + 2 * n[2])
        d1, d2, d3 = (k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3))
        return (d1, d2, d3) if 0 < d1 <= 1 and 0 < d2 <= 2 and 0 < d3 <= 3 else FALLBACK

    def discount(self, count: int, length: int) -> float:
        """D(a): what is taken off a count after a history of `length` words; nothing of none."""
        return self.discounts[length][min(count, 3) - 1] if count else 0.0

    def discounted(self, count: int, length: int) -> float:
        """max(a - D(a), 0): what is left of it."""
        return max(count - self.discount(count, length), 0.0)

    def spread(self, history: History) -> Spread:
        """What of all words after `history` together has to be known."""
        spread = self._spreads.get(history)
        if spread is None:
            counts = self.followers[len(history)].get(history, {})
            n = Counter(counts.values())
            spread = sum(counts.values()), n[1], n[2], len(counts) - n[1] - n[2]
            if counts:
                self._spreads[history] = spread
        return spread

    def total(self, history: History) -> int:
        """The sum of a(h v) over all words v."""
        return self.spread(history)[0]

    def share(self, word: str, history: History) -> float:
        """max(a(h w) - D, 0) / sum of a(h v): what `history` itself gives to `word`."""
        count = self.followers[len(history)].get(history, {}).get(word, 0)
        return self.discounted(count, len(history)) / self.total(history) if count else 0.0

    def backoff(self, history: History) -> float:
        """gamma(h): the share that the shorter history gets."""
        return self.passed_on(self.spread(history), len(history))

    def passed_on(self, spread: Spread, length: int) -> float:
        """gamma = (D1 N1 + D2 N2 + D3 N3+) / sum of a(h v), h being `length` words."""
        total, ones, twos, more = spread
        d1, d2, d3 = self.discounts[length]
        # Where nothing was read, as when a glossary's only sentence is left out, all of it is passed on.
        return (d1 * ones + d2 * twos + d3 * more) / total if total else 1.0

    @property
    def fallbacks(self) -> tuple[bool, ...]:
        """For each order, whether its discounts are the customary ones, the text being too small to estimate them."""
        return tuple(discounts is FALLBACK for discounts in self.discounts)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word the model can predict: all it has seen, and the end of a sentence."""
        return frozenset(self.followers[0].get((), ()))

    @property
    def uniform(self) -> float:
        """1/V, where V counts the vocabulary and the unknown word."""
        return 1 / (len(self.followers[0].get((), ())) + 1)

    def seen(self, history: Sequence[str]) -> History:
        """The longest end of `history` after which a word was ever seen."""
        known = tuple(history)[max(0, len(history) - self.order + 1) :]
        while known and known not in self.followers[len(known)]:
            known = known[1:]
        return known

    def probability(self, word: str, history: Sequence[str]) -> float:
        """P(w | h) = max(a(h w) - D, 0) / sum of a(h v) + gamma(h) P(w | h'), h' being h without its first word.

        The unigram is mixed with 1/V, of which a word never seen gets its only share.
        """
        longest = self.seen(history)
        p = self.uniform
        for length in range(len(longest) + 1):
            h = longest[len(longest) - length :]
            p = self.share(word, h) + self.backoff(h) * p
        return p

    def unigram(self, count: int) -> float:
        """P(w) of a word with this adjusted count, without any history."""
        return self.discounted(count, 0) / self.total(()) + self.backoff(()) * self.uniform
