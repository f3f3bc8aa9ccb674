"""`sitegen generate`: the run that a page prints, in the terminal, with its reasons."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from sitegen.build import language_model
from sitegen.ngram import END, LongestMatch, Model, Ranking, Sampler, generate

from .conftest import CONTENT, MakeContent, sitegen
from .dom import Page, text

CORPUS_SITE = "title: T\nbase_url: https://example.org/\ndemo: {order: 2, temperature: 0, seed: 7}\n"


@pytest.fixture
def small(make_content: MakeContent) -> Path:
    """A glossary of two sentences; the folder above the content."""
    texts = {
        "a.yaml": "term: Alpha\ndefinition: The cat sees (the) dog.\n",
        "b.yaml": "term: Beta\ndefinition: See, the cat sees a mouse.\n",
    }
    return make_content({"site.yaml": CORPUS_SITE, **texts}).parent


def facts(*args: object, cwd: Path = CONTENT.parent) -> dict[str, Any]:
    """What `generate --json` says, which must go well."""
    result = sitegen("generate", *args, "--json", cwd=cwd)
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_run_of_the_home_page(site: dict[str, Page], settings: dict[str, Any]) -> None:
    """With the prompt and the seed of the home page it writes what the page prints, to the end of the sentence."""
    page = site[""]
    seed = page.one("autoregressive-demo").attrs["data-seed"]
    printed = page.texts(".steps li b")
    if "end of sentence" in printed:
        printed = printed[: printed.index("end of sentence") + 1]
    found = facts(settings["demo"]["prompt"], "--seed", seed, "--tokens", 12)
    assert [step["word"].replace(END, "end of sentence") for step in found["steps"]] == printed
    prompt, said = settings["demo"]["prompt"], text(page.one(".steps q"))
    assert said.startswith(prompt[0].lower() + found["text"][1:])


SOURCES = {
    "as site.yaml says": ((), 4, Sampler(0.6)),
    "order 1": (("--order", 1), 1, Sampler(0.6)),
    "order 5, hot": (("--order", 5, "--temperature", 2), 5, Sampler(2)),
    "greedy": (("--order", 3, "--temperature", 0), 3, Sampler(0)),
    "top-k": (("--top-k", 3, "--temperature", 1), 4, Sampler(1, 3)),
    "top-p": (("--top-p", 0.5, "--temperature", 1.5), 4, Sampler(1.5, 0, 0.5)),
    "both": (("--top-k", 20, "--top-p", 0.9), 4, Sampler(0.6, 20, 0.9)),
    "longest match": (("--longest-match", "--temperature", 1), None, Sampler(1)),
}


@pytest.mark.parametrize(("options", "order", "sampler"), SOURCES.values(), ids=SOURCES)
def test_options(options: tuple[object, ...], order: int | None, sampler: Sampler) -> None:
    """Each option is that of the library: the same draws, up to the end of the sentence or the number of tokens."""
    corpus = language_model(CONTENT).corpus
    source = Ranking(Model(order, corpus)) if order else LongestMatch(corpus)
    draws = []
    for draw in islice(generate(source, ("the", "next", "token"), sampler, 11), 15):
        draws.append([list(draw.history), list(draw.offer.seen), draw.u, draw.word, draw.share])
        if draw.word == END:
            break
    found = facts("The next token", *options, "--seed", 11, "--tokens", 15)
    assert [list(step.values()) for step in found["steps"]] == draws
    assert (found["order"], found["temperature"], found["seed"]) == (order, sampler.temperature, 11)


def test_text(small: Path) -> None:
    """The text is spelled for a reader, begins as typed, and stops where the sentence ends."""
    # order 2, greedy: after `sees` stand "(" and "a" once each, and "(" is spelled first
    result = sitegen("generate", "The cat", cwd=small)
    assert (result.status, result.out, result.err) == (0, "The cat" + " sees (the cat" * 10 + "\n", "")
    assert sitegen("generate", "a mouse", cwd=small).out == "a mouse.\n"
    assert sitegen("generate", "", "--tokens", 1, cwd=small).out == "the\n"
    assert sitegen("generate", "The cat", "--tokens", 2, cwd=small).out == "The cat sees (\n"


def test_unknown_words(small: Path) -> None:
    """Words that the text does not have are named once, in one line; what is typed does not reach the terminal raw."""
    result = sitegen("generate", "xyzzy the xyzzy \x1b[2J cat", "--tokens", 1, cwd=small)
    assert (result.status, result.out) == (0, "xyzzy the xyzzy \\u001b [2 J cat sees\n")
    assert result.err == (
        "the glossary's text does not have 'xyzzy', '\\u001b', '[', '2', 'J': the model cannot look back past such a word\n"
    )
    many = sitegen("generate", "q w e r t y", "--tokens", 1, cwd=small).err
    assert many.startswith("the glossary's text does not have 'q', 'w', 'e', 'r', 't' and 1 more: ")


WHY = """\
The cat sees

