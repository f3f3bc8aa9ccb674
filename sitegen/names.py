"""How terms are compared, sorted and turned into addresses, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

_SPOKEN = str.maketrans({"+": " plus ", "#": " sharp ", "&": " and ", "@": " at ", "%": " percent "})
_DOT = re.compile(r"^\s*\.(?=\w)")
_NOT_PLAIN, _NOT_SORTED, _SPACE = re.compile("[^a-z0-9]+"), re.compile(r"[^a-z0-9\s]+"), re.compile(r"\s")
_APOSTROPHES = re.compile("['’ʼ]")
MAX_SLUG_BYTES = 120
HAN = "字"  # under which all Han characters stand in the index: they are no alphabet

# Characters inside a word that Python's \w leaves out: accents, vowel signs and joiners, for use in a regex class.
MARKS = (
    r"\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20f0"
)


@lru_cache(maxsize=1 << 16)
def fold(name: str) -> str:
    """The form in which two names are the same: Unicode form, case and spacing do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=1 << 16)
def slugify(name: str) -> str:
    """The address of a name: lower case, letters and digits of any script, joined by hyphens.

    Signs that tell terms apart are spoken: `C++` is `c-plus-plus`, `.NET` is `dot-net`. A name of
    nothing but other signs has no address: the empty string. Long names are cut at a hyphen.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _APOSTROPHES.sub("", _DOT.sub("dot ", text)).translate(_SPOKEN)
    kept = _NOT_PLAIN.sub("-", text) if text.isascii() else "".join(c if unicodedata.category(c)[0] in "LNM" else "-" for c in text)
    slug = unicodedata.normalize("NFC", re.sub("-+", "-", kept).strip("-"))
    while len(slug.encode()) > MAX_SLUG_BYTES:
        slug = slug[:-1].rpartition("-")[0] or slug[:-1]
    return slug


def letter_of(name: str) -> str:
    """The index letter: its first letter without accents; `#` for a name that starts with a digit or has none; HAN for a Han character."""
    for char in unicodedata.normalize("NFKD", name):
        category = unicodedata.category(char)[0]
        if category == "L":
            return HAN if unicodedata.name(char, "").startswith("CJK ") else char.upper()[:1]
        if category == "N":
            return "#"
    return "#"


def sort_key(name: str) -> tuple[str, str, str]:
    """Index order: by letter, then by the letters and digits alone without accents, then exactly."""
    letter = letter_of(name)
    plain = unicodedata.normalize("NFKD", name).casefold()
    if plain.isascii():
        bare = _SPACE.sub(" ", _NOT_SORTED.sub("", plain))
    else:
        bare = "".join(c if unicodedata.category(c)[0] in "LN" else " " * c.isspace() for c in plain)
    return ("" if letter == "#" else letter, bare.strip(), name)


@lru_cache(maxsize=1 << 16)
def url_path(path: str) -> str:
    """`path` as it stands in an address: non-ASCII letters percent-encoded."""
    return quote(path, safe="/#?=&-._~")


class NameIndex:
    """Which entries a name may mean: slugs exactly, then terms and aliases, folded."""

    def __init__(self, claims: Iterable[tuple[str, Iterable[str]]]) -> None:
        """`claims` are pairs of a slug and all the names its entry answers to."""
        self.slugs: set[str] = set()
        self.claimed: dict[str, tuple[str, ...]] = {}
        self.spellings: dict[str, str] = {}
        for slug, names in claims:
            self.slugs.add(slug)
            for name in names:
                folded = fold(name)
                self.spellings.setdefault(folded, name)
                others = self.claimed.get(folded, ())
                if slug not in others:
                    self.claimed[folded] = (*others, slug)

    def resolve(self, name: str) -> tuple[str, ...]:
        """The slugs that `name` may mean: none, one, or several where it is ambiguous."""
        if name in self.slugs:
            return (name,)
        folded = fold(name)
        if folded in self.claimed:
            return self.claimed[folded]
        return (folded,) if folded in self.slugs else ()

    def spelled(self) -> Iterator[str]:
        """Every name there is, as its author spelled it, and every slug."""
        yield from self.slugs
        yield from self.spellings.values()
