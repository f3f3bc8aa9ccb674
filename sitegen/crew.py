"""Who does the work: this process, several, or a cluster. They are given the same calls, so that the outcome is the same."""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
V = TypeVar("V")

CHUNK = 100  # entries a call at most: nobody waits long for the last
SHARE = 10_000  # bytes of what all calls share that are sent for an entry at most: where that is large, a call has more entries
AHEAD = 400  # entries for each process that it is given ahead, and two calls at least: whoever reads the results may be busy with something else
PAYS = 100  # entries; for fewer, starting processes takes longer than it saves
COPY_PAYS = 2_000  # entries; fewer can be gone through while a process is copied
COPY_FITS = 75_000  # with more, the copy takes too much memory
MUCH = 250_000_000  # bytes; where this process has more in memory, no other is started as a copy of it
PATIENCE = 0.02  # seconds between looks at whether somebody still waits
MOST = 4  # processes a core; more only take memory
RENEWED = 20_000  # entries after which processes are started anew: the memory that one kind of work took is not given back otherwise


def cores() -> int:
    """How many processes can run at the same time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class StoppedError(Exception):
    """Nobody waits for the work any more."""


class Crew:
    """Maps functions over entries. Processes are started when there is enough to do for the first time."""

    def __init__(self, jobs: int = 0, scheduler: str = "", stop: Callable[[], bool] = lambda: False) -> None:
        """`jobs` processes, 0 for one a core, and no more than are of use; or the workers of the Dask cluster whose scheduler is at `scheduler`.

        Where results are waited for, StoppedError is raised once `stop` says so. Raises OSError if there is no cluster, or Dask is not installed.
        """
        self.jobs, self.stop = min(jobs or cores(), MOST * cores()), stop
        self._stack = ExitStack()
        self._executor: Any = None  # or a Cluster
        self._result: Callable[[Future[Any]], Any] = self._waited
        self._given_up: Any = None  # set to 1, our own processes leave undone what they are at
        self._gone: tuple[type[Exception], ...] = ()  # what says that whoever did the work is no more
        self._here, self._given = not scheduler, 0  # how many entries our own processes were given
        if scheduler:
            from .cluster import GONE, Cluster

            cluster = Cluster(scheduler, self._stack)
            self._executor, self.jobs, self._result, self._gone = cluster, cluster.workers, cluster.result, GONE

    def map(self, function: Callable[[bytes], Callable[[V], T]], shared: bytes, values: Iterable[V], count: int) -> Iterator[T]:
        """What `function` makes of `shared`, of each of the `count` values, in order; only so many values are under way at a time.

        Processes are started, and given work, by this call, not by the first look at its results: they work while whoever
        calls does something else, and a process keeps open, and locked, what is open when it starts.
        """
        if self._here and self._executor and self._given >= RENEWED:
            self._executor.shutdown()
            self._executor, self._given = None, 0
        if self._executor is None and self.jobs > 1 and count >= PAYS:
            from concurrent.futures import BrokenExecutor, ProcessPoolExecutor  # takes 15 ms to import
            from multiprocessing import RawValue, get_context

            # A copy would keep all that this process has gathered by now. The method is named: from Python 3.14 its own is another, whose processes have another parent.
            context = get_context("fork" if _can_be_copied() and _in_memory() <= MUCH else "spawn")
            self._gone, self._given_up = (BrokenExecutor,), RawValue("b")
            pool = ProcessPoolExecutor(self.jobs, context, _begin, (os.getpid(), self._given_up))
            self._executor = self._stack.enter_context(pool)
        self._given += count
        if not (executor := self._executor):
            return self._unless_stopped(map(function(shared), values)) if count else iter(())
        size = min(max(count // (16 * self.jobs), 1), max(CHUNK, len(shared) // SHARE))
        calls = (executor.submit(_of_chunk, function, shared, chunk) for chunk in _chunks(values, size))
        return self._unless_stopped(self._results(deque(islice(calls, self.jobs * max(AHEAD // size, 2))), calls))

    def _results(self, begun: deque[Future[list[T]]], others: Iterator[Future[list[T]]]) -> Iterator[T]:
        """What comes of the calls `begun`, and of the `others`, of which one begins when one has ended."""
        while begun:
            yield from self._result(begun.popleft())
            begun.extend(islice(others, 1))

    def _waited(self, call: Future[T]) -> T:
        """What comes of a call, unless `stop` says so before."""
        from concurrent.futures import wait

        while not wait([call], PATIENCE).done:
            if self.stop():
                raise StoppedError
        return call.result()

    def _unless_stopped(self, results: Iterator[T]) -> Iterator[T]:
        for result in results:
            yield result
            if self.stop():
                raise StoppedError

    def beside(self, function: Callable[[], T], count: int) -> Callable[[], T]:
        """Begin `function`, that goes through `count` entries, in a copy of this process, if that pays and fits; what is returned waits for its result.

        Of all else that the function does nothing is left. Where it fails there, it is called again here.
        """
        if self.jobs == 1 or not self._here or not COPY_PAYS <= count <= COPY_FITS or not _can_be_copied():
            return cache(function)
        reading, writing = os.pipe()
        if not (child := os.fork()):
            try:
                with open(writing, "wb") as pipe:
                    pickle.dump(function(), pipe)
                os._exit(0)
            finally:
                os._exit(1)
        os.close(writing)

        @cache
        def ended() -> tuple[bytes, int]:
            with open(reading, "rb") as pipe:
                found = pipe.read()
            return found, os.waitpid(child, 0)[1]

        @cache
        def result() -> T:
            found, failed = ended()
            return function() if failed else pickle.loads(found)

        self._stack.callback(ended)
        return result

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        """After an error leave everything undone. Raises OSError if the `error` is that the processes, or the cluster, are gone."""
        gone, pool = isinstance(error, self._gone), self._executor
        if kind and pool and self._here:
            self._given_up.value = 1
            if gone:
                _released(pool)
            pool.shutdown(cancel_futures=True)
        self._stack.close()
        if gone and self._here:
            raise OSError("a process of the build was killed; if memory was short, fewer --jobs need less") from None
        if gone:
            raise OSError("the Dask cluster is gone: it has lost its scheduler, or too many workers") from None


def _can_be_copied() -> bool:
    """Whether a copy of this process can go on: on macOS, where the system's libraries have threads, it can come to a stand."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def _in_memory() -> int:
    """How many bytes of this process are in memory, where the system tells."""
    try:
        with open("/proc/self/statm") as sizes:
            return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _released(pool: Any) -> None:
    """Help a pool whose processes were killed to its end: before Python 3.11.5 it may wait for ever to be rid of what it would send them.

    That is CPython's issue 94777. Nobody else closes that pipe once the pool has come to a stand, and then it goes on.
    """
    manager = pool._executor_manager_thread
    manager.join(1)
    if manager.is_alive():
        pool._call_queue._reader.close()


_given_up: Any = None  # in a process that a Crew has started: what that sets


def _begin(parent: int, given_up: Any) -> None:
    """Begin a process that leaves its work once `given_up` is set, and ends when `parent` is gone, as it is after a kill: its pool would wait for work for ever."""
    global _given_up

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    _given_up = given_up
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts all; the parent tells those that are to end
    gc.disable()  # what it does leaves next to no cycles, and the looks for them would take a tenth of the time that it asks the model
    atexit.register(os._exit, 0)  # a process that was not forked would give back object by object all that it still holds
    threading.Thread(target=watch, daemon=True).start()


def _of_chunk(function: Callable[[bytes], Callable[[V], T]], shared: bytes, chunk: list[V]) -> list[T]:
    """What `function` makes of `shared`, of each value of the `chunk`. Raises StoppedError if that is given up meanwhile."""
    results, work = [], function(shared)
    for value in chunk:
        if _given_up and _given_up.value:
            raise StoppedError
        results.append(work(value))
    return results


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
