"""Folders beside the site: where a new one is put together, how the two change names, and what is left of killed builds."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from glob import escape
from pathlib import Path

from .manifest import MARKER

_ASIDE = ".old"


def new_stage(out: Path, of: Path | None = None) -> tuple[Path, int]:
    """A new folder beside `out`, or there the folder `of`; and its lock. Until it is locked another build may sweep it; then there is another.

    Raises OSError if `of` is not there, or on another file system.
    """
    while True:
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.stage-", dir=out.parent))
        try:
            if of:
                os.rename(of, stage)
            lock = os.open(stage, os.O_RDONLY)
        except OSError as error:
            with suppress(OSError):
                stage.rmdir()
            if of or not isinstance(error, FileNotFoundError):
                raise
            continue
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if stage.exists():
            return stage, lock
        os.close(lock)


def remove(folder: Path) -> set[str]:
    """As `shutil.rmtree`, which looks at every file twice; what resists is left to it, unlocked. The paths of the files that were in it."""
    found = set[str]()
    if folder.is_symlink():  # somebody else's, who has what it leads to
        return found
    for root, _, names in os.walk(folder, topdown=False):
        below = f"{root}/".removeprefix(f"{folder}/")
        found.update(below + name for name in names)
        with suppress(OSError):
            for name in names:
                os.unlink(f"{root}/{name}")
            os.rmdir(root)
    for root, folders, _ in os.walk(folder):  # what is still there may be in folders that nobody may write to
        for path in (root, *(f"{root}/{name}" for name in folders)):
            with suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def is_ours(folder: Path) -> bool:
    """Whether nothing is lost with `folder`: it is a site, empty, or not there."""
    return (folder / MARKER).is_file() or not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir()))


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
            remove(stage)
        except OSError:
            pass  # another build is at work there
        finally:
            os.close(lock)


def exchange(stage: Path, out: Path) -> None:
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


def umask() -> int:
    """The mode bits that this process takes from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
