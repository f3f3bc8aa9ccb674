"""An entry's prose -> the sentences that a model reads, each as its tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape

from .markup import Body
from .memo import digest
from .model import Entry
from .ngram.tokens import pieces, sentences

_PIECE = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>|([^<]+)")
_SKIPPED = frozenset({"pre", "table", "h2", "h3", "h4", "h5", "h6", "sup"})
_UNSPEAKABLE = frozenset({"math", "code"})
_BLOCKS = frozenset({"p", "li", "div", "ul", "ol", "dd", "dt", "blockquote"})
_OPENING = re.compile(r'(?<![^\s(\[])"')
_GAP = "\ue002"
_ENDS = tuple(".!?。！？")

Readable = tuple[int, tuple[str, ...]]  # a sentence: the number of the part of its entry in which it stands, and its tokens


def reading(sentences: Sequence[Readable]) -> tuple[int, bytes]:
    """How many tokens there are to read, sentences' ends included, and a hash of them: a new link changes neither."""
    return sum(len(words) + 1 for _, words in sentences), digest(sentences)


def readable(entry: Entry, body: Body) -> tuple[Readable, ...]:
    """The sentences of an entry that a model reads."""
    parts = ([entry.definition], prose(body.summary), prose(body.in_depth), prose(body.example))
    return tuple((number, words) for number, texts in enumerate(parts) for text in texts for words in spelled(text))


def spelled(text: str) -> Iterator[tuple[str, ...]]:
    """The tokens of each sentence of `text` that nothing unspeakable interrupts."""
    for sentence in sentences(curled(text)):
        if _GAP not in sentence and (words := tuple(pieces(sentence))):
            yield words


def prose(html: str) -> list[str]:
    """The running text of `html`, a string a paragraph: whole sentences, without code, formulas, tables and headings.

    A sentence that a formula or code interrupts holds a private-use character, to be left out.
    """
    blocks: list[list[str]] = [[]]
    skipped = 0
    for closing, tag, _, text in _PIECE.findall(html):
        if tag in _SKIPPED or tag in _UNSPEAKABLE:
            if tag in _UNSPEAKABLE and not closing:
                blocks[-1].append(_GAP)
            skipped += -1 if closing else 1
        elif tag in _BLOCKS:
            blocks.append([])
        elif text and not skipped:
            blocks[-1].append(unescape(text))
    texts = (" ".join("".join(block).split()) for block in blocks)
    return [text for text in texts if text.endswith(_ENDS)]


def curled(text: str) -> str:
    """`text` with straight double quotes as opening and closing ones, so that a model can tell which it writes."""
    return _OPENING.sub("“", text).replace('"', "”")


def within(sentences: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """The words that stand in `sentences` other than first."""
    return frozenset(word for sentence in sentences for word in sentence[1:])


def uncapitalised(sentence: tuple[str, ...], inside: frozenset[str]) -> tuple[str, ...]:
    """The sentence with its first word in lower case, if that is how it is written within sentences."""
    if not sentence:
        return sentence
    first = sentence[0]
    lower = first[:1].lower() + first[1:]
    return (lower, *sentence[1:]) if lower in inside else sentence
