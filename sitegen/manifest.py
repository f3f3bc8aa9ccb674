"""Files, and what a build has written, so that the next one knows what can stay: files in groups, and how each looks from outside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

Stamp = tuple[int, int, int]  # size, time of change and number

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
        return bool(self.stamps) and all(now == self.stamps[path] for path, now in stamps(out, self.stamps))

    def spoilt(self, out: Path) -> set[str]:
        """The groups some of whose files are not as they were written."""
        harmed = {path for path, now in stamps(out, self.files) if now != self.stamps[path]}
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


def stamps(folder: Path, paths: Iterable[str]) -> Iterator[tuple[str, Stamp | None]]:
    """How each of `paths` below `folder` looks now; None for what is not there."""
    try:
        top = os.open(folder, os.O_RDONLY)
    except OSError:
        yield from ((path, None) for path in paths)
        return
    try:
        for path in paths:
            try:
                status = os.stat(path, dir_fd=top, follow_symlinks=False)
            except OSError:
                yield path, None
            else:
                yield path, stamp(status)
    finally:
        os.close(top)
