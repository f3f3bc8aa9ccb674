"""Text -> sentences -> tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..names import MARKS

_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\W\d_a-zß-öø-ÿ])|(?<=[。！？])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|al|vs|cf|ca|Dr|Mr|Ms|Prof|St|No|Fig|Eq)|\b[A-Z])\.[\"'”’)\]]*\s*$")
_TOKEN = re.compile(
    rf"""
      [\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]          # a kana or an ideograph
    | \d+(?:[.,]\d+)*                                     # a number, 1,024 or 0.9
    | [\w{MARKS}]+(?:['’-][\w{MARKS}]+)*                  # a word, with what its hyphens and apostrophes join
    | \.\.\. | [^\w\s]                                    # a sign
    """,
    re.VERBOSE,
)
CLOSING = ",.;:!?)]}%’”…。，、！？；：）」"  # no space before these
OPENING = "([{“‘$#（「"  # nor after these
_CLOSING, _OPENING = frozenset(CLOSING), frozenset(OPENING)


class Token(NamedTuple):
    """A token as it stands in a text; `space` says whether white space stands before it."""

    text: str
    space: bool


def sentences(text: str) -> list[str]:
    """The sentences of `text`, each on one line, in order."""
    found, start = [], 0
    for match in _SENTENCE.finditer(text):
        if not _ABBREVIATION.search(text, max(start, match.start() - 20), match.end()):
            found.append(text[start : match.end()])
            start = match.end()
    found.append(text[start:])
    return [line for sentence in found if (line := " ".join(sentence.split()))]


def tokenize(sentence: str) -> list[Token]:
    """The tokens of one sentence: words, numbers and single signs, as spelled."""
    return [Token(m.group(), sentence[m.start() - 1 : m.start()].isspace()) for m in _TOKEN.finditer(sentence)]


def pieces(sentence: str) -> list[str]:
    """The same without the spaces: what each token of one sentence says."""
    return _TOKEN.findall(sentence)


def is_glued(before: str, token: str) -> bool:
    """Whether `token` is written right after the token `before`, without a space."""
    return token in _CLOSING or before in _OPENING
