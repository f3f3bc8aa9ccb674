"""The demo as a page prints it: the prompt, the first step's candidates, and twelve steps of a seeded run.

It is the state from which the live demo starts, and the whole of it where there is no JavaScript.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from .ngram import BEGIN, END, Draw, Offer, is_glued
from .train import LanguageModel

CANDIDATES = 8
MODEL_PATH = "model.bin"
_TOPS = 20_000  # contexts whose likeliest words are kept, of some 350 bytes each

_NAMES = {END: "end of sentence", BEGIN: "start of sentence"}


class Tok(NamedTuple):
    text: str
    space: bool


class Candidate(NamedTuple):
    """`share` is the probability at the demo's temperature; `times` how often it followed the longest context known."""

    text: str
    percent: str
    share: float
    times: int
    drawn: bool


class Ledger(NamedTuple):
    """One distribution, likeliest first, and where the draw fell on the line from 0 to 1."""

    candidates: tuple[Candidate, ...]
    others: str
    draw: float


class Step(NamedTuple):
    """One draw: what the model saw, the three likeliest words with their chances, and the word that was drawn."""

    seen: str
    top: tuple[str, ...]
    text: str
    end: bool


class Demo(NamedTuple):
    seed: int
    temperature: str
    order: int
    model: str
    prompt: tuple[Tok, ...]
    steps: tuple[Step, ...]
    text: str
    first: Ledger


def demo(model: LanguageModel, name: str, sentence: str) -> Demo:
    """The printed run of the page `name`, which continues `sentence`."""
    run = model.run(name, sentence)
    said = [*run.prompt, *(draw.word for draw in run.draws if draw.word != END)]
    return Demo(
        seed=run.seed,
        temperature=f"{model.sampler.temperature:g}",
        order=model.order,
        model=MODEL_PATH,
        prompt=_spaced(run.prompt),
        steps=tuple(_step(model, draw) for draw in run.draws),
        text="".join(" " * token.space + token.text for token in _spaced(said)),
        first=_ledger(model, run.draws[0]),
    )


def shown(word: str) -> str:
    """A token as a reader sees it; the two that are not words get a name."""
    return _NAMES.get(word, word)


def _spaced(words: Sequence[str]) -> tuple[Tok, ...]:
    """The tokens, each with whether a space stands before it."""
    pairs = pairwise([END, *words])
    return tuple(Tok(shown(word), END not in (before, word) and not is_glued(before, word)) for before, word in pairs)


def _step(model: LanguageModel, draw: Draw) -> Step:
    return Step(" ".join(map(shown, draw.history)), _top(model, draw.offer), shown(draw.word), draw.word == END)


def _top(model: LanguageModel, offer: Offer) -> tuple[str, ...]:
    """The three likeliest words: put together once for all pages on which the model sees the same."""
    if offer.seen not in model.tops:
        if len(model.tops) >= _TOPS:
            model.tops.clear()
        choices = islice(model.sampler.choices(offer), 3)
        model.tops[offer.seen] = tuple(f"{shown(choice.word)} {percent(choice.share)} %" for choice in choices)
    return model.tops[offer.seen]


def _ledger(model: LanguageModel, draw: Draw) -> Ledger:
    choices = list(islice(model.sampler.choices(draw.offer), CANDIDATES))
    seen = draw.offer.seen
    candidates = tuple(
        Candidate(shown(c.word), percent(c.share), round(c.share, 4), model.count(seen, c.word), c.word == draw.word)
        for c in choices
    )
    others = percent(max(0.0, 1 - sum(choice.share for choice in choices)))
    return Ledger(candidates, others, round(draw.u, 4))


def percent(share: float) -> str:
    """A share in whole percent, one decimal below one."""
    value = share * 100
    return f"{value:.0f}" if value >= 0.95 else f"{value:.1f}"
