"""The search: its page, and what a browser needs to find terms by the beginnings of their words.

A small glossary's index is one file. A large one's is cut by beginnings, as a dictionary is by its guide words, so that a search loads one file of
bounded size however many entries there are: `attention` looks into the file `att-.json`, say, which holds every term with a word that begins so.
Of beginnings that more terms share than a file holds, a file has only the best. `assets/search.js` is the other half.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from os.path import commonprefix

from ..model import Entry, File
from ..render import Renderer
from ..site import Site
from .plain import plain_page
from .views import site_view

FOLDER = "search/"
MOST = 400  # terms in a file
BEST = 50  # of those with a beginning that more share
VOCABULARY = 20_000  # words against which a browser checks spelling, where it does not have all terms
LONGEST = 240  # letters of a definition

_WORD = re.compile(r"[^\W_]+")
_COMPOUND = re.compile(r"[^\W_]+(?:[-\u2010\u2013.'\u2019\u02bc][^\W_]+)+")
# Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = re.compile("[\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def search(site: Site, renderer: Renderer) -> Iterator[File]:
    """The page, and the index."""
    description = f"Find a term of {site.frame.title} by any of its names."
    yield plain_page(renderer, site_view(site.frame), "search.html", FOLDER, "Search", description, robots="noindex")
    entries = site.glossary.entries
    if len(entries) <= MOST:
        yield _file("index", {"terms": [_row(entry, entry.aliases) for entry in entries]})
    else:
        yield from Index(entries).files()


def plain(text: str) -> str:
    """A text as search compares it: without case, accents and variants of letters. The browser does the same."""
    if text.isascii():
        return text.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] != "M")
    return bare.lower().upper().lower().replace("ς", "σ")  # there and back, so that `ẞ` and `ß` are `ss`


def beginnings(name: str) -> list[str]:
    """What may be typed to find `name` begins one of these: its words, compounds also as one word, and in scripts without spaces what follows any sign."""
    text = plain(name)
    found = _WORD.findall(text)
    found += [re.sub(r"[\W_]", "", compound) for compound in _COMPOUND.findall(text)]
    if not text.isascii():
        found += [word[sign.start() :] for word in found for sign in _UNSPACED.finditer(word, 1)]
    return found


class Index:
    """The beginnings in order, each with the names that have it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.names = [(place, name) for place, entry in enumerate(entries) for name in (entry.title, *entry.aliases)]
        having: dict[str, list[int]] = {}
        for number, (_, name) in enumerate(self.names):
            for beginning in dict.fromkeys(beginnings(name)):
                having.setdefault(beginning, []).append(number)
        self.beginnings = sorted(having)
        self.having = [having[beginning] for beginning in self.beginnings]

    def files(self) -> Iterator[File]:
        """Those of the terms, what tells which of them to look into, and the words against which spelling is checked."""
        best: list[str] = []
        whole: list[str] = []
        for shared, numbers, more in self._cut("", 0, len(self.beginnings)):
            (best if more else whole).append(shared)
            rows: dict[str, object] = {"terms": self._rows(numbers)}
            yield _file(f"{_spelled(shared.split(' ')[0])}-", {**rows, "more": more} if more else rows)
        yield _file("index", {"best": best, "all": whole})
        words = Counter({word: len(having) for word, having in zip(self.beginnings, self.having, strict=True) if len(word) > 3})
        yield _file("words", {"words": " ".join(word for word, _ in words.most_common(VOCABULARY))})

    def _cut(self, shared: str, start: int, end: int) -> Iterator[tuple[str, list[int], int]]:
        """The files of the beginnings from `start` to `end`: what theirs begin with, their names' numbers, and how many terms more there are.

        Small neighbours share a file.
        """
        together: list[str] = []
        numbers: list[int] = []
        while start < end:
            letter = self.beginnings[start][: len(shared) + 1]
            after = bisect_left(self.beginnings, letter + "\U0010ffff", start, end)
            having = [number for names in self.having[start:after] for number in names]
            if self._terms(having) > MOST:
                yield from self._best(letter, start, after)
            else:
                if self._terms(numbers + having) > MOST:
                    yield " ".join(together), numbers, 0
                    together, numbers = [], []
                together.append(letter)
                numbers += having
            start = after
        if together:
            yield " ".join(together), numbers, 0

    def _best(self, shared: str, start: int, end: int) -> Iterator[tuple[str, list[int], int]]:
        """Those of many beginnings that are the whole of a word, and those that begin with it; then the files of all, but of that word."""
        shared = commonprefix([self.beginnings[start], self.beginnings[end - 1]])  # noqa: RUF071 (letters are what is meant)
        numbers = sorted({number for names in self.having[start:end] for number in names}, key=lambda number: self._rank(number, shared))
        exactly = self.having[start] if self.beginnings[start] == shared else []
        wholly = set(exactly)
        numbers.sort(key=lambda number: number not in wholly)
        best: dict[int, list[int]] = {}
        for number in numbers:
            if len(best) < min(MOST, max(BEST, self._terms(exactly))) or self.names[number][0] in best:
                best.setdefault(self.names[number][0], []).append(number)
        yield shared, [number for names in best.values() for number in names], self._terms(numbers) - len(best)
        yield from self._cut(shared, start + bool(exactly), end)

    def _rank(self, number: int, beginning: str) -> tuple[bool, int, int]:
        name = self.names[number][1]
        return not plain(name).startswith(beginning), len(name), number

    def _terms(self, numbers: Sequence[int]) -> int:
        return len({self.names[number][0] for number in numbers})

    def _rows(self, numbers: Sequence[int]) -> list[list[object]]:
        """The terms that have these names, in index order; of their aliases, only these."""
        aliases: dict[int, list[str]] = {}
        for number in sorted(set(numbers)):
            place, name = self.names[number]
            mine = aliases.setdefault(place, [])
            if name != self.entries[place].title:
                mine.append(name)
        return [_row(self.entries[place], mine) for place, mine in aliases.items()]


def _row(entry: Entry, aliases: Sequence[str]) -> list[object]:
    definition = entry.definition
    if len(definition) > LONGEST:
        definition = definition[:LONGEST].rpartition(" ")[0] + " …"
    return [entry.slug, entry.title, list(aliases), definition]


def _spelled(beginning: str) -> str:
    """A beginning as every file system and server takes it; followed by a hyphen it is none of the names that some keep for themselves, as `con`.

    The end of a long one is its hash (FNV-1a, of 32 bits).
    """
    spelled = "".join(c if c.isascii() else f"-{ord(c):x}_" for c in beginning)
    hashed = 0x811C9DC5
    for c in spelled.encode():
        hashed = (hashed ^ c) * 0x01000193 & 0xFFFFFFFF
    return spelled if len(spelled) <= 60 else f"{spelled[:40]}~{hashed:x}"


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _file(name: str, value: dict[str, object]) -> File:
    """An item a line, to be compared."""
    fields = []
    for field, items in value.items():
        text = "[\n" + ",\n".join(map(_encode, items)) + "\n]" if isinstance(items, list) and items else _encode(items)
        fields.append(f"{_encode(field)}:{text}")
    return File(f"{FOLDER}{name}.json", ("{" + ",\n".join(fields) + "}\n").encode())
