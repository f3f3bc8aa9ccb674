"""A Dask cluster at work for a Crew. Needs the extra `cluster`."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from typing import Any, TypeVar

from .problems import printable, unsecret
from .survey import version

try:
    import dask

    # What fails is told in one line, by whoever calls.
    dask.config.set(logging=dict.fromkeys(("distributed", "distributed.client", "tornado.application"), "critical"))
    from distributed import CancelledError, Client, KilledWorker
    from distributed.client import ClosedClientError
    from distributed.comm.core import connect
    from distributed.security import Security
except ImportError:
    raise OSError("a cluster needs Dask: pip install 'sitegen-glossary[cluster]'") from None

T = TypeVar("T")

# Makes a call of its bytes. It goes to workers as a text, which any Python can read, and needs no sitegen there, so that one without can say so: others would end, one by one.
_CALL = """
def call(data, version):
    import pickle
    try:
        from sitegen.survey import version as its
        same = its() == version
    except ImportError:
        same = False
    if not same:
        raise OSError("a worker of the Dask cluster has no sitegen, or another version of it, of its packages, or of Python")
    function, args = pickle.loads(data)
    return function(*args)
"""

GONE = (CancelledError, ClosedClientError, KilledWorker)  # what calls raise when there is no scheduler any more, or a call has cost too many workers
_ANSWER = 10.0  # seconds that a scheduler may take to answer
_PATIENCE = 5.0  # seconds between looks at whether there is still a scheduler


class Cluster:
    """The workers of the scheduler at an address."""

    def __init__(self, scheduler: str, stack: ExitStack) -> None:
        """It is left with `stack`. Raises OSError if there is no such scheduler."""
        shown = printable(unsecret(scheduler))
        try:
            if not scheduler.startswith(("tcp://", "tls://")):
                raise ValueError
            with ThreadPoolExecutor(1) as pool:  # whoever calls may have a running loop in this thread
                pool.submit(asyncio.run, _answers(scheduler)).result()
            self.client = Client(scheduler, timeout=_ANSWER, set_as_default=False)  # type: ignore[no-untyped-call]
        except TypeError:
            raise OSError(f"{shown} needs Dask's settings for TLS, distributed.comm.tls") from None
        except (ValueError, OSError):
            raise OSError(f"there is no Dask scheduler at {shown}") from None
        self._executor: Executor = self.client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        self._version, self._told = version(), False
        stack.callback(self._leave)
        self.workers = max(1, len(self.client.nthreads()))  # type: ignore[no-untyped-call]

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """As an executor's. What comes of the call is an OSError where the worker has not this version of sitegen."""
        names = {"source": _CALL, "its": {}, "data": pickle.dumps((function, args), 5), "version": self._version}
        return self._executor.submit(eval, "exec(source, its) or its['call'](data, version)", names)

    def result(self, call: Future[T]) -> T:
        """What comes of a call: a scheduler that is killed may leave some without an end. Raises one of GONE."""
        while not wait([call], _PATIENCE).done:
            if self.client.status != "running":
                raise CancelledError
            if not self._told and not self.client.scheduler_info()["workers"]:
                self._told = True
                logging.getLogger(__name__).warning("the Dask cluster has no workers; waiting for one")
        return call.result()

    def _leave(self) -> None:
        """Take leave of the scheduler, which drops what is still under way."""
        if self.client.status == "running":
            self.client.close()  # type: ignore[no-untyped-call]
            return
        # A client that lost its scheduler while it was given calls fails here, too (a dictionary changed size), and has nobody to take leave of.
        with suppress(Exception):
            self.client.close()  # type: ignore[no-untyped-call]


async def _answers(scheduler: str) -> None:
    """Raises OSError if nothing at the address speaks as Dask does: a Client would wait for that for ever."""
    security = Security()  # type: ignore[no-untyped-call]
    settings = security.get_connection_args("client")  # type: ignore[no-untyped-call]
    comm = await asyncio.wait_for(connect(scheduler, timeout=_ANSWER, **settings), _ANSWER)  # type: ignore[no-untyped-call]
    await comm.close()
