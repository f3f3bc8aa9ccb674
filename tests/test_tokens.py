"""What the language model reads: prose cut into sentences, and sentences into tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.ngram import is_glued, pieces, sentences, tokenize
from sitegen.prose import prose


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("One\nsentence on\ttwo lines.", ["One sentence on two lines."]),
        ("No stop", ["No stop"]),
        ("It costs 0.9 cents. That is little.", ["It costs 0.9 cents.", "That is little."]),
        ("See Dr. Smith, i.e. Ann. She knows.", ["See Dr. Smith, i.e. Ann.", "She knows."]),
        ("J. Smith et al. Wrote it.", ["J. Smith et al. Wrote it."]),
        ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
        ("(In brackets.) Outside.", ["(In brackets.)", "Outside."]),
        ("Wait... what? Émile came.", ["Wait... what?", "Émile came."]),
        ("ends. lower case goes on.", ["ends. lower case goes on."]),
        ("第一句。第二句。", ["第一句。", "第二句。"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    """A text is cut where a sentence ends, not at an abbreviation, an initial or a decimal point."""
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("", []),
        ("A token, or two.", ["A", "token", ",", "or", "two", "."]),
        ("1,024 of 0.9", ["1,024", "of", "0.9"]),
        ("next-token isn't the model’s", ["next-token", "isn't", "the", "model’s"]),
        ("C++ (or .NET)", ["C", "+", "+", "(", "or", ".", "NET", ")"]),
        ("wait...", ["wait", "..."]),
        ("naïve Émile", ["naïve", "Émile"]),
        ("語言模型 LLM", ["語", "言", "模", "型", "LLM"]),
        ("نموذج لغوي", ["نموذج", "لغوي"]),
        ("नमस्ते, مُحَمَّد", ["नमस्ते", ",", "مُحَمَّد"]),
    ],
)
def test_tokenize(sentence: str, expected: list[str]) -> None:
    """Words, numbers and single signs are tokens, in any script."""
    assert [token.text for token in tokenize(sentence)] == expected


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_tokens_lose_nothing(text: str) -> None:
    """The tokens of a line, put together with the spaces they remember, are the line; without these they are the same."""
    line = " ".join(text.split())
    assert "".join(" " * token.space + token.text for token in tokenize(line)) == line
    assert pieces(line) == [token.text for token in tokenize(line)]


@pytest.mark.parametrize(
    ("before", "token", "glued"),
    [
        ("word", ",", True), ("(", "word", True), ("“", "A", True), ("word", "”", True), ("$", "5", True), ("5", "%", True),
        ("word", "word", False), (",", "word", False), ("word", "(", False), ("+", "1", False),
    ],
)  # fmt: skip
def test_is_glued(before: str, token: str, glued: bool) -> None:
    """Generated tokens are written with a space between them, except around punctuation."""
    assert is_glued(before, token) is glued


@pytest.mark.parametrize(
    ("html", "paragraphs"),
    [
        ("<p>One. Two.</p><p>Three &amp; four.</p>", ["One. Two.", "Three & four."]),
        ("<h2>Heading</h2><p>Text.</p>", ["Text."]),
        ("<p>A <em>b</em> <a href='x'>c</a>.</p>", ["A b c."]),
        ("<ul><li>Item one.</li><li>no sentence</li></ul>", ["Item one."]),
        ("<pre><code>print('no.')</code></pre><p>Yes.</p>", ["Yes."]),
        ("<table><tr><td>No.</td></tr></table><p>Yes.</p>", ["Yes."]),
        ("<p>Yes.<sup><a href='#fn'>1</a></sup></p>", ["Yes."]),
        ("<p>Whole. With <code>x</code> inside.</p>", ["Whole. With \ue002 inside."]),
        ("<p>With <math><mi>x</mi><mo>.</mo></math> inside. Whole.</p>", ["With \ue002 inside. Whole."]),
    ],
)
def test_prose(html: str, paragraphs: list[str]) -> None:
    """The model reads whole sentences only: no code, formulas, tables, headings or footnote marks."""
    assert prose(html) == paragraphs
