"""Finds other entries' names in running text: a trie over words, whose cost does not grow with the glossary."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from .memo import digest
from .model import Glossary
from .names import MARKS

# A word, one ideograph or kana (scripts without spaces), or one sign.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{MARKS}])+|[^\w\s]")
_MORE = frozenset("+#")  # in `C++`, C is not meant
_GAP = re.compile(r"\s+|-")


@dataclass(slots=True)
class _Node:
    """A step in the trie: what may follow, and the names that end here, as slug and exact spelling."""

    next: dict[tuple[bool, str], _Node] = field(default_factory=dict)
    ends: list[tuple[str, str]] = field(default_factory=list)


def names_of(glossary: Glossary) -> tuple[tuple[str, str, str], ...]:
    """Every name that may be linked by itself, after its first word and its entry's slug."""
    return tuple(
        (words[0][1].casefold(), entry.slug, name)
        for entry in glossary.entries
        if entry.autolink
        for name in (entry.term, *entry.aliases)
        if len(glossary.index.resolve(name)) == 1 and (words := list(_words(name)))
    )


class Mentions:
    """The names of every entry that may be linked by itself: terms and aliases.

    Words are compared without case and, at a name's end, without a plural; hyphens and spaces are one.
    A name of one letter, or with a capital beyond its first (`C`, `GELU`, `KV cache`), is an abbreviation
    or a proper name and must be spelled so. A name that several entries share is never linked by itself.
    """

    def __init__(self, names: Iterable[tuple[str, str, str]]) -> None:
        """`names` as `names_of` gives them. What stands below a first word is put together when a text has that word."""
        self.names: dict[str, list[tuple[str, str]]] = {}
        for first, slug, name in names:
            self.names.setdefault(first, []).append((slug, name))
        self.root = _Node()
        self._hashes: dict[str, bytes] = {}  # by first word, of the names that somebody asked about
        self.starts = {form for first in self.names for form in (first, first + "s", first + "es", first[:-1] + "ies")}

    def _grow(self, word: str) -> None:
        """Put the names that start with `word` into the trie, but once."""
        key = (False, word)
        if word not in self.names or key in self.root.next:
            return
        for slug, name in self.names[word]:
            node = self.root
            for number, (glued, part, _, _) in enumerate(_words(name)):
                node = node.next.setdefault((glued and number > 0, part.casefold()), _Node())
            exact = name if len(name) == 1 or any(c.isupper() for c in name[1:]) else ""
            node.ends.append((slug, exact))

    def known(self, words: Collection[str]) -> bytes:
        """A hash of all names that could be found in a text of `words`, as `words_of` gives them: of the same, the same is found."""
        firsts = sorted(self.names.keys() & words)
        for first in firsts:
            if first not in self._hashes:
                self._hashes[first] = digest(first, *(part for name in self.names[first] for part in name))
        return digest(b"".join(map(self._hashes.__getitem__, firsts)))

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Non-overlapping `(start, end, slug)` in order, at each place the longest name that fits."""
        last, starts = 0, self.starts
        for match in _WORD.finditer(text):
            if match.group().casefold() in starts and match.start() >= last and (found := self._longest(text, match.start())):
                last, slug = found
                yield match.start(), last, slug

    def _longest(self, text: str, start: int) -> tuple[int, str] | None:
        """Where the longest name ends that starts there, and whose it is."""
        if text[start - 1 : start] == "-" and text[start - 2 : start - 1].isalnum():
            return None  # `cross-attention` is not about attention, nor `non-autoregressive` autoregressive
        if text[start] == "-" and start and not text[start - 1].isspace() and text[start + 1 : start + 2].isalnum():
            return None  # only a gap
        word = next(_words(text, start))[1].casefold()
        for form in (word, *_singulars(word)):
            self._grow(form)
        node, best = self.root, None
        for number, (glued, word, _, end) in enumerate(_words(text, start)):
            key = (glued and number > 0, word.casefold())
            if text[end : end + 1] not in _MORE:
                for form in (key[1], *_singulars(key[1])):
                    last = node.next.get((key[0], form))
                    fits = (slug for slug, exact in last.ends if not exact or _same(text[start:end], exact)) if last else ()
                    if slug := next(iter(fits), ""):
                        best = (end, slug)
                        break
            following = node.next.get(key)
            if following is None:
                break
            node = following
        return best


def _words(text: str, last: int = 0) -> Iterator[tuple[bool, str, int, int]]:
    """`(glued to the word before, word, start, end)`; a hyphen between words is only a gap."""
    for match in _WORD.finditer(text, last):
        between = text[last : match.start()]
        if match.group() == "-" and last == match.start() and text[match.end() : match.end() + 1].isalnum():
            continue
        yield not _GAP.fullmatch(between), match.group(), match.start(), match.end()
        last = match.end()


def words_of(text: str) -> set[str]:
    """Every form by which a word of `text` could be the first of a name."""
    words = {word.casefold() for word in _WORD.findall(text)}
    return words | {form for word in words if word[-1] == "s" for form in _singulars(word)}


def _singulars(word: str) -> Iterator[str]:
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]
        if word.endswith("ies"):
            yield word[:-3] + "y"


def _same(found: str, exact: str) -> bool:
    """Whether the text spells the name, but for a plural, hyphens and the case of its first letter."""
    a, b = (_GAP.sub(" ", t) for t in (found, exact))
    first = a[:1].casefold() == b[:1].casefold() if b[:2] != b[:2].upper() else a[:1] == b[:1]
    return first and any(a[1:] == b[1:] + tail for tail in ("", "s", "es"))
