"""An entry's Markdown: links made on purpose, and HTML that can be read by everybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from sitegen.dialect import markdown
from sitegen.markup import Body, Markup, at_root
from sitegen.scan import scan

from .prose import glossary, links, markup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[attention]]", "[attention](attention)"),
        ("[[Attention]]", "[Attention](attention)"),
        ("[[attention|to look]]", "[to look](attention)"),
        ("[[ATTENTION  mechanism]]", "[ATTENTION mechanism](attention)"),
        ("[[LM]]", "[LM](language-model)"),
        ("[[language-model]]", "[language model](language-model)"),
        ("[[gelu]] and [[kv-cache]]", "[GELU](gelu) and [KV cache](kv-cache)"),
        ("[[C++]] and [[c]]", "[C++](c-plus-plus) and [c](c)"),
        ("[[Kernel (method)]] and [[kernel-system|the other]]", "[Kernel (method)](kernel-method) and [the other](kernel-system)"),
        ("[[困惑度]]", "[困惑度](%E5%9B%B0%E6%83%91%E5%BA%A6)"),
        ("[[A&B <test>]]", "[A&amp;B &lt;test&gt;](a-and-b)"),
        ("[[attention|<b> & *c*]]", "[&lt;b&gt; &amp; *c*](attention)"),
        ("**[[attention]]**", "<strong>[attention](attention)</strong>"),
        ("\\[[attention]]", "[[[attention](attention)]]"),
        ("`[[attention]]`", "<code>[[attention]]</code>"),
        ("> [[attention]]", "<blockquote>\n[attention](attention)\n</blockquote>"),
    ],
)  # fmt: skip
def test_explicit_links(text: str, expected: str) -> None:
    """`[[name]]` and `[[name|words]]` lead to the entry of that name, slug or alias; a slug reads as its term."""
    assert links(markup().html(text)) == expected


def test_what_an_entry_links_to(tmp_path: Path) -> None:
    """An entry's mentions are all it links to, on purpose and by themselves, in any part of it but its definition."""
    entries = {name: f"term: {name}\ndefinition: A letter.\n" for name in ("alpha", "beta", "gamma", "delta", "epsilon")}
    entries["all"] = (
        "term: all\ndefinition: epsilon.\nsummary: All of alpha.\nexplainer: Also [[beta]].\nexample: Not epsilon but [[gamma]].\n"
        "deprecated:\n  note: See [[delta]].\n"
    )
    found = glossary(tmp_path, entries)
    assert Markup.of(found).entry(found.by_slug["all"]).mentions == {"alpha", "beta", "gamma", "delta"}


def test_at_root() -> None:
    """Only addresses are led to the root; the same sign in text is the author's."""
    html = '<a href="{root}terms/x/">{root}</a><code>href="{root}</code>'.replace('href="{root}<', "href=&quot;{root}<")
    assert at_root(html, "../../") == html.replace('<a href="{root}', '<a href="../../')


def test_table() -> None:
    """A table scrolls by keyboard, has a name, and aligns by class."""
    assert markup().html("| a | b | c | d |\n| :-- | --: | :-: | --- |\n| 1 | 2 | 3 | 4 |") == (
        '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n<thead>\n<tr>\n'
        '<th class="left">a</th>\n<th class="right">b</th>\n<th class="center">c</th>\n<th>d</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n'
        '<td class="left">1</td>\n<td class="right">2</td>\n<td class="center">3</td>\n<td>4</td>\n</tr>\n</tbody>\n</table></div>'
    )


def test_code() -> None:
    """Code scrolls by keyboard, has a name, is coloured by class and shows what was written."""
    html = markup().html('```python\nif a < b: # "c" & [[attention]] $x$\n    pass\n```')
    assert html.startswith('<div class="highlight" tabindex="0" role="group" aria-label="Code"><pre>')
    assert '<span class="k">if</span>' in html
    assert "style=" not in html
    shown = re.sub(r"<[^>]*>", "", html).replace("&lt;", "<").replace("&quot;", '"').replace("&amp;", "&")
    assert shown.strip() == 'if a < b: # "c" & [[attention]] $x$\n    pass'


@pytest.mark.parametrize("fence", ["```", "~~~", "````", "``` nosuchlanguage"])
def test_plain_code(fence: str) -> None:
    """Code in no language, or one nobody knows, is shown as it is."""
    html = markup().html(f"{fence}\n<b> &amp; attention\n{fence.split()[0]}\n")
    assert "&lt;b&gt; &amp;amp; attention\n" in html
    assert 'role="group" aria-label="Code"' in html


def test_admonition() -> None:
    """A note is a box with its title, and its text is prose like any other."""
    assert markup().html('!!! warning "Take *care*"\n    Of attention.') == (
        '<div class="admonition warning">\n<p class="admonition-title">Take <em>care</em></p>\n'
        '<p>Of <a href="{root}terms/attention/">attention</a>.</p>\n</div>'
    )


