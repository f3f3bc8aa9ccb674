"""The pages of the shipped site that lead to its entries: home, A-Z, topics, redirects, and the one for a wrong address."""

from __future__ import annotations

import re
from typing import Any

from .conftest import BASE, Entry
from .dom import Page, line, text


def test_home(site: dict[str, Page], entries: dict[str, Entry], settings: dict[str, Any]) -> None:
    """The home page is the set of all terms to machines, and leads readers to every letter and topic."""
    page = site[""]
    (data,) = page.json_ld
    terms = data.pop("hasDefinedTerm")
    assert data == {
        "@context": "https://schema.org", "@type": "DefinedTermSet", "@id": BASE, "url": BASE, "name": settings["title"],
        "description": settings["description"], "inLanguage": "en", "publisher": {"@type": "Organization", "name": settings["publisher"]},
    }  # fmt: skip
    expected = [{"@type": "DefinedTerm", "@id": f"{BASE}terms/{slug}/", "name": entry["term"]} for slug, entry in entries.items()]
    assert sorted(terms, key=lambda term: term["@id"]) == sorted(expected, key=lambda term: term["@id"])
    links = set(page.links("main a"))
    assert {link for link in links if link.startswith("topics/")} == {path for path in site if path.count("/") == 2 and path.startswith("topics/")}
    assert {link for link in links if link.startswith("a-z/#")} == {f"a-z/#{i}" for i in site["a-z/"].ids if i.startswith("letter-")}


def test_a_to_z(site: dict[str, Page], entries: dict[str, Entry]) -> None:
    """The index lists every entry once with its definition, by letter and in order within."""
    page = site["a-z/"]
    rows = dict(zip(page.links("section li a"), page.texts("section li"), strict=True))
    assert rows == {f"terms/{slug}/": f"{e['term']} {line(e['definition'])}" for slug, e in entries.items()}
    assert page.texts("section.letter h2") == sorted({entry["term"][0].upper() for entry in entries.values()})
    for section in page.all("section.letter"):
        terms = [text(link) for link in section.query("li a")]
        assert {term[0].upper() for term in terms} == {text(section.query("h2")[0])}
        assert terms == sorted(terms, key=lambda term: term.casefold().replace("-", ""))


def test_topics(site: dict[str, Page], entries: dict[str, Entry], settings: dict[str, Any]) -> None:
    """Every topic has a page that lists just the entries that name it, and the list of topics shows them all."""
    overview = site["topics/"]
    assert overview.texts("main h2 a") == [topic["name"] for topic in settings["topics"]]
    for topic, path in zip(settings["topics"], overview.links("main h2 a"), strict=True):
        page, slug = site[path], path.split("/")[1]
        members = {f"terms/{name}/" for name, entry in entries.items() if slug in entry["topics"]}
        assert set(page.links("section li a")) == members != set()
        assert (text(page.one("h1")), page.meta("description")) == (topic["name"], line(topic["description"]))


def test_redirects(site: dict[str, Page], entries: dict[str, Entry]) -> None:
    """Every alias whose address is not an entry's leads to its entry, at once and by a link, and nothing else redirects."""
    aliases = {slugged(alias): slug for slug, entry in entries.items() for alias in entry.get("aliases", ())}
    expected = {f"terms/{alias}/": f"terms/{slug}/" for alias, slug in aliases.items() if alias not in entries}
    found = {path: page for path, page in site.items() if page.is_redirect}
    assert {path: page.links("main a") for path, page in found.items()} == {path: [target] for path, target in expected.items()}
    refreshes = {path: page.meta("refresh").partition("; url=") for path, page in found.items()}
    assert {path: (wait, found[path].address(url)) for path, (wait, _, url) in refreshes.items()} == {
        path: ("0", target) for path, target in expected.items()
    }


def test_not_found_page(site: dict[str, Page]) -> None:
    """The page for a wrong address, shown at any depth, links from the root of its host."""
    page = site["404.html"]
    local = [e.attrs[name] or "" for name in ("href", "src") for e in page.all(f"[{name}]")]
    assert [address for address in local if not address.startswith(("/", "#"))] == []


def slugged(name: str) -> str:
    """The address of an ASCII name without signs, as the shipped aliases are."""
    assert re.fullmatch("[A-Za-z0-9]+([ -][A-Za-z0-9]+)*", name)
    return name.casefold().replace(" ", "-")
