"""A text in few bytes: the whole of what a browser needs to count for itself.

The vocabulary, sorted by spelling, is front-coded: each word is a control character, that says how many characters it
shares with the word before, and the rest of it. The text is one byte for a token of a frequent word, two for others;
every sentence ends with END.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, takewhile

from .model import END

MOST_WORDS = 2**16  # that two bytes can tell, END among them

_FREQUENT = 16  # added to a frequent word's control character
_SHARED = 15  # characters that a word can share with the one before
_WORD = re.compile(r"([\0-\x1f])([^\0-\x1f]*)")


def pack(sentences: Sequence[Sequence[str]]) -> tuple[bytes, bytes]:
    """The vocabulary and the text of `sentences`. Raises ValueError if these have more than MOST_WORDS words, or a control character in one."""
    frequency = Counter(word for sentence in sentences for word in (*sentence, END))
    ranked = sorted(frequency, key=lambda word: (-frequency[word], word))
    singles = _singles(len(ranked))
    frequent = frozenset(ranked[:singles])
    spelled = sorted(ranked)
    if singles < 0 or any(ord(sign) < 32 for word in spelled for sign in word):
        raise ValueError("too many words, or a control character in one")

    vocabulary = ""
    for before, word in pairwise(["", *spelled]):
        shared = _shared(before, word)
        vocabulary += chr(shared + _FREQUENT * (word in frequent)) + word[shared:]
    codes: dict[str, bytes] = {}
    for i, word in enumerate(sorted(spelled, key=lambda word: word not in frequent)):
        codes[word] = bytes([i]) if i < singles else bytes([singles + (i - singles) // 256, (i - singles) % 256])
    return vocabulary.encode(), b"".join(codes[word] for sentence in sentences for word in (*sentence, END))


def unpack(vocabulary: bytes, text: bytes) -> list[list[str]]:
    """The sentences that `pack` was given."""
    spelled: list[str] = []
    codes: tuple[list[str], list[str]] = ([], [])
    for control, rest in _WORD.findall(vocabulary.decode()):
        shared, rare = ord(control) % _FREQUENT, ord(control) < _FREQUENT
        spelled.append((spelled[-1][:shared] if spelled else "") + rest)
        codes[rare].append(spelled[-1])
    words, singles = [*codes[0], *codes[1]], _singles(len(spelled))
    sentences: list[list[str]] = [[]]
    numbers = iter(text)
    for first in numbers:
        word = words[first if first < singles else singles + (first - singles) * 256 + next(numbers)]
        sentences[-1].append(word) if word != END else sentences.append([])
    return sentences[:-1]


def _shared(before: str, word: str) -> int:
    """How many characters two words share at their start, of those that count as one in JavaScript too."""
    pairs = zip(before[:_SHARED], word, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1] <= "\uffff", pairs))


def _singles(words: int) -> int:
    """How many of the 256 values of a byte are words; the others are the first of two bytes."""
    return min(words, 256 - -(-words // 256))
