"""How long a cold build of the shipped glossary takes: `python -m tests.bench.build`.

Times on different machines do not compare, so the figure is a ratio: processor time of the whole build, over that of
a Python that only imports what a build needs, both measured in turn in one run.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ROUNDS = 7


def cpu_seconds(*command: str) -> float:
    """The processor time of one process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    """Measure, and print medians and their ratio."""
    entries = len(list((PROJECT / "content" / "terms").glob("*.yaml")))
    builds, imports = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            builds.append(cpu_seconds(sys.executable, "-m", "sitegen", "build", "--out", f"{folder}/site"))
        imports.append(cpu_seconds(sys.executable, "-c", "import jinja2, markdown, yaml, click, pygments, math_core"))
    build, start = statistics.median(builds), statistics.median(imports)
    print(f"{entries} entries, median of {ROUNDS}: build {build:.2f} s of CPU, imports alone {start:.2f} s, ratio {build / start:.1f}")


if __name__ == "__main__":
    main()
