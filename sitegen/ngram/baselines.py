"""Two simpler smoothings, to measure the model against. Both work on raw counts c, over the words that were read.

Neither knows an unknown word: its probability is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .model import BEGIN, END, History

ALPHA = 0.4  # the weight with which Stupid Backoff backs off, as its authors set it


class _Counted:
    """`followers` maps every history of up to `order` - 1 words to the words that stood after it, and how often."""

    def __init__(self, order: int, sentences: Iterable[Sequence[str]]) -> None:
        self.order = order
        self.followers: dict[History, dict[str, int]] = {(): {}}
        for sentence in sentences:
            words = (BEGIN, *sentence, END)
            for i in range(1, len(words)):
                for start in range(max(0, i - order + 1), i + 1):
                    counts = self.followers.setdefault(words[start:i], {})
                    counts[words[i]] = counts.get(words[i], 0) + 1
        self.totals = {history: sum(counts.values()) for history, counts in self.followers.items()}

    def read(self, history: Sequence[str]) -> Iterable[History]:
        """The ends of `history` that were read, from none to the longest."""
        known = tuple(history)[max(0, len(history) - self.order + 1) :]
        for start in range(len(known), -1, -1):
            if known[start:] not in self.followers:
                return
            yield known[start:]


class WittenBell(_Counted):
    """Interpolated Witten-Bell smoothing.

    P(w | h) = (c(h w) + N1+(h .) P(w | h')) / (c(h) + N1+(h .)), where c(h) is how many words followed h, N1+(h .) how
    many different ones, and h' is h without its first word. Below the unigrams stands 1/V.

    Source: I. Witten and T. Bell, "The Zero-Frequency Problem: Estimating the Probabilities of Novel Events in
    Adaptive Text Compression", IEEE Transactions on Information Theory 37 (1991), method C; in this form S. Chen and
    J. Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling", TR-10-98 (1998), section 2.6.
    """

    def probability(self, word: str, history: Sequence[str]) -> float:
        """P(w | h). After a history that was never read, h' decides alone."""
        vocabulary = self.followers[()]
        if word not in vocabulary:
            return 0.0
        p = 1 / len(vocabulary)
        for h in self.read(history):
            counts = self.followers[h]
            p = (counts.get(word, 0) + len(counts) * p) / (self.totals[h] + len(counts))
        return p


class StupidBackoff(_Counted):
    """Stupid Backoff, made a distribution: its scores S, divided by their sum over all words.

    S(w | h) = c(h w) / c(h) if h w was read, else alpha S(w | h'); S(w) = c(w) / N.

    Source: T. Brants, A. Popat, P. Xu, F. Och and J. Dean, "Large Language Models in Machine Translation",
    EMNLP-CoNLL 2007, section 4. They leave the scores as they are; a perplexity needs probabilities.
    """

    def __init__(self, order: int, sentences: Iterable[Sequence[str]]) -> None:
        super().__init__(order, sentences)
        self._sums: dict[History, float] = {(): 1.0}

    def score(self, word: str, history: Sequence[str]) -> float:
        """S(w | h), where h is as long as the model looks."""
        known = tuple(history)[max(0, len(history) - self.order + 1) :]
        for start in range(len(known) + 1):
            h = known[start:]
            if word in self.followers.get(h, {}):
                return float(ALPHA**start * self.followers[h][word] / self.totals[h])
        return 0.0

    def _sum(self, history: History) -> float:
        """The sum of S(w | h) over all words: 1 from those read after h, alpha S(w | h') from all others."""
        if history not in self._sums:
            read = self.followers.get(history, {})
            shorter = history[1:]
            others = self._sum(shorter) - sum(self.score(word, shorter) for word in read)
            self._sums[history] = bool(read) + ALPHA * others
        return self._sums[history]

    def probability(self, word: str, history: Sequence[str]) -> float:
        """P(w | h) = S(w | h) / the sum of S(v | h) over all words v."""
        known = tuple(history)[max(0, len(history) - self.order + 1) :]
        score = self.score(word, known)
        return score / self._sum(known) if score else 0.0
