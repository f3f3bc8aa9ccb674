"""The demo as a page prints it: the prompt, the first step's candidates, and twelve steps of a seeded run.

It is the state from which the live demo starts, and the whole of it where there is no JavaScript.
"""

from __future__ import annotations

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

    context: tuple[Tok, ...]
    candidates: tuple[Candidate, ...]
    others: str
    draw: float


class Step(NamedTuple):
    context: tuple[str, ...]
    top: tuple[tuple[str, str], ...]
    text: str
    space: bool
    percent: str
    end: bool


class Demo(NamedTuple):
    seed: int
    temperature: str
    order: int
    model: str
    prompt: tuple[Tok, ...]
    steps: tuple[Step, ...]
    text_after: str
    first: Ledger


def demo(model: LanguageModel, name: str, sentence: str) -> Demo:
    """The printed run of the page `name`, which continues `sentence`."""
    run = model.run(name, sentence)
    words = [*run.prompt, *(draw.word for draw in run.draws)]
    after = _spaced([*run.prompt[-1:], *(draw.word for draw in run.draws)])[len(run.prompt[-1:]) :]
    steps = tuple(_step(model, draw, token) for draw, token in zip(run.draws, after, strict=True))
    said = _spaced([*run.prompt[-1:], *(draw.word for draw in run.draws if draw.word != END)])[len(run.prompt[-1:]) :]
    return Demo(
        seed=run.seed,
        temperature=f"{model.sampler.temperature:g}",
        order=model.order,
        model=MODEL_PATH,
        prompt=_spaced(words[: len(run.prompt)]),
        steps=steps,
        text_after="".join(" " * token.space + token.text for token in said),
        first=_ledger(model, run.draws[0]),
    )


def shown(word: str) -> str:
    """A token as a reader sees it; the two that are not words get a name."""
    return _NAMES.get(word, word)


def _spaced(words: list[str]) -> tuple[Tok, ...]:
    """The tokens, each with whether a space stands before it."""
    pairs = pairwise([END, *words])
    return tuple(Tok(shown(word), END not in (before, word) and not is_glued(before, word)) for before, word in pairs)


def _step(model: LanguageModel, draw: Draw, token: Tok) -> Step:
    return Step(tuple(map(shown, draw.history)), _top(model, draw.offer), token.text, token.space, percent(draw.share), draw.word == END)


def _top(model: LanguageModel, offer: Offer) -> tuple[tuple[str, str], ...]:
    """The three likeliest words: put together once for all pages on which the model sees the same."""
    if offer.seen not in model.tops:
        if len(model.tops) >= _TOPS:
            model.tops.clear()
        choices = islice(model.sampler.choices(offer), 3)
        model.tops[offer.seen] = tuple((shown(choice.word), percent(choice.share)) for choice in choices)
    return model.tops[offer.seen]


def _ledger(model: LanguageModel, draw: Draw) -> Ledger:
    choices = list(islice(model.sampler.choices(draw.offer), CANDIDATES))
    seen = draw.offer.seen
    candidates = tuple(
        Candidate(shown(c.word), percent(c.share), round(c.share, 4), model.count(seen, c.word), c.word == draw.word)
        for c in choices
    )
    others = percent(max(0.0, 1 - sum(choice.share for choice in choices)))
    return Ledger(_spaced(list(draw.history)), candidates, others, round(draw.u, 4))


def percent(share: float) -> str:
    """A share in whole percent, one decimal below one."""
    value = share * 100
    return f"{value:.0f}" if value >= 0.95 else f"{value:.1f}"
