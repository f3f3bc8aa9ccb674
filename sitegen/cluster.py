"""A Dask cluster at work for a Crew. Needs the extra `cluster`."""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from contextlib import ExitStack, suppress
from typing import TypeVar

try:
    import dask

    # What fails is told in one line, by whoever calls.
    dask.config.set(logging=dict.fromkeys(("distributed", "distributed.client", "tornado.application"), "critical"))
    from distributed import CancelledError, Client, KilledWorker
    from distributed.client import ClosedClientError
except ImportError:
    raise OSError("a cluster needs Dask: pip install 'sitegen-glossary[cluster]'") from None

T = TypeVar("T")

GONE = (CancelledError, ClosedClientError, KilledWorker)  # what calls raise when there is no scheduler any more, or a call has cost too many workers
_PATIENCE = 5.0  # seconds between looks at whether there is still a scheduler


class Cluster:
    """The workers of the scheduler at an address, as an executor."""

    def __init__(self, scheduler: str, stack: ExitStack) -> None:
        """It is left with `stack`. Raises OSError if there is no such scheduler."""
        try:
            if not scheduler.startswith(("tcp://", "tls://")):
                raise ValueError
            self.client = Client(scheduler, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]
        except (ValueError, OSError):
            raise OSError(f"there is no Dask scheduler at {scheduler}") from None
        self.executor: Executor = self.client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        stack.callback(self._leave)
        self.workers = max(1, len(self.client.scheduler_info()["workers"]))

    def result(self, call: Future[T]) -> T:
        """What comes of a call: a scheduler that is killed may leave some without an end. Raises one of GONE."""
        while not wait([call], _PATIENCE).done:
            if self.client.status != "running":
                raise CancelledError
        return call.result()

    def _leave(self) -> None:
        """Take leave of the scheduler, which drops what is still under way."""
        if self.client.status == "running":
            self.client.close()  # type: ignore[no-untyped-call]
            return
        # A client that lost its scheduler while it was given calls fails here, too (a dictionary changed size), and has nobody to take leave of.
        with suppress(Exception):
            self.client.close()  # type: ignore[no-untyped-call]
