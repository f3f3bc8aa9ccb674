"""What many tests need: the command as users run it, small glossaries on disk, and the shipped site, built once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .dom import Page, pages

# A shell without job control starts what runs in the background deaf to Ctrl-C, and its children inherit that.
with suppress(ValueError):  # which a worker of a cluster raises that imports a test
    signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = Path(__file__).parent.parent
CONTENT = PROJECT / "content"
BASE = "https://ai-glossary.example/"  # where the shipped site stands


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str


def sitegen(*args: object, cwd: Path = PROJECT, timeout: float = 60, **environment: str) -> Result:
    """Run the command line as a process of its own."""
    command = [sys.executable, "-m", "sitegen", *map(str, args)]
    settings = {**os.environ, "NO_COLOR": "1", **environment}
    done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, encoding="utf-8", timeout=timeout)
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped glossary, built with the command."""
    out = tmp_path_factory.mktemp("shipped") / "site"
    result = sitegen("build", "--content", CONTENT, "--out", out)
    assert result.status == 0, result.err
    return out


Entry = dict[str, Any]


@pytest.fixture(scope="session")
def site(shipped: Path) -> dict[str, Page]:
    """Every page of the shipped site by its path; to read one is to parse it strictly."""
    return pages(shipped)


@pytest.fixture(scope="session")
def entries() -> dict[str, Entry]:
    """The shipped entries by slug, as PyYAML alone reads them."""
    files = sorted((CONTENT / "terms").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in files}


@pytest.fixture(scope="session")
def settings() -> dict[str, Any]:
    """The shipped site.yaml, read the same way."""
    found: dict[str, Any] = yaml.safe_load((CONTENT / "site.yaml").read_text("utf-8"))
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files anew; look at the difference before committing it."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ anew from what the program does now")


Golden = Callable[[str, str], None]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with the file of that name in tests/golden/, which `--update-golden` writes anew."""

    def compare(name: str, actual: str) -> None:
        path = PROJECT / "tests" / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, "utf-8", newline="")
        expected = path.read_bytes().decode() if path.is_file() else ""
        assert actual == expected, f"{name} differs; if it should: pytest --update-golden"

    return compare


MakeContent = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def make_content(tmp_path: Path) -> MakeContent:
    """Writes a content folder from a mapping of path to text; a `.yaml` name without a slash goes into terms/.

    A folder without a site.yaml gets one with a base_url, so that tests see only what they ask for.
    """

    def make(files: Mapping[str, str | bytes]) -> Path:
        content = tmp_path / "content"
        (content / "terms").mkdir(parents=True, exist_ok=True)
        defaults: dict[str, str | bytes] = {"site.yaml": "title: Test\nbase_url: https://example.org/\n"}
        for name, text in {**defaults, **files}.items():
            path = content / name if "/" in name or name == "site.yaml" else content / "terms" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return content

    return make


def git(folder: Path, *args: str, **environment: str) -> None:
    """Run git in `folder` as somebody whom no configuration knows."""
    who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    settings = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who, **environment}
    subprocess.run(["git", *args], cwd=folder, env=settings, check=True, capture_output=True)
