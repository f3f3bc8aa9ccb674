"""`python -m tests.newsletter.install` makes sure that the newsletter's tests have a PostgreSQL, and prints where.

It takes what is there, and installs only if there is nothing: Debian's package, without the database it would start, or Homebrew's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.newsletter.postgres import find_binaries

NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
HELP = """\
No PostgreSQL was found, and none could be installed.
Install one (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql@15), then run `make test` again.
Without one, the tests that need it are skipped; in CI they fail."""


def install_postgres() -> Path | None:
    """Install PostgreSQL by the first way that works."""
    if shutil.which("brew"):
        _runs(["brew", "install", "postgresql@15"])
    elif shutil.which("apt-get"):
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        install = [*as_root, "apt-get", "install", "--yes", "--no-install-recommends"]
        no_cluster = [*as_root, "sh", "-c", f"echo 'create_main_cluster = false' >> {NO_CLUSTER}"]
        commands = (
            [*as_root, "apt-get", "update"],
            [*install, "postgresql-common"],
            no_cluster,
            [*install, "postgresql"],
        )
        all(map(_runs, commands))
    return find_binaries()


def _runs(command: list[str]) -> bool:
    print("$", *command, file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, stdout=sys.stderr, env=environment, check=False).returncode == 0


def main() -> int:
    """Print the folder of PostgreSQL's programs; 1 if there is none and this is CI."""
    found = find_binaries() or install_postgres()
    if found is None:
        print(HELP, file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