def test_footnote() -> None:
    """A footnote's mark and its text lead to each other."""
    html = markup().html("Text.[^a]\n\n[^a]: A note.")
    marks, notes = re.findall(r'<sup id="([^"]*)"><a class="footnote-ref" href="#([^"]*)"', html), re.findall(r'<li id="([^"]*)"', html)
    back = re.findall(r'class="footnote-backref" href="#([^"]*)"', html)
    assert ([mark for mark, _ in marks], [note for _, note in marks]) == (back, notes)


def entry_body(folder: Path, **fields: str) -> Body:
    """The prose of an entry with these fields."""
    found = glossary(folder, {"x": yaml.safe_dump({"term": "X", "definition": "A letter.", **fields})})
    return Markup.of(found).entry(found.by_slug["x"])


def test_footnotes_in_several_fields(tmp_path: Path) -> None:
    """Footnotes in different parts of one page have different ids."""
    text = "Text.[^1]\n\n[^1]: A note."
    body = entry_body(tmp_path, summary=text, explainer=text, example=text)
    ids = re.findall(r'id="([^"]*)"', body.summary + body.in_depth + body.example)
    assert len(ids) == 6
    assert len(set(ids)) == 6


def test_headings(tmp_path: Path) -> None:
    """Headings move one level down, and their ids tell apart those that read the same, in any script."""
    body = entry_body(tmp_path, explainer="## One & *two*\n\n### 困惑度\n\n## One & two\n\n## !\n\n## $x^2$ of `y`\n")
    assert [(heading.id, heading.level) for heading in body.headings] == [
        ("in-one-and-two", 3), ("in-困惑度", 4), ("in-one-and-two-2", 3), ("in-section", 3), ("in-of-y", 3),
    ]  # fmt: skip
    assert [heading.text for heading in body.headings][:4] == ["One & two", "困惑度", "One & two", "!"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\n===\n\nb\n\n---", "<p>a\n===</p>\n<p>b</p>\n<hr />"),
        ("    indented", "<p>indented</p>"),
        ("[a]: https://example.org/\n\n[a]", "<p>[a]: https://example.org/</p>\n<p>[a]</p>"),
        ("#hashtag", "<p>#hashtag</p>"),
        ("1. one\n2. two\n\n- three", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n<ul>\n<li>three</li>\n</ul>"),
        ("a \\< b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
        ("&copy; &#169; &nosuch;", "<p>&copy; &#169; &nosuch;</p>"),
        ("", ""),
    ],
)
def test_what_markdown_means_here(text: str, html: str) -> None:
    """There is one way to write a thing: no underlined headings, indented code, or references."""
    assert markup().html(text) == html


@given(st.text(st.sampled_from("a$[]|`*_#<>\\!(){}^~-&\n .1"), max_size=60))
def test_nothing_breaks_through(text: str) -> None:
    """No text, however odd, leaves a hole unfilled or lets a tag through that the author wrote."""
    if any(span.kind in ("link", "html", "image", "open", "math", "display", "url") for span in scan(text)):
        return  # a problem to `check`, or TeX that may be wrong
    html = markup().html(text)
    assert not set("\ue000\ue001\x02\x03") & set(html)
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"p", "code", "em", "strong", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "hr", "br", "blockquote", "div", "pre", "span", "table", "thead", "tbody", "tr", "th", "td", "sup", "a"}  # fmt: skip


# What lines of Markdown start with and go on with: what means something, what nearly does, and words.
STARTS = ["", "word ", "é", "3", "3. ", "- ", "* ", "> ", "# ", "#", "!!! note", "    ", "--|--", "a | b", "---", "```", "[^1]: "]
PIECES = [
    "word", "two words", "  ", "*", "*a*", "**b**", "_", "_c_", "`", "``", "\\", "\\*", "[", "](x)", "]", "[^1]", "<", "<https://x.org>", "<b>", "&", "&amp;", "|", "#", "\x02",
]  # fmt: skip
lines = st.builds(str.__add__, st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), max_size=3).map("".join))
# Texts that may well be nothing but paragraphs.
PLAIN = ["word", "é", "]", "|", "1.", "\ue0000\ue001", "\nword", "\n\nword", "\n", "\n\n", " ", "  ", "\t", "\u2003", "\r", ">", "&", "\x02"]
paragraphs = st.lists(st.sampled_from(PLAIN), max_size=4).map(lambda pieces: "word" + "".join(pieces))


@settings(max_examples=500, deadline=None)
@given(st.lists(lines, max_size=6).map("\n".join) | paragraphs)
def test_short_cuts_change_nothing(text: str) -> None:
    """Text that is passed over as plain comes out as Markdown itself would have it."""
    slow = markdown()
    slow.parser.blockprocessors.deregister("prose")
    slow.treeprocessors.deregister("plain")
    assert markdown().convert(text) == Markdown.convert(slow, text)
