"""An entry's Markdown -> HTML, with explicit and automatic links, formulas and heading anchors put in.

Markdown never sees a link or a formula: each is cut out at the span where `scan` found it, leaving one
private-use character, and its HTML is put there in the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, NamedTuple

from .mathematics import formula
from .mentions import Mentions, Words, names_of
from .model import Entry, Glossary, path_of
from .names import url_path
from .scan import HOLE, Span, scan

UNBROKEN = 24  # characters of TeX; a longer formula within a line may not fit a phone, and scrolls

_HOLED_TAG = re.compile("<[^<>]*\ue000[^<>]*>")  # in a link's title, say: there the text stays as written
_PIECE = re.compile(r"(<(/?)([a-z][a-z0-9]*)?[^>]*>)|([^<]+)")
_QUIET = frozenset({"a", "code", "pre", "blockquote", "h2", "h3", "h4", "h5", "h6", "math", "sup", "th"})
_SECTION = re.compile(r"(?=<h[2-6])")
_NOTE = re.compile(r'((?:id="|href="#)fn(?:ref\d*)?):')


Target = tuple[str, str]  # an entry's slug and title


class Heading(NamedTuple):
    id: str
    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Body:
    """An entry's prose as HTML. `mentions` are the entries it links to; `styles` what its formulas need.

    Addresses start with `{root}`, the way from the page to the site's root, filled in by `at_root`.
    """

    summary: str
    in_depth: str
    example: str
    note: str
    headings: tuple[Heading, ...]
    mentions: frozenset[str]
    styles: frozenset[tuple[str, str]]


    def plain(self) -> tuple[Any, ...]:
        """Itself in plain values, of which `Body.of` makes it again."""
        headings = tuple((heading.id, heading.text, heading.level) for heading in self.headings)
        sets = tuple(sorted(self.mentions)), tuple(sorted(self.styles))
        return self.summary, self.in_depth, self.example, self.note, headings, *sets

    @classmethod
    def of(cls, plain: tuple[Any, ...]) -> Body:
        summary, in_depth, example, note, headings, mentions, styles = plain
        return cls(
            summary, in_depth, example, note, tuple(Heading(*h) for h in headings), frozenset(mentions), frozenset(styles)
        )


class Markup:
    """Renders one glossary's texts, reusing one Markdown instance. `words` are those of the last entry's running text."""

    def __init__(self, mentions: Mentions, resolve: Callable[[str], Target]) -> None:
        """`resolve` says what a page that is no entry's means by a name."""
        from .dialect import accessible, markdown  # Markdown takes 50 ms to import

        self.mentions, self.resolve = mentions, resolve
        self.markdown, self.accessible = markdown(), accessible
        self.links: dict[str, Target] = {}
        self.found: set[str] = set()
        self.styles: set[tuple[str, str]] = set()
        self.words: set[str] = set()

    @classmethod
    def of(cls, glossary: Glossary, mentions: Mentions | None = None) -> Markup:
        """What renders the texts of a glossary, whose names `mentions` finds."""

        def resolve(name: str) -> Target:
            entry = glossary.by_slug[glossary.index.resolve(name)[0]]
            return entry.slug, entry.title

        return cls(mentions or Mentions(names_of(glossary)), resolve)

    def entry(self, entry: Entry) -> Body:
        """The prose of `entry`."""
        self.found, self.styles, self.words = set(), set(), set()
        self.links = {name: (slug, title) for name, slug, title in entry.links}
        summary = _told_apart("summary", self.html(entry.summary, entry.slug))
        in_depth = self.html(entry.explainer, entry.slug)
        headings = _headings(in_depth)
        example = _told_apart("example", self.html(entry.example, entry.slug, automatic=False))
        note = entry.deprecated.note if entry.deprecated else ""
        note = _told_apart("note", self.html(note, entry.slug, automatic=False))
        return Body(
            summary, in_depth, example, note, headings, frozenset(self.found - {entry.slug}), frozenset(self.styles)
        )

    def page(self, text: str) -> str:
        """The HTML of a Markdown text that is a page of its own: its `##` come right below the page's heading. `styles` are what its formulas need."""
        self.styles = set()
        return re.sub(r"(</?h)([3-6])", lambda m: f"{m[1]}{int(m[2]) - 1}", self.html(text))

    def html(self, text: str, slug: str = "", automatic: bool = True) -> str:
        """The HTML of one Markdown text that stands on the page of `slug`."""
        if not text:
            return ""
        holes: list[str] = []
        targets: list[str] = []
        written: list[str] = []
        pieces, last = [], 0
        for span in scan(text):
            if span.kind in ("math", "display", "link"):
                pieces += [text[last : span.start], f"\ue000{len(holes)}\ue001"]
                holes.append(self._filling(span, targets))
                written.append(text[span.start : span.end])
                targets.extend([""] * (len(holes) - len(targets)))
                last = span.end
        html = self.markdown.convert("".join(pieces) + text[last:])
        if holes:
            html = _HOLED_TAG.sub(lambda tag: HOLE.sub(lambda match: escape(written[int(match[1])]), tag[0]), html)
        html = self.accessible(html)
        if automatic:
            html = "".join(self._linked(part, slug, targets) for part in _SECTION.split(html))
        return HOLE.sub(lambda match: holes[int(match[1])], html)

    def _filling(self, span: Span, targets: list[str]) -> str:
        if span.kind == "link":
            slug, title = self.links.get(span.value) or self.resolve(span.value)
            targets.append(slug)
            self.found.add(slug)
            shown = span.shown or _shown(span.value, slug, title)
            return f'<a href="{{root}}{url_path(path_of(slug))}">{escape(shown, quote=False)}</a>'
        made = formula(span.value, span.kind == "display")
        self.styles.update(made.styles)
        if span.kind == "math" and len(span.value) <= UNBROKEN:
            return made.html
        kind = "formula" if span.kind == "display" else "formula inline"
        return f'<span class="{kind}" tabindex="0" role="group" aria-label="Formula">{made.html}</span>'

    def _linked(self, html: str, slug: str, targets: list[str]) -> str:
        """One section with the first mention of every other entry linked, unless an explicit link leads there."""
        seen = {slug} | {targets[int(number)] for number in HOLE.findall(html)}
        out: list[str] = []
        quiet = 0
        for tag, closing, name, text in _PIECE.findall(html):
            if tag:
                if name in _QUIET:
                    quiet += -1 if closing else 1
                out.append(tag)
            else:
                out.append(text if quiet or text.isspace() else self._mentioned(text, seen))
        return "".join(out)

    def _mentioned(self, html: str, seen: set[str]) -> str:
        text = unescape(html)
        words = Words(text)
        self.words.update(words.words)
        out, last = [], 0
        for start, end, slug in self.mentions.find(words):
            if slug not in seen:
                seen.add(slug)
                self.found.add(slug)
                address = url_path(path_of(slug))
                out += [
                    escape(text[last:start], quote=False),
                    f'<a href="{{root}}{address}">{escape(text[start:end], quote=False)}</a>',
                ]
                last = end
        return "".join(out) + escape(text[last:], quote=False) if out else html


def _shown(written: str, slug: str, title: str) -> str:
    """A link's words where it has none of its own: as written, but a slug as its term.

    The case of a slug's first letter is kept, so that `[[momentum]]` reads well within a sentence.
    """
    if written != slug:
        return " ".join(written.split())
    return title if any(c.isupper() for c in title[1:]) else written[0] + title[1:]


def at_root(html: str, root: str) -> str:
    """`html` as it stands on a page from which `root` leads to the site's root."""
    return html.replace('href="{root}', f'href="{root}')


def _told_apart(part: str, html: str) -> str:
    """`html` with ids of its own for the footnotes of this part of the entry; each part numbers them from one."""
    return _NOTE.sub(rf"\1-{part}:", html)


def _headings(html: str) -> tuple[Heading, ...]:
    found = re.findall(r'<h([3-6]) id="([^"]*)">(.*?)</h', html, re.DOTALL)
    return tuple(Heading(id_, unescape(re.sub(r"<[^>]*>", "", text)), int(level)) for level, id_, text in found)
