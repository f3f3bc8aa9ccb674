"""What a command cost, as the kernel counted it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK = 1.0  # seconds between looks at the memory of all processes


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of wall time, seconds of processor time with all its children's, and megabytes of its largest process.

    `together` are the megabytes of all its processes at a time, where somebody has looked.
    """

    wall: float
    cpu: float
    peak: float
    out: str
    together: float = 0.0


def run(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], watched: bool = False) -> Run:
    """Run a command to its end; if it is `watched`, look at the memory of all its processes. Raises RuntimeError with what it said if it failed.

    A child begins with its parent's memory as its own peak: whoever calls this must be small.
    """
    start = time.perf_counter()
    seen, ended = [0.0], threading.Event()

    def watch(pid: int) -> None:
        while not ended.wait(LOOK):
            seen.append(_together(pid))

    with subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout
        watcher = threading.Thread(target=watch, args=(child.pid,), daemon=True)
        if watched:
            watcher.start()
        out = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        ended.set()
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {child.returncode}\n{out[-2000:]}")
    peak = used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return Run(wall, used.ru_utime + used.ru_stime, peak, out, max(seen))


def _together(pid: int) -> float:
    """Megabytes of a process and all that it has started. What they share is counted once, or not at all where the system does not tell."""
    total = 0
    try:
        for process in (first := psutil.Process(pid), *first.children(recursive=True)):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
    except psutil.Error:
        pass  # one has ended since
    return total / 1024**2


def median(runs: Iterable[Run]) -> Run:
    """The median of each figure by itself."""
    found = list(runs)
    wall, cpu, peak = (statistics.median(getattr(r, name) for r in found) for name in ("wall", "cpu", "peak"))
    return Run(wall, cpu, peak, found[-1].out)
