"""The page of every shipped entry: it shows all that the entry holds, and the running model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sitegen.build import language_model
from sitegen.outputs import printed
from sitegen.train import _counted

from .conftest import BASE, CONTENT, Entry
from .dom import Page, line, text

Resolve = Callable[[str], str]


@pytest.fixture(scope="module")
def slug_of(entries: dict[str, Entry]) -> Resolve:
    """Finds the entry that a name in the content means."""
    names = {name.casefold(): slug for slug, entry in entries.items() for name in (entry["term"], *entry.get("aliases", ()))}
    return lambda name: name if name in entries else names[name.casefold()]


@pytest.fixture(scope="module")
def term_pages(site: dict[str, Page], entries: dict[str, Entry]) -> dict[str, Page]:
    """The pages of the entries by slug."""
    return {slug: site[f"terms/{slug}/"] for slug in entries}


def section(page: Page, name: str) -> list[tuple[str, str]]:
    """What the list under the heading with this id leads to and says."""
    rows = page.all(f'section[aria-labelledby="{name}"] li')
    return [(page.address(row.query("a")[0].attrs["href"] or ""), text(row)) for row in rows]


def plain(markdown: str) -> str:
    """Prose without the marks of its links and emphasis."""
    markdown = re.sub(r"\[\[(?:[^]|]*\|)?([^]|]*)\]\]", r"\1", markdown)
    return line(re.sub(r"\*{1,2}|`|\\(?=[$*])", "", markdown))


def test_name_and_facts(term_pages: dict[str, Page], entries: dict[str, Entry], settings: dict[str, list[dict[str, str]]]) -> None:
    """The heading is the term; below it stand every alias, the level, the topics and the year of the oldest reference."""
    topics = {re.sub("[^a-z]+", "-", topic["name"].lower()): topic["name"] for topic in settings["topics"]}
    for slug, page in term_pages.items():
        entry = entries[slug]
        facts = dict(zip(page.texts(".facts dt"), page.texts(".facts dd"), strict=True))
        facts.pop("revised", None)  # by git, where there is any: see test_build.py
        expected = {
            "also": ", ".join(entry.get("aliases", ())),
            "said": entry.get("pronunciation", ""),
            "level": entry["level"],
            "oldest source": str(min(work["year"] for work in entry["references"])),
            "topics": ", ".join(topics[topic] for topic in entry["topics"]),
        }
        assert facts == {name: value for name, value in expected.items() if value}, slug
        assert text(page.one("h1")) == entry["term"]
        assert page.links(".facts a") == [f"topics/{topic}/" for topic in entry["topics"]]


def test_definition_as_tokens(term_pages: dict[str, Page], entries: dict[str, Entry]) -> None:
    """The tinted tokens of the definition, put together, are the definition; the same tokens stand in the list of numbers."""
    for slug, page in term_pages.items():
        spans = page.all(".definition > span")
        assert text(page.one(".definition")) == plain(entries[slug]["definition"])
        assert all(re.fullmatch("t[0-5]", span.attrs["class"] or "") for span in spans)
        assert page.texts(".numbers li b") == [text(span) for span in spans]
        bits = [float(found) for row in page.texts(".numbers li") for found in re.findall(r" (\d+\.\d) bits", row)]
        tints = [sum(value >= least for least in (1, 3, 5, 8, 11)) for value in bits]
        shown = [int((span.attrs["class"] or "")[1]) for span in spans]
        assert len(bits) == len(spans)
        # The tint is chosen before the number is rounded for print.
        assert [(b, t) for b, t, s in zip(bits, tints, shown, strict=True) if t != s and b not in (1, 3, 5, 8, 11)] == []


def test_prose(term_pages: dict[str, Page], entries: dict[str, Entry]) -> None:
    """Summary and example stand there word for word; the explainer has its headings, tables, formulas and code."""
    for slug, page in term_pages.items():
        entry = entries[slug]
        explainer = entry["explainer"]
        assert text(page.one(".summary")) == plain(entry["summary"])
        assert text(page.one('section[aria-labelledby="sentence"] blockquote')) == plain(entry["example"])
        inside = 'section[aria-labelledby="in-depth"] .prose'
        assert page.texts(f"{inside} h3") == [plain(h) for h in re.findall(r"^## (.*)$", explainer, re.M)]
        assert len(page.all(f"{inside} .formula:not(.inline)")) == explainer.count("$$") / 2
        assert len(page.all(f"{inside} table")) == len(re.findall(r"^\|[ |:-]*--[ |:-]*\|$", explainer, re.M))
        assert len(page.all(f"{inside} pre")) == len(re.findall(r"^```", explainer, re.M)) / 2


def test_contents(term_pages: dict[str, Page]) -> None:
    """The list of what is on the page leads to every section of the entry, and to the explainer's headings."""
    for slug, page in term_pages.items():
        listed = [link.partition("#")[2] for link in page.links('nav[aria-labelledby="here"] a')]
        present = [e.attrs["id"] for e in page.all(".rest h2.label, .rest .prose h3")]
        assert listed == [i for i in present if i not in ("same-letter", "subscribe")], slug


