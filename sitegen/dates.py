"""When each entry first and last changed: git's answer, else SOURCE_DATE_EPOCH's, else none.

File times are not asked: a fresh clone sets them all to now.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from unicodedata import normalize

from .model import Dates


def epoch_dates(environment: Mapping[str, str]) -> Dates | None:
    """The epoch of `environment`, if that has one: for entries that git does not know."""
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    if not (epoch.isascii() and epoch.isdigit() and int(epoch) < 253402300800):
        return None
    moment = datetime.fromtimestamp(int(epoch), UTC)
    return Dates(moment, moment)


def git_dates(folder: Path, commit: str) -> dict[str, Dates] | None:
    """For every file name in `folder` that git tracks up to a `commit`, as Unicode composes it, its first and last commit; None if git does not answer."""
    command = [
        "git",
        "-c",
        "core.quotePath=off",
        "-c",
        "log.showRoot=true",
        "log",
        "--format=//%ct",  # as no file's name can be
        "--name-only",
        "--no-renames",
        "-z",
        "--relative",
        commit,
        "--",
        ".",
    ]
    try:
        log = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found: dict[str, Dates] = {}
    for commit in log.decode(errors="replace").split("//")[1:]:
        seconds, *names = commit.replace("\n", "\0").split("\0")
        try:
            moment = datetime.fromtimestamp(int(seconds), UTC)
        except (ValueError, OverflowError, OSError):  # that no calendar has
            continue
        for name in map(partial(normalize, "NFC"), filter(None, names)):  # commits come newest first
            last = found[name].updated if name in found else moment
            found[name] = Dates(min(moment, last), max(moment, last))
    return found
