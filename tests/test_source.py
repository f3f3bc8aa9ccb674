"""Reading files: every value knows its place, names compare as people mean them, and no bytes at all can break `check`."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sitegen.build import build
from sitegen.check import check
from sitegen.load import load
from sitegen.names import MAX_SLUG_BYTES, fold, slugify
from sitegen.nodes import Mapping, Scalar, read_yaml
from sitegen.problems import did_you_mean
from sitegen.source import Source

MARK = "☆"
WORD_CHARACTERS = "ab:#'\"\\-[]{}&*!|>%@`,.?é模🤖"

# How each style writes a word and what may stand between two: the ways in which YAML folds and escapes white space.
ESCAPED = {'"': '\\"', "\\": "\\\\", "é": "\\xe9", "模": "\\u6a21", "🤖": "\\U0001F916"}
STYLES: dict[str, tuple[str, dict[str, str], tuple[str, ...], str]] = {
    "plain": ("", {c: "-" for c in WORD_CHARACTERS if not c.isalnum()}, (" ", "   ", "\n  ", "\n\n    "), ""),
    "single": ("'", {"'": "''"}, (" ", "\n  ", "\n\n  ", "\t"), "'"),
    "double": ('"', ESCAPED, (" ", "\n  ", "\\n", "\\t", "\\\n  ", "\\_", "\\x20", "\\u2003"), '"'),
    "literal": ("|  # a comment\n  ", {}, (" ", "\n  ", "\n     ", "\n\n  ", "\t"), "\n"),
    "folded": (">-\n  ", {}, (" ", "\n  ", "\n     ", "\n\n  "), "\n"),
}


@st.composite
def marked_values(draw: st.DrawFn) -> str:
    """A YAML field in some style, with one MARK in its value."""
    before, spelling, gaps, after = STYLES[draw(st.sampled_from(sorted(STYLES)))]
    words = draw(st.lists(st.text(WORD_CHARACTERS, min_size=1, max_size=4), max_size=6))
    at = draw(st.integers(0, len(words)))
    words.insert(at, draw(st.sampled_from(["", "a"])) + MARK)
    written = [("a" if i == 0 else "") + "".join(spelling.get(c, c) for c in word) for i, word in enumerate(words)]
    text = written[0] + "".join(draw(st.sampled_from(gaps)) + word for word in written[1:])
    return f"# first line\nother: é\nfield: {before}{text}{after}\nlast: x\n"


@given(marked_values())
@example('other: x\nfield: "a\\\n   \\\t  \\x20☆"\nlast: x\n')
@settings(deadline=None, max_examples=400)
def test_place_of_a_character(text: str) -> None:
    """A character of a value is found in the file at its very line and column, however the value was written."""
    root = read_yaml(Source("x.yaml", text))
    assert isinstance(root, Mapping)
    value = next(value for key, value in root.pairs if key.value == "field")
    assert isinstance(value, Scalar)
    lines = text.split("\n")
    line = next(number for number, content in enumerate(lines, 1) if MARK in content)
    place = value.place_of(value.value.index(MARK))
    assert (place.line, place.column) == (line, lines[line - 1].index(MARK) + 1)


@given(st.text())
def test_slug_is_an_address(name: str) -> None:
    """A slug is its own slug, is short, and holds nothing that an address or a file name gives a meaning."""
    slug = slugify(name)
    assert slugify(slug) == slug
    assert len(slug.encode()) <= MAX_SLUG_BYTES
    assert not set(slug) & set("/\\.:?#% ")


@given(st.text())
def test_names_compare_without_unicode_form(name: str) -> None:
    """Composed and decomposed spellings of one name are the same name, at the same address."""
    composed, decomposed = unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)
    assert fold(composed) == fold(decomposed)
    assert slugify(composed) == slugify(decomposed)


NAMES = ("autoregressive model", "beam search", "perplexity", "tokenization", "transformer", "momentum", "neuron")


@given(st.sampled_from(NAMES), st.data())
def test_one_letter_typo_is_recognised(name: str, data: st.DataObject) -> None:
    """A name with one letter wrong, missing, doubled or swapped with its neighbour is recognised, in any case."""
    i = data.draw(st.integers(0, len(name) - 2))
    typos = (name[:i] + "q" + name[i + 1 :], name[:i] + name[i + 1 :], name[:i] + name[i] + name[i:],
             name[:i] + name[i + 1] + name[i] + name[i + 2 :])  # fmt: skip
    typo = data.draw(st.sampled_from(typos))
    assert did_you_mean(typo.upper(), NAMES) == f"did you mean '{name}'?"


@pytest.mark.parametrize("name", ["zebra", "", "x" * 300])
def test_nothing_is_suggested_for_a_name_unlike_all(name: str) -> None:
    """A name that resembles none gets no suggestion."""
    assert did_you_mean(name, NAMES) == ""


ENTRY = """\
term: Token
aliases: [word piece, Tok.]
definition: >-
  A piece of text that a model reads as one unit.
