"""What a command cost, as the kernel counted it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of wall time, seconds of processor time with all its children's, and megabytes of its largest process."""

    wall: float
    cpu: float
    peak: float
    out: str


def run(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> Run:
    """Run a command to its end. Raises RuntimeError with what it said if it failed.

    A child begins with its parent's memory as its own peak: whoever calls this must be small.
    """
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout
        out = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {child.returncode}\n{out[-2000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024), out)


def median(runs: Iterable[Run]) -> Run:
    """The median of each figure by itself."""
    found = list(runs)
    wall, cpu, peak = (statistics.median(getattr(r, name) for r in found) for name in ("wall", "cpu", "peak"))
    return Run(wall, cpu, peak, found[-1].out)
