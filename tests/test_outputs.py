"""What the shipped site says to programs: feed, sitemap, JSON, Markdown, and what a host and a crawler need to know."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree

import feedparser
import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from justhtml import JustHTML

from .conftest import BASE, CONTENT, PROJECT, Entry, MakeContent, sitegen
from .dom import Page, line, pages, text

TINY = PROJECT / "tests" / "golden" / "site" / "content"


# --- feed and sitemap ---------------------------------------------------------------------------


def test_feed(shipped: Path, entries: dict[str, Entry], settings: dict[str, Any]) -> None:
    """An independent reader finds the fifty newest entries, newest first, each with the dates that the JSON gives."""
    feed = feedparser.parse((shipped / "feed.xml").read_bytes())
    terms = [read(shipped / "api" / "terms" / f"{slug}.json") for slug in entries]
    newest = sorted(terms, key=lambda term: term["updated"] or "", reverse=True)
    assert not feed.bozo
    assert (feed.version, feed.feed.title, feed.feed.id, feed.feed.language) == ("atom10", settings["title"], BASE, "en")
    assert {(link.rel, link.href) for link in feed.feed.links} == {("self", f"{BASE}feed.xml"), ("alternate", BASE)}
    dates = [entry.updated for entry in feed.entries]
    assert dates == sorted(dates, reverse=True) == [stamp(term["updated"]) for term in newest[:50]]
    assert feed.feed.updated == dates[0]
    by_url = {term["url"]: term for term in terms}
    for entry in feed.entries:
        term = by_url[entry.id]
        found = (entry.title, entry.link, entry.summary, entry.published, [tag.term for tag in entry.get("tags", [])])
        assert found == (term["term"], term["url"], term["definition"], stamp(term["published"]), term["topics"])


def test_newsletter_feed(shipped: Path, site: dict[str, Page], settings: dict[str, Any]) -> None:
    """An independent reader finds every issue with its whole text, in which no link depends on where the feed stands."""
    feed = feedparser.parse((shipped / "newsletter" / "feed.xml").read_bytes())
    address = f"{BASE}newsletter/"
    assert not feed.bozo
    assert (feed.version, feed.feed.title, feed.feed.id, feed.feed.language) == ("atom10", f"{settings['title']}: newsletter", address, "en")
    assert feed.feed.subtitle == settings["newsletter"]["description"]
    assert {(link.rel, link.href) for link in feed.feed.links} == {("self", f"{address}feed.xml"), ("alternate", address)}
    issues = site["newsletter/"].links(".issues a")
    assert [entry.id for entry in feed.entries] == [BASE + issue for issue in issues] != []
    for issue, entry in zip(issues, feed.entries, strict=True):
        page = site[issue]
        day = f"{page.one('main time').attrs['datetime']}T00:00:00Z"
        assert (entry.title, entry.link, entry.published, entry.updated) == (text(page.one("h1")), entry.id, day, day)
        (content,) = entry.content
        found = JustHTML(content.value, sanitize=False, fragment=True)
        assert content.type == "text/html"
        assert line(found.to_text(separator="", strip=False)) == text(page.one(".prose"))
        links = [link.attrs["href"] or "" for link in found.query("a")]
        assert links == [BASE + link for link in page.links(".prose a")]
    assert feed.feed.updated == feed.entries[0].updated


def test_newsletter_feed_without_issues(make_content: MakeContent, tmp_path: Path) -> None:
    """A newsletter of which nothing was sent yet has an empty feed; links within an issue lead to its page."""
    site_yaml = "title: T\nbase_url: https://example.org/t/\nnewsletter: {action: /subscribe}\n"
    content = make_content({"token.yaml": "term: Token\ndefinition: A unit of text.\n", "site.yaml": site_yaml})
    assert sitegen("build", "--out", tmp_path / "empty", cwd=content.parent).status == 0
    feed = feedparser.parse((tmp_path / "empty" / "newsletter" / "feed.xml").read_bytes())
    assert (feed.bozo, feed.entries, feed.feed.subtitle) == (False, [], "Every issue of the newsletter of T.")
    make_content({"site.yaml": site_yaml, "newsletter/2026-01-01-a.md": "# A\n\nSee[^1] [[token]].\n\n[^1]: Below.\n"})
    assert sitegen("build", "--out", tmp_path / "site", cwd=content.parent).status == 0
    feed = feedparser.parse((tmp_path / "site" / "newsletter" / "feed.xml").read_bytes(), sanitize_html=False)
    links = [link.attrs["href"] for link in JustHTML(feed.entries[0].content[0].value, sanitize=False, fragment=True).query("a")]
    issue = Page(tmp_path / "site", "newsletter/2026-01-01-a/")
    assert links == [f"https://example.org/t/{address}" for address in issue.links(".prose a")]
    assert len(links) == 3


def read(path: Path) -> dict[str, Any]:
    """A JSON file of the site."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def stamp(moment: str | None) -> str:
    """A moment of the JSON as the feed writes it; where it is unknown, the epoch."""
    return (moment or "1970-01-01T00:00:00+00:00").replace("+00:00", "Z")


