"""Every page of the shipped site: right HTML, nothing inline, no dead link, a whole head."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .conftest import BASE, Entry
from .dom import Page, badly_nested, target_of, text

ANSWERS = ("404.html", "search/", "subscribe/check/", "subscribe/welcome/")  # pages that say something only to who did something


def wrong(site: dict[str, Page], judge: Callable[[Page], object]) -> dict[str, object]:
    """What `judge` has against each page, where it has anything."""
    return {path: found for path, page in site.items() if (found := judge(page))}


# --- HTML ---------------------------------------------------------------------------------------


def test_nesting(site: dict[str, Page]) -> None:
    """Every element is closed where it should be, and no attribute is given twice."""
    assert wrong(site, lambda page: badly_nested(page.html)) == {}


def test_ids_are_unique(site: dict[str, Page]) -> None:
    """No two elements of a page share an id, and none is empty or holds a space."""
    assert wrong(site, lambda page: [i for i in page.ids if page.ids.count(i) > 1 or not i or " " in i]) == {}


def test_labels_lead_somewhere(site: dict[str, Page]) -> None:
    """What names, describes or labels an element by id exists on its page."""
    references = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers")

    def dangling(page: Page) -> list[str]:
        used = [i for name in references for e in page.all(f"[{name}]") for i in (e.attrs[name] or "").split()]
        return [i for i in used if i not in page.ids]

    assert wrong(site, dangling) == {}


def test_headings(site: dict[str, Page]) -> None:
    """Every page has one h1, which comes first, and its headings never skip a level."""

    def gaps(page: Page) -> list[int]:
        levels = [int(element.name[1]) for element in page.all("h1, h2, h3, h4, h5, h6")]
        steps = zip([0, *levels], levels, strict=False)
        return levels if levels.count(1) != 1 or any(here > before + 1 for before, here in steps) else []

    assert wrong(site, gaps) == {}


def test_nothing_inline(site: dict[str, Page]) -> None:
    """No element has a style or a handler of its own, and the only scripts inside a page are the theme's and data."""

    def inline(page: Page) -> list[str]:
        attributes = [f"{e.name} {name}" for e in page.all("*") for name in e.attrs if name == "style" or name.startswith("on")]
        scripts = [e for e in page.all("script") if "src" not in e.attrs and e.attrs.get("type") != "application/ld+json"]
        styles = [e.name for e in page.all("style")]
        return attributes + styles + [f"{len(scripts)} scripts"] * (len(scripts) > 1)

    assert wrong(site, inline) == {}


def test_policy(site: dict[str, Page], settings: dict[str, Any]) -> None:
    """Every page forbids all but its own origin and the newsletter's, demands Trusted Types, and allows only the inline script it holds."""
    (script,) = {e.to_text(strip=False) for page in site.values() for e in page.all("head > script") if not e.attrs}
    digest = b64encode(sha256(script.encode()).digest()).decode()
    action = urlsplit(settings["newsletter"]["action"])
    newsletter = f"{action.scheme}://{action.netloc}" if action.netloc else ""
    reached = " ".join(filter(None, ["'self'", newsletter]))
    policy = {
        "default-src": "'none'", "script-src": f"'self' 'sha256-{digest}'", "style-src": "'self'", "img-src": "'self' data:",
        "font-src": "'self'", "connect-src": reached, "form-action": reached, "base-uri": "'none'", "object-src": "'none'",
        "require-trusted-types-for": "'script'", "trusted-types": "'none'",
    }  # fmt: skip
    found = {page.meta("Content-Security-Policy") for page in site.values()}
    assert [dict(rule.split(" ", 1) for rule in text.split("; ")) for text in found] == [policy]