summary: "Models read \\"tokens\\", not letters."
explainer: |
  A [[beam]] is `a piece`, see [the page](https://example.org "title") and $a_1 + b$.[^1]

  ## A heading

  | a | b |
  | --- | --- |
  | *x* | [[beam|y]] |

  - one
      - two

  ```python
  print("x")
  ```

  > quoted

  [^1]: A note.
related: [beam]
topics: [text]
level: beginner
references:
  - {title: A paper, authors: [A. Author], year: 2001, url: "https://example.org/a"}
deprecated: {by: beam, note: Use it no more.}
"""
SITE = "title: Test\nbase_url: https://example.org/\ntopics: [{name: Text}]\nabout: |\n  About [[beam]].\n"
SNIPPETS = (
    "[[", "]]", "[[beam]]", "[", "](", "](javascript:x)", "$", "$$", "`", "```\n", "\n", "\n\n", "\n  ", "    ", "\t", "'",
    '"', "\\", "{", "}", "- ", ": ", " #", "|", ">", "*", "**", "_", "<b>", "<", "![", "[^1]", "[^1]: ", "!!! note\n      x",
    "## ", "# ", "&a ", "*a", "~", "---\n", "\\e", "\\ue000", "\ue000", "\0", "\u202e", "\ufeff", "é", "e\u0301", "🤖", "模。",
    "term: Token\n", "slug: ../x\n", "sense: x\n", "autolink: no\n", "url: 'https://[x'\n", "\\frac{a}", "&lt;", "1. ",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, text: str) -> bytes:
    """A text after a few careless edits: cuts, repetitions and insertions."""
    for _ in range(draw(st.integers(0, 4))):
        i, j = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        j = min(j, i + 40)
        middle = draw(st.sampled_from(["", text[i:j] * 2, *(text[i:j] + snippet for snippet in SNIPPETS)]))
        text = text[:i] + middle + text[j:]
    return text.encode("utf-8", "surrogatepass")


@given(entry=mutated(ENTRY) | st.binary(max_size=60), site=st.just(SITE.encode()) | mutated(SITE))
@example(entry=ENTRY.encode(), site=SITE.encode())
@settings(deadline=None, max_examples=120)
def test_what_passes_check_can_be_built(tmp_path_factory: pytest.TempPathFactory, entry: bytes, site: bytes) -> None:
    """Whatever stands in the files, `check` answers with problems, and what has no serious ones becomes a site."""
    content = _written(tmp_path_factory.mktemp("content"), entry, site)
    draft = load(content)
    serious = [problem for problem in check(draft) if not problem.advice]
    if not serious:
        out = content.parent / f"{content.name}-site"
        build(content, out)
        assert b"<h1" in (out / "index.html").read_bytes()
    assert not serious or (entry, site) != (ENTRY.encode(), SITE.encode())


def _written(content: Path, entry: bytes, site: bytes) -> Path:
    (content / "terms").mkdir()
    (content / "site.yaml").write_bytes(site)
    (content / "terms" / "token.yaml").write_bytes(entry)
    (content / "terms" / "beam.yaml").write_text("term: Beam\ndefinition: A ray.\n", "utf-8")
    return content
