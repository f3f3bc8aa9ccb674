"""What stands where in an entry's Markdown: found once, so that what was checked is what is rendered."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import NamedTuple

HOLE = re.compile("\ue000(\\d+)\ue001")  # where a link or a formula was cut out of a text
SAFE_SCHEMES = ("http", "https", "mailto")

# In the order in which they win: inside code nothing else counts, inside a formula only code could have.
_SPANS = re.compile(
    r"""
      (?P<code>    ^(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*?\n)??(?P=fence)[ ]*$      # as Python-Markdown's fenced_code
                 | (?<![`\\])(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*(?:\n|>|\#|(?:[*+-]|\d+\.)[ \t])).)+?(?<!`)(?P=ticks)(?!`) )
    | (?P<open>    ^(?:`{3,}|~{3,})[^\n]*$ )
    | (?P<deep>    ^(?: (?:[ ]{0,3}\t|[ ]{4}){8}[ \t]*\S
                   | (?![ ]*(?:[*-][ ]{0,2}){3,}$)[ \t]*(?:(?:>|(?:[*+-]|\d+\.)(?=[ \t]))[ \t]*){9} ) )
    | (?P<escape>  \\[\\`*_{}\[\]()<>\#+\-.!|$] )
    | (?P<display> \$\$(?P<block>(?:(?!\n[ \t]*\n)[^$])+)\$\$ )
    | (?P<math>    \$(?P<tex>(?=\S)(?:\\.|[^$\\\n`]|\n(?![ \t]*\n))+?)(?<=\S)(?<!\\)\$(?!\d) )
    | (?P<link>    \[\[(?P<target>[^\[\]|]*)(?:\|(?P<shown>[^\[\]]*))?\]\] )
    | (?P<image>   !\[(?!\[) )
    | (?P<url>     \]\(\s*(?P<address><[^<>]*|(?:(?!\n[ \t]*\n)[^)"'])*) )
    | (?P<bare>    <(?:https?://[^<>\s]*|[^<>\s!@/]+@[^<>\s@]+)> )
    | (?P<html>    <(?=/?[A-Za-z][^<>]{0,500}>|!--|!DOCTYPE|\?) )
    | (?P<heading> ^(?:(?:[ ]{0,3}>)+[ ]?)?[ ]{0,3}(?P<hashes>\#{1,6})[ \t]+(?=\S) )
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
# Where one may start. To look only there takes a tenth of the time that trying all of them everywhere does.
_STARTS = re.compile(r"[`\\$\[!\]<]|^[~ \t>#*+\-\d]", re.MULTILINE)


class Span(NamedTuple):
    """A piece of Markdown, `text[start:end]`.

    `kind` is code, open (a fence never closed), deep (nested beyond bearing), display, math, link, image, url, html or heading.
    `value` is the formula, the name a link leads to, the address, or the hashes; it starts at `at`.
    `shown` is the link's own text, if it has one.
    """

    kind: str
    start: int
    end: int
    value: str
    at: int
    shown: str = ""


@lru_cache(maxsize=4096)
def scan(text: str) -> tuple[Span, ...]:
    """The spans of `text` in order, none inside another."""
    found, at = [], 0
    while start := _STARTS.search(text, at):
        match = _SPANS.match(text, start.start())
        if match is None:
            at = start.end()
            continue
        at = match.end()
        kind = str(match.lastgroup)
        group = {"display": "block", "math": "tex", "link": "target", "url": "address", "heading": "hashes"}.get(
            kind, kind
        )
        if kind in ("escape", "bare"):
            continue
        found.append(Span(kind, match.start(), match.end(), match[group], match.start(group), match["shown"] or ""))
    return tuple(found)


def links(text: str) -> tuple[Span, ...]:
    """The `[[...]]` of `text`."""
    return tuple(span for span in scan(text) if span.kind == "link") if "[[" in text else ()


def is_safe_url(address: str) -> bool:
    """Whether following `address` can only open a page or a mail, whatever a browser makes of its spelling."""
    plain = "".join(c for c in unescape(address.lstrip("<")) if c > " ")
    scheme = re.match(r"[^/?#]*?:", plain)
    return scheme is None or scheme.group()[:-1].casefold() in SAFE_SCHEMES


def plain(text: str) -> str:
    """`text` on one line with every `[[link]]` as the words it shows: what a definition says."""
    for span in reversed(links(text)):
        text = text[: span.start] + (span.shown or span.value) + text[span.end :]
    return " ".join(text.split())
