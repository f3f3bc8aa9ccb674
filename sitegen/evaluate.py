"""How well a model does on a text that it has not read: perplexity, and a comparison on entries set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import fsum, log10

from .model import HeldOut, HeldOutRow
from .ngram import Model, Ranking
from .ngram.baselines import StupidBackoff, WittenBell
from .train import LanguageModel

EVERY = 10  # one entry in so many is set aside
ORDERS = (1, 2, 3, 4, 5)

Sentence = Sequence[str]
Probability = Callable[[str, Sequence[str]], float]


@dataclass(frozen=True, slots=True)
class Score:
    """What a model makes of a text. Tokens are words and sentence ends; the logarithms are of base 10.

    Perplexity is 10 ** (-sum of log P / tokens), counted as KenLM's `query` does.
    """

    sentences: int
    known: tuple[float, ...]  # log P of every token that the model knows
    unknown: tuple[float, ...]  # and of every word that it does not

    @property
    def tokens(self) -> int:
        return len(self.known) + len(self.unknown)

    @property
    def perplexity(self) -> float:
        """Unknown words count with the probability of the unknown word."""
        return _perplexity(self.known + self.unknown)

    @property
    def perplexity_without_unknown(self) -> float:
        """Unknown words are left out, as if nothing had been asked there."""
        return _perplexity(self.known)


def _perplexity(logarithms: Sequence[float]) -> float:
    return float(10 ** (-fsum(logarithms) / len(logarithms)))


def score(model: Model, sentences: Iterable[Sentence]) -> Score:
    """Score `sentences`, at least one, by a model that has read something."""
    ranking = Ranking(model)
    number = 0
    known, unknown = [], []
    for sentence in sentences:
        number += 1
        for history, word in model.events(sentence):
            offer = ranking.after(history)
            if word in model.vocabulary:
                known.append(log10(offer.unscaled(word)))
            else:
                unknown.append(log10(offer.unknown))
    return Score(number, tuple(known), tuple(unknown))


# --- on entries set aside -----------------------------------------------------------------------


def held_out(model: LanguageModel) -> HeldOut:
    """Train on all entries but every tenth in index order, and score the sentences of those, for orders 1 to 5.

    Raises ValueError if there are fewer than ten. The three are compared over the same words, those that were read in
    training and the sentence's end: of what Kneser-Ney gives, the unknown word's share is spread over these. Whether a
    sentence's first word is written small has been decided on the whole text.
    """
    entries = tuple(dict.fromkeys(entry.slug for entry in model.sources))
    aside = frozenset(entries[EVERY - 1 :: EVERY])
    if not aside:
        raise ValueError(f"every tenth entry is set aside, but there are only {len(entries)}")
    pairs = list(zip(model.corpus, model.sources, strict=True))
    read = [sentence for sentence, entry in pairs if entry.slug not in aside]
    tested = [sentence for sentence, entry in pairs if entry.slug in aside]
    rows = tuple(_row(order, read, tested) for order in ORDERS)
    whole = score(Model(1, read), tested)
    tokens_read = sum(len(sentence) + 1 for sentence in read)
    return HeldOut(len(entries) - len(aside), len(aside), tokens_read, whole.tokens, len(whole.unknown), rows)


def _row(order: int, read: Sequence[Sentence], tested: Sequence[Sentence]) -> HeldOutRow:
    model = Model(order, read)
    ranking = Ranking(model)
    events = [event for sentence in tested for event in model.events(sentence) if event[1] in model.vocabulary]

    def over(probability: Probability) -> float:
        return _perplexity([log10(probability(word, history)) for history, word in events])

    return HeldOutRow(
        order,
        over(lambda word, history: ranking.after(history).probability(word)),
        over(WittenBell(order, read).probability),
        over(StupidBackoff(order, read).probability),
        score(model, tested).perplexity,
    )