def test_relations(term_pages: dict[str, Page], entries: dict[str, Entry], slug_of: Resolve) -> None:
    """Related, contrasted, broader and narrower terms stand there in the entry's order, each with its own definition."""

    def rows(slugs: list[str]) -> list[tuple[str, str]]:
        return [(f"terms/{s}/", f"{entries[s]['term']} {plain(entries[s]['definition'])}") for s in slugs]

    for slug, page in term_pages.items():
        for name in ("related", "contrast", "broader"):
            assert section(page, name) == rows([slug_of(other) for other in entries[slug].get(name, ())]), (slug, name)
        children = [other for other, entry in entries.items() if slug in map(slug_of, entry.get("broader", ()))]
        assert sorted(section(page, "narrower")) == sorted(rows(children)), slug


def test_backlinks(term_pages: dict[str, Page], entries: dict[str, Entry], slug_of: Resolve) -> None:
    """What links here are just the pages that do, in their prose or as a relation of their own."""
    found: dict[str, set[str]] = {slug: set() for slug in entries}
    for slug, page in term_pages.items():
        prose = {link.split("/")[1] for link in page.links(".prose a, blockquote a, .notice a") if link.startswith("terms/")}
        relations = {slug_of(name) for kind in ("related", "contrast", "broader") for name in entries[slug].get(kind, ())}
        for other in (prose | relations) - {slug}:
            found[other].add(slug)
    for slug, page in term_pages.items():
        assert {link.split("/")[1] for link, _ in section(page, "backlinks")} == found[slug], slug


def test_references(term_pages: dict[str, Page], entries: dict[str, Entry]) -> None:
    """Every reference stands there in order with its authors, year, title and address."""
    for slug, page in term_pages.items():
        rows = page.all(".references li")
        works = entries[slug]["references"]
        assert [[link.attrs["href"] for link in row.query("a")] for row in rows] == [[work["url"]] for work in works], slug
        for row, work in zip(rows, works, strict=True):
            authors = [author for author in work["authors"] if author not in ("others", "et al.")]
            parts = [*authors, f"({work['year']})", work["title"]]
            places = [text(row).find(part) for part in parts]
            assert -1 not in places
            assert places == sorted(places), slug


def test_neighbours(term_pages: dict[str, Page], site: dict[str, Page]) -> None:
    """A page leads to those before and after it in the index, to its letter, and to all others under that letter."""
    index = site["a-z/"].links("section li a")
    neighbours = {path: (before, after) for before, path, after in zip(["", *index], index, [*index[1:], ""], strict=False)}
    for page in term_pages.values():
        ways = [link for name in ("prev", "next") for link in page.links(f'.turn a[rel="{name}"]') or [""]]
        heads = [link for name in ("prev", "next") for link in page.links(f'link[rel="{name}"]') or [""]]
        assert tuple(ways) == tuple(heads) == neighbours[page.path]
        (letter,) = page.links(".turn a.initial")
        under = site["a-z/"].links(f'section[aria-labelledby="{letter.partition("#")[2]}"] a')
        assert [link for link, _ in section(page, "same-letter")] == [path for path in under if path != page.path]


