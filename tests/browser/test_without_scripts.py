"""What stays of the site without JavaScript: every text, every link, every number."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.pages import TERM, ready, tab_to


def test_a_term_is_complete(visit: Visit) -> None:
    """Without JavaScript the page has the same text, the run with its numbers, and no control that does nothing."""
    page, live = visit(TERM, java_script_enabled=False), visit(TERM)
    ready(live)
    for part in (
        ".masthead nav",
        ".entry > header",
        ".facts",
        ".definition",
        ".summary",
        ".ledger tbody",
        ".rest",
        "footer",
    ):
        assert page.locator(part).all_inner_texts() == live.locator(part).all_inner_texts() != [], part
    controls = page.locator("button:visible, input:visible:not(.trap *), select:visible")
    assert controls.evaluate_all("all => all.map((e) => e.id || e.textContent)") == [
        "tint",
        "subscribe-email",
        "Subscribe",
    ]

    page.locator(".steps summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".steps li")).to_have_count(12)
    expect(page.locator(".steps li").last).to_be_visible()
    page.locator(".numbers summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".numbers li").last).to_be_visible()


def test_links_lead_on(visit: Visit) -> None:
    """Without JavaScript one walks from home over the A–Z to a term and to what it is related to."""
    page = visit(java_script_enabled=False)
    tab_to(page, page.get_by_role("link", name="A–Z"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Autoregressive model", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Autoregressive model")
    related = page.get_by_role("region", name="Related terms").get_by_role("link").first
    name = related.inner_text()
    related.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_the_theme_follows_the_system(visit: Visit) -> None:
    """Without JavaScript a dark system gets dark paper with light ink, a light one the reverse."""

    def colours(scheme: str) -> list[str]:
        page = visit("about/", java_script_enabled=False, color_scheme=scheme)
        return page.evaluate(
            "[document.body, document.documentElement].map((e, i) => getComputedStyle(e)[['color', 'backgroundColor'][i]])"
        )

    assert [colours("light"), colours("dark")] == [
        ["rgb(29, 26, 20)", "rgb(250, 247, 240)"],
        ["rgb(236, 230, 216)", "rgb(20, 19, 15)"],
    ]


def test_nothing_fades_where_all_is_shown(visit: Visit) -> None:
    """The text so far fades at its top where lines scroll out of sight; without scripts and on paper it is whole, and nothing fades."""
    live, printed = visit(TERM), visit(TERM, java_script_enabled=False)
    fades = "feed => getComputedStyle(feed).maskImage"
    assert live.locator(".feed").evaluate(fades) != "none"
    assert printed.locator(".feed").evaluate(fades) == "none"
    live.emulate_media(media="print")
    assert live.locator(".feed").evaluate(fades) == "none"
