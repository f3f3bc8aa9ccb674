"""The made-up glossary of `make bench`: always the same, in order, and with as many links as it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .bench.corpus import MENTIONS, TOPICS, WORDS, terms, write
from .conftest import sitegen
from .dom import pages, tree

COUNT = 72


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small glossary in it, built."""
    root = tmp_path_factory.mktemp("corpus")
    write(COUNT, root)
    assert sitegen("build", "--out", "before", cwd=root).status == 0
    return root


def linked(site: Path) -> dict[str, list[str]]:
    """By entry, those that the text of its page under "In depth" links to, by address."""
    found = {path.split("/")[1]: page for path, page in pages(site).items() if path.startswith("terms/") and not page.is_redirect}
    return {
        slug: sorted(link.split("/")[1] for link in page.links("[aria-labelledby=in-depth] .prose a"))
        for slug, page in found.items()
    }


def test_deterministic(corpus: Path, tmp_path: Path) -> None:
    """Made again it is the same, to the byte."""
    write(COUNT, tmp_path)
    assert tree(tmp_path) == {path: data for path, data in tree(corpus).items() if not path.startswith(("before/", "after/", ".sitegen/"))}


def test_shape() -> None:
    """Bodies have 250 words, about six mentions and four related entries; names are unique; 24 topics are in use."""
    found, to_come = terms(COUNT)
    names = [name for term in (*found, to_come) for name in term.names]
    assert len(set(names)) == len(names) > 1.6 * COUNT
    assert len({term.slug for term in found}) == COUNT
    assert {topic for term in found for topic in term.topics} == set(range(TOPICS))
    marks = str.maketrans("", "", "#-*`")
    assert {len(term.body.translate(marks).split()) for term in found} == {WORDS}
    mentions = [len(term.mentions) for term in found]
    assert max(mentions) <= max(MENTIONS)
    assert 5 < sum(mentions) / COUNT < 7
    assert {len(term.related) for term in found} <= {2, 3, 4}


def test_in_order(corpus: Path) -> None:
    """It has no problem and earns no advice."""
    result = sitegen("check", "--strict", cwd=corpus)
    assert (result.status, result.out, result.err) == (0, f"{COUNT} entries: nothing to mend\n", "")


def test_links(corpus: Path) -> None:
    """Every page links to the entries that its body was made to mention, once each, and to no others."""
    found, _ = terms(COUNT)
    links = linked(corpus / "before")
    assert links == {term.slug: sorted(found[place].slug for place in term.mentions) for term in found}
    facts = json.loads((corpus / "facts.json").read_text("utf-8"))
    assert facts == {"links": sum(map(len, links.values())), "mentioning": 3}


def test_entry_to_come(corpus: Path) -> None:
    """Once the entry to come is there, three pages of a hundred link to it too, and no other link changes."""
    found, to_come = terms(COUNT)
    (new,) = (corpus / "new").glob("*.yaml")
    file = corpus / "content" / "terms" / new.name
    file.write_bytes(new.read_bytes())
    try:
        assert sitegen("build", "--out", "after", cwd=corpus).status == 0
    finally:
        file.unlink()
    before, after = linked(corpus / "before"), linked(corpus / "after")
    del after[to_come.slug]
    gained = {slug: [link for link in links if link not in before[slug]] for slug, links in after.items()}
    assert gained == {term.slug: [to_come.slug] * term.early for term in found}
    assert sum(map(len, after.values())) == sum(map(len, before.values())) + 3
