"""What a good glossary has beyond what it needs: mostly advice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..model import Draft, DraftEntry
from ..names import fold
from ..nodes import Scalar
from ..problems import Problem
from ..scan import links, scan
from .rules import limit


def completeness(draft: Draft) -> Iterator[Problem]:
    """An entry has all its parts, and its references addresses."""
    for entry in draft.entries:
        yield from _completeness(entry)


def _completeness(entry: DraftEntry) -> Iterator[Problem]:
    title = entry.title
    if "summary" not in entry.given:
        yield Problem(
            entry.place,
            "missing-summary",
            f"'{title}' has no summary",
            "two or three sentences: what, who uses it, the trade-off",
        )
    if "example" not in entry.given:
        yield Problem(
            entry.place, "missing-example", f"'{title}' has no example", "one sentence in which the term is used"
        )
    if "references" not in entry.given:
        yield Problem(
            entry.place, "missing-reference", f"'{title}' has no reference", "the paper or page that introduced it"
        )
    for reference in entry.references:
        if reference.url is None:
            yield Problem(
                reference.place,
                "reference-identifier",
                "a reference without an address",
                "add 'url:', an arXiv, DOI or publisher's page",
            )
        elif not _is_web_address(reference.url.value):
            yield Problem(
                reference.url.place,
                "unsafe-url",
                f"'{reference.url.value[:60]}' is not a web address",
                "write https://...",
            )


def _is_web_address(url: str) -> bool:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return bool(host and re.match(r"https?://", url)) and not (set(url) & set("\"'<>") or re.search(r"\s", url))


def orphans(draft: Draft) -> Iterator[Problem]:
    """Something leads to every entry."""
    entries, index = draft.entries, draft.index
    reached: set[str] = set()
    for entry in entries:
        names = [scalar.value for scalar in (*entry.related, *entry.contrast, *entry.broader)]
        names += [span.value for text in (*entry.texts, entry.definition) if text for span in links(text.value)]
        if entry.deprecated and entry.deprecated.by:
            names.append(entry.deprecated.by.value)
        reached.update(slug for name in names for slug in index.resolve(name) if slug != entry.slug)
    for entry in entries if len(entries) > 1 else ():
        if entry.slug not in reached:
            yield Problem(
                entry.place,
                "orphan",
                f"no other entry leads to '{entry.title}'",
                "name it in another entry's 'related:', or link to it",
            )


_EMPHASISED = re.compile(r"(?<![*\w])\*{1,2}(?=\S)([^*\n]{3,40}?)(?<=\S)\*{1,2}(?![*\w])")
_ABBREVIATED = re.compile(r"(?<![\w-])[A-Z]{2,}[a-z]?(?![\w-])")


def needed(draft: Draft) -> Iterator[Problem]:
    """Abbreviations and emphasised phrases that many entries use and none defines, at their first use."""
    users: Counter[str] = Counter()
    first: dict[str, tuple[str, Scalar, int]] = {}
    for entry in draft.entries:
        used: set[str] = set()
        for scalar in (*entry.texts, entry.definition):
            if scalar is None:
                continue
            text = list(scalar.value)
            for span in scan(scalar.value):
                if span.kind != "heading":
                    text[span.start : span.end] = " " * (span.end - span.start)
            prose = "".join(text)
            for pattern, group in ((_EMPHASISED, 1), (_ABBREVIATED, 0)):
                for match in pattern.finditer(prose):
                    name = match[group]
                    singular = name.removesuffix("s")
                    if not (draft.index.resolve(name) or draft.index.resolve(singular)):
                        key = fold(singular) if group else singular
                        used.add(key)
                        first.setdefault(key, (name, scalar, match.start(group)))
        users.update(used)
    for key, count in sorted(users.items()):
        if count >= limit(draft, "needed-term"):
            name, scalar, offset = first[key]
            yield Problem(
                scalar.place_of(offset),
                "needed-term",
                f"{f'{count} entries use' if count > 1 else '1 entry uses'} '{name}', and none defines it",
                f"sitegen new '{name}'",
            )
