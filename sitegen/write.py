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

from .manifest import MARKER, File, Manifest, Stamp, stamp, stamps
from .stage import OvertakenError, Stage, Twin
from .swap import exchange, is_ours, remove, sweep, umask

TWIN_PAYS = 2_000  # files from which a site has a twin

_NEXT = ".next"  # a file on its way
_MARK = b"This folder was made by sitegen, which replaces all of it at the next build.\n"


class NotOursError(Exception):
    """The folder holds something that this program did not write."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: how many files of the site are new or changed, the same, and gone. `twin` are the stamps of its twin's folders.

    The site is `behind` if what it shows of the language model is of an earlier one.
    """

    changed: int
    same: int
    removed: int
    behind: bool = False
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False, repr=False)
    twin: Mapping[str, Stamp] = field(default_factory=dict, compare=False, repr=False)


def write(
    files: Iterable[File], out: Path, before: Manifest | None = None, kept: Collection[str] = (), twin: Twin | None = None
) -> Written:
    """Make `out` consist of `files`, and of the groups `kept` of the site `before` that stands there.

    With `twin` the new site leaves a twin, and starts from that of the old one if it is known, all of whose files then stand.
    Raises NotOursError or OSError, OvertakenError if `before` no longer stands, and leaves `out` as it was.
    """
    before = before or Manifest()
    out = out.resolve()
    claim(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep(out)
    with _opened(out) as old:
        if (kept or (twin and twin.folders)) and (old is None or stamp(os.fstat(old)) != before.stamps["."]):
            raise OvertakenError
        stage = Stage(out, old, twin)
        try:
            stage.folder.chmod(out.stat().st_mode & 0o7777 | 0o700 if out.is_dir() else 0o777 & ~umask())
            linked = before.files - {path for name, group in before.groups.items() if name not in kept for path in group.paths}
            stage.keep(linked)
            seen = set(linked)
            changed = set[str]()
            for file in chain(files, [File(MARKER, _MARK)]):
                if file.path in seen:
                    raise ValueError(f"two outputs write {file.path}")
                seen.add(file.path)
                if not stage.put(file):
                    changed.add(file.path)
            gone = before.files - seen
            os.utime(stage.folder)  # so that it looks like no other site that stood here, even if only folders below it differ
            found = stage.stamps(seen - linked, gone)
            exchange(stage.folder, out)
            left = stage.leave(twin.path, before, seen, changed, gone) if twin and len(seen) > TWIN_PAYS else {}
            removed = len(gone) if stage.twin else len(remove(stage.folder) - seen)
            changed.discard(MARKER)
            after = {**before.stamps, **found}
            for path in before.stamps.keys() - linked - found.keys():
                del after[path]
            return Written(len(changed), len(seen) - 1 - len(changed), removed, stamps=after, twin=left)
        finally:
            os.close(stage.lock)
            remove(stage.folder)


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
    found = stamps(out, touched)
    after = {**before.stamps, **found}
    for path in touched - found.keys():
        after.pop(path, None)
    return Written(changed, same + sum(len(before.groups[name].paths) for name in kept), len(gone), stamps=after)


def claim(out: Path) -> None:
    """Raise NotOursError if replacing `out` would lose something."""
    if out.exists() and not out.is_dir():
        raise NotOursError(f"{out} is a file, not a folder")
    if not is_ours(out):
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
