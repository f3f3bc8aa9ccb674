"""Hostile Markdown, TeX and HTML: bounded in time, checked as it is rendered, and never code in the reader's browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from justhtml import Element
from rjsmin import jsmin

from .conftest import PROJECT, MakeContent, sitegen
from .dom import Page, pages
from .test_hostile import GOOD, WITHIN, clean, problems


def explained(text: str, term: str = "A") -> str:
    """An entry with that explainer, which starts at line 4, column 3."""
    return f"term: {term}\n{GOOD}explainer: |\n" + "".join(f"  {line}\n" for line in text.split("\n"))


N = 10_000
NESTED = "\n".join("    " * i + "- a" for i in range(100))

# texts that make careless parsers slow, deep or greedy, and yet have nothing wrong
HARMLESS = {
    "asterisks": "*" * N,
    "asterisks and words": "*a **b " * (N // 7),
    "backslashes": "\\" * N,
    "backticks and words": "a` b`` " * (N // 7),
    "brackets": "[" * N,
    "brackets around links": "[" * 500 + "a" + "](b)" * 500,
    "brackets and parentheses": "[a](" * (N // 4),
    "brackets and angles": "[a](<" * (N // 5),
    "dollars": "$" * N,
    "dollars and words": "$a " * (N // 3),
    "emphasis in emphasis": "*_" * 1_500 + "a" + "_*" * 1_500,
    "footnotes": "[^1]" * (N // 4) + "\n\n[^1]: a",
    "footnotes in footnotes": "\n\n".join(f"[^{i}]: a [^{i + 1}]" for i in range(N // 20)),
    "headings": "## a\n\n" * (N // 6),
    "rule": "- " * (N // 2),
    "tables": "| a | b |\n| --- | --- |\n" + "| a | b |\n" * (N // 10),
    "tags": "<a" * (N // 2),
    "tex": f"${'x^{' * 400}a{'}' * 400}$",
    "word": "a" * 4 * N,
}


@pytest.mark.parametrize("name", HARMLESS)
def test_text_that_grows(make_content: MakeContent, name: str) -> None:
    """A text on which a careless parser would hang or fall becomes a page, in about a second."""
    content = make_content({"a.yaml": explained(HARMLESS[name])})
    result = clean(sitegen("build", cwd=content.parent, timeout=WITHIN))
    assert result.status == 0, result.err
    assert Page(content.parent / "public", "terms/a/").texts("h1") == ["A"]


REFUSED = {
    "backticks": ("`" * N, "4:3: a code block that is never closed (unclosed-code)"),
    "fences": ("```\n" * (N // 4 + 1), "2504:3: a code block that is never closed (unclosed-code)"),
    "link in code that is none": ("- `[a](javascript:alert(1))\n- b`", "4:10: the address 'javascript:alert(1' is not safe to follow (unsafe-url)"),
    "link over two lines": ("> [a](\n> javascript:alert(1))", "5:3: the address '> javascript:alert(1' is not safe to follow (unsafe-url)"),
    "list in a line": ("- " * (N // 2) + "a", "4:3: nested more than 8 levels deep (too-deep)"),
    "list in lists": (NESTED, "12:35: nested more than 8 levels deep (too-deep)"),
    "list in lists, by tabs": (NESTED.replace("    ", "\t"), "12:11: nested more than 8 levels deep (too-deep)"),
    "numbers in a line": ("1. " * (N // 3) + "a", "4:3: nested more than 8 levels deep (too-deep)"),
    "quotations": (">" * 4 * N, "4:3: nested more than 8 levels deep (too-deep)"),
    "quotations too long": (">" * 5 * N, "3:12: 'explainer' has 50,001 characters; the limit is 50,000 (too-large)"),
    "quotations, spaced": ("> " * 2 * N, "4:3: nested more than 8 levels deep (too-deep)"),
    "tex, fractions": (f"${'{frac{' * 250}$", "4:1503: Expected closing token \"}\", but reached end of input (wrong-tex)"),
    "tex, long": (f"${'x^{' * 600}a{'}' * 600}$", "4:2004: a formula of 2,401 characters; the limit is 2,000 (wrong-tex)"),
    "tex, recursion": ("$\\def\\a{\\a\\a}\\a$", "4:4: Too many expansions of custom commands. A command may be expanding to itself (wrong-tex)"),
}  # fmt: skip


def test_text_that_is_refused(make_content: MakeContent) -> None:
    """What nests too deep, grows without end or is never closed is one problem, where it begins to."""
    content = make_content({f"{name}.yaml": explained(text, name) for name, (text, _) in REFUSED.items()})
    result = sitegen("check", cwd=content.parent, timeout=WITHIN)
    assert result.status == 1
    assert problems(result) == sorted(f"content/terms/{name}.yaml:{line}" for name, (_, line) in REFUSED.items())


def test_many_problems_in_one_text(make_content: MakeContent) -> None:
    """A thousand mistakes in one text are a thousand problems, each at its place, and cost no more than one each."""
    content = make_content({"a.yaml": explained("![\n" * 5_000)})
    result = sitegen("check", cwd=content.parent, timeout=WITHIN)
    assert problems(result) == [f"content/terms/a.yaml:{line}:3: an image (image)" for line in range(4, 5_004)]


def test_money_and_formulas(make_content: MakeContent) -> None:
    """Dollars that are money stay text, dollars around a formula become MathML, in one paragraph."""
    text = "It costs $5 and $10, not \\$7. But $x + y$ is TeX, a $20-bill is not, `$a$` is code, and $ stands alone."
    content = make_content({"a.yaml": explained(text)})
    assert clean(sitegen("build", cwd=content.parent)).status == 0
    page = Page(content.parent / "public", "terms/a/")
    prose = "It costs $5 and $10, not $7. But x+y is TeX, a $20-bill is not, $a$ is code, and $ stands alone."
    assert (page.texts(".prose p"), page.texts("math"), page.texts(".prose code")) == ([prose], ["x+y"], ["$a$"])


SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"
# Markdown that passes `check`, and in which a link, a tag or an attribute tries to be what it must not
MARKDOWN = [
    "\\<script>alert(1)\\</script>",
    "`<script>alert(1)</script>`",
    "<img src=x onerror=alert(1) ",
    '[a](b "[[z|" onmouseover=alert(1) x="]]")',
    '[a](b "$\\text{\\" onmouseover=alert(1) x=}$")',
    "## a `b\n[c](javascript:alert(1))`",
    "a[^[[z]]] b[^$x$]\n\n[^[[z]]]: c\n\n[^$x$]: d",
    "[[z|<script>alert(1)</script>]]",
    '!!! note[[z|" onclick=a "]]\n    a',
    '``` { .a onclick="alert(1)" }\na\n```',
    '```"><script>\na\n```',
    '<http://a"onmouseover="alert(1)>',
    '<a"onmouseover="x@example.org>',
    "$\\text{</math><img src=x onerror=a>}$",
    "[a][b]\n\n[b]: javascript:alert(1)",
]


def test_links_and_formulas_in_headings(make_content: MakeContent) -> None:
    """A heading may be a link, code or a formula; its id is made of the words around them, and never changes with their number."""
    text = "## [[B]]\n\n## `a` [[B|see b]] now\n\n## $x$ and y\n\n## [[B]]"
    content = make_content({"a.yaml": explained(text), "b.yaml": f"term: B\n{GOOD}"})
    assert clean(sitegen("build", cwd=content.parent)).status == 0
    page = Page(content.parent / "public", "terms/a/")
    assert page.texts(".prose h3") == ["B", "a see b now", "x and y", "B"]
    assert [heading.attrs["id"] for heading in page.all(".prose h3")] == [
        "in-section",
        "in-a-now",
        "in-and-y",
        "in-section-2",
    ]
    assert page.links(".prose h3 a") == ["terms/b/", "terms/b/", "terms/b/"]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with an attack in every text that an author can write."""
    content = tmp_path_factory.mktemp("attacked") / "content"
    (content / "terms").mkdir(parents=True)
    (content / "newsletter").mkdir()
    quoted = json.dumps(SCRIPT)
    newsletter = ", ".join(f"{name}: {quoted}" for name in ("title", "description", "consent", "email_field"))
    (content / "site.yaml").write_text(
        f"title: {quoted}\nbase_url: https://example.org/\ndescription: {quoted}\npublisher: {quoted}\n"
        f"topics: [{{name: {quoted}, slug: t, description: {quoted}}}]\nabout: {json.dumps(MARKDOWN[0])}\n"
        f"newsletter: {{action: https://example.org/, {newsletter}, hidden: {{{quoted}: {quoted}}}}}\n"
    )
    (content / "newsletter" / "2026-01-01-a.md").write_text(f"# {SCRIPT}\n\n{MARKDOWN[0]}\n")
    (content / "terms" / "a.yaml").write_text(
        f"term: {quoted}\nsense: {quoted}\naliases: [{json.dumps(SCRIPT + 'alias')}]\npronunciation: {quoted}\n"
        f"definition: {json.dumps(SCRIPT + '.')}\ntopics: [t]\n"
        f"references: [{{title: {quoted}, authors: [{quoted}], url: 'https://example.org/?javascript:a()'}}]\n"
        f"deprecated: {{note: {json.dumps(MARKDOWN[0])}}}\n"
    )
    (content / "terms" / "z.yaml").write_text(f"term: Z\n{GOOD}")
    for number, text in enumerate(MARKDOWN):
        body = json.dumps(text)
        (content / "terms" / f"m{number}.yaml").write_text(
            f"term: M{number}\n{GOOD}summary: {body}\nexplainer: {body}\nexample: {body}\n"
        )
    result = clean(sitegen("build", cwd=content.parent, timeout=WITHIN))
    assert result.status == 0, result.err
    return content.parent / "public"