def test_nothing_from_elsewhere(site: dict[str, Page]) -> None:
    """What a page loads stands on the site itself: no script, style, font, image or frame has an address of another host."""
    selectors = {"src": "[src]", "srcset": "[srcset]", "href": "link[href], use[href], image[href]", "data": "object[data]"}

    def loaded(page: Page) -> list[str]:
        found = [e.attrs[name] or "" for name, selector in selectors.items() for e in page.all(selector)
                 if e.attrs.get("rel") != "canonical"]  # fmt: skip
        return [address for address in found if urlsplit(address).scheme or address.startswith("//")]

    assert wrong(site, loaded) == {}


def test_every_link_leads_somewhere(shipped: Path, site: dict[str, Page]) -> None:
    """Every link within the site leads to a file, and its fragment to an element of that page."""

    def broken(page: Page) -> list[str]:
        written = [*page.links("[href]"), *(page.address(e.attrs["src"] or "") for e in page.all("[src]"))]
        written += [page.address(e.attrs["data-model"] or "") for e in page.all("[data-model]")]
        inside = [address for address in written if not urlsplit(address).scheme]
        return [address for address in inside if not exists(address)]

    def exists(address: str) -> bool:
        parts = urlsplit(address)
        target = site.get(parts.path)
        return target_of(shipped, address).is_file() and (not parts.fragment or (target is not None and parts.fragment in target.ids))

    assert wrong(site, broken) == {}


def test_links_out_are_references(site: dict[str, Page], entries: dict[str, Entry]) -> None:
    """A page leads to other hosts only where its entry says so, and the model's page to its method's paper."""
    for path, page in site.items():
        outside = {address for address in page.links() if urlsplit(address).scheme}
        slug = path.removeprefix("terms/").rstrip("/")
        cited = {r["url"] for r in entries[slug]["references"]} if slug in entries else set()
        if path == "model/":
            cited = {"https://doi.org/10.1006/csla.1999.0128"}
        assert outside == cited, path


# --- heads --------------------------------------------------------------------------------------


def test_language_and_viewport(site: dict[str, Page]) -> None:
    """Every page says its language, its encoding within the first kilobyte, and that it fits small screens."""
    for page in site.values():
        assert page.one("html").attrs["lang"] == "en"
        assert page.html.startswith("<!doctype html>")
        assert '<meta charset="utf-8">' in page.html[:1024]
        assert page.meta("viewport") == "width=device-width, initial-scale=1"


def test_titles_and_descriptions(site: dict[str, Page]) -> None:
    """Every page to be found has a title and a description that no other has."""
    found = {path: page for path, page in site.items() if not page.all('meta[name="robots"]')}
    for texts in ([text(page.one("title")) for page in found.values()], [page.meta("description") for page in found.values()]):
        assert all(texts)
        assert sorted(texts) == sorted(set(texts))


def test_canonical_addresses(site: dict[str, Page], entries: dict[str, Entry]) -> None:
    """A page's canonical address is its own, absolute; a redirect's is its target's; only what is an answer has none, and is not to be found."""
    for path, page in site.items():
        found = [e.attrs["href"] for e in page.all('link[rel="canonical"]')]
        redirected = page.links("main a") if page.is_redirect else [path]
        assert found == ([BASE + redirected[0]] if path not in ANSWERS else []), path
        robots = [e.attrs["content"] for e in page.all('meta[name="robots"]')]
        assert robots == ["noindex"] * (page.is_redirect or path in ANSWERS), path


def test_open_graph(site: dict[str, Page]) -> None:
    """What a shared link shows is the page's own heading, description and address."""
    for path, page in site.items():
        if not page.is_redirect:
            heading = text(page.one("h1"))
            expected = {"og:title": heading, "og:description": page.meta("description"), "og:site_name": "AI Glossary"}
            assert {name: page.meta(name) for name in expected} == expected, path
            assert [e.attrs["content"] for e in page.all('meta[property="og:url"]')] == ([BASE + path] if path not in ANSWERS else [])


