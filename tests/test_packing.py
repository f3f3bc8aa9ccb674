"""The text that a browser gets: packed, and unpacked as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.ngram import END, pack, unpack

letters = st.characters(codec="utf-8", min_codepoint=33)
words = st.one_of(
    st.text(letters, min_size=1, max_size=20).filter(lambda word: word != END), st.integers(0, 999).map(lambda i: f"a-shared-beginning-{i}")
)


@given(st.lists(st.lists(words, max_size=8), max_size=8))
def test_round_trip(sentences: list[list[str]]) -> None:
    """What is unpacked is what was packed, in any script, however much the words share."""
    assert unpack(*pack(sentences)) == sentences


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 257, 510, 5_000, 65_535])
def test_vocabularies(size: int) -> None:
    """Vocabularies around one byte, and up to what two can tell, come back; frequent words take one byte."""
    sentences = [[f"word{i}" for i in range(size)], ["word0"] * 3 if size else []]
    vocabulary, text = pack(sentences)
    assert unpack(vocabulary, text) == sentences
    if size < 255:
        assert len(text) == sum(len(sentence) + 1 for sentence in sentences)


def test_nothing() -> None:
    """No sentence at all is packed too."""
    assert pack([]) == (b"", b"")
    assert unpack(b"", b"") == []


def test_bytes() -> None:
    """The form is as described: words by spelling, each with what it shares, then a byte for a token."""
    assert pack([["ab", "abc"], ["b"]]) == (b"\x10</s>\x10ab\x12c\x10b", bytes([1, 2, 0, 3, 0]))
    assert END == "</s>"


@pytest.mark.parametrize(
    "sentence",
    [pytest.param([f"{i}" for i in range(65_536)], id="too many"), pytest.param(["a\tb"], id="control character")],
)
def test_what_cannot_be_packed(sentence: list[str]) -> None:
    """More words than two bytes can tell, or words with a control character, are refused and not garbled."""
    with pytest.raises(ValueError, match="too many words, or a control character"):
        pack([sentence])
