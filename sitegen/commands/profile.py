"""`sitegen build --profile`: where the time went."""

from __future__ import annotations

import resource
import time

SLOWEST = 10


class Stages:
    """A stopwatch for stages that follow each other, and for pages, which may be made in many processes."""

    def __init__(self) -> None:
        self._laps: list[tuple[str, float]] = [("starting", time.perf_counter() - time.process_time())]
        self._pages: dict[str, float] = {}

    def begin(self, stage: str) -> None:
        """The stage before ends here."""
        self._laps.append((stage, time.perf_counter()))

    def spent(self, path: str, seconds: float) -> None:
        """A page took so long."""
        self._pages[path] = seconds

    def report(self) -> str:
        """One line a stage, in order; then the processor's time, and the slowest pages."""
        ends = [start for _, start in self._laps[1:]] + [time.perf_counter()]
        lines = [f"{end - start:8.3f} s  {stage}" for (stage, start), end in zip(self._laps, ends, strict=True)]
        here, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        used = [usage.ru_utime + usage.ru_stime for usage in (here, others)]
        lines.append(f"{ends[-1] - self._laps[0][1]:8.3f} s  in all; processor: {used[0]:.3f} s here, {used[1]:.3f} s in other processes")
        slowest = sorted(self._pages.items(), key=lambda page: (-page[1], page[0]))[:SLOWEST]
        if slowest:
            lines.append(f"\nof {len(self._pages):,} pages made, the slowest:")
            lines += [f"{seconds * 1000:8.1f} ms  {path}" for path, seconds in slowest]
        return "\n".join(lines)