def test_sitemap(shipped: Path, site: dict[str, Page], entries: dict[str, Entry]) -> None:
    """The sitemap lists just the pages that want to be found, each with the day its entry changed."""
    namespace = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    root = ElementTree.parse(shipped / "sitemap.xml").getroot()
    found = {url.findtext(f"{namespace}loc"): url.findtext(f"{namespace}lastmod") for url in root}
    assert len(found) == len(root)
    wanted = {BASE + quote(path) for path, page in site.items() if not page.all('meta[name="robots"]')}
    assert set(found) == wanted
    for slug in entries:
        updated = read(shipped / "api" / "terms" / f"{slug}.json")["updated"]
        assert found[f"{BASE}terms/{slug}/"] == (updated[:10] if updated else None)


# --- JSON ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema(shipped: Path) -> dict[str, Any]:
    """The published schema."""
    return read(shipped / "api" / "schema.json")


def validator(schema: dict[str, Any], definition: str = "") -> Draft202012Validator:
    """Judges by the schema, or by one of its definitions."""
    part = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]} if definition else schema
    return Draft202012Validator(part, format_checker=FormatChecker())


def test_schema_is_valid(schema: dict[str, Any]) -> None:
    """The published schema is itself valid, says which draft it is, and stands at the address it claims."""
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == ("https://json-schema.org/draft/2020-12/schema", f"{BASE}api/schema.json")


def test_json_follows_the_schema(shipped: Path, schema: dict[str, Any]) -> None:
    """The whole set and every term are what the published schema says."""
    assert [error.message for error in validator(schema).iter_errors(read(shipped / "api" / "glossary.json"))] == []
    judge = validator(schema, "term")
    files = sorted((shipped / "api" / "terms").iterdir())
    assert {file.name: [error.message for error in judge.iter_errors(read(file))] for file in files} == {file.name: [] for file in files}


@pytest.mark.parametrize(
    "change", [{"level": "expert"}, {"slug": "a/b"}, {"term": ""}, {"related": "x"}, {"extra": 1}, {"deprecated": {"by": "x"}}], ids=str
)
def test_schema_refuses(shipped: Path, schema: dict[str, Any], change: dict[str, Any]) -> None:
    """The schema is not satisfied by just anything."""
    term = read(shipped / "api" / "terms" / "token.json")
    with pytest.raises(ValidationError):
        validator(schema, "term").validate(term | change)


