"""An entry's Markdown: links by themselves and on purpose, formulas, and HTML that can be read by everybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sitegen.check import check
from sitegen.link import link
from sitegen.load import load
from sitegen.markup import Body, Markup, at_root
from sitegen.mathematics import MAX_TEX, TexError, formula
from sitegen.mentions import Mentions
from sitegen.model import Glossary

ENTRIES: dict[str, dict[str, object]] = {
    "attention": {"term": "Attention", "aliases": ["attention mechanism"]},
    "self-attention": {"term": "Self-attention"},
    "language-model": {"term": "Language model", "aliases": ["LM"]},
    "large-language-model": {"term": "Large language model"},
    "activity": {"term": "Activity"},
    "loss": {"term": "Loss"},
    "gelu": {"term": "GELU"},
    "kv-cache": {"term": "KV cache"},
    "adam": {"term": "AdaM"},
    "c": {"term": "C"},
    "c-plus-plus": {"term": "C++"},
    "dot-net": {"term": ".NET"},
    "top-k": {"term": "Top-k"},
    "byte-pair-encoding": {"term": "Byte-pair encoding"},
    "model": {"term": "Model", "autolink": False},
    "kernel-method": {"term": "Kernel", "sense": "method"},
    "kernel-system": {"term": "Kernel", "sense": "system"},
    "token": {"term": "Token"},
    "困惑度": {"term": "困惑度"},
    "נוירון": {"term": "נוירון"},
    "a-and-b": {"term": "A&B <test>", "aliases": ["R&D"]},
}


def linked(content: Path) -> Glossary:
    """The glossary in a folder, which has no problems."""
    draft = load(content)
    assert [problem for problem in check(draft) if not problem.advice] == []
    return link(draft)


@pytest.fixture(scope="module")
def glossary(tmp_path_factory: pytest.TempPathFactory) -> Glossary:
    """The entries above, each with a definition."""
    content = tmp_path_factory.mktemp("glossary")
    (content / "terms").mkdir()
    (content / "site.yaml").write_text("base_url: https://example.org/\n")
    for slug, entry in ENTRIES.items():
        text = yaml.safe_dump({**entry, "definition": "A word."}, allow_unicode=True)
        (content / "terms" / f"{slug}.yaml").write_text(text, "utf-8")
    return linked(content)


@pytest.fixture(scope="module")
def markup(glossary: Glossary) -> Markup:
    return Markup(glossary)


def links(html: str) -> str:
    """HTML with every link to an entry as `[words](slug)`, and without paragraphs."""
    html = re.sub(r'<a href="\{root\}terms/([^"]*)/">(.*?)</a>', r"[\2](\1)", html, flags=re.DOTALL)
    return re.sub(r"</?p>", "", html)


# --- links by themselves ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the first mention, the longest name
        ("Attention and attention.", "[Attention](attention) and attention."),
        ("The attention mechanism, and attention.", "The [attention mechanism](attention), and attention."),
        ("A large language model is a language model.", "A [large language model](large-language-model) is a [language model](language-model)."),
        ("A large model of a language.", "A large model of a language."),
        ("A large language.", "A large language."),
        ("attention\nmechanism", "[attention\nmechanism](attention)"),
        # plurals and case
        ("Language models.", "[Language models](language-model)."),
        ("LANGUAGE MODEL", "[LANGUAGE MODEL](language-model)"),
        ("Many activities, losses and tokens.", "Many [activities](activity), [losses](loss) and [tokens](token)."),
        ("Tokenization is not a tokenizer.", "Tokenization is not a tokenizer."),
        ("Los", "Los"),
        ("tokens'", "[tokens](token)'"),
        ("the token's place", "the [token](token)'s place"),
        # abbreviations and proper names are spelled as they are
        ("GELU, not gelu or Gelu.", "[GELU](gelu), not gelu or Gelu."),
        ("gelu", "gelu"),
        ("GELUs", "[GELUs](gelu)"),
        ("a KV cache, KV caches", "a [KV cache](kv-cache), KV caches"),
        ("a kv cache, an lm", "a kv cache, an lm"),
        ("AdaM", "[AdaM](adam)"),
        ("Adam and adam", "Adam and adam"),
        # hyphens and spaces are one; a part of a compound is another thing
        ("a byte pair encoding", "a [byte pair encoding](byte-pair-encoding)"),
        ("a byte-pair-encoding", "a [byte-pair-encoding](byte-pair-encoding)"),
        ("self attention", "[self attention](self-attention)"),
        ("self-attention", "[self-attention](self-attention)"),
        ("cross-attention", "cross-attention"),
        ("top k", "[top k](top-k)"),
        ("attention-based", "[attention](attention)-based"),
        ("byte - pair - encoding", "byte - pair - encoding"),
        # signs belong to names
        ("C++ is not C.", "[C++](c-plus-plus) is not [C](c)."),
        ("C+ and C#", "C+ and C#"),
        ("C and C++", "[C](c) and [C++](c-plus-plus)"),
        (".NET and a NET", "[.NET](dot-net) and a NET"),
        ("R&D in A&B \\<test>", "[R&amp;D](a-and-b) in A&amp;B &lt;test&gt;"),
        # what may not be linked
        ("A model has a kernel.", "A model has a kernel."),
        ("The Kernel (method) is another.", "The Kernel (method) is another."),
        # other scripts
        ("模型的困惑度很低。", "模型的[困惑度](%E5%9B%B0%E6%83%91%E5%BA%A6)很低。"),
        ("זה נוירון.", "זה [נוירון](%D7%A0%D7%95%D7%99%D7%A8%D7%95%D7%9F)."),
        # where no link may stand
        ("`attention`", "<code>attention</code>"),
        ("> attention\n\nattention", "<blockquote>\nattention\n</blockquote>\n[attention](attention)"),
        ("**attention**, *token*", "<strong>[attention](attention)</strong>, <em>[token](token)</em>"),
        ("$attention$", "<math><mi>a</mi><mi>t</mi><mi>t</mi><mi>e</mi><mi>n</mi><mi>t</mi><mi>i</mi><mi>o</mi><mi>n</mi></math>"),
        ("[attention](https://example.org/)", '<a href="https://example.org/">attention</a>'),
        ("[attention *token*](#x) token", '<a href="#x">attention <em>token</em></a> [token](token)'),
    ],
)  # fmt: skip
def test_automatic_links(markup: Markup, text: str, expected: str) -> None:
    """The first mention of another entry is linked, by its longest name, where it is meant."""
    assert links(markup.html(text)) == expected


def test_not_to_itself(markup: Markup) -> None:
    """A page never links to itself, even where its name is part of another's."""
    assert links(markup.html("Attention and self-attention.", "attention")) == "Attention and [self-attention](self-attention)."


