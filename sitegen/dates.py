"""When each entry first and last changed: git's answer, else SOURCE_DATE_EPOCH's, else none.

File times are not asked: a fresh clone sets them all to now.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from .model import Dates


def entry_dates(folder: Path) -> dict[str, Dates]:
    """`git_dates` in the environment of this program."""
    return git_dates(folder, os.environ)


def git_dates(folder: Path, environment: Mapping[str, str]) -> dict[str, Dates]:
    """For every file name in `folder` that git tracks, its first and last commit; others get the epoch of
    `environment`, if that has one. The empty name stands for those others."""
    found: dict[str, Dates] = {}
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    if epoch.isascii() and epoch.isdigit() and int(epoch) < 253402300800:
        moment = datetime.fromtimestamp(int(epoch), UTC)
        found[""] = Dates(moment, moment)
    command = [
        "git",
        "-c",
        "core.quotePath=off",
        "-c",
        "log.showRoot=true",
        "log",
        "--format=%x01%ct",
        "--name-only",
        "--no-renames",
        "-z",
        "--relative",
        "--",
        ".",
    ]
    try:
        log = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return found
    for commit in log.decode(errors="replace").split("\x01")[1:]:
        seconds, *names = commit.replace("\n", "\0").split("\0")
        moment = datetime.fromtimestamp(int(seconds), UTC)
        for name in filter(None, names):  # commits come newest first
            last = found[name].updated if name in found else moment
            found[name] = Dates(min(moment, last), max(moment, last))
    return found
