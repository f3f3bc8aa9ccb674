"""One step of a run, taken apart: what the model saw and offered, and where the drawn word's share comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from ..demo import CANDIDATES, percent, shown
from ..ngram import BEGIN, Choice, Draw, Part, Sampler, explain, is_glued
from ..ngram.longest import Followers
from ..ngram.model import History
from ..problems import printable
from ..train import LanguageModel
from .shared import count

SENTENCES = 3
CLOSE = 5e-7  # shares that differ by less are the same number as printed

Stage = tuple[str, float]  # what was done to the drawn word's share, and what it is then


@dataclass(frozen=True, slots=True)
class Why:
    """The facts of one step. The text and the JSON are two ways to print them."""

    draw: Draw
    seen: int  # how often the context stands in the text
    candidates: tuple[tuple[Choice, int], ...]  # each with how often it followed the context
    parts: tuple[tuple[Part, int, int], ...]  # each with how often its context was seen, and followed by the word
    stages: tuple[Stage, ...]
    evidence: tuple[tuple[str, str], ...]  # entries and sentences


def taken_apart(model: LanguageModel, draw: Draw) -> Why:
    """What is to be said of `draw`, which `model` made with its sampler."""
    offer, context = draw.offer, draw.offer.seen
    choices = tuple(islice(model.sampler.choices(offer), CANDIDATES))
    parts: tuple[tuple[Part, int, int], ...] = ()
    if isinstance(offer, Followers):
        seen, p = offer.counts.total(), offer.counts[draw.word] / offer.counts.total()
        candidates = tuple((choice, offer.counts[choice.word]) for choice in choices)
    else:
        found = explain(model.model, draw.word, draw.history)
        parts = tuple((part, _seen(model, part.context), _followed(model, part.context, draw.word)) for part in found)
        seen, p = _seen(model, context), found[-1].reached
        candidates = tuple((choice, model.count(context, choice.word)) for choice in choices)
    evidence = islice(model.evidence(context, draw.word), SENTENCES)
    sentences = tuple((entry.title, readable(sentence)) for entry, sentence in evidence)
    return Why(draw, seen, candidates, parts, tuple(_stages(model.sampler, draw, p)), sentences)


def _seen(model: LanguageModel, context: History | None) -> int:
    if context is None:
        return 0
    return sum(model.count(context, word) for word in model.model.followers[len(context)].get(context, {}))


def _followed(model: LanguageModel, context: History | None, word: str) -> int:
    return 0 if context is None else model.count(context, word)


def _stages(sampler: Sampler, draw: Draw, p: float) -> Iterator[Stage]:
    """How the model's probability becomes the share that was drawn from; the last stage is that share."""
    yield "the model's probability", p
    known = next(share for word, share in draw.offer.ranked() if word == draw.word)
    if abs(known - p) >= CLOSE:
        yield "without what unknown words have", known
    heated = next(share for word, share in sampler.heated(draw.offer) if word == draw.word)
    if sampler.temperature != 1:
        yield f"at temperature {sampler.temperature:g}", heated
    number, _ = sampler.kept(draw.offer)
    if number:
        limits = [f"top-k {sampler.top_k}"] * bool(sampler.top_k) + [f"top-p {sampler.top_p:g}"] * (sampler.top_p < 1)
        verb = "leaves" if len(limits) == 1 else "leave"
        yield f"among the {count(number, 'word')} that {' and '.join(limits)} {verb}", draw.share


# --- as text ------------------------------------------------------------------------------------


def as_text(why: Why, number: int) -> str:
    """A numbered block of lines."""
    draw = why.draw
    where = f"after {_quoted(draw.offer.seen)}" if draw.offer.seen else "after no word that it knows"
    lines = [f"{number}. {where}, which the text has {count(why.seen, 'time')}:", ""]
    if not draw.offer.seen:
        lines[0] = f"{number}. {where}:"
    lines += _columns(_candidate_rows(why), "rrll")
    lines += ["", f"The draw, {draw.u:.4f}, falls on {_quoted((draw.word,))}.", ""]
    if why.parts:
        lines += [*_columns(_part_rows(why), "lrrrrrr"), ""]
    lines += _columns([[f"{share:.6f}", name] for name, share in why.stages], "rl")
    if why.evidence:
        lines += ["", "Where the text has it:" if draw.offer.seen else "Where the text has the word:"]
        lines += [f"- {entry}: {sentence}" for entry, sentence in why.evidence]
    indent = " " * (len(str(number)) + 2)
    return "\n".join((indent * bool(i and line) + printable(line)).rstrip() for i, line in enumerate(lines))


def _candidate_rows(why: Why) -> Iterator[list[str]]:
    for choice, times in why.candidates:
        note = f"cut by {choice.cut}" if choice.cut else "drawn" if choice.word == why.draw.word else ""
        yield [f"{percent(choice.share)} %", f"{times:,} x", shown(choice.word), note]


def _part_rows(why: Why) -> Iterator[list[str]]:
    yield ["context", "seen", "followed", "adjusted", "share", "x weight", "so far"]
    for part, seen, followed in why.parts:
        numbers = [f"{part.share:.6f}", f"{part.weight:.6f}", f"{part.reached:.6f}"]
        if part.context is None:
            yield [f"any of {part.total:,} words", "", "", "", *numbers]
            continue
        adjusted = f"{part.count:,}/{part.total:,}" if (part.count, part.total) != (followed, seen) else ""
        name = _quoted(part.context) if part.context else "no word"
        yield [name, f"{seen:,}", f"{followed:,}", adjusted, *numbers]


def _columns(rows: Iterator[list[str]] | list[list[str]], sides: str) -> list[str]:
    """The rows with their cells padded to the width of their column: `l` on the right, `r` on the left."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(c.rjust(w) if side == "r" else c.ljust(w) for c, w, side in zip(row, widths, sides, strict=True))
        for row in cells
    ]


def _quoted(words: Sequence[str]) -> str:
    if words[0] == BEGIN:
        return "the start of a sentence" + (f" and {_quoted(words[1:])}" if words[1:] else "")
    return f"“{readable([shown(word) for word in words])}”"


def readable(words: Sequence[str]) -> str:
    """The tokens as a text to be read."""
    gaps = ["", *("" if is_glued(before, word) else " " for before, word in pairwise(words))]
    return "".join(gap + word for gap, word in zip(gaps, words, strict=False))


# --- as JSON ------------------------------------------------------------------------------------


def as_dict(why: Why) -> dict[str, Any]:
    """What the text says, by name; a context that is null is that of the uniform distribution."""
    return {
        "seen": why.seen,
        "candidates": [
            {"word": choice.word, "share": choice.share, "count": times, "cut": choice.cut}
            for choice, times in why.candidates
        ],
        "parts": [
            {
                "context": part.context, "seen": seen, "followed": followed, "adjusted": part.count,
                "adjusted_total": part.total, "share": part.share, "weight": part.weight, "reached": part.reached,
            }
            for part, seen, followed in why.parts
        ],
        "stages": [{"stage": name, "share": share} for name, share in why.stages],
        "evidence": [{"entry": entry, "sentence": sentence} for entry, sentence in why.evidence],
    }  # fmt: skip
