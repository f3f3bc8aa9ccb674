"""Links that come by themselves: the first mention of another entry, by its longest name, where it is meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.mentions import Mentions, Words, names_of

from .prose import glossary, links, markup


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
        ("c is a variable", "c is a variable"),
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
def test_automatic_links(text: str, expected: str) -> None:
    """The first mention of another entry is linked, by its longest name, where it is meant."""
    assert links(markup().html(text)) == expected


def test_not_to_itself() -> None:
    """A page never links to itself, even where its name is part of another's."""
    assert links(markup().html("Attention and self-attention.", "attention")) == "Attention and [self-attention](self-attention)."


def test_once_a_section() -> None:
    """Each section links its first mention anew; headings and fences never do."""
    text = "Attention. Attention.\n\n## Attention\n\nMore attention.\n\n```\nattention\n```\n\n### Token\n\nAttention, token.\n"
    assert re.findall(r"\[\w+\]\([\w-]+\)|<h\d", links(markup().html(text))) == [
        "[Attention](attention)", "<h3", "[attention](attention)", "<h4", "[Attention](attention)", "[token](token)",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["[[attention]] is attention.", "Attention is [[attention]]."])
def test_explicit_before_automatic(text: str) -> None:
    """A link made on purpose is the section's link, wherever it stands in it."""
    assert links(markup().html(text)).count("](attention)") == 1


def test_examples_are_quotations() -> None:
    """Automatic links are for prose: an example is quoted, and keeps only the links it has."""
    assert links(markup().html("Attention to a [[token]].", automatic=False)) == "Attention to a [token](token)."


def test_many_names(tmp_path: Path) -> None:
    """Ten thousand names are found in a long text, each where it stands."""
    aliases = {i: ", ".join(f"name {i} number {n}" for n in range(100)) for i in range(100)}
    entries = {f"t{i}": f"term: t{i}\ndefinition: A word.\naliases: [{names}]\n" for i, names in aliases.items()}
    mentions = Mentions(names_of(glossary(tmp_path, entries)))
    text = " ".join(f"name {i} number {n} name" for n in range(100) for i in range(100))
    assert [slug for _, _, slug in mentions.find(Words(text))] == [f"t{i}" for _ in range(100) for i in range(100)]


@given(st.text(st.sampled_from("aAtTeEnioskKvVcCh +-#.'’\n困惑度"), max_size=40))
def test_mentions_are_in_order(text: str) -> None:
    """Whatever the text, the mentions found are pieces of it, in order, none inside another."""
    places = [place for start, end, _ in markup().mentions.find(Words(text)) for place in (start, end)]
    assert places == sorted(places)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end, _ in markup().mentions.find(Words(text)))


class Thorough(Mentions):
    """Follows every name, however the text goes on after its first word."""

    def _may_go_on(self, text: Words, first: int) -> bool:
        super()._may_go_on(text, first)
        return True


WORDS = [
    "large", "language", "languages", "model", "models", "Modeles", "self", "attention", "Attentions", "kv", "caches", "top", "k", "ks", "byte", "pairs", "pair",
    "encoding", "encodings", "C", "++", ".NET", "R&D", "loss", "losses", "losse", "activity", "activities", "&", "#", "ß", "困惑度",
]  # fmt: skip
gaps = st.sampled_from([" ", "-", "\n", "", " - ", "--"])
texts = st.lists(st.builds(str.__add__, st.sampled_from(WORDS), gaps), max_size=8).map("".join)


@settings(max_examples=500)
@given(texts)
def test_looking_ahead_changes_nothing(text: str) -> None:
    """A look at the second word passes over places where no name is, and over no others."""
    quick = markup().mentions
    thorough = Thorough((first, slug, name) for first, names in quick.names.items() for slug, name in names)
    assert list(quick.find(Words(text))) == list(thorough.find(Words(text)))
