"""The newsletter as `sitegen serve` runs it, from the form on a term's page to the last click, with scripts and without."""

from __future__ import annotations

import csv
import io
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Visit, watched
from tests.browser.pages import TERM
from tests.browser.test_accessibility import violations_everywhere
from tests.conftest import CONTENT, sitegen
from tests.serving import Serve

ADA = "ada@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands run: a copy of the shipped content."""
    shutil.copytree(CONTENT, tmp_path / "content")
    return tmp_path


@pytest.fixture
def visit_served(browser: Browser, folder: Path) -> Iterator[Visit]:
    """Opens pages of the site as `sitegen serve` shows it."""
    with ExitStack() as stack, watched(browser, Serve(folder, stack)().address) as open_page:
        yield open_page


def subscribe(page: Page, email: str) -> None:
    """Enter an address into the form of the page, and wait for the form's script where there are scripts."""
    field = page.get_by_label("Your email address")
    if page.locator(":root.js").count():
        with page.expect_response("**/newsletter.js") as script:
            field.focus()
        page.evaluate("(url) => import(url).then(() => null)", script.value.url)
    field.fill(email)
    field.press("Enter")


def open_mail(page: Page, subject: str, email: str) -> None:
    """Wait for a mail in the outbox, and open it."""
    link = page.get_by_role("listitem").filter(has_text=email).get_by_role("link", name=subject)
    for _ in range(100):
        page.goto("/outbox")
        if link.count():
            link.click()
            return
        time.sleep(0.1)
    raise AssertionError(page.locator("main").inner_text())


def state(folder: Path, email: str) -> str:
    """What the operator is told of an address."""
    result = sitegen("newsletter", "subscribers", "export", cwd=folder)
    assert result.status == 0, result.err
    (row,) = (row for row in csv.DictReader(io.StringIO(result.out)) if row["email"] == email)
    return row["state"]


def quietly(route: Route) -> None:
    """The service's own answer, as a success: the browser would tell its console of every refusal."""
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, status=200 if answer.status == 422 else answer.status)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_the_form_to_the_last_click(visit_served: Visit, folder: Path, scripts: bool) -> None:
    """One subscribes on a term's page, confirms by the mail, gets the issue, and leaves by its link; only buttons change anything."""
    page = visit_served(TERM, java_script_enabled=scripts)
    heading = page.get_by_role("heading", level=1)
    subscribe(page, ADA)
    if scripts:
        expect(page.locator(".signup").get_by_role("status")).to_contain_text("we have sent you a mail")
        assert page.url.endswith(TERM)
    else:
        expect(heading).to_have_text("Check your inbox")
        assert page.url.endswith("/subscribe/check/")

    open_mail(page, "Please confirm", ADA)
    page.frame_locator("iframe").get_by_role("link", name="Yes, send me the newsletter").click()
    expect(heading).to_have_text("One more click")
    assert state(folder, ADA) == "pending"
    assert not scripts or violations_everywhere(page) == {}
    page.get_by_role("button", name="Yes, subscribe me").press("Enter")
    expect(heading).to_have_text("You are subscribed")
    assert page.url.endswith("/subscribe/welcome/")
    assert state(folder, ADA) == "confirmed"
    page.get_by_role("link", name="One token at a time").press("Enter")
    expect(heading).to_have_text("One token at a time")

    result = sitegen("newsletter", "send", "one-token-at-a-time", cwd=folder)
    assert result.status == 0, result.err
    assert "1 sent of 1" in result.out + result.err
    open_mail(page, "One token at a time", ADA)
    addresses = page.locator("pre a").evaluate_all("links => links.map((link) => link.pathname)")
    assert addresses[0] == f"/{TERM}"
    page.frame_locator("iframe").get_by_role("link", name="Unsubscribe").click()
    expect(heading).to_have_text("Leave the newsletter?")
    assert state(folder, ADA) == "confirmed"
    assert not scripts or violations_everywhere(page) == {}
    page.get_by_role("button", name="Unsubscribe").press("Enter")
    expect(heading).to_have_text("You have left")
    assert state(folder, ADA) == "unsubscribed"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_ones_data(visit_served: Visit, folder: Path, scripts: bool) -> None:
    """Who is known gets a link to erase, whose button forgets everything."""
    file = folder / "known.csv"
    file.write_text(f"{ADA}\n")
    assert sitegen("newsletter", "subscribers", "import", file, "--proof", "a test", cwd=folder).status == 0
    page = visit_served("subscribe/data/", java_script_enabled=scripts)
    page.get_by_label("What shall the link do?").select_option("erase")
    subscribe(page, ADA)
    if scripts:
        expect(page.locator(".signup").get_by_role("status")).to_contain_text("a mail with the link")
    else:
        expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    open_mail(page, "Erase your data", ADA)
    page.frame_locator("iframe").get_by_role("link", name="Erase my data").click()
    assert state(folder, ADA) == "confirmed"
    page.get_by_role("button", name="Erase everything").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Erased")
    result = sitegen("newsletter", "subscribers", "export", cwd=folder)
    assert ADA not in result.out


def test_a_mistake_on_a_page_of_the_service(visit_served: Visit) -> None:
    """An address that cannot be is refused on a page that keeps it, says what is wrong beside the field, and takes the corrected one."""
    page = visit_served("__sitegen/newsletter/subscribe")
    page.route("**/newsletter/subscribe", quietly)
    subscribe(page, "ada@example")
    expect(page).to_have_title(re.compile("^Error: One new term a week"))
    email = page.get_by_label("Your email address")
    expect(email).to_have_value("ada@example")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("does not look like an email address"))
    assert violations_everywhere(page) == {}
    subscribe(page, ADA)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    open_mail(page, "Please confirm", ADA)


def test_a_mistake_in_place(visit_served: Visit) -> None:
    """With scripts the service's words stand beside the field, and the page stays."""
    page = visit_served(TERM)
    page.route("**/newsletter/subscribe", quietly)
    subscribe(page, "ada@example")
    expect(page.get_by_role("alert")).to_contain_text("does not look like an email address")
    expect(page.get_by_label("Your email address")).to_be_focused()
    expect(page.get_by_label("Your email address")).to_have_value("ada@example")
