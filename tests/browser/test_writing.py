"""What an author sees in the browser while `sitegen serve` runs: the page, its explorable, problems, and the page again."""

from __future__ import annotations

import re
import signal
from contextlib import ExitStack

from playwright.sync_api import Browser, expect

from tests.browser.conftest import watched
from tests.conftest import MakeContent
from tests.serving import Serve, save

ENTRY = "term: Dial\ndefinition: A thing to turn.\nexplorable: dial\n"
SCRIPT = """\
export function mount(element) {
  const button = document.createElement("button");
  button.textContent = "turn";
  button.addEventListener("click", () => (button.textContent = "turned"));
  element.replaceChildren(button);
}
"""


def test_writing_an_entry(browser: Browser, make_content: MakeContent) -> None:
    """An explorable comes alive in place of its fallback; a mistake is shown over the page until it is mended, and then the page is new."""
    content = make_content(
        {
            "dial.yaml": ENTRY,
            "explorables/dial/explorable.js": SCRIPT,
            "explorables/dial/fallback.html": "<p>A dial, printed.</p>\n",
        }
    )
    entry, shown = content / "terms" / "dial.yaml", "content/terms/dial.yaml"
    with ExitStack() as stack:
        visit = stack.enter_context(watched(browser, Serve(content.parent, stack)().address))
        printed = visit("terms/dial/", java_script_enabled=False)
        expect(printed.locator(".explorable")).to_have_text("A dial, printed.")

        page = visit("terms/dial/")
        page.locator(".explorable").scroll_into_view_if_needed()
        page.get_by_role("button", name="turn").click()
        expect(page.locator(".explorable")).to_have_text("turned")

        save(entry, ENTRY.replace("definition:", "definiton:"))
        problems = page.get_by_role("alert").locator("p")
        expect(problems).to_have_text(
            [
                f"{shown}:1:1: the entry has no 'definition' (missing-field) add a line 'definition: ...'",
                f"{shown}:2:1: unknown field 'definiton' in the entry (unknown-field) did you mean 'definition'?",
            ]
        )

        save(entry, ENTRY.replace("A thing", "A round thing"))
        expect(page.locator(".definition")).to_have_text("A round thing to turn.")
        expect(page.get_by_role("alert")).to_have_count(0)


TOKEN = "term: Token\ndefinition: {} unit of text.\n"
# In a Chromium without windows every page counts as seen.
SEEN = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_more_pages_than_connections(browser: Browser, make_content: MakeContent) -> None:
    """A page that nobody sees holds no connection, of which a browser has six for all; seen again it shows what has been saved."""
    entry = make_content({"token.yaml": TOKEN.format("One")}) / "terms" / "token.yaml"
    with ExitStack() as stack:
        visit = stack.enter_context(watched(browser, Serve(entry.parents[2], stack)().address))
        pages = [visit("terms/token/")]
        for _ in range(7):
            pages[-1].evaluate(SEEN, "hidden")
            pages.append(pages[0].context.new_page())
            pages[-1].goto("terms/token/")
        save(entry, TOKEN.format("Two"))
        expect(pages[-1].locator(".definition")).to_have_text("Two unit of text.")
        expect(pages[0].locator(".definition")).to_have_text("One unit of text.")
        pages[0].evaluate(SEEN, "visible")
        expect(pages[0].locator(".definition")).to_have_text("Two unit of text.")


def test_a_page_that_has_missed_something(browser: Browser, make_content: MakeContent) -> None:
    """A page shows the newest site though it was built before the page could listen, while another was looked at, or before the server was started anew."""
    entry = make_content({"token.yaml": TOKEN.format("One"), "beam.yaml": "term: Beam\ndefinition: Another.\n"}) / "terms" / "token.yaml"
    with ExitStack() as stack:
        serve = Serve(entry.parents[2], stack)
        served = serve()
        visit = stack.enter_context(watched(browser, served.address))
        page = visit(None)
        page.route("**/reload.js*", lambda _: None)
        with page.expect_request("**/reload.js*"):
            page.goto("terms/token/", wait_until="commit")
        with served.events() as states:
            next(states)
            save(entry, TOKEN.format("Two"))
            assert [next(states)["version"] for _ in range(2)] == [2, 3]
        expect(page.locator(".definition")).to_have_text("One unit of text.")
        page.unroute_all()  # lets it come
        expect(page.locator(".definition")).to_have_text("Two unit of text.")

        page.goto("terms/beam/")
        with served.events() as states:
            next(states)
            save(entry, TOKEN.format("Three"))
            assert [next(states)["version"] for _ in range(2)] == [4, 5]
        expect(page.locator("script[src*='reload.js']")).to_have_attribute("src", re.compile("-5$"))  # so that it does not load again meanwhile
        page.go_back()
        expect(page.locator(".definition")).to_have_text("Three unit of text.")

        served.process.send_signal(signal.SIGINT)
        served.process.wait()
        save(entry, TOKEN.format("Four"))
        serve("--port", str(served.port))
        expect(page.locator(".definition")).to_have_text("Four unit of text.")