def test_once_a_section(markup: Markup) -> None:
    """Each section links its first mention anew; headings and fences never do."""
    text = "Attention. Attention.\n\n## Attention\n\nMore attention.\n\n```\nattention\n```\n\n### Token\n\nAttention, token.\n"
    assert re.findall(r"\[\w+\]\([\w-]+\)|<h\d", links(markup.html(text))) == [
        "[Attention](attention)", "<h3", "[attention](attention)", "<h4", "[Attention](attention)", "[token](token)",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["[[attention]] is attention.", "Attention is [[attention]]."])
def test_explicit_before_automatic(markup: Markup, text: str) -> None:
    """A link made on purpose is the section's link, wherever it stands in it."""
    assert links(markup.html(text)).count("](attention)") == 1


def test_examples_are_quotations(glossary: Glossary, markup: Markup) -> None:
    """Automatic links are for prose: an example is quoted, and keeps only the links it has."""
    assert links(markup.html("Attention to a [[token]].", automatic=False)) == "Attention to a [token](token)."


def test_many_names(tmp_path: Path) -> None:
    """Ten thousand names are found in a long text, each where it stands."""
    terms = tmp_path / "terms"
    terms.mkdir()
    (tmp_path / "site.yaml").write_text("base_url: https://example.org/\n")
    for i in range(100):
        aliases = ", ".join(f"name {i} number {n}" for n in range(100))
        (terms / f"t{i}.yaml").write_text(f"term: t{i}\ndefinition: A word.\naliases: [{aliases}]\n")
    mentions = Mentions(link(load(tmp_path)))
    text = " ".join(f"name {i} number {n} name" for n in range(100) for i in range(100))
    assert [slug for _, _, slug in mentions.find(text)] == [f"t{i}" for _ in range(100) for i in range(100)]


@given(st.text(st.sampled_from("aAtTeEnioskKvVcCh +-#.'’\n困惑度"), max_size=40))
def test_mentions_are_in_order(mentions: Mentions, text: str) -> None:
    """Whatever the text, the mentions found are pieces of it, in order, none inside another."""
    places = [place for start, end, _ in mentions.find(text) for place in (start, end)]
    assert places == sorted(places)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end, _ in mentions.find(text))


@pytest.fixture(scope="module")
def mentions(glossary: Glossary) -> Mentions:
    return Mentions(glossary)


# --- links on purpose ---------------------------------------------------------------------------


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
def test_explicit_links(markup: Markup, text: str, expected: str) -> None:
    """`[[name]]` and `[[name|words]]` lead to the entry of that name, slug or alias; a slug reads as its term."""
    assert links(markup.html(text)) == expected


