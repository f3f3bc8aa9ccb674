"""The opposite of smoothing: copy what followed the longest context that the text has.

Source: J. Liu et al., "Infini-gram: Scaling Unbounded n-gram Language Models to a Trillion Tokens",
arXiv 2401.17377, section 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .model import BEGIN, END, History


@dataclass(frozen=True)
class Followers:
    """What followed a context, and how often: P(w | h) = c(h w) / c(h)."""

    seen: History
    counts: Counter[str]

    def ranked(self) -> Iterator[tuple[str, float]]:
        """Every word that followed and its probability, likeliest first, ties by spelling."""
        total = self.counts.total()
        for word in sorted(self.counts, key=lambda word: (-self.counts[word], word)):
            yield word, self.counts[word] / total

    def total(self, exponent: float) -> float:
        """The sum of P(w | h) ** exponent over the words that followed."""
        return float(sum(p**exponent for _, p in self.ranked()))

    def at(self, exponent: float, reach: float) -> tuple[str, float]:
        """The word on which `reach` falls if each is as long as P(w | h) ** exponent, likeliest first, and its P(w | h)."""
        pair, reached = (END, 0.0), 0.0
        for pair in self.ranked():
            reached += pair[1] ** exponent
            if reached > reach:
                break
        return pair


class LongestMatch:
    """A text, asked what stood after the longest end of a history that occurs in it, back to the sentence's begin."""

    sight = None

    def __init__(self, sentences: Iterable[Sequence[str]]) -> None:
        self.text = [word for sentence in sentences for word in (BEGIN, *sentence, END)]

    def after(self, history: Sequence[str]) -> Followers:
        """The words after that context. Of a text with no words, only an end is to be expected."""
        places = [i for i, word in enumerate(self.text) if word != BEGIN]
        seen: History = ()
        for length, word in enumerate(reversed(history), 1):
            longer = [i for i in places if i >= length and self.text[i - length] == word]
            if not longer:
                break
            places, seen = longer, (word, *seen)
        return Followers(seen, Counter(self.text[i] for i in places) or Counter([END]))
