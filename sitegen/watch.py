"""Saves, as they happen: told by the system, or seen by looking again and again."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_POLL_SECONDS = 0.3


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
        self._told: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(saves,), daemon=True).start()

    def _listen(self, saves: Iterator[None]) -> None:
        try:
            for _ in saves:
                self._told.put(None)
        except Exception as error:  # for whoever waits
            self._told.put(error)

    def there(self) -> bool:
        """Whether there was one that nobody has waited for."""
        return not self._told.empty()

    def wait(self) -> None:
        """Wait for the next one, and forget all that there were. Raises what the watching raised."""
        told = [self._told.get()]
        while self.there():
            told.append(self._told.get())
        for error in filter(None, told):
            raise error


def _watched(watch: Callable[..., Iterator[object]], folders: list[Path], before: object) -> Iterator[None]:
    """Told by the system; but what was saved before that began shows only in a second look."""
    looked = False
    for told in watch(*folders, debounce=50, step=10, rust_timeout=1000, yield_on_timeout=True, raise_interrupt=True):
        if told or (not looked and _scan(folders) != before):
            yield None
        looked = True


def _polled(folders: list[Path], before: object) -> Iterator[None]:
    while True:
        time.sleep(_POLL_SECONDS)
        now = _scan(folders)
        if now != before:
            before = now
            yield None


def _scan(folders: list[Path]) -> list[tuple[str, int, int]]:
    found = []
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                try:
                    status = os.stat(os.path.join(root, name))
                except OSError:
                    continue
                found.append((os.path.join(root, name), status.st_mtime_ns, status.st_size))
    return sorted(found)
