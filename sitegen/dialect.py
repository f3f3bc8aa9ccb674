"""Python-Markdown, cut down to what an entry may hold.

No raw HTML, images, reference definitions, indented code or underlined headings: one way to write a thing, and
nothing that `scan` would have to parse as well. This module is imported where there is something to render.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.blockprocessors import HashHeaderProcessor, ParagraphProcessor
from markdown.extensions.admonition import AdmonitionExtension
from markdown.extensions.codehilite import CodeHiliteExtension
from markdown.extensions.fenced_code import FencedCodeExtension
from markdown.extensions.footnotes import FootnoteExtension
from markdown.extensions.sane_lists import SaneListExtension
from markdown.extensions.tables import TableExtension
from markdown.inlinepatterns import LINK_RE, LinkInlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from .names import slugify
from .scan import HOLE, is_safe_url

MAX_LINK = 1_000  # characters of a link's text, and of its address

_MARKS = r"[`\\\[<&*_]|  \n"
_INLINE = re.compile(_MARKS).search
_CHANGED = re.compile(_MARKS + r"|[>\t\r\x02\x03]").search
_LETTERS = re.compile(r"[^\W\d_][^\n]*(?:\n[^\W\d_][^\n]*)*\Z").match
_ALIGN = re.compile(r' style="text-align: (left|right|center);"')


class Converter(Markdown):
    """Converts one text after the other."""

    def convert(self, source: str) -> str:
        """The HTML of `source`. Nothing but plain paragraphs, as most summaries and examples are, is passed through in no time."""
        blocks = source.strip("\n").split("\n\n")
        if not _CHANGED(source) and all(_LETTERS(block) for block in blocks):
            return "\n".join(f"<p>{block}</p>" for block in blocks)
        self.reset()
        return str(super().convert(source))


def markdown() -> Converter:
    """A converter with a fixed set of Python-Markdown's own extensions."""
    md = Converter(
        extensions=[
            TableExtension(), FencedCodeExtension(), CodeHiliteExtension(guess_lang=False, css_class="highlight"), Footnotes(),
            AdmonitionExtension(), SaneListExtension(),
        ]
    )
    md.preprocessors.deregister("html_block")
    for name in ("code", "setextheader", "reference"):
        md.parser.blockprocessors.deregister(name)
    md.parser.blockprocessors.register(Prose(md.parser), "prose", 110)
    md.parser.blockprocessors.register(SpacedHeading(md.parser), "hashheader", 70)
    for name in ("html", "reference", "image_link", "image_reference", "short_reference", "short_image_ref"):
        md.inlinePatterns.deregister(name)
    md.inlinePatterns.register(Link(LINK_RE, md), "link", 160)
    md.treeprocessors.register(Plain(md), "plain", 25)
    md.treeprocessors.register(Headings(md), "headings", 15)
    md.treeprocessors.register(SafeLinks(md), "safe-links", 5)
    md.ESCAPED_CHARS = [*md.ESCAPED_CHARS, "$", "<"]
    return md


def accessible(html: str) -> str:
    """What scrolls sideways can be reached by keyboard, and nothing has a style of its own."""
    html = _ALIGN.sub(r' class="\1"', html)
    html = html.replace(
        '<div class="highlight">', '<div class="highlight" tabindex="0" role="group" aria-label="Code">'
    )
    html = html.replace("<table>", '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>')
    return html.replace("</table>", "</table></div>")


class SpacedHeading(HashHeaderProcessor):
    """A heading is a hash and a space: `#[account]` is text."""

    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})[ \t]+(?P<header>(?:\\.|[^\\\n])+?)[ \t]*#*(?:\n|$)")


class Prose(ParagraphProcessor):
    """A paragraph by its looks: lines that start with letters can be nothing else, whatever other processors would look for."""

    def test(self, parent: Element, block: str) -> bool:
        return bool(_LETTERS(block))


class Plain(Treeprocessor):
    """Marks text without any character by which an inline pattern starts: each of these would look through all of it."""

    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.text and not _INLINE(element.text):
                element.text = AtomicString(element.text)


class Headings(Treeprocessor):
    """Moves headings one level down, below the page's own, and gives each an id."""

    def run(self, root: Element) -> None:
        taken: set[str] = set()
        for element in root.iter():
            if re.fullmatch("h[1-6]", element.tag):
                element.tag = f"h{min(int(element.tag[1]) + 1, 6)}"
                name = slugify(HOLE.sub(" ", "".join(element.itertext()))) or "section"
                element.set("id", _unique("in-" + name, taken))


class Link(LinkInlineProcessor):
    """Looks only so far for a link's end: else ten thousand brackets take ten thousand looks at the rest."""

    def getText(self, data: str, index: int) -> tuple[str, int, bool]:  # noqa: N802
        return super().getText(data[: index + MAX_LINK], index)

    def getLink(self, data: str, index: int) -> tuple[str, str | None, int, bool]:  # noqa: N802
        return super().getLink(data[: index + MAX_LINK], index)


class SafeLinks(Treeprocessor):
    """`check` refuses unsafe addresses; this is for one that it took for code and Markdown did not."""

    def run(self, root: Element) -> None:
        for link in root.iter("a"):
            if not is_safe_url(link.get("href", "")):
                del link.attrib["href"]


class Footnotes(FootnoteExtension):
    def unique_ref(self, reference: str, found: bool = False) -> str:
        """As its parent's, but without counting from 2 for each of a thousand references to one note."""
        if not found:
            return reference
        number = self.found_refs[reference] = self.found_refs.get(reference, 0) + 1
        name, separator, label = reference.partition(self.get_separator())
        return reference if number == 1 else f"{name}{number}{separator}{label}"


def _unique(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    taken.add(name)
    return name
