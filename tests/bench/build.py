"""How long builds take, beside Hugo's: `python -m tests.bench.build [COUNT] [--huge]`, which is `make bench`.

Every figure is a median of runs in turn, on one machine in one run, of programs that start from the same glossary and
make the same links, which is counted first. Times on different machines do not compare; ratios do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from .measure import Run, median
from .saving import waits
from .sites import Hugo, Ours, corpus, same_links

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS, PATIENCE = (3, 7), 100.0  # at least and at most so many rounds; none begins after so many seconds
LOOP_ONCE = 5_000  # entries from which Hugo's loop takes minutes, and runs once

Runs = dict[str, list[Run]]


def main() -> None:
    """Measure, print, and write the section of RESULTS.md for this number of entries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("count", nargs="?", type=int, default=1_000)
    parser.add_argument("--huge", action="store_true", help="growth up to ten times as many entries, too")
    wanted = parser.parse_args()
    with memory() as folder:
        text = section(folder, wanted.count, wanted.huge)
    print("\n" + text)
    store(wanted.count, text)


@contextmanager
def memory() -> Iterator[Path]:
    """A folder on a memory file system, where there is one: disks differ, and are not what is measured."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


def say(message: str) -> None:
    """Progress."""
    print(f"{time.strftime('%H:%M:%S')}  {message}", file=sys.stderr, flush=True)


def section(folder: Path, count: int, huge: bool) -> str:
    """Everything about a glossary of `count` entries, as Markdown."""
    root = folder / "corpus"
    say(f"making {count:,} entries")
    facts = corpus(count, root)
    ours, plain, regex, loop = Ours(root), Hugo(root, "none"), Hugo(root, "regex"), Hugo(root, "loop")
    say("one build of each, to warm up, and to count its links")
    for site in (ours, regex, plain):
        site.cold()
    same_links((ours, regex), facts["links"])
    runs, rewritten, rounds = measured(ours, plain, regex, loop, count)
    same_links((loop,), facts["links"])
    say("saving, with the development server at work")
    waited = sorted(waits(ours, root / "served"))
    shutil.rmtree(root)
    sizes = {count // 10: growth(folder, count // 10), count: runs["sitegen cold"]}
    together: list[str] = []
    if huge:
        sizes[count * 10], model = largest(folder, count * 10)
        together = [
            f"All processes together take up to {sizes[count * 10].together:,.0f} MB where {count * 10:,} entries are built for the first time, and up to"
            f" {model.together:,.0f} MB where an entry was edited that the language model reads, which takes {cost(model)} seconds; for 100,000 entries 1,500 MB are allowed."
        ]
    return "\n".join([
        f"## {count:,} entries", "", *about(rounds, facts, count), "",
        *table(runs, facts, rewritten), "",
        f"`sitegen serve`, from saving an entry to its new page over HTTP: {statistics.median(waited):.2f} s, at worst {waited[-1]:.2f} s of {len(waited)};"
        " at 10,000 entries 0.3 s are allowed.", "", *growth_table(sizes), *together,
    ]) + "\n"  # fmt: skip


def measured(ours: Ours, plain: Hugo, regex: Hugo, loop: Hugo, count: int) -> tuple[dict[str, Run], int, int]:
    """Medians of everything by name, how many files an added term rewrote, and the number of rounds."""
    runs: Runs = defaultdict(list)
    rewritten, number = 0, 0
    start = time.perf_counter()
    while number < ROUNDS[0] or (number < ROUNDS[1] and time.perf_counter() - start < PATIENCE):
        say(f"round {number + 1}")
        contenders = [*ours.with_jobs, regex, plain, *[loop] * (number == 0 or count < LOOP_ONCE), ours]
        for site in contenders[:: -1 if number % 2 else 1]:
            jobs = f" {site.jobs}" if isinstance(site, Ours) and site.jobs else ""
            runs[f"{site.name}{jobs} cold"].append(site.cold())
        for site in (ours, regex)[:: -1 if number % 2 else 1]:
            runs[f"{site.name} same"].append(site.build())
            for turn in ("first edit", "edit"):  # after the first one we have a second copy of the site to start from
                site.edit(2 * number + (turn == "edit"))
                runs[f"{site.name} {turn}"].append(site.build())
            site.add()
            runs[f"{site.name} add"].append(site.build())
            if site is ours:
                rewritten = json.loads(runs[f"{site.name} add"][-1].out)["changed"]
            site.take_away()  # and the next round begins with nothing built
        number += 1
    return {name: median(found) for name, found in runs.items()}, rewritten, number


def growth(folder: Path, size: int) -> Run:
    """Our cold build of another number of entries."""
    with other(folder, size) as ours:
        return median(ours.cold() for _ in range(3))


def largest(folder: Path, size: int) -> tuple[Run, Run]:
    """Our cold build of very many entries, and one after an edit that changes the model, with an eye on the memory."""
    with other(folder, size) as ours:
        cold = ours.cold(watched=True)
        ours.edit_what_the_model_reads()
        return cold, ours.build(watched=True)


@contextmanager
def other(folder: Path, size: int) -> Iterator[Ours]:
    """A site of another number of entries."""
    say(f"growth: {size:,} entries")
    root = folder / f"growth-{size}"
    corpus(size, root)
    yield Ours(root)
    shutil.rmtree(root)


def about(rounds: int, facts: dict[str, int], count: int) -> list[str]:
    """On what was measured, and what."""
    where = "a memory file system" if os.access("/dev/shm", os.W_OK) else "the disk"
    return [
        f"{os.cpu_count()} processors, Python {platform.python_version()}, Hugo {version('hugo')}, on {where}; seconds of wall time (of processor time),",
        f"medians of {rounds} rounds{', the loop once' if count >= LOOP_ONCE else ''}. Bodies of 250 words, {facts['links']:,} links by themselves in each of the sites that have them.",
    ]  # fmt: skip


def table(runs: dict[str, Run], facts: dict[str, int], rewritten: int) -> list[str]:
    """The figures beside the targets, which are for 10,000 entries on two processors."""

    def row(what: str, mine: str, peer: str, whose: str, target: str) -> str:
        a, b = runs[mine], runs[peer]
        return f"| {what} | {cost(a)} | {whose} {cost(b)} | {a.wall / b.wall:.2f} | {target} |"

    mentioning = facts["mentioning"]
    lines = [
        "| what | sitegen | beside | ratio | target at 10,000 |",
        "|---|---|---|---|---|",
        row("cold", "sitegen cold", "regex cold", "Hugo, links by one expression", "0.8, better 0.6"),
        row("cold", "sitegen cold", "loop cold", "Hugo, links by a loop", "0.05"),
        row("cold", "sitegen cold", "none cold", "Hugo, no links", "2.2, better 1.6"),
        row("one entry edited, the first time after a cold build", "sitegen first edit", "regex first edit", "Hugo, links by one expression", "0.1"),
        row("one entry edited, later", "sitegen edit", "regex edit", "Hugo, links by one expression", "0.1"),
        row("nothing changed", "sitegen same", "regex same", "Hugo, links by one expression", "0.05, and 0.5 s of processor time"),
        row(f"a term added that {mentioning:,} pages mention: {rewritten:,} files rewritten", "sitegen add", "regex add", "Hugo, links by one expression", "0.3"),
    ]  # fmt: skip
    if "sitegen 1 cold" in runs:
        one, two = runs["sitegen 1 cold"], runs["sitegen 2 cold"]
        lines.append(f"| cold, two processes | {cost(two)} | one process {cost(one)} | {one.wall / two.wall:.2f} times as fast | 1.6 |")
    else:
        lines.append("| cold, two processes | not available | | | 1.6 |")
    return lines


def growth_table(sizes: dict[int, Run]) -> list[str]:
    """Time and memory by number of entries; in the last columns each entry's, without what the smaller glossary took."""
    lines = [
        "| entries, cold | seconds | ms an entry | peak MB | KB an entry | ms a further entry | KB a further entry |",
        "|---|---|---|---|---|---|---|",
    ]
    before: tuple[int, Run] | None = None
    for size, cold in sizes.items():
        more = ["", ""]
        if before:
            added = size - before[0]
            more = [f"{(cold.wall - before[1].wall) / added * 1000:.2f}", f"{(cold.peak - before[1].peak) / added * 1024:.1f}"]
        cells = [
            f"{size:,}", cost(cold), f"{cold.wall / size * 1000:.2f}", f"{cold.peak:.0f}", f"{cold.peak / size * 1024:.1f}", *more,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
        before = size, cold
    return [*lines, "", "Time and memory for each entry are to be constant within 20 % from 1,000 to 100,000. The peak is that of the largest process."]


def cost(run: Run) -> str:
    """Seconds of wall time, and of processor time."""
    return f"{run.wall:.2f} ({run.cpu:.2f})"


def store(count: int, text: str) -> None:
    """Put the section in the place of the one for the same number of entries, the sections in order of size."""
    old = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
    sections = {_size(part): part.rstrip() + "\n" for part in re.findall(r"^## .*?(?=^## |\Z)", old, re.MULTILINE | re.DOTALL)}
    sections[count] = text
    title = "# Build times, measured by `make bench`\n"
    RESULTS.write_text("\n".join([title, *(sections[size] for size in sorted(sections))]), "utf-8")


def _size(section: str) -> int:
    return int(section.split()[1].replace(",", ""))


if __name__ == "__main__":
    main()
