"""Files, and what a build has written, so that the next one knows what can stay: files in groups, and how each looks from outside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

Stamp = tuple[int, int, int]  # size, time of change and number

NEVER: Stamp = (-1, -1, -1)  # how nothing looks

MARKER = ".sitegen"  # the file that says that a folder is ours to replace


@dataclass(frozen=True, slots=True)
class File:
    """One file of the site. `path` is relative and uses slashes."""

    path: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Files that were made of the same inputs, of which `key` is the hash."""

    key: bytes
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """A site as it was written: of what, its groups, and the stamps of all its files and folders."""

    made: bytes = b""
    groups: Mapping[str, Group] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)

    def plain(self) -> tuple[Any, ...]:
        """Itself in plain values, of which `Manifest.of` makes it again."""
        groups = tuple((name, group.key, group.paths) for name, group in self.groups.items())
        return self.made, groups, tuple(self.stamps.items())

    @classmethod
    def of(cls, plain: tuple[Any, ...]) -> Manifest:
        made, groups, stamps = plain
        return cls(made, {name: Group(key, paths) for name, key, paths in groups}, dict(stamps))

    def stands(self, out: Path) -> bool:
        """Whether the folder is exactly as it was written."""
        return bool(self.stamps) and unchanged(out, self.stamps.items())

    def spoilt(self, out: Path) -> set[str]:
        """The groups some of whose files are not as they were written."""
        harmed = set(unlike(out, ((path, self.stamps.get(path, NEVER)) for path in self.files)))
        return {name for name, group in self.groups.items() if not harmed.isdisjoint(group.paths)}

    @cached_property
    def files(self) -> set[str]:
        """The paths of all files in groups."""
        return {path for group in self.groups.values() for path in group.paths}

    @property
    def folders(self) -> set[str]:
        """The paths of all folders, `.` among them."""
        return self.stamps.keys() - self.files - {MARKER}


def stamp(status: os.stat_result) -> Stamp:
    """How a file looks."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def stamps(folder: Path, paths: Iterable[str]) -> dict[str, Stamp]:
    """How those of `paths` below `folder` look that are there."""
    found = {}
    with suppress(OSError), _opened(folder) as top:
        for path in paths:
            try:
                found[path] = stamp(os.stat(path, dir_fd=top, follow_symlinks=False))
            except OSError:
                continue
    return found


def unlike(folder: Path, known: Iterable[tuple[str, Stamp]]) -> Iterator[str]:
    """The paths below `folder` that are not there or do not look as they are known to."""
    stat = os.stat
    try:
        with _opened(folder) as top:
            for path, stamp in known:
                try:
                    now = stat(path, dir_fd=top, follow_symlinks=False)
                except OSError:
                    yield path
                else:
                    if stamp != (now.st_size, now.st_mtime_ns, now.st_ino):
                        yield path
    except OSError:
        yield from (path for path, _ in known)


def unchanged(folder: Path, known: Iterable[tuple[str, Stamp]]) -> bool:
    """Whether everything below `folder` looks as it is known to."""
    return next(unlike(folder, known), None) is None


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    top = os.open(folder, os.O_RDONLY)
    try:
        yield top
    finally:
        os.close(top)