def _attributes(page: Page) -> Iterator[tuple[Element, str, str]]:
    for element in page.all("*"):
        for name, value in element.attrs.items():
            yield element, name, value or ""


def test_nothing_an_author_writes_runs(attacked: Path) -> None:
    """However it is written, no text becomes a script, a handler, an image, a frame or a link that runs code, on any page."""
    kept = jsmin((PROJECT / "templates" / "assets" / "theme.inline.js").read_text("utf-8"))
    for path, page in pages(attacked).items():
        for script in page.all("script"):
            ours = script.attrs.get("type") in ("module", "application/ld+json") or script.to_text().strip() == kept
            assert ours, (path, script.attrs)
        assert page.all("img, iframe, object, embed, base, style") == [], path
        for element, name, value in _attributes(page):
            where = (path, element.name, name, value)
            assert re.fullmatch("[a-z][a-z0-9:-]*", name, re.IGNORECASE), where
            assert not name.lower().startswith("on"), where
            if name in ("href", "src", "action", "formaction", "content"):
                plain = "".join(c for c in unquote(value) if c > " ").casefold()
                assert not plain.startswith(("javascript:", "vbscript:", "data:")), where
            assert "\ue000" not in value, where


def test_attacks_are_shown_as_text(attacked: Path) -> None:
    """What the attacks say is there to be read, as written."""
    page = Page(attacked, "terms/a/")
    assert page.texts("h1") == [f"{SCRIPT} {SCRIPT}"]
    assert page.texts(".definition") == [f"{SCRIPT}."]
    assert page.texts("cite") == [SCRIPT]
    assert page.json_ld[0]["name"] == f"{SCRIPT} ({SCRIPT})"
    assert Page(attacked, "").texts("h1") == [SCRIPT]
    assert Page(attacked, "topics/t/").texts("h1") == [SCRIPT]
    assert Page(attacked, "newsletter/2026-01-01-a/").texts("h1") == [SCRIPT]
    titles = [
        link.attrs.get("title")
        for number in (3, 4)
        for link in Page(attacked, f"terms/m{number}/").all(".prose a[href=b]")
    ]
    assert titles == ['[[z|" onmouseover=alert(1) x="]]'] * 2 + ['$\\text{\\" onmouseover=alert(1) x=}$'] * 2
