"""The newsletter's form in a browser, against a double that answers as the service does, or as only a broken one would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.pages import TERM
from tests.browser.test_accessibility import violations_everywhere

HOST = "https://newsletter.ai-glossary.example"
THANKS = "Almost there: we have sent you a mail."
CORS = {"Access-Control-Allow-Origin": "*"}
REFUSED = "This does not look like an email address."


@dataclass
class Double:
    """What came to the service, and how it answers."""

    posts: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)  # path, what was accepted, fields
    answer: Callable[[Route], object] = lambda route: route.fulfill(status=200, json={"ok": True, "message": THANKS}, headers=CORS)

    def receive(self, route: Route) -> None:
        request = route.request
        assert (request.method, request.headers["content-type"].partition(";")[0]) == ("POST", "application/x-www-form-urlencoded")
        fields = parse_qs(request.post_data or "", keep_blank_values=True)
        accepts = request.headers["accept"]
        self.posts.append((urlsplit(request.url).path, accepts if accepts == "application/json" else "a page", fields))
        if accepts == "application/json":
            self.answer(route)
        else:
            route.fulfill(body="A page of the service.", content_type="text/plain")


@pytest.fixture
def double() -> Double:
    """A service that says yes."""
    return Double()


Open = Callable[..., Page]


@pytest.fixture
def open_page(visit: Visit, double: Double) -> Open:
    """Opens a page whose form reaches the double."""

    def open_page(path: str, **options: Any) -> Page:
        page = visit(None, **options)
        page.route(f"{HOST}/**", double.receive)
        page.goto(path)
        return page

    return open_page


@pytest.fixture
def troubled(browser: Browser, address: str, double: Double) -> Iterator[Page]:
    """The form's page, whose console may complain: a browser does of every refusal."""
    context = browser.new_context(base_url=address)
    context.set_default_timeout(5000)
    page = context.new_page()
    page.route(f"{HOST}/**", double.receive)
    page.goto("subscribe/")
    yield page
    context.close()


def sent(path: str, consent: str, email: str) -> dict[str, list[str]]:
    """The fields of the form on the page at `path`."""
    return {"page": [path], "consent": [sha256(consent.encode()).hexdigest()], "website": [""], "email": [email]}


def enter(page: Page, email: str) -> str:
    """Enter an address with the keyboard, and return the words of consent beside it."""
    consent = page.locator(".consent").text_content() or ""
    page.get_by_label("Your email address").focus()
    page.wait_for_load_state("networkidle")
    page.keyboard.type(email)
    page.keyboard.press("Enter")
    return consent


