"""Files -> a folder, all at once: a reader sees the old site or the new one, never a mixture.

The new site is put together beside the old one, where a file whose bytes have not changed is only
linked to, and then the two folders change names in one step. Killed before that step, the old site
stands; after it, the new one does. Two writers at once each put their own site together, and the
later one stays.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from glob import escape
from itertools import chain
from pathlib import Path

from .manifest import File, Manifest, Stamp, stamp, stamps

MARKER = ".sitegen"  # says that the folder is ours to replace
_ASIDE = ".old"
_NEXT = ".next"  # a file on its way
_MARK = b"This folder was made by sitegen, which replaces all of it at the next build.\n"


class NotOursError(Exception):
    """The folder holds something that this program did not write."""


class OvertakenError(OSError):
    """Another build has put its site where the one stood of which files should be kept."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: how many files of the site are new or changed, the same, and gone."""

    changed: int
    same: int
    removed: int
    stamps: Mapping[str, Stamp] = field(default_factory=dict, compare=False, repr=False)


def write(files: Iterable[File], out: Path, kept: Mapping[str, Stamp] | None = None) -> Written:
    """Make `out` consist of `files`, and of those that it has already at the paths `kept`, which look so; `.` is `out` itself.

    Raises NotOursError or OSError, OvertakenError if that is no longer so, and leaves `out` as it was.
    """
    out = out.resolve()
    claim(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    sweep(out)
    stage, lock = _stage(out)
    old = _opened(out)
    try:
        stage.chmod(out.stat().st_mode & 0o7777 if out.is_dir() else 0o777 & ~_umask())
        changed = same = 0
        seen: set[str] = set()
        folders = {""}
        if kept and (old is None or stamp(os.fstat(old)) != kept["."]):
            raise OvertakenError
        for path in kept or ():
            if path != ".":
                seen.add(path)
                _make_folder(path, stage, folders)
                _keep(path, stage, old)
                same += 1
        for file in chain(files, [File(MARKER, _MARK)]):
            if file.path in seen:
                raise ValueError(f"two outputs write {file.path}")
            seen.add(file.path)
            _make_folder(file.path, stage, folders)
            if _put(file, stage, old):
                same += file.path != MARKER
            else:
                changed += file.path != MARKER
        new = [path for path in seen if not kept or path not in kept]
        found = {path: stamp for path, stamp in stamps(stage, [*new, *(folder or "." for folder in folders)]) if stamp}
        _exchange(stage, out)
        return Written(changed, same, len(_remove(stage) - seen), {**(kept or {}), **found})
    finally:
        os.close(lock)
        if old is not None:
            os.close(old)
        _remove(stage)


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


def _stage(out: Path) -> tuple[Path, int]:
    """A new folder beside `out`, and its lock. Until it is locked another build may sweep it; then there is another."""
    while True:
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.stage-", dir=out.parent))
        try:
            lock = os.open(stage, os.O_RDONLY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stage.exists():
            return stage, lock
        os.close(lock)


def _opened(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None


def _make_folder(path: str, stage: str | Path, folders: set[str]) -> None:
    """Make the folder of `path` in `stage`, if it is not among `folders`, which are there."""
    folder = path.rpartition("/")[0]
    if folder not in folders:
        _make_folder(folder, stage, folders)
        os.mkdir(f"{stage}/{folder}")
        folders.add(folder)


def _keep(path: str, stage: Path, old: int | None) -> None:
    """Take one file of the old site into `stage` as it is."""
    try:
        os.link(path, f"{stage}/{path}", src_dir_fd=old)
    except FileNotFoundError:  # the other build has begun to remove it
        raise OvertakenError from None
    except OSError:  # a file system without links
        with open(os.open(path, os.O_RDONLY, dir_fd=old), "rb") as same:
            (stage / path).write_bytes(same.read())


def _put(file: File, stage: Path, old: int | None) -> bool:
    """Write one file into `stage`; whether the old site had the same bytes, which are then not written again.

    `old` is the old site's folder, held open: by its name another build could put its own site there meanwhile.
    """
    target = f"{stage}/{file.path}"
    try:
        if old is not None and os.stat(file.path, dir_fd=old).st_size == len(file.data):
            with open(os.open(file.path, os.O_RDONLY, dir_fd=old), "rb") as same:
                if same.read() == file.data:
                    os.link(file.path, target, src_dir_fd=old)
                    return True
    except OSError:
        pass  # not there, or on a file system without links: written below
    with open(target, "wb", buffering=0) as new:
        new.write(file.data)
    return False


def _remove(folder: Path) -> set[str]:
    """As `shutil.rmtree`, which looks at every file twice; what resists is left to it. The paths of the files that were in it."""
    found = set[str]()
    for root, _, names in os.walk(folder, topdown=False):
        below = f"{root}/".removeprefix(f"{folder}/")
        found.update(below + name for name in names)
        with suppress(OSError):
            for name in names:
                os.unlink(f"{root}/{name}")
            os.rmdir(root)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def sweep(out: Path) -> None:
    """Remove what killed builds left: stages whose lock nobody holds. A site on its way aside is put back."""
    for stage in sorted(out.parent.glob(f".{escape(out.name)}.stage-*")):
        if stage.suffix == _ASIDE and not out.exists():
            os.rename(stage, out)
            continue
        try:
            lock = os.open(stage, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(stage, ignore_errors=True)
        except OSError:
            pass  # another build is at work there
        finally:
            os.close(lock)


def _exchange(stage: Path, out: Path) -> None:
    """Give `stage` the name `out`, and what was there the name `stage`, in one step."""
    try:
        os.rename(stage, out)  # where nothing stands, or an empty folder
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise OSError(error.errno, error.strerror, str(out)) from None  # the stage's name tells nobody anything
    if not _swap(stage, out):  # a kernel or file system without an exchange: two steps, as close as can be
        aside = stage.with_name(stage.name + _ASIDE)
        os.rename(out, aside)
        os.rename(stage, out)
        os.rename(aside, stage)


def _swap(a: Path, b: Path) -> bool:
    """Exchange two names atomically: renameat2(2) on Linux, renamex_np(2) on macOS."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(a), os.fsencode(b)
    at_cwd, exchange, swap = -100, 2, 2
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(first, second, swap)
        else:
            failed = libc.renameat2(at_cwd, first, at_cwd, second, exchange)
    except AttributeError:
        return False
    if failed and ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(b))
    return not failed


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
