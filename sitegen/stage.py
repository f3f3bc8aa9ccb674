"""The new site on its way, in a folder beside the old one, and the twin from which it can be made quicker."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .manifest import MARKER, File, Manifest, Stamp, stamp, stamps, unchanged
from .swap import is_ours, new_stage, remove


class OvertakenError(OSError):
    """Another build has put its site where the one stood of which files should be kept."""

    def __str__(self) -> str:
        return "another build is writing the same site; build again"


@dataclass(frozen=True, slots=True)
class Twin:
    """A second copy of a site in links to its files, in the folder `path`: there the next site needs only what changes.

    `folders` are the stamps of its folders, `.` its own; without any there is none yet.
    """

    path: Path
    folders: Mapping[str, Stamp]

    def stands(self) -> bool:
        """Whether it is as it was left."""
        return bool(self.folders) and unchanged(self.path, self.folders.items())


def cleared(twin: Path) -> bool:
    """Remove a twin, if it is one that stands there; whether nothing does any more."""
    with suppress(OSError):
        if is_ours(twin):
            remove(twin)
    return not os.path.lexists(twin)


class Stage:
    """The new site. The old one is held open as `old`: by its name another build could put its own site there meanwhile.

    `folder` is where the new one stands, and `lock` that folder, open.
    """

    def __init__(self, out: Path, old: int | None, twin: Twin | None) -> None:
        """Begin with the twin, if it is there and was looked at, else with nothing."""
        self.old, self.twin = old, None
        if twin and twin.folders:
            with suppress(OSError):
                self.folder, self.lock = new_stage(out, twin.path)
                if stamp(os.fstat(self.lock)) == twin.folders["."]:  # else it is another one by now
                    self.twin = twin
                else:
                    os.rename(self.folder, twin.path)
                    os.close(self.lock)
        if not self.twin:
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
        return known | stamps(self.folder, [*paths, *(self.tree.folders - known.keys())])

    def leave(self, twin: Path, before: Manifest, seen: set[str], changed: set[str], gone: set[str]) -> dict[str, Stamp]:
        """Leave a twin of the new site in the folder `twin`; the stamps of its folders, or none if that cannot be, as where something else stands.

        The new site's files are `seen`; those that are `changed` and `gone` make the difference to the site `before`. If that one had a twin, from which
        this one was made, it is brought up to date itself; it has the stage's name now.
        """
        if not cleared(twin):
            return {}
        try:
            return self._brought_up(twin, before, changed, gone) if self.twin else self._linked(twin, seen)
        except OSError:
            cleared(twin)
            return {}

    def _linked(self, twin: Path, paths: set[str]) -> dict[str, Stamp]:
        os.mkdir(twin)
        tree = _Tree(twin, {"."})
        for path in (MARKER, *(paths - {MARKER})):  # first what says whose it is
            tree.link(path, self.lock)
        return stamps(twin, tree.folders)

    def _brought_up(self, twin: Path, before: Manifest, changed: set[str], gone: set[str]) -> dict[str, Stamp]:
        if not self._take_old(before, (*changed, *gone)):
            return {}
        tree = _Tree(self.folder, before.folders)
        for path in changed:
            tree.link(path, self.lock)
        for path in gone:
            tree.drop(path)
        os.rename(self.folder, twin)
        known = {folder: before.stamps[folder] for folder in tree.folders - tree.touched}
        return known | stamps(twin, tree.folders & tree.touched)

    def _take_old(self, before: Manifest, paths: Iterable[str]) -> bool:
        """Whether it is the site `before` that has the stage's name, and nobody else has put anything into the folders of `paths`. It is locked.

        Raises OSError if another build looks at it.
        """
        if self.old is None or os.stat(self.folder).st_ino != os.fstat(self.old).st_ino:
            return False  # it is another build's
        fcntl.flock(self.old, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents} & before.folders
        return unchanged(self.folder, ((folder, before.stamps[folder]) for folder in folders))


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
        try:
            os.link(path, f"{self.root}/{path}", src_dir_fd=source)
        except FileExistsError:
            os.unlink(f"{self.root}/{path}")
            os.link(path, f"{self.root}/{path}", src_dir_fd=source)

    def write(self, file: File) -> None:
        """Make a new file: one that is there may have another name in another site."""
        self.make_folder(file.path)
        path = f"{self.root}/{file.path}"
        with suppress(FileExistsError), open(path, "xb", buffering=0) as new:
            new.write(file.data)
            return
        os.unlink(path)
        self.write(file)

    def drop(self, path: str) -> None:
        """Remove a file, and the folders that are empty then."""
        os.unlink(f"{self.root}/{path}")
        folder = path.rpartition("/")[0]
        while folder and not os.listdir(f"{self.root}/{folder}"):
            os.rmdir(f"{self.root}/{folder}")
            self.folders.discard(folder)
            folder = folder.rpartition("/")[0]
        self.touched.add(folder or ".")