def test_without_scripts(open_page: Open, double: Double) -> None:
    """Without JavaScript the browser posts the address, where the form stands and what was consented to."""
    page = open_page(TERM, java_script_enabled=False)
    consent = page.locator(".consent").text_content() or ""
    email = page.get_by_label("Your email address")
    email.focus()
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    assert double.posts == [], "an incomplete address goes nowhere"
    page.keyboard.type("@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_text("A page of the service.")
    assert double.posts == [("/subscribe", "a page", sent(TERM, consent, "ada@example.org"))]


def test_in_place(open_page: Open, double: Double) -> None:
    """With JavaScript the answer takes the field's place and the focus; the page stays."""
    page = open_page(TERM)
    consent = enter(page, "ada@example.org")
    answer = page.locator(".signup").get_by_role("status")
    expect(answer).to_have_text(THANKS)
    expect(answer).to_be_focused()
    expect(page.get_by_label("Your email address")).to_have_count(0)
    assert double.posts == [("/subscribe", "application/json", sent(TERM, consent, "ada@example.org"))]
    assert page.url.endswith(TERM)
    assert violations_everywhere(page) == {}


def test_refused(troubled: Page, double: Double) -> None:
    """A refused address stays, with the focus; what is wrong with it stands beside it and is told, until another try goes well."""
    yes = double.answer
    double.answer = lambda route: route.fulfill(status=422, json={"ok": False, "message": REFUSED}, headers=CORS)
    page = troubled
    enter(page, "ada@example")
    email = page.get_by_label("Your email address")
    for _ in range(2):
        expect(email).to_be_focused()
        expect(email).to_have_value("ada@example")
        expect(email).to_have_attribute("aria-invalid", "true")
        expect(email).to_have_accessible_description(f"{REFUSED} {page.locator('.consent').text_content()}")
        expect(page.get_by_role("alert")).to_have_text(REFUSED)
        assert violations_everywhere(page) == {}
        with page.expect_response(f"{HOST}/**"):
            page.get_by_role("button", name="Subscribe").press("Enter")
    double.answer = yes
    email.fill("ada@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(THANKS)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert [fields["email"] for _, _, fields in double.posts] == [["ada@example"]] * 3 + [["ada@example.org"]]


@pytest.mark.parametrize(
    "answer",
    [
        lambda route: route.abort("connectionrefused"),
        lambda route: route.fulfill(status=200, json={"ok": True, "message": THANKS}, headers={"Access-Control-Allow-Origin": "https://example.org"}),
        lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html", headers=CORS),
        lambda route: route.fulfill(status=200, json=[1], headers=CORS),
    ],
    ids=["no connection", "another origin", "no JSON", "another JSON"],
)
def test_whatever_goes_wrong(troubled: Page, double: Double, answer: Callable[[Route], object]) -> None:
    """Where there is no answer that can be read, the browser sends the form as it would without the script."""
    double.answer = answer
    consent = enter(troubled, "ada@example.org")
    expect(troubled.locator("body")).to_have_text("A page of the service.")
    fields = sent("subscribe/", consent, "ada@example.org")
    assert double.posts == [("/subscribe", "application/json", fields), ("/subscribe", "a page", fields)]


def test_pressed_twice(open_page: Open, double: Double) -> None:
    """Who presses again while the answer is on its way sends nothing more."""
    held: list[Route] = []
    double.answer = lambda route: held.append(route)
    page = open_page("subscribe/")
    enter(page, "ada@example.org")
    expect(page.locator(".signup")).to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Subscribe").press("Enter")
    page.keyboard.press("Enter")
    (route,) = held
    Double().answer(route)
    expect(page.get_by_role("status")).to_have_text(THANKS)
    assert len(double.posts) == 1


def test_sent_before_the_script_is_there(open_page: Open, double: Double) -> None:
    """Who is faster than the script is sent the plain way."""
    page = open_page("subscribe/")
    held: list[Route] = []
    page.route("**/newsletter.js", lambda route: held.append(route))
    page.get_by_label("Your email address").focus()
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_text("A page of the service.")
    assert [accepts for _, accepts, _ in double.posts] == ["a page"]


def test_the_script_comes_with_the_first_touch(open_page: Open) -> None:
    """A page asks for the form's script when the form is first used, and not before."""
    page = open_page("subscribe/")
    page.wait_for_load_state("networkidle")
    loaded = "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/newsletter.js')).length"
    assert page.evaluate(loaded) == 0
    with page.expect_response("**/newsletter.js") as asked:
        page.get_by_role("button", name="Subscribe").focus()
    asked.value.finished()
    page.get_by_label("Your email address").focus()
    while not (times := page.evaluate(loaded)):
        page.wait_for_timeout(20)  # until the browser has noted down what it loaded
    assert times == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_data(open_page: Open, double: Double, scripts: bool) -> None:
    """The form for one's data says what is wanted, and both its fields give way to the answer."""
    page = open_page("subscribe/data/", java_script_enabled=scripts)
    page.get_by_label("What shall the link do?").select_option("erase")
    email = page.get_by_label("Your email address")
    email.focus()
    page.wait_for_load_state("networkidle")
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    if scripts:
        expect(page.get_by_role("status")).to_have_text(THANKS)
        expect(page.locator(".field")).to_have_count(0)
    else:
        expect(page.locator("body")).to_have_text("A page of the service.")
    (post,) = double.posts
    fields = {"website": [""], "wish": ["erase"], "email": ["ada@example.org"]}
    assert post == ("/data", "application/json" if scripts else "a page", fields)


def test_nobody_meets_the_trap(open_page: Open) -> None:
    """The field that only programs see is not to be seen, nor reached with the Tab key."""
    page = open_page("subscribe/")
    trap = page.locator(".trap")
    box = trap.bounding_box()
    assert box is not None
    assert box["width"] <= 1
    assert box["height"] <= 1
    page.get_by_label("Your email address").focus()
    page.keyboard.press("Shift+Tab")
    assert not page.evaluate("document.activeElement.closest('.trap')")
