"""An issue's HTML -> the text part of its mail, which reads like a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from textwrap import indent
from xml.etree.ElementTree import Element, fromstring

_BLOCKS = {"p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre", "table", "div", "hr"}
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot);)[A-Za-z][A-Za-z0-9]*;")
_BREAK = "\r"  # a line end that stays; the others in a paragraph are only where its author's lines ended


def plain_text(html: str) -> str:
    """`html`, as Markdown made it, without marks: headings underlined, links followed by their addresses, lists and tables kept."""
    known_to_xml = _ENTITY.sub(lambda match: escape(unescape(match[0])), html)
    return "\n\n".join(_blocks(fromstring(f"<body>{known_to_xml}</body>")))


def _blocks(parent: Element) -> Iterator[str]:
    """The blocks in `parent`; words that stand directly in it are blocks as well."""
    words = parent.text or ""
    for child in parent:
        if child.tag in _BLOCKS:
            yield from _paragraph(words)
            yield from _block(child)
            words = ""
        else:
            words += _inline(child)
        words += child.tail or ""
    yield from _paragraph(words)


def _block(block: Element) -> Iterator[str]:
    if block.tag in ("ul", "ol"):
        yield _list(block)
    elif block.tag == "blockquote":
        yield indent("\n\n".join(_blocks(block)), "> ", lambda _: True)
    elif block.tag == "pre":
        yield indent("".join(block.itertext()).rstrip(), "    ")
    elif block.tag == "table":
        yield _table(block)
    elif block.tag == "hr":
        yield "* * *"
    elif block.get("class") == "footnote":
        notes = block.iterfind("ol/li")
        yield "\n".join(_item(note, f"[{number}] ") for number, note in enumerate(notes, 1))
    elif re.fullmatch("h[2-6]", block.tag):
        heading = " ".join(_paragraph(_words(block)))
        yield f"{heading}\n{'-' * len(heading)}"
    else:
        yield from _blocks(block)


def _paragraph(words: str) -> Iterator[str]:
    if text := re.sub("[ \t\n]+", " ", words).strip():
        yield re.sub(f" ?{_BREAK} ?", "\n", text)


def _words(element: Element) -> str:
    return "".join([element.text or "", *(_inline(child) + (child.tail or "") for child in element)])


def _inline(element: Element) -> str:
    words = _words(element)
    if element.tag == "br":
        return _BREAK
    if element.tag != "a":
        return words
    kind, address = element.get("class", ""), element.get("href", "")
    if kind == "footnote-ref":
        return f"[{words}]"
    if kind == "footnote-backref":
        return ""
    return words if address.startswith("#") or address in (words, f"mailto:{words}") else f"{words} <{address}>"


def _list(items: Element) -> str:
    first = int(items.get("start", "1"))
    marks = (f"{first + i}. " if items.tag == "ol" else "- " for i in range(len(items)))
    return ("\n\n" if _is_loose(items) else "\n").join(map(_item, items, marks))


def _item(item: Element, mark: str) -> str:
    text = ("\n\n" if _is_loose([item]) else "\n").join(_blocks(item))
    return mark + indent(text, " " * len(mark)).lstrip(" ")


def _is_loose(items: Element | list[Element]) -> bool:
    """Whether an item holds more than one paragraph."""
    return any(len(item.findall("p")) > 1 for item in items)


def _table(table: Element) -> str:
    rows = [[" ".join(_blocks(cell)) for cell in row] for row in table.iter("tr")]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
