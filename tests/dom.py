"""A built site as a reader that is not a browser sees it: pages parsed, links resolved, outlines in plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, cached_property
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from justhtml import Element, JustHTML, Text

_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_LINES = frozenset(["address", "blockquote", "button", "caption", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "input", "label", "li", "option", "p", "pre", "summary", "tr"])
_INSIDE = frozenset(["article", "blockquote", "form", "header", "footer", "li", "main", "nav", "ol", "section", "table", "ul"])


class Page:
    """One HTML file of a site; `path` is its address below the site's root."""

    def __init__(self, site: Path, path: str) -> None:
        self.site, self.path = site, path
        self.html = (site / path / "index.html" if not path.endswith(".html") else site / path).read_text("utf-8")
        self.document = JustHTML(self.html, strict=True, sanitize=False)

    def all(self, selector: str) -> list[Element]:
        """The elements that `selector` finds, in order."""
        return self.document.query(selector)

    def one(self, selector: str) -> Element:
        """The only element that `selector` finds."""
        (element,) = self.document.query(selector)
        return element

    def texts(self, selector: str) -> list[str]:
        """What the elements that `selector` finds say."""
        return [text(element) for element in self.all(selector)]

    def meta(self, name: str) -> str:
        """The content of the only meta element called `name`."""
        (element,) = (e for e in self.all("meta") if name in (e.attrs.get("name"), e.attrs.get("property"), e.attrs.get("http-equiv")))
        return element.attrs["content"] or ""

    @property
    def is_redirect(self) -> bool:
        return bool(self.all('meta[http-equiv="refresh"]'))

    @cached_property
    def ids(self) -> list[str]:
        return [element.attrs["id"] or "" for element in self.all("[id]")]

    @cached_property
    def json_ld(self) -> list[Any]:
        return [json.loads(element.to_text()) for element in self.all('script[type="application/ld+json"]')]

    def links(self, selector: str = "a[href]") -> list[str]:
        """The addresses that the links found by `selector` lead to, below the site's root where they stay within it."""
        return [self.address(element.attrs["href"] or "") for element in self.all(selector)]

    def address(self, written: str) -> str:
        """An address on this page as seen from the site's root; one that leaves the site stays absolute."""
        root = "http://site.invalid/"
        return unquote(urljoin(root + self.path, written).removeprefix(root))


def text(element: Element) -> str:
    """What an element says, its white space as a reader sees it."""
    return line(element.to_text(separator="", strip=False))


def line(words: str) -> str:
    """Words as they read when their lines may break anywhere."""
    return " ".join(words.split())


@cache
def pages(site: Path) -> dict[str, Page]:
    """Every page of a site by its path, in order."""
    files = sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html"))
    return {path: Page(site, path) for path in (file.removesuffix("index.html") for file in files)}


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder, as a digest of its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def target_of(site: Path, address: str) -> Path:
    """The file that a static file server sends for an address below the site's root."""
    path = site / urlsplit(address).path
    return path / "index.html" if address.partition("#")[0].endswith("/") or not urlsplit(address).path else path


class _Nesting(HTMLParser):
    """Collects what HTML forgives: elements never closed, closed out of order, attributes given twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.wrong += [f"{name} twice on {tag}, {self.getpos()}" for name in set(names) if names.count(name) > 1]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<path/>`: only SVG and MathML know it; elsewhere the slash is ignored."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> out of place, {self.getpos()}")


def badly_nested(html: str) -> list[str]:
    """What is wrong with the nesting of a page's elements, stricter than HTML asks."""
    parser = _Nesting()
    parser.feed(html)
    parser.close()
    return parser.wrong + [f"<{tag}> is never closed" for tag in parser.open]


def outline(page: Page) -> str:
    """A page as a few readable lines: its head, then every heading, paragraph, list item, row and field."""
    head = [f"title: {text(page.one('title'))}"]
    head += [f"{e.attrs.get('name') or e.attrs.get('property') or e.attrs.get('http-equiv')}: {e.attrs['content']}"
             for e in page.all("meta[content]")]  # fmt: skip
    head += [f"{e.attrs['rel']}: {_way(page, e)}" for e in page.all("link")]
    head += [f"json-ld: {json.dumps(value, ensure_ascii=False, indent=1)}" for value in page.json_ld]
    return "\n".join([*head, "", *_lines(page, page.one("body"), "")]) + "\n"


def _lines(page: Page, element: Element, indent: str) -> Iterator[str]:
    name = element.name
    if name in _LINES or (name in _INSIDE and element.attrs.get("aria-label")):
        label = element.attrs.get("aria-label") or " ".join(_inline(page, element).split())
        fields = [f"{key}={element.attrs[key]}" for key in ("type", "name", "value", "action") if element.attrs.get(key)]
        yield indent + " ".join(filter(None, [f"{name}:", *fields, label]))
    if name in _INSIDE:
        indent += "  "
    for child in element.children:
        if isinstance(child, Element):
            yield from _lines(page, child, indent)


def _inline(page: Page, element: Element) -> str:
    """An element's words, links as Markdown, without those of the lines within it."""
    found = []
    for child in element.children:
        if isinstance(child, Text):
            found.append(child.data or "")
        elif isinstance(child, Element) and child.name not in _LINES | _INSIDE | {"script", "style"}:
            words = _inline(page, child)
            found.append(f"[{words}]({_way(page, child)})" if child.name == "a" else words)
            found.append(" " if child.name in ("td", "th") else "")
    return "".join(found)


def _way(page: Page, link: Element) -> str:
    address = page.address(link.attrs["href"] or "")
    return address if urlsplit(address).scheme else f"/{address}"


def steady(data: str) -> str:
    """`data` without the digests of the assets, which change with every touch of a style."""
    return re.sub(r"sha256-[^']+", "sha256-…", re.sub(r"assets/[0-9a-f]{10}/", "assets/…/", data))
