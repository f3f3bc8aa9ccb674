"""Saves, as they happen: told by the system, or seen by looking again and again."""

from __future__ import annotations

import os
import platform
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .problems import printable

_POLL_SECONDS = 0.3
_DELETED = 3  # as watchfiles has it

_Stamps = set[tuple[str, int, int]]  # of each file its path, when it or its name changed, and its number; of each folder its path and its number
_Watch = Callable[..., Iterator[set[tuple[Any, str]]]]


class Changes:
    """Saves, or bursts of them, below `folders`, from the moment of this call. That the system cannot tell of them is said."""

    def __init__(self, folders: list[Path], say: Callable[[str], None]) -> None:
        before = _scan(folders)
        self._doubt, self._polls = False, threading.Event()
        watch = None if _must_poll() else _told_by_the_system()
        saves = _watched(watch, folders, before, self._polls, say) if watch else _polled(folders, before, self._polls)
        self._told: queue.SimpleQueue[Exception | set[str]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(saves,), daemon=True).start()

    def _listen(self, saves: Iterator[set[str]]) -> None:
        try:
            for saved in saves:
                self._told.put(saved)
        except Exception as error:  # for whoever waits
            self._told.put(error)

    def doubt(self) -> None:
        """Something else than before was found there. Where saves are looked for, it may have come, and gone again, between two looks."""
        self._doubt = True

    def there(self) -> bool:
        """Whether there was one that nobody has waited for."""
        return not self._told.empty()

    def wait(self) -> set[str]:
        """Wait for the next one, and forget all that there were: the paths of what was saved, none if only a doubt is to be cleared up. Raises what the watching raised."""
        saved, told, quiet = set[str](), list[Exception | set[str]](), 0
        while not told:  # not for ever at once: a signal that comes while another thread works would wait for the next save
            with suppress(queue.Empty):
                told.append(self._told.get(timeout=_POLL_SECONDS))
            quiet += 1
            if not told and self._doubt and self._polls.is_set() and quiet > 2:  # by then there was another look
                break
        self._doubt = False
        while self.there():
            told.append(self._told.get())
        for each in told:
            if isinstance(each, Exception):
                raise each
            saved |= each
        return saved


def _must_poll() -> bool:
    """Whether watchfiles would look for saves itself, which it does by whole seconds: where it is told so, and under Windows, which tells Linux of nothing."""
    if told := os.environ.get("WATCHFILES_FORCE_POLLING"):
        return told.lower() not in ("false", "disable", "disabled")
    return "microsoft-standard" in platform.release().lower()


def _told_by_the_system() -> _Watch | None:
    try:
        from watchfiles import watch
    except ImportError:
        return None
    return watch


def _watched(watch: _Watch, folders: list[Path], before: _Stamps, polls: threading.Event, say: Callable[[str], None]) -> Iterator[set[str]]:
    """Told by the system, where it can. It watches a folder, not its name: when another takes its place, that is to be watched."""
    said = False
    while True:
        stood = _numbers(folders)
        try:
            for saved in _told(watch, folders, before) if all(stood) else _polled(folders, before, polls):
                if saved:
                    yield saved
                if _numbers(folders) != stood:
                    break
        except (OSError, RuntimeError) as error:  # such as that there is no room for more to be watched, which may come
            if not said:
                say(printable(f"looking for saves every {_POLL_SECONDS} s, as the system cannot tell of them: {error}"))
                said = True
            yield next(_polled(folders, before, polls))
        before = _scan(folders)
        yield set(map(str, folders))


def _told(watch: _Watch, folders: list[Path], before: _Stamps) -> Iterator[set[str]]:
    """Told by the system, of nothing when nothing was saved for a while; but what was saved before that began shows only in a second look.

    It ends when one of the `folders` is removed: a new one may get its number.
    """
    roots, looked = [os.path.realpath(folder) for folder in folders], False

    def matters(_: object, path: str) -> bool:
        """Not what is hidden: it is none of the content, nor of the templates."""
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        below = [path.removeprefix(root) for root in roots if path.startswith(root + os.sep)]
        return not below or not all(f"{os.sep}." in each for each in below)

    for told in watch(*folders, watch_filter=matters, debounce=50, step=10, rust_timeout=1000, yield_on_timeout=True):
        saved = {path for _, path in told}
        if not looked:
            saved |= _others(before, _scan(folders))
            looked = True
        yield saved
        if any(change == _DELETED and os.path.realpath(path) in roots for change, path in told):
            return


def _numbers(folders: list[Path]) -> list[tuple[int, int] | None]:
    """The numbers by which the system knows the folders that are there."""
    found: list[tuple[int, int] | None] = []
    for folder in folders:
        try:
            status = os.stat(folder)
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def _polled(folders: list[Path], before: _Stamps, polls: threading.Event) -> Iterator[set[str]]:
    """Seen by looking again and again, which `polls` says."""
    polls.set()
    try:
        while True:
            time.sleep(_POLL_SECONDS)
            now = _scan(folders)
            if saved := _others(before, now):
                before = now
                yield saved
    finally:
        polls.clear()


def _others(before: _Stamps, now: _Stamps) -> set[str]:
    """The paths of files that have come, gone or changed."""
    return {path for path, _, _ in before ^ now}


def _scan(folders: list[Path]) -> _Stamps:
    found = set()
    for folder in folders:
        for root, inner, names in os.walk(folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            for name in (*inner, *(name for name in names if not name.startswith("."))):
                path = os.path.join(root, name)
                with suppress(OSError):
                    status = os.stat(path)
                    found.add((path, 0 if name in inner else status.st_ctime_ns, status.st_ino))  # an empty folder may be a problem, too
    return found
