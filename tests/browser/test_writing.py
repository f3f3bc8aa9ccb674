"""What an author sees in the browser while `sitegen serve` runs: the page, its explorable, problems, and the page again."""

from __future__ import annotations

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
