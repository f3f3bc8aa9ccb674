"""What there is to build from, as hashes: every file of the content and the theme, the program, and when entries changed.

A file whose size, times and number are those of the last look is not read again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from .memo import Memo, digest, plain, read

_COARSE = 2_000_000_000  # nanoseconds within which some file systems cannot tell two changes apart; others can within
_FINE = 50_000_000

_PACKAGES = ("jinja2", "markupsafe", "markdown", "pyyaml", "pygments", "math-core")  # that make pages

Stamp = tuple[int, int, int, int]  # size, time of change, of the change of its state, number
_Stamped = dict[str, tuple[Stamp, bytes]]  # by path, how a file looked, and the hash of what it held


@dataclass(frozen=True)
class Survey:
    """The hash of every file by its path as given; and one of all that a site can depend on.

    In the content a folder, and what is a link, has a row, too, its path with a slash at the end: of where it is, or leads.
    """

    content: Mapping[str, bytes]
    theme: Mapping[str, bytes]
    program: bytes
    commit: str  # git's newest, empty where that does not answer
    history: bytes
    stamps: Mapping[str, tuple[int, ...]]  # of what is not compared with its hash when it is read, all but entries: what was changed, and changed back, has others
    looked: int = field(compare=False)  # when all of it was looked at; since then only entries that were there can have been found to be others

    def whole(self) -> bytes:
        """A hash of all of it."""
        return digest(self.program, self.history, _files_digest(self.content), self.of_theme())

    def as_it_stands(self) -> bytes:
        """A hash of the templates and assets that is another, too, once one was changed and changed back."""
        return digest(self.of_theme(), *sorted(self.stamps.items()))

    def of_theme(self) -> bytes:
        """A hash of the templates and assets."""
        return _files_digest(self.theme)


def _files_digest(files: Mapping[str, bytes]) -> bytes:
    return digest(*sorted(files.items()))


def survey(content: Path, theme: tuple[Path, ...], memo: Memo, earlier: Survey | None = None) -> Survey:
    """Look at every file of the two, at the program, and at git.

    After an `earlier` survey only at what a build reads without comparing it with its hash: not at entries; nor again at program and git.
    The two are equal if nothing of that was changed meanwhile.
    """
    key = digest(_program(), str(content.resolve()), *(str(folder) for folder in theme))
    data = memo.get("files", [key]).get(key)
    look = _Look(read(data) if data else {}, f"{terms_folder(content)}/", again=earlier is not None)
    for root in (content, *theme):
        look.on_the_way(str(root))
    found = [dict(look.at(str(content), is_passed_over))]
    found += [dict(look.at(str(folder), lambda name: name.startswith("."))) for folder in theme]
    if earlier:
        found[0] |= {path: hashed for path, hashed in earlier.content.items() if path.startswith(look.terms)}
    if look.now != look.known:
        memo.put("files", [(key, plain(look.now))])
    commit, history = (earlier.commit, earlier.history) if earlier else _history(content)
    return Survey(
        found[0],
        {path: hashed for part in found[1:] for path, hashed in part.items() if path[-1] != "/"},
        earlier.program if earlier else _program(),
        commit,
        history,
        look.stamps,
        earlier.looked if earlier else time.perf_counter_ns(),
    )


def after(saved: Collection[str], content: Path, earlier: Survey) -> Survey | None:
    """What there is after an `earlier` survey if only the paths `saved` are others since; None if they are not all entries that were there, and still are.

    Who tells of saves may have missed one, and says nothing of git: another survey has to follow.
    """
    folder, found = terms_folder(content), dict(earlier.content)
    there = os.path.realpath(folder)
    for path in saved:
        parent, name = os.path.split(path)
        entry = f"{folder}/{name}"
        if os.path.realpath(parent) != there:
            return None
        if is_passed_over(name) or (entry not in found and not os.path.lexists(path)):  # an editor's, who puts a whole file into its place
            continue
        data = None if os.path.islink(path) else bytes_of(path)
        if entry not in found or f"{entry}/" in found or data is None:
            return None
        found[entry] = digest(data)
    return replace(earlier, content=found)


def terms_folder(content: Path) -> str:
    """The folder of the entries' files."""
    return str(content / "terms")


def is_passed_over(name: str) -> bool:
    """Whether a file in the content is none of it: hidden, or an editor's copy."""
    return name.startswith(".") or name.endswith(("~", ".swp", ".tmp"))


