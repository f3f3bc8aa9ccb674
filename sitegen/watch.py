"""Saves, as they happen: told by the system, or seen by looking again and again."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_POLL_SECONDS = 0.3

_Stamps = set[tuple[str, int, int]]  # of each file its path, when it changed, and its size


class Changes:
    """Saves, or bursts of them, below `folders`, from the moment of this call."""

    def __init__(self, folders: list[Path]) -> None:
        before = _scan(folders)
        try:
            from watchfiles import watch
        except ImportError:
            saves = _polled(folders, before)
        else:
            saves = _watched(watch, folders, before)
        self._told: queue.SimpleQueue[Exception | set[str]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(saves,), daemon=True).start()

    def _listen(self, saves: Iterator[set[str]]) -> None:
        try:
            for saved in saves:
                self._told.put(saved)
        except Exception as error:  # for whoever waits
            self._told.put(error)

    def there(self) -> bool:
        """Whether there was one that nobody has waited for."""
        return not self._told.empty()

    def wait(self) -> set[str]:
        """Wait for the next one, and forget all that there were: the paths of what was saved. Raises what the watching raised."""
        saved, told = set[str](), list[Exception | set[str]]()
        while not told:  # not for ever at once: a signal that comes while another thread works would wait for the next save
            with suppress(queue.Empty):
                told.append(self._told.get(timeout=_POLL_SECONDS))
        while self.there():
            told.append(self._told.get())
        for each in told:
            if isinstance(each, Exception):
                raise each
            saved |= each
        return saved


def _watched(watch: Callable[..., Iterator[set[tuple[Any, str]]]], folders: list[Path], before: _Stamps) -> Iterator[set[str]]:
    """Told by the system; but what was saved before that began shows only in a second look."""
    looked = False
    for told in watch(*folders, debounce=50, step=10, rust_timeout=1000, yield_on_timeout=True, raise_interrupt=True):
        saved = {path for _, path in told}
        if not looked:
            saved |= _others(before, _scan(folders))
            looked = True
        if saved:
            yield saved


def _polled(folders: list[Path], before: _Stamps) -> Iterator[set[str]]:
    while True:
        time.sleep(_POLL_SECONDS)
        now = _scan(folders)
        if saved := _others(before, now):
            before = now
            yield saved


def _others(before: _Stamps, now: _Stamps) -> set[str]:
    """The paths of files that have come, gone or changed."""
    return {path for path, _, _ in before ^ now}


def _scan(folders: list[Path]) -> _Stamps:
    found = set()
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                found.add((path, status.st_mtime_ns, status.st_size))
    return found