1. after “cat”, which the text has 2 times:

    98 %  2 x  sees             drawn
     2 %  0 x  the
   0.9 %  0 x  .                cut by top-k
   0.4 %  0 x  (                cut by top-k
   0.4 %  0 x  )                cut by top-k
   0.4 %  0 x  ,                cut by top-k
   0.4 %  0 x  end of sentence  cut by top-k
   0.4 %  0 x  See              cut by top-k

   The draw, 0.0117, falls on “sees”.

   context          seen  followed  adjusted     share  x weight    so far
   “cat”               2         2            0.500000  1.000000  0.500000
   no word            18         2      1/15  0.033333  0.500000  0.516667
   any of 13 words                            0.076923  0.250000  0.535897

   0.535897  the model's probability
   0.546405  without what unknown words have
   0.937476  at temperature 0.5
   0.983585  among the 2 words that top-k 2 leaves

   Where the text has it:
   - Alpha: the cat sees (the) dog.
   - Beta: See, the cat sees a mouse.
"""


def test_why(small: Path) -> None:
    """Each token comes with what was seen, offered and drawn, a table that adds up to its share, and the sentences.

    No bigram stands three times, so that the discounts are customary: (2 - 1)/2 for `sees` after `cat`.
    """
    result = sitegen("generate", "The cat", "--temperature", 0.5, "--top-k", 2, "--tokens", 1, "--why", cwd=small)
    assert (result.status, result.err) == (0, "")
    assert result.out == WHY


@pytest.mark.parametrize(
    "options", [(), ("--top-k", 3, "--top-p", 0.6), ("--temperature", 0), ("--longest-match",)], ids=str
)
def test_why_adds_up(options: tuple[object, ...]) -> None:
    """Every explanation ends at the share that was drawn from, and is about the candidates as they were."""
    found = facts("A language model", *options, "--seed", 5, "--tokens", 8, "--why")
    for step in found["steps"]:
        assert step["stages"][-1]["share"] == pytest.approx(step["share"], rel=1e-9)
        if step["parts"]:
            adds = [part["share"] * part["weight"] for part in step["parts"]]
            assert step["stages"][0]["share"] == pytest.approx(sum(adds), rel=1e-9)
            assert [p["followed"] > 0 for p in step["parts"]] == [
                p["adjusted"] > 0 and p["context"] is not None for p in step["parts"]
            ]
        shown = {candidate["word"]: candidate for candidate in step["candidates"]}
        assert len(shown) <= 8
        if step["word"] in shown:
            assert (shown[step["word"]]["share"], shown[step["word"]]["cut"]) == (step["share"], "")
        assert len(step["evidence"]) == min(3, step["seen"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--order", 0), "Invalid value for '--order': 0 is not in the range 1<=x<=5."),
        (("--order", 6), "Invalid value for '--order': 6 is not in the range 1<=x<=5."),
        (("--temperature", 0.05), "Invalid value for '--temperature': neither 0 nor from 0.1 to 2"),
        (("--temperature", "nan"), "Invalid value for '--temperature': neither 0 nor from 0.1 to 2"),
        (("--temperature", "warm"), "Invalid value for '--temperature': 'warm' is not a valid float."),
        (("--top-k", 0), "Invalid value for '--top-k': 0 is not in the range x>=1."),
        (("--top-p", 0), "Invalid value for '--top-p': not above 0 and up to 1"),
        (("--top-p", 1.5), "Invalid value for '--top-p': not above 0 and up to 1"),
        (("--seed", -1), "Invalid value for '--seed': -1 is not in the range 0<=x<=4294967295."),
        (("--tokens", 0), "Invalid value for '--tokens': 0 is not in the range 1<=x<=1000."),
        (("--longest-match", "--order", 3), "--longest-match and --order: the longest match knows no order"),
    ],
    ids=str,
)
def test_wrong_usage(small: Path, options: tuple[object, ...], said: str) -> None:
    """A value that an option cannot have is wrong usage."""
    result = sitegen("generate", "cat", *options, cwd=small)
    assert (result.status, result.out, result.err.splitlines()[-1]) == (2, "", f"Error: {said}")


def test_bad_content(make_content: MakeContent) -> None:
    """A glossary with problems writes nothing: they are said as everywhere."""
    folder = make_content({"a.yaml": "term: A\n"}).parent
    result = sitegen("generate", "a", cwd=folder)
    assert (result.status, result.out, result.err) == (1, "", sitegen("build", cwd=folder).err)


def test_bytes_in_the_prompt(small: Path) -> None:
    """A prompt that is no text is written with escapes, not with a traceback."""
    result = sitegen("generate", b"caf\xe9".decode("utf-8", "surrogateescape"), "--tokens", 1, cwd=small)
    assert (result.status, result.out) == (0, "caf \\udce9 the\n")
    assert facts("caf\udce9", "--tokens", 1, cwd=small)["unknown"] == ["caf", "\udce9"]