def test_json_of_the_whole(shipped: Path, entries: dict[str, Entry], settings: dict[str, Any]) -> None:
    """The whole set names every entry in index order, and leads to each one's page and JSON."""
    whole = read(shipped / "api" / "glossary.json")
    terms = whole["terms"]
    assert {term["slug"] for term in terms} == set(entries)
    assert [term["term"].casefold().replace("-", "") for term in terms] == sorted(e["term"].casefold().replace("-", "") for e in entries.values())
    assert [topic["name"] for topic in whole["topics"]] == [topic["name"] for topic in settings["topics"]]
    for term in terms:
        assert (term["url"], term["api"]) == (f"{BASE}terms/{term['slug']}/", f"{BASE}api/terms/{term['slug']}.json")
        full = read(shipped / "api" / "terms" / f"{term['slug']}.json")
        assert {key: full[key] for key in term} == term


def test_json_of_a_term(shipped: Path, entries: dict[str, Entry]) -> None:
    """A term's JSON holds what its file holds, and every other term it names exists."""
    for slug, entry in entries.items():
        term = read(shipped / "api" / "terms" / f"{slug}.json")
        written = {name: entry.get(name, []) for name in ("aliases", "topics")} | {name: entry[name].strip() for name in ("term", "summary", "explainer", "example", "level")}  # fmt: skip
        assert {name: term[name] for name in written} == written
        assert term["references"] == entry["references"]
        assert {other for name in ("related", "contrast", "broader", "narrower", "backlinks") for other in term[name]} <= set(entries)
        assert slug not in {*term["related"], *term["backlinks"]}


# --- text ---------------------------------------------------------------------------------------


def test_markdown_twins(shipped: Path, entries: dict[str, Entry]) -> None:
    """Every term has a Markdown twin with its parts in reading order, and no link of ours left unresolved."""
    for slug, entry in entries.items():
        twin = (shipped / "terms" / slug / "index.md").read_text("utf-8")
        parts = [f"# {entry['term']}", "## In depth", "## In a sentence", line(entry["example"])[:40], "## References",
                 *(work["url"] for work in entry["references"]), f"]({BASE}): {BASE}terms/{slug}/"]  # fmt: skip
        places = [twin.find(part) for part in parts]
        assert -1 not in places
        assert places == sorted(places), slug
        assert "[[" not in twin
        assert twin.count("\n# ") == 0
        assert twin.endswith("/\n")


def test_llms_txt(shipped: Path, entries: dict[str, Entry], settings: dict[str, Any]) -> None:
    """llms.txt is a title, a summary, and every term once, with its definition, below the first of its topics in the site's order."""
    title, summary, *sections = (shipped / "llms.txt").read_text("utf-8").split("\n\n")
    assert (title, summary) == (f"# {settings['title']}", f"> {line(settings['description'])}")
    expected: dict[str, set[str]] = {}
    terms = {slug: read(shipped / "api" / "terms" / f"{slug}.json") for slug in entries}
    for topic in read(shipped / "api" / "glossary.json")["topics"]:
        members = {slug for slug, term in terms.items() if topic["slug"] in term["topics"]}
        rows = {f"- [{term['term']}]({term['url']}index.md): {term['definition']}" for slug in members if (term := terms.pop(slug))}
        if rows:
            expected[f"## {topic['name']}"] = rows
    assert {heading: set(rows.splitlines()) for heading, rows in zip(sections[:-2:2], sections[1:-2:2], strict=True)} == expected
    assert [line.partition("](")[2][:-1] for line in sections[-1].splitlines()] == [f"{BASE}{path}" for path in ("api/glossary.json", "api/schema.json", "feed.xml")]


def test_robots(shipped: Path) -> None:
    """Crawlers may read everything, and are told of the sitemap."""
    assert (shipped / "robots.txt").read_text() == f"User-agent: *\nAllow: /\n\nSitemap: {BASE}sitemap.xml\n"


def test_headers(shipped: Path, site: dict[str, Page]) -> None:
    """`_headers` sends the policy of the pages, with what only a header can say, and lets named assets be kept for ever."""
    policy = site[""].meta("Content-Security-Policy")
    assert (shipped / "_headers").read_text() == (
        f"/*\n  Content-Security-Policy: {policy}; frame-ancestors 'none'\n  X-Content-Type-Options: nosniff\n"
        "  Referrer-Policy: strict-origin-when-cross-origin\n"
        "/assets/*\n  Cache-Control: public, max-age=31536000, immutable\n"
    )


