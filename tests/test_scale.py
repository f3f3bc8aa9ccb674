"""Very large glossaries: no page grows without bound, and a change touches what shows it and no more."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.build import build
from sitegen.memo import Memo
from sitegen.outputs.lists import cut
from sitegen.outputs.views import Card

from .conftest import MakeContent
from .dom import Page, text, tree

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


def reached(site: Path, start: str) -> tuple[list[str], list[str]]:
    """The entries that are reached from a list through its parts, and the pages that list them, in the order in which a reader meets them."""
    found: list[str] = []
    short: list[str] = []
    todo, seen = [start], set()
    while todo:
        path = todo.pop()
        assert path not in seen
        seen.add(path)
        below = Page(site, path).links("main section li a")
        entries = [link.split("/")[1] for link in below if link.startswith("terms/")]
        assert len(entries) <= 6
        found += entries
        short += [path] if entries else []
        todo += [link for link in reversed(below) if not link.startswith("terms/")]
    return found, short


@pytest.mark.parametrize("start", ["a-z/", "topics/one/", "topics/two/"])
def test_long_lists_are_cut(site: Path, start: str) -> None:
    """From the index, and from a topic, every entry is reached through pages that each list but a few, and each but once."""
    found, short = reached(site, start)
    assert sorted(found) == sorted(WORDS if start == "a-z/" else WORDS[start == "topics/two/" :: 2])
    assert len(short) > 3


def glossary(make_content: MakeContent, terms: list[str], more: str = "") -> Path:
    """A glossary of these terms, of one topic."""
    site = f"title: T\nbase_url: {BASE}\ntopics: [{{name: One}}]\ndemo: {{tokens: 1000}}\n"
    entries = {f"e{i}.yaml": f"term: {term}\nslug: e{i}\ndefinition: A thing.\ntopics: [One]\n{more}" for i, term in enumerate(terms)}
    return make_content({**entries, "site.yaml": site})


HAN = [chr(0x4E00 + 7 * i) for i in range(90)]
ALIKE = [f"Neural network {a} thing {b}" for a in "abcdefghijk" for b in "vwxyz"]


@pytest.mark.parametrize(("terms", "labels"), [
    (HAN, {"a-z/": ["字"], "a-z/letter-u5b57/": [f"{a} – {b}" for a, b in zip(HAN[::16], [*HAN[15::16], HAN[-1]], strict=True)]}),
    (ALIKE, {"a-z/": ["N"], "a-z/letter-n/": [f"Neural Network {a.upper()}" for a in "abcdefghijk"]}),
    ([*HAN[:20], *(f"{HAN[40]}{i}" for i in range(100, 150)), *HAN[50:60]], {"a-z/letter-u5b57/": [f"{HAN[0]} – {HAN[13]}", f"{HAN[14]} – {HAN[19]}", HAN[40], f"{HAN[50]} – {HAN[59]}"]}),
    ([f"{'Long ' * 20}{i}" for i in range(100, 113)], {
        "a-z/letter-l/": [*(f"{'Long ' * 20}{a} – {'Long ' * 20}{b}" for a, b in ((100, 105), (106, 111))), f"{'Long ' * 20}112"],
    }),
], ids=["no alphabet", "alike for long", "no alphabet, and alike", "alike for very long"])  # fmt: skip
def test_names_that_are_hard_to_cut(
    tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, terms: list[str], labels: dict[str, list[str]]
) -> None:  # fmt: skip
    """Parts are called by what tells them apart, of scripts with thousands of letters there are few, and a reader can leaf through them, and go up."""
    for module, name, number in (("site", "AT_ONCE", 10), ("outputs.lists", "MOST", 6), ("outputs.lists", "WIDE", 11)):
        monkeypatch.setattr(import_module(f"sitegen.{module}"), name, number)
    site = tmp_path / "site"
    content = glossary(make_content, terms)
    with Memo() as memo:
        build(content, site, memo=memo, jobs=1)
        (content / "terms" / "e3.yaml").rename(tmp_path / "aside")
        build(content, site, memo=memo, jobs=1)
        build(content, tmp_path / "clean", jobs=1)
        assert tree(site) == tree(tmp_path / "clean")
        (tmp_path / "aside").rename(content / "terms" / "e3.yaml")
        build(content, site, memo=memo, jobs=1)
    for path, expected in labels.items():
        assert [text(link) for link in Page(site, path).all("main section li a")] == expected
    for start in ("a-z/", "topics/one/"):
        found, short = reached(site, start)
        assert found == [f"e{i}" for i in range(len(terms))]
        following = [Page(site, path).links("main nav a[rel=next]") for path in short]
        assert following == [*([path] for path in short[1:]), []]
        assert [Page(site, path).links("main nav a[rel=prev]") for path in short] == [[], *([path] for path in short[:-1])]
        for path in short:
            above = Page(site, path).links("nav.crumbs a")[2 if start == "topics/one/" else 1 :]
            assert above == [start, *(f"{path[: i + 1]}" for i, c in enumerate(path[:-1]) if c == "/" and i >= len(start))]


@given(st.lists(st.sampled_from(["a", "ab", "b", "語", "語a", "語b", *"一乙丁七十人大中丸主久之九也乾亂"]), max_size=60), st.integers(1, 4), st.integers(3, 6), st.integers(1, 3))
def test_any_list_is_cut(terms: list[str], most: int, wide: int, depth: int) -> None:
    """A list of any names has every entry once and in order, on pages of few entries, of addresses of their own."""
    cards = [(term, Card(str(i), term, f"terms/{i}/", "A thing.")) for i, term in enumerate(sorted(terms))]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sitegen.outputs.lists.MOST", most)
        patched.setattr("sitegen.outputs.lists.WIDE", wide)
        whole = cut("All", "all/", cards, depth)
    parts = [whole, *(part for part, _ in whole.below())]
    assert [card for part in parts for card in part.cards] == [card for _, card in cards]
    assert len({part.path for part in parts}) == len(parts)
    assert all(len(part.cards) <= most and part.count == len(part.cards) + sum(below.count for below in part.parts) for part in parts)


def test_an_entry_to_which_all_lead(tmp_path: Path, make_content: MakeContent) -> None:
    """The page of an entry that all others are kinds of lists a hundred of them, and says how many more there are; its JSON names all. Many aliases are folded."""
    content = glossary(make_content, [f"Thing {i}" for i in range(130)], "broader: [hub]\n")
    (content / "terms" / "hub.yaml").write_text(f"term: Hub\ndefinition: One.\naliases: [{', '.join(f'H{i}' for i in range(20))}]\n")
    build(content, tmp_path / "site", jobs=1)
    page = Page(tmp_path / "site", "terms/hub/")
    whole = sorted(f"Thing {i}" for i in range(130))
    for name in ("narrower", "backlinks"):
        section = page.one(f"section[aria-labelledby={name}]")
        assert [text(link) for link in section.query("a")] == whole[:100]
        assert [text(more) for more in section.query(".more")] == ["and 30 more"]
        data = json.loads((tmp_path / "site" / "api" / "terms" / "hub.json").read_text())
        assert sorted(data[name]) == sorted(f"e{i}" for i in range(130))
    assert text(page.one(".facts details")) == "8 more" + ", ".join(f"H{i}" for i in range(12, 20))
    assert Page(tmp_path / "site", "terms/e5/").all(".facts details, section > .more, section .terms .more") == []


def test_many_topics(tmp_path: Path, make_content: MakeContent) -> None:
    """The home page names the first sixty topics, and leads to the list of all."""
    names = [f"Topic {i}" for i in range(70)]
    site = f"title: T\nbase_url: {BASE}\ntopics: [{', '.join(f'{{name: {name}}}' for name in names)}]\n"
    build(make_content({"a.yaml": "term: A\ndefinition: One.\ntopics: [Topic 0]\n", "site.yaml": site}), tmp_path / "site", jobs=1)
    page = Page(tmp_path / "site", "")
    assert page.texts(".contents h3 a") == names[:60]
    assert [(text(link), page.address(link.attrs["href"] or "")) for link in page.all(".contents > p a")] == [("All 70 topics", "topics/")]
    assert Page(tmp_path / "site", "topics/").texts("main h2 a") == names


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
    assert sorted(pages) == sorted(BASE + path for path in there - {"search/"})
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
