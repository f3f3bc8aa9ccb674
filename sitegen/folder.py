"""A folder of the content: what stands in it, how that is called in messages, and whether it is a link out of the content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .problems import ContentError, Place, Problem
from .source import Source, read_source
from .survey import is_passed_over


class Folder:
    """A folder inside the content, and how its files are called in messages."""

    def __init__(self, path: Path, shown: str, problems: list[Problem], root: Path | None = None) -> None:
        self.path, self.shown, self.problems = path, shown, problems
        real = Path(os.path.realpath(path))  # Path.resolve may raise in a loop
        self.root = root or real
        self.inside = real.is_relative_to(self.root)

    def __truediv__(self, name: str) -> Folder:
        return Folder(self.path / name, f"{self.shown}/{name}", self.problems, self.root)

    def say(self, name: str, rule: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Place(f"{self.shown}/{name}"), rule, message, hint))

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """What stands in it, in name order, but hidden files and editors' copies; none if it does not exist."""
        if not self.path.is_dir():
            return
        try:
            with os.scandir(self.path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.say("", "unreadable", f"cannot be listed: {error.strerror}")
            return
        for entry in entries:
            name = entry.name
            if is_passed_over(name):
                continue
            if not name.isprintable():
                self.say(name, "not-an-entry", "a file name with unprintable characters", "rename the file")
            elif (self.inside and not entry.is_symlink()) or self.holds(name):
                yield entry

    def holds(self, name: str) -> bool:
        """Whether that is no link out of the content; if it is one, it is a problem."""
        held = Path(os.path.realpath(self.path / name)).is_relative_to(self.root)
        if not held:
            self.say(name, "outside-content", "a link to a file outside the content", "copy the file here")
        return held

    def read(self, name: str) -> Source | None:
        if not self.holds(name):
            return None
        try:
            return read_source(self.path / name, f"{self.shown}/{name}")
        except ContentError as error:
            self.problems.extend(error.problems)
            return None