def test_what_an_entry_links_to(tmp_path: Path) -> None:
    """An entry's mentions are all it links to, on purpose and by themselves, in any part of it but its definition."""
    (tmp_path / "terms").mkdir()
    (tmp_path / "site.yaml").write_text("base_url: https://example.org/\n")
    for name in ("alpha", "beta", "gamma", "delta", "epsilon"):
        (tmp_path / "terms" / f"{name}.yaml").write_text(f"term: {name}\ndefinition: A letter.\n")
    entry = "term: all\ndefinition: epsilon.\nsummary: All of alpha.\nexplainer: Also [[beta]].\nexample: Not epsilon but [[gamma]].\ndeprecated: {note: See [[delta]].}\n"
    (tmp_path / "terms" / "all.yaml").write_text(entry)
    glossary = linked(tmp_path)
    body = Markup(glossary).entry(glossary.by_slug["all"])
    assert body.mentions == {"alpha", "beta", "gamma", "delta"}


def test_at_root() -> None:
    """Only addresses are led to the root; the same sign in text is the author's."""
    html = '<a href="{root}terms/x/">{root}</a><code>href="{root}</code>'.replace('href="{root}<', "href=&quot;{root}<")
    assert at_root(html, "../../") == html.replace('<a href="{root}', '<a href="../../')


# --- mathematics --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("$x$ and $y$", 2),
        ("$$x$$", 1),
        ("$$\nx\n+ y\n$$", 1),
        ("It costs $5 or $6.", 0),
        ("From $0.15 to $0.60 a million", 0),
        ("$5 and $x$", 1),
        ("a $ b $ c", 0),
        ("\\$x\\$", 0),
        ("`$x$`", 0),
        ("```\n$x$\n```", 0),
        ("US$5, A$6", 0),
        ("$x$5", 0),
        ("**$x$**", 1),
        ("| a | b |\n|---|---|\n| $x$ | $|y|$ |", 2),
        ("$a_1$ and $b_2$ and *c*", 2),
        ("$x\n\ny$", 0),
    ],
)
def test_dollars(markup: Markup, text: str, formulas: int) -> None:
    """Dollars around TeX are a formula; dollars that are money, escaped or code are not."""
    html = markup.html(text)
    assert html.count("<math") == formulas
    assert "\ue000" not in html


def test_money_is_shown_as_written(markup: Markup) -> None:
    """Money keeps its sign and its number."""
    assert markup.html(r"It costs \$1.30 or $2, not US$3.") == "<p>It costs $1.30 or $2, not US$3.</p>"


@pytest.mark.parametrize("tex", [r"\frac{a}{b}", r"\sum_{i=1}^n x_i", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\mathbf{x} \colon \mathbb{R}^n",
                                 r"\color{red}{x}", r"\begin{aligned} a &= b \\ &= c \end{aligned}", r"\left(\frac{x^2}{y}\right)", r"\hat{y} \le 1", "a < b & c"])  # fmt: skip
@pytest.mark.parametrize("display", [True, False])
def test_formulas_have_no_style(tex: str, display: bool) -> None:
    """MathML carries its styles as classes, and every class it uses has its rule."""
    if tex == "a < b & c":  # an alignment sign outside of an alignment
        with pytest.raises(TexError):
            formula(tex, display)
        return
    made = formula(tex, display)
    assert "style=" not in made.html.lower()
    assert "scriptlevel" not in made.html
    assert made.html.startswith("<math") and made.html.endswith("</math>")
    assert {name for names in re.findall(r'class="([^"]*)"', made.html) for name in names.split() if name.startswith("m-")} == dict(made.styles).keys()
    assert ("display" in made.html.split(">")[0]) is display


def test_display_formulas_can_be_scrolled(markup: Markup) -> None:
    """A displayed formula can be reached by keyboard and has a name; one in a line is part of the sentence."""
    assert markup.html("$$x$$").startswith('<p><span class="formula" tabindex="0" role="group" aria-label="Formula"><math display="block">')
    assert markup.html("$x$") == "<p><math><mi>x</mi></math></p>"


@pytest.mark.parametrize(
    ("tex", "offset"), [(r"\frac{a}{", 9), (r"\nosuchcommand", 0), ("x^", 1), ("a & b", 2), ("{" * 3, 2), ("x" * (MAX_TEX + 1), MAX_TEX)]
)  # fmt: skip
def test_wrong_tex(tex: str, offset: int) -> None:
    """What is no TeX raises an error with the place where that shows."""
    with pytest.raises(TexError) as caught:
        formula(tex, display=False)
    assert caught.value.offset == pytest.approx(offset, abs=1)
    assert 0 <= caught.value.offset <= len(tex)


# --- everything else ----------------------------------------------------------------------------


