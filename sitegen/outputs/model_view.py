"""What the page about the language model shows: what it has read, one probability worked out, how well it predicts."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import HeldOut
from ..ngram import END, Part, explain
from ..train import LanguageModel

FIGURES = 3  # significant digits of a share


@dataclass(frozen=True, slots=True)
class Line:
    """What one context adds: (count - discount) / total = share, and share x weight = adds."""

    context: str
    count: int
    discount: str
    total: str
    share: str
    weight: str
    adds: str
    reached: str


@dataclass(frozen=True, slots=True)
class Worked:
    """One probability, from the longest context down to none; `uniform` is what is left for any word at all."""

    word: str
    context: str
    lines: tuple[Line, ...]
    uniform: Line
    percent: str


@dataclass(frozen=True, slots=True)
class ModelView:
    order: int
    tokens: int
    vocabulary: int
    sentences: int
    entries: int
    kilobytes: int
    discounts: tuple[tuple[str, ...], ...]
    customary: bool
    worked: Worked | None
    held_out: HeldOut | None
    best: int | None


def model_view(model: LanguageModel, held_out: HeldOut | None) -> ModelView:
    """The page's numbers."""
    return ModelView(
        order=model.order,
        tokens=sum(map(len, model.corpus)),
        vocabulary=len(model.model.vocabulary - {END}),
        sentences=len(model.corpus),
        entries=len({entry.slug for entry in model.sources}),
        kilobytes=round(len(model.packed) / 1000),
        discounts=tuple(tuple(f"{d:.3f}" for d in discounts) for discounts in model.model.discounts),
        customary=any(model.model.fallbacks),
        worked=_worked(model),
        held_out=held_out,
        best=min(held_out.rows, key=lambda row: row.kneser_ney).order if held_out else None,
    )


def _worked(model: LanguageModel) -> Worked | None:
    """The commonest run of as many words as the model sees and one more, among those that could have gone on otherwise."""
    runs = [
        (-count, (*history, word))
        for history, words in model.model.followers[-1].items()
        for word, count in words.items()
        if 1 < count < sum(words.values()) and all(part[0].isalpha() for part in (*history, word))
    ]
    if not runs:
        return None
    *history, word = min(runs)[1]
    *parts, last = explain(model.model, word, history)
    lines = tuple(_line(model, part) for part in parts)
    return Worked(word, " ".join(history), lines, _line(model, last), f"{last.reached * 100:.1f}")


def _line(model: LanguageModel, part: Part) -> Line:
    discount = 0.0 if part.context is None else model.model.discount(part.count, len(part.context))
    numbers = (part.share, part.weight, part.share * part.weight, part.reached)
    return Line(
        " ".join(part.context or ()), part.count, f"{discount:.3f}", f"{part.total:,}", *map(_significant, numbers)
    )


def _significant(number: float) -> str:
    return f"{number:#.{FIGURES}g}" if number >= 0.001 else f"{number:.6f}"
