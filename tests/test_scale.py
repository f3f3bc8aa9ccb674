"""Very large glossaries: no page grows without bound, and a change touches what shows it and no more."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from zlib import crc32

import pytest

from sitegen.build import build
from sitegen.memo import Memo

from .conftest import MakeContent
from .dom import Page, tree

WORDS = [a + b + c for a in "bcd" for b in "aeiou" for c in ("n", "ra", "ss", "t")]
BASE = "https://example.org/"


def large(make_content: MakeContent) -> Path:
    """A glossary of sixty entries, which the tests take for very many."""
    site = f"title: T\nbase_url: {BASE}\ntopics: [{{name: One}}, {{name: Two}}]\ndemo: {{tokens: 1000}}\n"
    entries = {
        f"{word}.yaml": f"term: {word.capitalize()}\ndefinition: The {word} is number {i}.\ntopics: [{('One', 'Two')[i % 2]}]\n"
        for i, word in enumerate(WORDS)
    }
    return make_content({**entries, "site.yaml": site})


@pytest.fixture
def site(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That glossary, built with small numbers for large ones."""
    numbers = (("site", "AT_ONCE", 50), ("outputs.lists", "MOST", 6), ("outputs.api", "PART", 10), ("outputs.sitemap", "MOST", 40))
    for module, name, number in numbers:
        monkeypatch.setattr(import_module(f"sitegen.{module}"), name, number)
    build(large(make_content), tmp_path / "site", jobs=1)
    return tmp_path / "site"


@pytest.mark.parametrize("start", ["a-z/", "topics/one/", "topics/two/"])
def test_long_lists_are_cut(site: Path, start: str) -> None:
    """From the index, and from a topic, every entry is reached through pages that each list but a few, and each but once."""
    found: list[str] = []
    todo, seen = [start], set()
    while todo:
        path = todo.pop()
        assert path not in seen
        seen.add(path)
        below = Page(site, path).links("main section li a")
        entries = [link.split("/")[1] for link in below if link.startswith("terms/")]
        assert len(entries) <= 6
        found += entries
        todo += [link for link in below if not link.startswith("terms/")]
    assert sorted(found) == sorted(WORDS if start == "a-z/" else WORDS[start == "topics/two/" :: 2])
    assert len(seen) > 3


def test_sets_are_split(site: Path) -> None:
    """The JSON set is an index of parts that hold every term once, the sitemap one of files that hold every page once."""
    whole = json.loads((site / "api" / "glossary.json").read_text())
    parts = [json.loads((site / address.removeprefix(BASE)).read_text()) for address in whole.pop("parts")]
    assert whole.pop("terms") == []
    assert [{**part, "terms": []} for part in parts] == [{**whole, "terms": []}] * 6
    assert sorted(term["slug"] for part in parts for term in part["terms"]) == sorted(WORDS)
    index = re.findall("<loc>(.*)</loc>", (site / "sitemap.xml").read_text())
    pages = [page for address in index for page in re.findall("<loc>(.*)</loc>", (site / address.removeprefix(BASE)).read_text())]
    there = {path.relative_to(site).as_posix().removesuffix("index.html") for path in site.rglob("index.html")}
    assert sorted(pages) == sorted(BASE + path for path in there)
    assert len((site / "llms.txt").read_text()) < 1_000
    assert "hasDefinedTerm" not in (site / "index.html").read_text()


def test_a_new_term_touches_what_mentions_it(tmp_path: Path, make_content: MakeContent) -> None:
    """A new term changes the pages that mention it, those beside it in the alphabet, and the lists; the others stay the same files."""
    content, out = large(make_content), tmp_path / "site"
    for word in ("ban", "dut"):
        path = content / "terms" / f"{word}.yaml"
        path.write_text(path.read_text() + "summary: They speak of a new Zebra.\n")
    # The model reads entries in the order of a hash: the first, a long one, leaves room for no other.
    first = min((f"cent{i}" for i in range(5_000)), key=lambda slug: crc32(slug.encode()))
    (content / "terms" / f"{first}.yaml").write_text(f"term: {first}\ndefinition: A coin.\nexplainer: {'Nothing but words. ' * 400}\n")
    (content / "terms" / "zoo.yaml").write_text("term: Zoo\ndefinition: A garden.\n")
    with Memo(tmp_path / "memo") as memo:
        build(content, out, memo=memo, jobs=1)
        before = tree(out)
        (content / "terms" / "zebra.yaml").write_text("term: Zebra\ndefinition: An animal.\n")
        build(content, out, memo=memo, jobs=1)
    after = tree(out)
    assert after["model.bin"] == before["model.bin"]
    changed = {path for path, data in after.items() if before.get(path) != data and path.startswith("terms/")}
    pages = {f"terms/{slug}/index.html" for slug in ("ban", "dut", "zoo", "zebra")}
    last = {f"terms/{max(w for w in WORDS if w != 'dut')}/index.html", "terms/dut/index.html"}  # one of them stood before Zoo
    assert pages | {"terms/zebra/index.md"} <= changed <= pages | last | {"terms/zebra/index.md"}
