"""Files -> a folder, all at once: a reader sees the old site or the new one, never a mixture.

The new site is put together beside the old one, where a file whose bytes have not changed is only
linked to, and then the two folders change names in one step. Killed before that step, the old site
stands; after it, the new one does. Two writers at once each put their own site together, and the
later one stays.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from .manifest import File, Manifest, Stamp, stamp, stamps
from .stage import exchange, new_stage, remove, sweep, umask

MARKER = ".sitegen"  # says that the folder is ours to replace
_NEXT = ".next"  # a file on its way
_MARK = b"This folder was made by sitegen, which replaces all of it at the next build.\n"


class NotOursError(Exception):
    """The folder holds something that this program did not write."""


class OvertakenError(OSError):
    """Another build has put its site where the one stood of which files should be kept."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: how many files of the site are new or changed, the same, and gone. `twin` are the stamps of its twin's folders."""

    changed: int
    same: int
    removed: int
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False, repr=False)
    twin: Mapping[str, Stamp] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Twin:
    """A second copy of a site in links to its files, in the folder `path`: there the next site needs only what changes.

    `folders` are the stamps of its folders, `.` its own; without any there is none yet.
    """

    path: Path
    folders: Mapping[str, Stamp]


def write(
    files: Iterable[File], out: Path, before: Manifest | None = None, kept: Collection[str] = (), twin: Twin | None = None
) -> Written:
    """Make `out` consist of `files`, and of the groups `kept` of the site `before` that stands there.

    With `twin` that site is the whole of what stands there. Its twin is used up, and leaves another: the site that stood, brought up to date.
    Raises NotOursError or OSError, OvertakenError if `before` no longer stands, and leaves `out` as it was.
    """
    before = before or Manifest()
    out = out.resolve()
    claim(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep(out)
    with _opened(out) as old:
        if kept and (old is None or stamp(os.fstat(old)) != before.stamps["."]):
            raise OvertakenError
        stage = _Stage(out, old, twin)
        try:
            stage.folder.chmod(out.stat().st_mode & 0o7777 if out.is_dir() else 0o777 & ~umask())
            linked = {path for name in kept for path in before.groups[name].paths}
            stage.keep(linked)
            seen = set(linked)
            changed = set[str]()
            for file in chain(files, [File(MARKER, _MARK)]):
                if file.path in seen:
                    raise ValueError(f"two outputs write {file.path}")
                seen.add(file.path)
                if not stage.put(file):
                    changed.add(file.path)
            gone = before.files - seen - {MARKER}
            found = stage.stamps(seen - linked, gone)
            exchange(stage.folder, out)
            left = stage.leave(twin, before, changed, gone) if twin and old is not None else {}
            removed = len(gone) if left else len(remove(stage.folder) - seen)
            changed.discard(MARKER)
            return Written(
                len(changed), len(seen) - 1 - len(changed), removed, {**{path: before.stamps[path] for path in linked}, **found}, left
            )
        finally:
            os.close(stage.lock)
            remove(stage.folder)


class _Stage:
    """The new site on its way, in a folder beside the old one, which is held open as `old`: by its name another build could put its own site there meanwhile."""

    def __init__(self, out: Path, old: int | None, twin: Twin | None) -> None:
        self.old, self.twin = old, twin if twin and twin.folders else None
        try:
            self.folder, self.lock = new_stage(out, self.twin.path if self.twin else None)
        except OSError:
            self.twin = None
            self.folder, self.lock = new_stage(out)
        if self.twin and os.fstat(self.lock).st_ino != self.twin.folders["."][2]:
            remove(self.folder)
            os.close(self.lock)
            self.twin = None
            self.folder, self.lock = new_stage(out)
        self.tree = _Tree(self.folder, set(self.twin.folders) if self.twin else {"."})

    def keep(self, paths: Iterable[str]) -> None:
        """Take files of the old site as they are."""
        if self.twin:
            return
        for path in paths:
            self.tree.make_folder(path)
            try:
                os.link(path, f"{self.folder}/{path}", src_dir_fd=self.old)
            except FileNotFoundError:  # the other build has begun to remove it
                raise OvertakenError from None
            except OSError:  # a file system without links
                with open(os.open(path, os.O_RDONLY, dir_fd=self.old), "rb") as same:
                    (self.folder / path).write_bytes(same.read())

    def put(self, file: File) -> bool:
        """Write one file; whether the old site had the same bytes, which are then not written again."""
        there = self.lock if self.twin else self.old
        try:
            if there is not None and os.stat(file.path, dir_fd=there).st_size == len(file.data):
                with open(os.open(file.path, os.O_RDONLY, dir_fd=there), "rb") as same:
                    if same.read() == file.data:
                        if not self.twin:
                            self.tree.link(file.path, there)
                        return True
        except OSError:
            pass  # not there, or on a file system without links: written below
        try:
            self.tree.write(file)
        except OSError:
            if self.twin:  # a folder where a file was, or the other way round
                raise OvertakenError from None
            raise
        return False

    def stamps(self, paths: Iterable[str], gone: Iterable[str]) -> dict[str, Stamp]:
        """How `paths` and all folders look, once those that are gone are."""
        known: dict[str, Stamp] = {}
        if self.twin:
            try:
                for path in gone:
                    self.tree.drop(path)
            except OSError:
                raise OvertakenError from None
            known = {folder: self.twin.folders[folder] for folder in self.tree.folders - self.tree.touched}
        return known | _stamps(self.folder, [*paths, *(self.tree.folders - known.keys())])

    def leave(self, twin: Twin, before: Manifest, changed: Iterable[str], gone: Iterable[str]) -> dict[str, Stamp]:
        """Make the old site, which has the stage's name now, the twin of the new one; the stamps of its folders, or none if that cannot be."""
        folders = before.stamps.keys() - before.files - {MARKER}
        tree = _Tree(self.folder, set(folders))
        try:
            fcntl.flock(self.old, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type] # else another build looks at it
            for path in changed:
                tree.link(path, self.lock)
            for path in gone:
                tree.drop(path)
            remove(twin.path)
            os.rename(self.folder, twin.path)
        except OSError:
            return {}
        known = {folder: before.stamps[folder] for folder in tree.folders - tree.touched}
        return known | _stamps(twin.path, tree.folders & tree.touched)


class _Tree:
    """A folder, of which all `folders` are known, `.` itself. `touched` are those in which something was changed."""

    def __init__(self, root: Path, folders: set[str]) -> None:
        self.root, self.folders, self.touched = root, folders, {"."}

    def make_folder(self, path: str) -> None:
        """Make the folder of `path`."""
        folder = path.rpartition("/")[0] or "."
        self.touched.add(folder)
        if folder not in self.folders:
            self.make_folder(folder)
            os.mkdir(f"{self.root}/{folder}")
            self.folders.add(folder)

    def link(self, path: str, source: int) -> None:
        """Make `path` the file that has this path in the open folder `source`."""
        self.make_folder(path)
        with suppress(FileNotFoundError):
            os.unlink(f"{self.root}/{path}")
        os.link(path, f"{self.root}/{path}", src_dir_fd=source)

    def write(self, file: File) -> None:
        """Make a new file: one that is there may have another name in another site."""
        self.make_folder(file.path)
        with suppress(FileNotFoundError):
            os.unlink(f"{self.root}/{file.path}")
        with open(f"{self.root}/{file.path}", "wb", buffering=0) as new:
            new.write(file.data)

    def drop(self, path: str) -> None:
        """Remove a file, and the folders that are empty then."""
        os.unlink(f"{self.root}/{path}")
        folder = path.rpartition("/")[0]
        while folder and not os.listdir(f"{self.root}/{folder}"):
            os.rmdir(f"{self.root}/{folder}")
            self.folders.discard(folder)
            folder = folder.rpartition("/")[0]
        self.touched.add(folder or ".")


def update(files: Iterable[File], out: Path, before: Manifest, kept: Collection[str]) -> Written:
    """Make the same of the site `before` in `out` as `write` does, but file by file, without the groups `kept`: for a folder of our own."""
    changed = same = 0
    seen, touched = set[str](), {"."}
    for file in files:
        seen.add(file.path)
        target = out / file.path
        if file.path in before.stamps and target.is_file() and target.read_bytes() == file.data:
            same += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        (out / _NEXT).write_bytes(file.data)
        os.replace(out / _NEXT, target)
        changed += 1
        touched |= {file.path, *map(str, Path(file.path).parents)}
    gone = {path for name, group in before.groups.items() if name not in kept for path in group.paths} - seen
    for path in gone:
        (out / path).unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            os.removedirs((out / path).parent)
        touched |= {path, *map(str, Path(path).parents)}
    found = dict(stamps(out, touched))
    after = {path: stamp for path, stamp in {**before.stamps, **found}.items() if stamp}
    return Written(changed, same + sum(len(before.groups[name].paths) for name in kept), len(gone), after)


def claim(out: Path) -> None:
    """Raise NotOursError if replacing `out` would lose something."""
    if out.exists() and not out.is_dir():
        raise NotOursError(f"{out} is a file, not a folder")
    if out.is_dir() and not (out / MARKER).is_file() and any(out.iterdir()):
        raise NotOursError(f"{out} is not empty and was not made by sitegen; choose another folder, or empty it")


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """The folder, if there is one, open and in use: another build does not change it."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(opened, fcntl.LOCK_SH)
        yield opened
    finally:
        os.close(opened)


def _stamps(folder: Path, paths: Iterable[str]) -> dict[str, Stamp]:
    return {path: found for path, found in stamps(folder, paths) if found}
