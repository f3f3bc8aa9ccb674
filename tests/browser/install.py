"""`python -m tests.browser.install` makes sure that the browser tests have a Chromium, and prints which one.

It takes what is there, and downloads only if there is nothing: first Playwright's own, then one of Debian's packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

# The first is the same engine without windows: a page in a profile of its own takes it a third of the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = ("Google Chrome", "Chromium")
HELP = """\
No Chromium or Chrome was found, and none could be installed.
Install one (Debian and Ubuntu: apt-get install chromium; elsewhere: https://www.google.com/chrome/),
or set CHROMIUM to the path of one, then run `make test` again."""


def find_browser() -> Path | None:
    """The Chromium to test with, if there is one; $CHROMIUM wins."""
    return next(filter(_starts, _candidates()), None)


def _starts(path: Path) -> bool:
    """Whether this really is a browser: Ubuntu's chromium-browser may be a note that one can be had."""
    return path.is_file() and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("CHROMIUM"):
        yield Path(named)
        return  # asked for by name: another one would be a surprise
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        yield from (folder / f"{name}.app" / "Contents" / "MacOS" / name for name in MAC_APPLICATIONS)
    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def install_browser() -> Path | None:
    """Install a Chromium, by the first way that works."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    packages = [*as_root, "apt-get", "install", "--yes", "--no-install-recommends"]
    ways = (
        ([sys.executable, "-m", "playwright", "install", "chromium"],),
        ([*as_root, "apt-get", "update"], [*packages, "chromium-headless-shell"]),
        ([*packages, "chromium"],),
    )
    for commands in ways:
        if all(map(_runs, commands)) and (browser := find_browser()):
            return browser
    return None


def _runs(command: list[str]) -> bool:
    print("$", *command, file=sys.stderr, flush=True)
    if shutil.which(command[0]) is None:
        print(f"{command[0]}: not found", file=sys.stderr)
        return False
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0


def main() -> int:
    """Print the path of a Chromium that works; 1 if there is none."""
    browser = find_browser()
    if browser is None and (named := os.environ.get("CHROMIUM")):
        print(f"CHROMIUM is {named!r}, which is no browser that starts.", file=sys.stderr)
        return 1
    browser = browser or install_browser()
    if browser is None:
        print(HELP, file=sys.stderr)
        return 1
    print(browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