def test_demo(term_pages: dict[str, Page], entries: dict[str, Entry]) -> None:
    """Every page prints the model's first distribution and twelve steps of its run, which continue its definition."""
    for slug, page in term_pages.items():
        demo = page.one("autoregressive-demo")
        assert (demo.attrs["data-model"], demo.attrs["data-order"]) == ("../../model.bin", "4")
        prompt = page.texts(".line .tok")
        assert plain(entries[slug]["definition"]).casefold().replace(" ", "").startswith("".join(prompt).casefold())
        rows = [[text(cell) for cell in row.children] for row in page.all(".ledger tbody tr")]
        assert len(rows) == 9
        assert sum(float(row[2].removesuffix(" %")) for row in rows) == pytest.approx(100, abs=5)  # each is rounded
        (drawn,) = page.texts(".ledger tr.drawn th")
        steps = [(text(row.query(".seen")[0]), text(row.query("b")[0])) for row in page.all(".steps li")]
        assert len(steps) == 12
        assert drawn.endswith(steps[0][1]), slug  # alone, or as one of all the others
        for (_, word), (context, _) in pairwise(steps):
            assert context.endswith("start of sentence" if word == "end of sentence" else word), slug


def test_runs_differ(term_pages: dict[str, Page]) -> None:
    """No two pages print the same run."""
    runs = [tuple(page.texts(".steps li")) for page in term_pages.values()]
    assert len(set(runs)) == len(runs)


def test_defined_term(term_pages: dict[str, Page], entries: dict[str, Entry], settings: dict[str, str]) -> None:
    """To machines the page is a DefinedTerm of the glossary, with the entry's own values."""
    for slug, page in term_pages.items():
        entry = entries[slug]
        names = {"alternateName": entry["aliases"]} if entry.get("aliases") else {}
        assert page.json_ld[0] == {
            "@context": "https://schema.org", "@type": "DefinedTerm", "@id": f"{BASE}terms/{slug}/", "url": f"{BASE}terms/{slug}/",
            "name": entry["term"], **names, "description": plain(entry["definition"]), "termCode": slug,
            "inDefinedTermSet": {"@type": "DefinedTermSet", "@id": BASE, "name": settings["title"]},
        }  # fmt: skip
        assert page.meta("description") == plain(entry["definition"])


def test_alternates(term_pages: dict[str, Page]) -> None:
    """A page names its twins for programs, in its head and at its foot."""
    for slug, page in term_pages.items():
        twins = {"application/atom+xml": "feed.xml", "text/markdown": f"terms/{slug}/index.md", "application/json": f"api/terms/{slug}.json"}
        for selector in ('link[rel="alternate"]', "footer a[type]"):
            assert dict(zip([e.attrs["type"] for e in page.all(selector)], page.links(selector), strict=True)) == twins


def test_dates_agree(shipped: Path, term_pages: dict[str, Page]) -> None:
    """The day a page was revised is that of its JSON twin."""
    for slug, page in term_pages.items():
        updated = json.loads((shipped / "api" / "terms" / f"{slug}.json").read_text())["updated"]
        assert [time.attrs["datetime"] for time in page.all(".facts time")] == ([updated[:10]] if updated else [])


def test_what_is_kept_changes_nothing(monkeypatch: pytest.MonkeyPatch, entries: dict[str, Entry]) -> None:
    """A page says the same of the model whichever pages were made before it, and however much is kept of them."""
    model = language_model(CONTENT)
    asked = [(slug, str(entry["definition"])) for slug, entry in entries.items()]
    said = [printed(model, *each) for each in asked]
    monkeypatch.setattr("sitegen.demo._TOPS", 3)
    _counted.cache_clear()  # nor is any distribution kept of the first
    again = replace(model)
    assert [printed(again, *each) for each in reversed(asked)] == said[::-1]
    assert len(again.tops) <= 3 < len(model.tops)
