"""`sitegen perplexity`: how surprising a text is to a model."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..build import language_model
from ..evaluate import Score, held_out, score
from ..measured import MEASURED
from ..model import HeldOut, HeldOutRow, Settings
from ..ngram import BEGIN, END, Model
from ..ngram.model import UNKNOWN
from ..problems import ContentError, printable
from ..prose import spelled, uncapitalised, within
from ..source import read_source
from .shared import count, json_option, reported, stop

MAX_BYTES = 5_000_000

_file = click.Path(path_type=Path)
_WORD = re.compile("[^ \t\n]+")


@click.command(short_help="Say how well a model predicts a text.")
@click.argument("test", metavar="[TEST.txt]", type=_file, required=False)
@click.option("--content", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="The folder whose glossary the model reads. [default: content]")  # fmt: skip
@click.option("--train", type=_file, metavar="TRAIN.txt", help="A text that the model reads instead of the glossary.")
@click.option(
    "--order", type=click.IntRange(1, 5), help="How many words an n-gram has. [default: what site.yaml says, or 4]"
)
@click.option("--pretokenized", is_flag=True, help="Each line is a sentence, its tokens between spaces.")
@click.option("--held-out", "aside", is_flag=True,
              help="Score the sentences of every tenth entry by models that have read all the others.")  # fmt: skip
@click.option(
    "--save", is_flag=True, help="With --held-out: write the result to perplexity.json in the content folder."
)
@json_option
@reported
def perplexity(
    test: Path | None, content: Path | None, train: Path | None, order: int | None,
    pretokenized: bool, aside: bool, save: bool, as_json: bool,
) -> None:  # fmt: skip
    """Score TEST.txt by the glossary's language model, or by one that has read TRAIN.txt.

    Perplexity is among how many equally likely tokens the model has to choose, on average, to guess the text: the
    lower, the better. The sentences of TEST.txt and TRAIN.txt are found and cut into tokens as the glossary's are;
    no sentence goes on past the end of a line.
    """
    if aside:
        given = {"TEST.txt": test, "--train": train, "--order": order, "--pretokenized": pretokenized}
        if clash := [name for name, value in given.items() if value]:
            raise click.UsageError(f"--held-out and {clash[0]}: it reads the glossary and tries every order")
        _compare(_existing(content), save, as_json)
        return
    if test is None:
        raise click.UsageError("name a text to score, or use --held-out")
    if save:
        raise click.UsageError("--save goes with --held-out")
    if train and content:
        raise click.UsageError("--train and --content: the model reads one of them")
    model, inside = _of_text(train, order, pretokenized) if train else _of_glossary(_existing(content), order)
    sentences = _sentences(test, pretokenized)
    result = score(model, sentences if pretokenized else [uncapitalised(words, inside) for words in sentences])
    if as_json:
        click.echo(json.dumps(_score_json(model, result), indent=2))
    else:
        click.echo(_score_text(printable(str(test)), model, result))


def _existing(content: Path | None) -> Path:
    """The content folder, asked for as the other commands do."""
    if content is None and not Path("content").is_dir():
        raise click.UsageError("Invalid value for '--content': Directory 'content' does not exist.")
    return content or Path("content")


def _of_glossary(content: Path, order: int | None) -> tuple[Model, frozenset[str]]:
    """The model of a glossary, and the words that it writes within sentences."""
    trained = language_model(content)
    return Model(order or trained.order, trained.corpus), trained.lower_cased


def _of_text(train: Path, order: int | None, pretokenized: bool) -> tuple[Model, frozenset[str]]:
    """The model of a file, and the words that it writes within sentences."""
    read = _sentences(train, pretokenized)
    inside = frozenset() if pretokenized else within(read)
    return Model(order or Settings().order, [uncapitalised(sentence, inside) for sentence in read]), inside


def _sentences(path: Path, pretokenized: bool) -> list[tuple[str, ...]]:
    """The sentences of a file. Ends the program if it cannot be read, or has no word."""
    try:
        source = read_source(path, str(path), MAX_BYTES)
    except ContentError as error:
        for problem in error.problems:
            place = problem.place if problem.rule in ("not-utf-8", "control-character") else problem.place.path
            stop(printable(f"{place}: {problem.message}"))
    lines = source.text.removesuffix("\n").split("\n")
    if pretokenized:
        for match in _WORD.finditer(source.text):
            if match[0] in (BEGIN, END, UNKNOWN):
                stop(f"{printable(str(source.place(match.start())))}: '{match[0]}' is a sign of the model, not a word")
        found = [tuple(_WORD.findall(line)) for line in lines]
    else:
        found = [words for line in lines for words in spelled(line)]
    if not any(found):
        stop(printable(f"{path}: there is no word in it"))
    return found


def _score_text(path: str, model: Model, result: Score) -> str:
    words = count(len(result.unknown), "unknown word")
    lines = [
        f"{path}: {count(result.sentences, 'sentence')}, {count(result.tokens, 'token')}, {words}",
        f"perplexity {result.perplexity:.2f}; {result.perplexity_without_unknown:.2f} without the unknown words",
        "",
        f"A model of order {model.order}. What it takes from a count of 1, of 2, and of 3 or more:",
        "",
        "order      D1      D2     D3+",
    ]
    for order, (discounts, fallback) in enumerate(zip(model.discounts, model.fallbacks, strict=True), 1):
        numbers = "".join(f"{discount:8.4f}" for discount in discounts)
        lines.append(f"{order:5}{numbers}" + "   customary, not estimated" * fallback)
    if any(model.fallbacks):
        lines += ["", "Where the text has too few n-grams to estimate a discount from, the customary ones are used."]
    return "\n".join(lines)


def _score_json(model: Model, result: Score) -> dict[str, Any]:
    return {
        "order": model.order,
        "sentences": result.sentences,
        "tokens": result.tokens,
        "unknown": len(result.unknown),
        "perplexity": result.perplexity,
        "perplexity_without_unknown": result.perplexity_without_unknown,
        "discounts": [list(discounts) for discounts in model.discounts],
        "fallback": list(model.fallbacks),
    }


def _compare(content: Path, save: bool, as_json: bool) -> None:
    try:
        found = held_out(language_model(content))
    except ValueError as error:
        stop(printable(f"{content / 'terms'}: {error}"))
    text = json.dumps(_held_out_json(found), indent=2) + "\n"
    if save:
        (content / MEASURED).write_text(text, "utf-8", newline="")
    if as_json:
        click.echo(text, nl=False)
        return
    click.echo(_held_out_text(found))
    if save:
        click.echo(f"\n{printable(str(content / MEASURED))}: written")


def _held_out_text(found: HeldOut) -> str:
    lines = [
        f"Read {found.tokens_trained:,} tokens of {count(found.entries_trained, 'entry')}; "
        f"scored {found.tokens_tested:,} of {count(found.entries_tested, 'other')}, every tenth in index order.",
        f"Words that were not read are {found.unknown:,} of those scored; only the last column counts them.",
        "",
        "order  Kneser-Ney  Witten-Bell  Stupid Backoff  Kneser-Ney with unknown words",
    ]
    for row in map(_rounded, found.rows):
        lines.append(
            f"{row['order']:5}  {row['kneser_ney']:#10.4g}  {row['witten_bell']:#11.4g}  {row['stupid_backoff']:#14.4g}"
            f"  {row['kneser_ney_with_unknown']:#29.4g}"
        )
    return "\n".join(lines)


def _held_out_json(found: HeldOut) -> dict[str, Any]:
    return {
        "entries_trained": found.entries_trained,
        "tokens_trained": found.tokens_trained,
        "tokens_tested": found.tokens_tested,
        "unknown": found.unknown,
        "entries_tested": found.entries_tested,
        "rows": list(map(_rounded, found.rows)),
    }


def _rounded(row: HeldOutRow) -> dict[str, float]:
    """A row with four significant digits, so that no last bit of a sum changes what is saved."""
    return {name: value if name == "order" else float(f"{value:.4g}") for name, value in asdict(row).items()}
