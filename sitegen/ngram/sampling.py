"""From probabilities to text: apply the temperature, cut, draw, repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, Protocol

from .model import BEGIN, END, History

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

    def at(self, exponent: float, reach: float) -> tuple[str, float]:
        """The word on which `reach` falls if each is as long as P(w) ** exponent, likeliest first, and its P(w)."""


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


class Choice(NamedTuple):
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
        number, together = self.kept(offer)
        if self.temperature and not number:
            exponent = 1 / self.temperature
            total = offer.total(exponent)
            word, p = offer.at(exponent, u * total)
            return Choice(word, p**exponent / total)
        reached, last = 0.0, (END, 0.0)
        for last in islice(self.heated(offer), number or None):
            reached += last[1] / together
            if reached > u:
                break
        word, share = last
        return Choice(word, share / together)


class Draw(NamedTuple):
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
