"""`sitegen generate`: the demo of every page, in the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import click

from ..build import language_model
from ..ngram import END, Draw, LongestMatch, Sampler, pieces
from ..ngram import generate as draws_of
from ..problems import printable
from ..prose import curled
from .shared import content_option, json_option, reported
from .why import as_dict, as_text, readable, taken_apart


def _share(_: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value <= 1:
        raise click.BadParameter("not above 0 and up to 1", param=param)
    return value


def _temperature(_: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value and not 0.1 <= value <= 2:
        raise click.BadParameter("neither 0 nor from 0.1 to 2", param=param)
    return value and abs(value)


@click.command(short_help="Continue PROMPT with the glossary's language model.")
@click.argument("prompt")
@content_option
@click.option("--order", type=click.IntRange(1, 5), help="How many words an n-gram has. [default: what site.yaml says]")
@click.option("--temperature", type=float, callback=_temperature, metavar="T",
              help="0 takes the likeliest word, 1 the model's own shares, 2 is wild. [default: what site.yaml says]")  # fmt: skip
@click.option("--top-k", type=click.IntRange(1), metavar="K", help="Draw from the K likeliest words only.")
@click.option("--top-p", type=float, callback=_share, metavar="P",
              help="Draw only from the likeliest words that together have the share P.")  # fmt: skip
@click.option("--longest-match", is_flag=True,
              help="No n-grams: copy what followed the longest end of the text so far that the glossary has.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), metavar="N",
              help="Another number, another text. [default: what site.yaml says]")  # fmt: skip
@click.option("--tokens", type=click.IntRange(1, 1000), default=40, show_default=True,
              help="How many to write at most; the end of a sentence stops too.")  # fmt: skip
@click.option("--why", is_flag=True, help="Say for every token where its probability comes from.")
@json_option
@reported
def generate(
    prompt: str, content: Path, order: int | None, temperature: float | None, top_k: int | None, top_p: float | None,
    longest_match: bool, seed: int | None, tokens: int, why: bool, as_json: bool,
) -> None:  # fmt: skip
    """Continue PROMPT to the end of a sentence, as the model on every page of the site does.

    With the seed that a page prints, it writes what that page prints.
    """
    if longest_match and order:
        raise click.UsageError("--longest-match and --order: the longest match knows no order")
    model = language_model(content)
    sampler = Sampler(
        model.sampler.temperature if temperature is None else temperature, top_k or 0, 1.0 if top_p is None else top_p
    )
    model = replace(model, order=order or model.order, sampler=sampler, seed=model.seed if seed is None else seed)
    typed = tuple(pieces(curled(prompt)))
    words = model.words(typed)
    source = LongestMatch(model.corpus) if longest_match else model.ranking
    draws = list(_sentence(draws_of(source, words, sampler, model.seed), tokens))
    text = readable([*typed, *(draw.word for draw in draws if draw.word != END)])
    unknown = tuple(dict.fromkeys(word for word in words if word not in model.model.vocabulary))
    if as_json:
        steps = [_step(draw) | (as_dict(taken_apart(model, draw)) if why else {}) for draw in draws]
        facts = {
            "prompt": words, "unknown": unknown, "order": None if longest_match else model.order,
            "temperature": sampler.temperature, "top_k": top_k, "top_p": top_p, "longest_match": longest_match,
            "seed": model.seed, "text": text, "steps": steps,
        }  # fmt: skip
        click.echo(json.dumps(facts, ensure_ascii=True, indent=2))
        return
    if unknown:
        click.echo(printable(_not_read(unknown)), err=True)
    click.echo(printable(text))
    for number, draw in enumerate(draws, 1) if why else ():
        click.echo("\n" + as_text(taken_apart(model, draw), number))


def _sentence(draws: Iterator[Draw], most: int) -> Iterator[Draw]:
    """At most so many draws, up to the one that ends the sentence."""
    for draw in islice(draws, most):
        yield draw
        if draw.word == END:
            return


def _step(draw: Draw) -> dict[str, Any]:
    return {
        "history": draw.history, "context": draw.offer.seen, "u": draw.u, "word": draw.word, "share": draw.share,
    }  # fmt: skip


def _not_read(unknown: Sequence[str]) -> str:
    names = ", ".join(f"'{word}'" for word in unknown[:5])
    more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
    return f"the glossary's text does not have {names}{more}: the model cannot look back past such a word"
