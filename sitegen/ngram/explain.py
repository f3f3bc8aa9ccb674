"""Where a probability comes from: the share of every context, from the longest to none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import History, Model


@dataclass(frozen=True, slots=True)
class Part:
    """What one context adds to P(w | h).

    `count` of `total` are adjusted counts; `share` is what the discount leaves of their ratio; `weight` is the product
    of what all longer contexts passed down; `reached` is the sum of weight x share up to here.
    """

    context: History | None  # None: the uniform distribution, below the unigrams
    count: int
    total: int
    share: float
    weight: float
    reached: float


def explain(model: Model, word: str, history: Sequence[str]) -> tuple[Part, ...]:
    """The parts of P(word | history), longest context first; the last one's `reached` is the probability.

    Unrolls the recursion of `Model.probability`: P(w | h) = share(h) + gamma(h) share(h') + gamma(h) gamma(h') ...
    """
    longest = model.seen(history)
    weight, reached = 1.0, 0.0
    parts = []
    for start in range(len(longest) + 1):
        context = longest[start:]
        counts = model.followers[len(context)].get(context, {})
        share = model.share(word, context)
        reached += weight * share
        parts.append(Part(context, counts.get(word, 0), sum(counts.values()), share, weight, reached))
        weight *= model.backoff(context)
    uniform = model.uniform
    parts.append(Part(None, 1, round(1 / uniform), uniform, weight, reached + weight * uniform))
    return tuple(parts)