def test_breadcrumbs(site: dict[str, Page]) -> None:
    """Every page but home and 404 shows the way to it, and says the same to machines, numbered from one."""
    for path, page in site.items():
        lists = [data for data in page.json_ld if data["@type"] == "BreadcrumbList"]
        if page.is_redirect or path in ("", "404.html"):
            assert lists == []
            continue
        names, links = page.texts('nav[aria-label="Breadcrumb"] li'), page.links('nav[aria-label="Breadcrumb"] a')
        items = [
            {"@type": "ListItem", "position": position, "name": name, "item": BASE + link}
            for position, (name, link) in enumerate(zip(names, [*links, path], strict=True), 1)
        ]
        assert lists == [{"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}], path
        assert (names[0], links[0], names[-1]) == ("Glossary", "", text(page.one("h1")))


def test_newsletter_form(site: dict[str, Page], settings: dict[str, Any]) -> None:
    """Every page that does not answer the form has it: labelled, with what comes of it, where it stands, and a field that only programs see."""
    action, consent = settings["newsletter"]["action"], settings["newsletter"]["consent"]
    for path, page in site.items():
        if page.is_redirect or path in ("subscribe/check/", "subscribe/welcome/", "subscribe/data/"):
            continue
        form = page.one("form[method]")
        assert (form.attrs["method"], form.attrs["action"]) == ("post", action), path
        assert text(page.one(f'[id="{form.attrs["aria-labelledby"]}"]')) == settings["newsletter"]["title"]
        field = page.one('form input[type="email"]')
        assert (field.attrs["name"], "required" in field.attrs, field.attrs["autocomplete"]) == ("email", True, "email")
        assert page.texts(f'label[for="{field.attrs["id"]}"]') == ["Your email address"]
        assert text(page.one(f'[id="{field.attrs["aria-describedby"]}"]')) == consent
        assert page.texts("form[method] button") == ["Subscribe"]
        hidden = {e.attrs["name"]: e.attrs["value"] for e in page.all('form input[type="hidden"]')}
        assert hidden == {"page": path, "consent": sha256(consent.encode()).hexdigest()}
        trap = page.one("form .trap input")
        assert (trap.attrs["name"], trap.attrs["tabindex"], trap.attrs["autocomplete"]) == ("website", "-1", "off")
        assert page.texts(f'label[for="{trap.attrs["id"]}"]') == ["Leave this empty"]


# --- the newsletter -----------------------------------------------------------------------------

NEWSLETTER = ("newsletter/", "newsletter/2026-11-23-one-token-at-a-time/", "subscribe/", "subscribe/check/", "subscribe/data/", "subscribe/welcome/")


def test_newsletter_pages(site: dict[str, Page]) -> None:
    """The newsletter's pages, and no others, lead to one's data and to the issues' feed."""
    for path, page in site.items():
        if page.is_redirect:
            continue
        inside = path in NEWSLETTER
        assert ("subscribe/data/" in page.links("footer a")) == inside, path
        feeds = page.links('link[rel="alternate"][type="application/atom+xml"]')
        assert feeds == ["feed.xml", *["newsletter/feed.xml"] * inside], path


def test_after_subscribing(site: dict[str, Page], settings: dict[str, Any]) -> None:
    """After the form one is told to look for the mail and from whom; after confirming, what there is to read."""
    assert settings["newsletter"]["sender"] in site["subscribe/check/"].texts("main bdi")
    assert "subscribe/" in site["subscribe/check/"].links(".prose a")
    welcome = site["subscribe/welcome/"]
    assert welcome.links(".issues a") == ["newsletter/2026-11-23-one-token-at-a-time/"]
    assert len(welcome.links(".column a")) == 3


def test_form_for_data(site: dict[str, Page]) -> None:
    """The form for one's data posts to the service beside the other, and asks for the address and what to do."""
    page = site["subscribe/data/"]
    assert page.one("main form").attrs["action"] == "https://newsletter.ai-glossary.example/data"
    assert [e.attrs["name"] for e in page.all("main form [name]")] == ["website", "wish", "email"]
    assert [e.attrs["value"] for e in page.all("main form option")] == ["export", "erase"]