def test_assets_are_named_by_content(shipped: Path, tmp_path: Path) -> None:
    """When one asset changes, the address of all assets does, so that none may be kept too long."""
    (tmp_path / "own" / "assets").mkdir(parents=True)
    (tmp_path / "own" / "assets" / "icon.svg").write_text("<svg/>")
    result = sitegen("build", "--content", TINY, "--out", tmp_path / "site", "--templates", tmp_path / "own", cwd=tmp_path)
    assert result.status == 0, result.err
    (before,), (after,) = ([folder.name for folder in (site / "assets").iterdir()] for site in (shipped, tmp_path / "site"))
    assert before != after


# --- under a base path --------------------------------------------------------------------------


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A plain static file server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def crawl(start: str, been: Iterable[str] = ()) -> tuple[set[str], list[str]]:
    """Follow every link and load every file from `start` on, but for where somebody has `been`: the addresses that answered, and those that did not."""
    host = urlsplit(start).netloc
    known, waiting, broken = {start, *been}, deque([start]), []
    while waiting:
        address = waiting.popleft()
        try:
            with urlopen(address) as answer:
                data, kind, final = answer.read(), answer.headers.get_content_type(), answer.url
        except HTTPError as error:
            broken.append(f"{error.code} {address}")
            continue
        if final != address:
            broken.append(f"{address} is sent on to {final}")
        if kind != "text/html":
            continue
        document = JustHTML(data, sanitize=False)
        for name in ("href", "src", "data-model"):
            for element in document.query(f'[{name}]:not([rel="canonical"])'):
                found = urljoin(address, element.attrs[name] or "").partition("#")[0]
                if urlsplit(found).netloc == host and found not in known:
                    known.add(found)
                    waiting.append(found)
    return known, broken


@pytest.mark.parametrize("content", [CONTENT, TINY], ids=["shipped", "tiny"])
def test_under_a_base_path(tmp_path: Path, content: Path) -> None:
    """Built for /glossary/ and served from there, every link of every page answers, the 404's too, and none leads out of it."""
    site, base = tmp_path / "host" / "glossary", "https://example.org/glossary/"
    result = sitegen("build", "--content", content, "--base-url", base, "--out", site, cwd=tmp_path)
    assert result.status == 0, result.err
    with served(tmp_path / "host") as host:
        start = f"{host}glossary/"
        known, broken = crawl(start)
        lost, also_broken = crawl(f"{start}404.html", known)
    assert broken + also_broken == []
    assert {address for address in lost if not address.startswith(start)} == set()
    found_from_elsewhere = {f"{start}{quote(path)}" for path, page in pages(site).items() if page.all('meta[name="robots"]') and path != "search/"}
    assert {f"{start}{quote(path)}" for path in pages(site)} - known == found_from_elsewhere
    policy = Page(site, "").meta("Content-Security-Policy")
    assert (site / "_headers").read_text().startswith(f"/glossary/*\n  Content-Security-Policy: {policy};")


def test_only_the_pages_it_needs(tmp_path: Path, make_content: MakeContent) -> None:
    """Without topics, newsletter or about the site has just the pages it needs, and every link of them answers."""
    content = make_content({"token.yaml": "term: Token\ndefinition: A unit of text.\n"})
    result = sitegen("build", "--content", content, "--out", tmp_path / "site", cwd=tmp_path)
    assert result.status == 0, result.err
    with served(tmp_path / "site") as host:
        _, broken = crawl(host)
    assert broken == []
    found = {file.relative_to(tmp_path / "site").as_posix() for file in (tmp_path / "site").rglob("*.html")}
    assert found == {"index.html", "a-z/index.html", "about/index.html", "model/index.html", "search/index.html", "terms/token/index.html", "404.html"}