def test_table(markup: Markup) -> None:
    """A table scrolls by keyboard, has a name, and aligns by class."""
    assert markup.html("| a | b | c | d |\n| :-- | --: | :-: | --- |\n| 1 | 2 | 3 | 4 |") == (
        '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n<thead>\n<tr>\n'
        '<th class="left">a</th>\n<th class="right">b</th>\n<th class="center">c</th>\n<th>d</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n'
        '<td class="left">1</td>\n<td class="right">2</td>\n<td class="center">3</td>\n<td>4</td>\n</tr>\n</tbody>\n</table></div>'
    )


def test_code(markup: Markup) -> None:
    """Code scrolls by keyboard, has a name, is coloured by class and shows what was written."""
    html = markup.html('```python\nif a < b: # "c" & [[attention]] $x$\n    pass\n```')
    assert html.startswith('<div class="highlight" tabindex="0" role="group" aria-label="Code"><pre>')
    assert '<span class="k">if</span>' in html
    assert "style=" not in html
    shown = re.sub(r"<[^>]*>", "", html).replace("&lt;", "<").replace("&quot;", '"').replace("&amp;", "&")
    assert shown.strip() == 'if a < b: # "c" & [[attention]] $x$\n    pass'


@pytest.mark.parametrize("fence", ["```", "~~~", "````", "``` nosuchlanguage"])
def test_plain_code(markup: Markup, fence: str) -> None:
    """Code in no language, or one nobody knows, is shown as it is."""
    html = markup.html(f"{fence}\n<b> &amp; attention\n{fence.split()[0]}\n")
    assert "&lt;b&gt; &amp;amp; attention\n" in html
    assert 'role="group" aria-label="Code"' in html


def test_admonition(markup: Markup) -> None:
    """A note is a box with its title, and its text is prose like any other."""
    assert markup.html('!!! warning "Take *care*"\n    Of attention.') == (
        '<div class="admonition warning">\n<p class="admonition-title">Take <em>care</em></p>\n'
        '<p>Of <a href="{root}terms/attention/">attention</a>.</p>\n</div>'
    )


def test_footnote(markup: Markup) -> None:
    """A footnote's mark and its text lead to each other."""
    html = markup.html("Text.[^a]\n\n[^a]: A note.")
    marks, notes = re.findall(r'<sup id="([^"]*)"><a class="footnote-ref" href="#([^"]*)"', html), re.findall(r'<li id="([^"]*)"', html)
    back = re.findall(r'class="footnote-backref" href="#([^"]*)"', html)
    assert ([mark for mark, _ in marks], [note for _, note in marks]) == (back, notes)


def entry_body(tmp_path: Path, **fields: str) -> Body:
    """The prose of an entry with these fields."""
    (tmp_path / "terms").mkdir()
    (tmp_path / "site.yaml").write_text("base_url: https://example.org/\n")
    (tmp_path / "terms" / "x.yaml").write_text(yaml.safe_dump({"term": "X", "definition": "A letter.", **fields}))
    glossary = linked(tmp_path)
    return Markup(glossary).entry(glossary.by_slug["x"])


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
        ("in-one-and-two", 3), ("in-困惑度", 4), ("in-one-and-two-2", 3), ("in-", 3), ("in-y", 3),
    ]  # fmt: skip
    assert [heading.text for heading in body.headings][:4] == ["One & two", "困惑度", "One & two", "!"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\n===\n\nb\n---", "<p>a\n===</p>\n<p>b\n---</p>"),
        ("    indented", "<p>indented</p>"),
        ("[a]: https://example.org/\n\n[a]", "<p>[a]: https://example.org/</p>\n<p>[a]</p>"),
        ("#hashtag", "<p>#hashtag</p>"),
        ("1. one\n2. two\n\n- three", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n<ul>\n<li>three</li>\n</ul>"),
        ("a \\< b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
        ("&copy; &#169; &nosuch;", "<p>&copy; &#169; &nosuch;</p>"),
        ("", ""),
    ],
)
def test_what_markdown_means_here(markup: Markup, text: str, html: str) -> None:
    """There is one way to write a thing: no underlined headings, indented code, or references."""
    assert markup.html(text) == html


@given(st.text(st.sampled_from("a$[]|`*_#<>\\!(){}^~-&\n .1"), max_size=60))
def test_nothing_breaks_through(markup: Markup, text: str) -> None:
    """No text, however odd, leaves a hole unfilled or lets a tag through that the author wrote."""
    from sitegen.scan import scan

    if any(span.kind in ("link", "html", "image", "open", "math", "display", "url") for span in scan(text)):
        return  # a problem to `check`, or TeX that may be wrong
    html = markup.html(text)
    assert not set("\ue000\ue001\x02\x03") & set(html)
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"p", "code", "em", "strong", "h3", "h4", "h5", "h6", "ul", "ol", "li", "hr", "br", "blockquote", "div", "pre", "span", "table", "thead", "tbody", "tr", "th", "td", "sup", "a"}  # fmt: skip
