"""A PostgreSQL of the tests' own: in a folder that goes away, on a socket in it, as a user who may run it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

BREW = ("/opt/homebrew/opt", "/usr/local/opt")
# Nothing here outlives the tests, so nothing has to reach the disk.
_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "listen_addresses=",
    "shared_buffers=32MB",
    "max_connections=40",
)


def find_binaries() -> Path | None:
    """The folder of PostgreSQL's programs, if there is one: on the path, where Debian puts them, or Homebrew."""
    found = shutil.which("initdb")
    folders = [Path(os.path.realpath(found)).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    folders += [path for brew in BREW for path in sorted(Path(brew).glob("postgresql*/bin"), reverse=True)]
    return next((path for path in folders if (path / "initdb").is_file() and (path / "postgres").is_file()), None)


def _account() -> str | None:
    """Who runs it: root may not."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Postgres:
    """A running server, that makes databases."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._numbers = folder, count()

    def url(self, name: str) -> str:
        return f"postgresql://tester@/{name}?host={self.folder}"

    def new_database(self) -> str:
        """The address of a database with nothing in it."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url(name)


@contextmanager
def running(binaries: Path) -> Iterator[Postgres]:
    """A server until the block is left."""
    user = _account()
    rights = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        data = folder / "data"
        command = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **rights)
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        log = (folder / "log").open("wb")
        with (
            log,
            subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                **rights,
            ) as process,
        ):
            try:
                yield _ready(Postgres(folder), process)
            finally:
                process.send_signal(signal.SIGQUIT)  # at once: it writes nothing more


def _ready(server: Postgres, process: subprocess.Popen[bytes]) -> Postgres:
    end = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((server.folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return server
