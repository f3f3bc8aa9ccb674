"""Finds other entries' names in running text: a trie over words, whose cost does not grow with the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from .memo import digest, joined
from .model import Glossary
from .names import MARKS

# A word, one ideograph or kana (scripts without spaces), or one sign.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_CUT = re.compile(rf"([{_UNSPACED}]|(?:[^\W{_UNSPACED}]|[{MARKS}])+|[^\w\s])")
_CUT_ASCII = re.compile(r"(\w+|[^\w\s])")  # the same, in half the time
_MORE = frozenset("+#")  # in `C++`, C is not meant
_GAP = re.compile(r"\s+|-")


@dataclass(slots=True)
class _Node:
    """A step in the trie: what may follow, and the names that end here, as slug and exact spelling."""

    next: dict[tuple[bool, str], _Node] = field(default_factory=dict)
    ends: list[tuple[str, str]] = field(default_factory=list)


class _Hashes(dict[str, bytes]):
    """By first word, a hash of the `names` that start with it, made when it is asked for."""

    def __init__(self, names: Mapping[str, list[tuple[str, str]]]) -> None:
        self.names = names

    def __missing__(self, first: str) -> bytes:
        self[first] = hashed = digest(first, *self.names[first])
        return hashed


class _Starts(dict[str, bool]):
    """By word of a text, whether one of the `names`, by their first words, may start with it, looked up when it is asked for."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self.names = names

    def __missing__(self, word: str) -> bool:
        self[word] = may = not self.names.keys().isdisjoint(_firsts(word))
        return may


def names_of(glossary: Glossary) -> tuple[tuple[str, str, str], ...]:
    """Every name that may be linked by itself, after its first word and its entry's slug."""
    return tuple(
        (words[0][1][1], entry.slug, name)
        for entry in glossary.entries
        if entry.autolink
        for name in (entry.term, *entry.aliases)
        if len(glossary.index.resolve(name)) == 1 and (words := list(Words(name).steps()))
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
        self._second: dict[str, set[str]] = {}  # by first word whose names are in the trie, what may come next: "" is nothing
        self._hashed = _Hashes(self.names)
        self._starts = _Starts(self.names)

    def _grow(self, word: str) -> None:
        """Put the names that start with `word` into the trie, in the plural too."""
        firsts = _firsts(word)
        for first in firsts:
            for slug, name in () if (False, first) in self.root.next else self.names.get(first, ()):
                node = self.root
                for _, key in Words(name).steps():
                    node = node.next.setdefault(key, _Node())
                exact = name if len(name) == 1 or any(c.isupper() for c in name[1:]) else ""
                node.ends.append((slug, exact))
        nodes = [self.root.next[False, first] for first in firsts if (False, first) in self.root.next]
        self._second[word] = {form for node in nodes for _, following in node.next for form in _forms(following)}
        if any(node.ends for node in nodes):
            self._second[word].add("")

    def known(self, words: Sequence[str]) -> bytes:
        """A hash of all names that could be found in a text of `words`, as `first_words` has them, sorted: of the same, the same is found."""
        return joined(*map(self._hashed.__getitem__, filter(self.names.__contains__, words)))

    def hashes(self) -> dict[str, bytes]:
        """By first word, a hash of the names that start with it."""
        return {first: self._hashed[first] for first in self.names}

    def find(self, text: Words) -> Iterator[tuple[int, int, str]]:
        """Non-overlapping `(start, end, slug)` in order, at each place the longest name that fits."""
        last, starts = -1, self._starts
        for place in [place for place, word in enumerate(text.words) if starts[word]]:
            if place > last and self._may_go_on(text, place) and (found := self._longest(text, place)):
                last, slug = found
                yield text.start(place), text.end(last), slug

    def _may_go_on(self, text: Words, first: int) -> bool:
        """Whether some name that starts with the word `first` may be there, by a look at the word after it."""
        if (word := text.words[first]) not in self._second:
            self._grow(word)
        second = self._second[word]
        return "" in second or not second.isdisjoint(text.words[first + 1 : first + 3])  # there may be a hyphen between

    def _longest(self, text: Words, first: int) -> tuple[int, str] | None:
        """The last word of the longest name that starts with the word `first`, and whose it is."""
        words, spaces = text.words, text.spaces
        if first > 1 and words[first - 1] == "-" and not spaces[first] and not spaces[first - 1] and text.text[text.start(first) - 2].isalnum():
            return None  # `cross-attention` is not about attention, nor `non-autoregressive` autoregressive
        if words[first] == "-" and text.is_gap(first):
            return None
        node, best = self.root, None
        for place, (glued, word) in text.steps(first):
            following = node.next.get((glued, word))
            ends = following.ends if following else []
            for form in _singulars(word) if word[-1] == "s" else ():
                if last := node.next.get((glued, form)):
                    ends = ends + last.ends
            if ends and not text.goes_on(place):
                spelled = text.text[text.start(first) : text.end(place)]
                best = next(((place, slug) for slug, exact in ends if not exact or _same(spelled, exact)), best)
            if following is None:
                break
            node = following
        return best


class Words:
    """A text cut into words, without case, and the white space before each. An ideograph is a word, and so is a sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii():
            self._pieces = _CUT_ASCII.split(text.lower())
            self.words = self._pieces[1::2]
        else:
            self._pieces = _CUT.split(text)
            self.words = [word.casefold() for word in self._pieces[1::2]]
        self.spaces = self._pieces[::2]

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(map(len, self._pieces)))

    def start(self, place: int) -> int:
        return self._ends[2 * place]

    def end(self, place: int) -> int:
        return self._ends[2 * place + 1]

    def steps(self, first: int = 0) -> Iterator[tuple[int, tuple[bool, str]]]:
        """From the word `first` on, each with its place and whether it is glued to the one before; a hyphen between words is only a gap."""
        words, spaces, gap = self.words, self.spaces, False
        for place in range(first, len(words)):
            word = words[place]
            glued = place > first and not gap and not spaces[place]
            gap = word == "-" and (place == first or not spaces[place]) and self.is_gap(place)
            if not gap:
                yield place, (glued, word)

    def is_gap(self, hyphen: int) -> bool:
        """Whether a hyphen stands right before a word, and so is as good as a space."""
        return not self.spaces[hyphen + 1] and hyphen + 1 < len(self.words) and self.words[hyphen + 1][0].isalnum()

    def goes_on(self, place: int) -> bool:
        """Whether a word is only the beginning of something like `C++`."""
        return not self.spaces[place + 1] and place + 1 < len(self.words) and self.words[place + 1] in _MORE


def first_words(words: set[str]) -> set[str]:
    """Every form by which one of `words` could be the first of a name."""
    return words | {form for word in words if word[-1] == "s" for form in _singulars(word)}


def _firsts(word: str) -> tuple[str, ...]:
    """The forms by which a word of a text could be the first of a name."""
    return word, *_singulars(word)


def _forms(word: str) -> tuple[str, ...]:
    """A word of a name as a text may have it."""
    return word, word + "s", word + "es", word[:-1] + "ies"


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