class _Look:
    """A look at folders, with what is `known` of their files from the last one. If it is one `again`, it passes over the entries."""

    def __init__(self, known: _Stamped, terms: str, again: bool) -> None:
        self.known, self.terms, self.again = known, terms, again
        self.now: _Stamped = {path: of for path, of in known.items() if path.startswith(terms)} if again else {}  # what will be known
        self.stamps: dict[str, tuple[int, ...]] = {}  # of all but entries

    def on_the_way(self, path: str) -> None:
        """Stamp the links through which `path` leads: one of them can be turned to something else, and back."""
        path = os.path.abspath(path)
        for link in (path, *map(str, Path(path).parents)):
            if f"{link}//" not in self.stamps and os.path.islink(link):
                with suppress(OSError):  # that has gone since
                    self.stamps[f"{link}//"] = _times(os.lstat(link))
                    self.on_the_way(os.path.join(os.path.dirname(link), os.readlink(link)))

    def at(self, folder: str, passed_over: Callable[[str], bool], above: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
        """The rows of everything in `folder`, and of what links lead to, but for what is passed over.

        A link to one of the folders `above` leads to nothing new.
        """
        real = os.path.realpath(folder)
        top = above[0] if above else real  # from here, as the content may be moved as a whole
        of_entries = f"{folder}/".startswith(self.terms)
        try:
            if not of_entries:
                self.stamps[f"{folder}/"] = _times(os.stat(folder))
            with os.scandir(folder) as there:
                entries = list(there)
        except OSError as error:
            yield f"{folder}/", digest(os.path.relpath(real, top), error.errno)
            return
        yield f"{folder}/", digest(os.path.relpath(real, top))
        for entry in entries if real not in above else ():
            path = entry.path.removeprefix("./")  # as pathlib has it where the content is the folder `.`
            if passed_over(entry.name):
                continue
            if not of_entries and entry.is_symlink():
                self.on_the_way(path)
            if self.again and f"{path}/" == self.terms:
                continue
            if entry.is_symlink():
                yield f"{path}/", digest(os.path.relpath(os.path.realpath(path), top))
            try:
                if entry.is_dir():
                    yield from self.at(path, passed_over, (*above, real))
                    continue
                status = entry.stat()
            except OSError:
                continue
            stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            if not of_entries:
                self.stamps[path] = _times(status)
            before = self.known.get(path)
            if before and before[0] == stamp:
                self.now[path] = before
                yield path, before[1]
            else:
                yield path, self._hash(path, stamp)

    def _hash(self, path: str, stamp: Stamp) -> bytes:
        _, changed, state_changed, _ = stamp
        # A file that may still change within one tick of its clock is looked at again the next time.
        tick = _FINE if changed % 1_000_000 else _COARSE
        settled = time.time_ns() - max(changed, state_changed) > tick
        data = bytes_of(path)
        hashed = digest("unreadable", stamp) if data is None else digest(data)
        if settled:
            self.now[path] = stamp, hashed
        return hashed


def _times(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_ctime_ns


def bytes_of(path: str) -> bytes | None:
    """What a file holds, if it is a regular file that can be read."""
    try:
        if os.path.isfile(path):  # opening a pipe would wait for ever
            with open(path, "rb") as file:
                return file.read()
    except OSError:
        pass
    return None


@cache  # it is the program that runs, whatever is installed meanwhile
def _program() -> bytes:
    """A hash of this program, its interpreter, and the names and versions of all packages beside it."""
    packages: list[str] = []
    for folder in filter(os.path.isdir, sys.path):
        with suppress(OSError):
            packages += (name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info")))
    return digest(sys.version, *sorted(packages), *_sources())


@cache
def version() -> bytes:
    """A hash of what an entry's page depends on besides its content, the same on any machine: this program's sources, and the versions of the packages that it is made with."""
    from importlib.metadata import version

    return digest(*sys.version_info[:2], *map(version, _PACKAGES), *_sources())


@cache
def _sources() -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in sorted(Path(__file__).parent.rglob("*.py")))


def _history(content: Path) -> tuple[str, bytes]:
    """Git's newest commit; and a hash of what its answer to when entries changed depends on, and of the moment given for those it does not know."""
    command = ["git", "rev-parse", "HEAD", "--show-prefix", "--glob=refs/replace/*", "--git-path", "info/grafts", "--git-path", "shallow"]
    folder = terms_folder(content)  # which may be a repository of its own
    try:
        said = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True).stdout
        lines = said.splitlines()  # a folder's name may have some, too
        commit, others = lines[0], [os.path.join(folder, os.fsdecode(line)) for line in lines[-2:]]
        said += b"".join(Path(path).read_bytes() for path in others if os.path.exists(path))
    except (OSError, subprocess.SubprocessError):
        commit = said = b""
    return commit.decode(), digest(said, os.environ.get("SOURCE_DATE_EPOCH", ""))
