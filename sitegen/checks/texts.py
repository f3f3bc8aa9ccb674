"""What definitions and Markdown must look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..mathematics import TexError, formula
from ..model import Draft
from ..nodes import Scalar
from ..problems import Problem
from ..scan import Span, is_safe_url, scan
from .rules import limit as limit_of

_SENTENCE_ENDS = ".!?…。！？؟۔।॥።։"
_CLOSERS = "\"'”’»）)]"
_NEXT_SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[A-ZÀ-Þ])|[。！？](?=.)")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|al|vs|cf|ca|approx|Dr|Mr|Ms|Prof|St|No|Fig|Eq)|\b[A-Z])\.$")


def definitions(draft: Draft) -> Iterator[Problem]:
    """A definition is one sentence of bearable length."""
    limit = limit_of(draft, "definition-length")
    for entry in draft.entries:
        if entry.definition:
            yield from _definition(entry.definition, limit)


def _definition(definition: Scalar, limit: int) -> Iterator[Problem]:
    value = definition.value
    text = value.rstrip()
    if len(text) > limit:
        yield Problem(
            definition.place_of(limit),
            "definition-length",
            f"the definition has {len(text)} characters, more than {limit}",
            "say the rest in the summary",
        )
    if text.rstrip(_CLOSERS)[-1:] not in tuple(_SENTENCE_ENDS):
        yield Problem(
            definition.place_of(len(text) - 1),
            "definition-sentence",
            "the definition does not end like a sentence",
            "end it with a full stop",
        )
    for match in _NEXT_SENTENCE.finditer(text):
        if not _ABBREVIATION.search(text, max(0, match.start() - 20), match.start()):
            yield Problem(
                definition.place_of(match.end()),
                "definition-sentence",
                "the definition is more than one sentence",
                "move the rest to the summary",
            )
            break


def markup(draft: Draft) -> Iterator[Problem]:
    """Every Markdown text holds only what a page can show."""
    texts = [text for entry in draft.entries for text in entry.texts] + [issue.body for issue in draft.issues]
    for text in [*texts, draft.settings.about] if draft.settings.about else texts:
        yield from _markup(text)


def _markup(scalar: Scalar) -> Iterator[Problem]:
    """What an entry's Markdown must not hold."""
    level, deep = 1, False
    for span in scan(scalar.value):
        found: tuple[str, str, str] | None = None
        if span.kind == "html":
            found = ("raw-html", "a raw HTML tag", "put code between `backticks`, or write \\< for the sign itself")
        elif span.kind == "image":
            found = ("image", "an image", "make it an explorable, or link to it without the '!'")
        elif span.kind == "open":
            found = ("unclosed-code", "a code block that is never closed", "close it with a line of the same signs")
        elif span.kind == "deep" and not deep:
            deep = True
            found = ("too-deep", "nested more than 8 levels deep", "say it in fewer levels")
        elif span.kind == "url" and not is_safe_url(span.value):
            message = f"the address '{span.value[:60]}' is not safe to follow"
            found = ("unsafe-url", message, "use https, http, mailto or a relative address")
        elif span.kind == "heading":
            deeper = len(span.value)
            if deeper == 1 or deeper > level + 1:
                below = f"after level {level}" if level > 1 else "at the start"
                message = (
                    f"a heading of level {deeper} {below}" if deeper > 1 else "a heading of level 1, the page's own"
                )
                found = ("heading-level", message, "write " + "#" * (level + 1 if deeper > 1 else 2))
            level = max(deeper, 2)
        elif span.kind in ("math", "display"):
            yield from _formula(scalar, span)
        if found:
            yield Problem(scalar.place_of(span.at), *found)


def _formula(scalar: Scalar, span: Span) -> Iterator[Problem]:
    try:
        formula(span.value, span.kind == "display")
    except TexError as error:
        yield Problem(
            scalar.place_of(span.at + error.offset), "wrong-tex", str(error), "a dollar of money is written \\$"
        )
