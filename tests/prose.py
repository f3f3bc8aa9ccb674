"""A glossary of names that are easily mistaken, for tests of texts that mention them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from sitegen.check import check
from sitegen.link import link
from sitegen.load import load
from sitegen.markup import Markup
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


@cache
def markup() -> Markup:
    """Renders the texts of a glossary of these entries, each with a definition."""
    with TemporaryDirectory() as folder:
        entries = {slug: yaml.safe_dump({**entry, "definition": "A word."}, allow_unicode=True) for slug, entry in ENTRIES.items()}
        return Markup.of(glossary(Path(folder), entries))


def glossary(folder: Path, entries: dict[str, str]) -> Glossary:
    """The glossary of these entries, YAML by slug, written to `folder`; it has no problems."""
    (folder / "terms").mkdir()
    (folder / "site.yaml").write_text("base_url: https://example.org/\n")
    for slug, text in entries.items():
        (folder / "terms" / f"{slug}.yaml").write_text(text, "utf-8")
    draft = load(folder)
    assert [problem for problem in check(draft) if not problem.advice] == []
    return link(draft)


def links(html: str) -> str:
    """HTML with every link to an entry as `[words](slug)`, and without paragraphs."""
    html = re.sub(r'<a href="\{root\}terms/([^"]*)/">(.*?)</a>', r"[\2](\1)", html, flags=re.DOTALL)
    return re.sub(r"</?p>", "", html)
