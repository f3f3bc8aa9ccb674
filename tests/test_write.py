"""Writing: a reader sees the whole old site or the whole new one, whatever happens to the builds."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sitegen.model import File
from sitegen.write import MARKER, NotOursError, Written, write

from .conftest import MakeContent, sitegen
from .dom import tree

KILLS = 15


def entries(count: int, word: str) -> dict[str, str]:
    """A content of `count` entries that all say `word`."""
    return {f"term-{i}.yaml": f"term: Term {i}\ndefinition: A {word} number {i}.\n" for i in range(count)}


def stages(folder: Path) -> list[Path]:
    """What builds have left beside their sites."""
    return sorted(folder.glob(".*stage*"))


def command(content: Path, out: Path) -> list[str]:
    """The command that builds `content` in `out`."""
    return [sys.executable, "-m", "sitegen", "build", "--content", str(content), "--out", str(out)]


# --- whole or not at all ------------------------------------------------------------------------


@contextmanager
def watched(out: Path) -> Iterator[set[str]]:
    """Reads the manifest of `out` again and again meanwhile, through one open folder each time, and collects what it saw."""
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(manifest(out))

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        try:
            yield seen
        finally:
            done.set()
            reader.result()


def manifest(out: Path) -> str:
    """A digest of every path and byte of the site that stood at `out` when the reading began.

    The folder is opened once, so that a swap meanwhile does not mix two sites; a site just replaced is removed,
    which is no fault: what was read is then the empty string, and not counted.
    """
    digest = sha256()
    try:
        top = os.open(out, os.O_RDONLY)
    except FileNotFoundError:
        return "missing"
    try:
        for folder, folders, names, at in os.fwalk(dir_fd=top):
            folders.sort()
            for name in sorted(names):
                with open(os.open(name, os.O_RDONLY, dir_fd=at), "rb") as file:
                    digest.update(f"{folder}/{name}\0".encode() + sha256(file.read()).digest())
        replaced = os.stat(out).st_ino != os.fstat(top).st_ino
    except FileNotFoundError:
        return ""
    finally:
        os.close(top)
    return "" if replaced else digest.hexdigest()


def test_killed_at_any_moment(tmp_path: Path, make_content: MakeContent) -> None:
    """Builds killed at random moments leave a whole site, the old or the new, and the next build clears up after them."""
    content, out = make_content(entries(12, "first")), tmp_path / "site"
    whole: set[str] = set()
    for word in ("second", "first"):
        make_content(entries(12, word))
        assert sitegen("build", "--content", content, "--out", out, cwd=tmp_path).status == 0
        whole.add(manifest(out))
    moments = random.Random(1)
    with watched(out) as seen:
        for kill in range(KILLS):
            make_content(entries(12, ("second", "first")[kill % 2]))
            build = subprocess.Popen(command(content, out), cwd=tmp_path, stdout=subprocess.DEVNULL)
            # Half of them at any moment, half while the new site is being put together.
            if kill % 2:
                wait_until_it_writes(build, tmp_path)
            with suppress(subprocess.TimeoutExpired):
                build.wait(moments.uniform(0, 0.03 if kill % 2 else 0.6))
            build.send_signal(signal.SIGKILL)
            build.wait()
            assert manifest(out) in whole
    assert seen & whole
    assert seen - {""} <= whole
    assert sitegen("build", "--content", content, "--out", out, cwd=tmp_path).status == 0
    assert manifest(out) in whole
    assert stages(tmp_path) == []


def wait_until_it_writes(build: subprocess.Popen[bytes], folder: Path) -> None:
    """Returns when `build` has begun to put a site together in `folder`, or has ended."""
    while build.poll() is None and not any(name.startswith(".site.stage-") for name in os.listdir(folder)):
        pass


def test_two_builds_at_once(tmp_path: Path, make_content: MakeContent) -> None:
    """Of builds of different contents at the same time, the outcome is one of them, whole, and a reader saw no mixture."""
    out = tmp_path / "site"
    contents = [make_content(entries(8, word)).rename(tmp_path / word) for word in ("first", "second")]
    whole = set()
    for content in contents:
        assert sitegen("build", "--content", content, "--out", out, cwd=tmp_path).status == 0
        whole.add(manifest(out))
    assert len(whole) == 2
    with watched(out) as seen:
        for _ in range(3):
            builds = [subprocess.Popen(command(content, out), cwd=tmp_path, stdout=subprocess.DEVNULL) for content in contents]
            assert [build.wait() for build in builds] == [0, 0]
            assert manifest(out) in whole
    assert seen & whole
    assert seen - {""} <= whole
    assert stages(tmp_path) == []


def test_failed_build(tmp_path: Path, make_content: MakeContent) -> None:
    """Content with a problem leaves the site as it stood, to the byte and inode, and the command says so with status 1."""
    out = tmp_path / "site"
    content = make_content(entries(2, "first"))
    assert sitegen("build", "--content", content, "--out", out, cwd=tmp_path).status == 0
    before, inode = tree(out), out.stat().st_ino
    make_content({"term-0.yaml": "term: Term 0\n"})
    result = sitegen("build", "--content", content, "--out", out, cwd=tmp_path)
    assert (result.status, result.out, result.err.splitlines()[-1]) == (1, "", "1 problem; nothing was written")
    assert (tree(out), out.stat().st_ino, stages(tmp_path)) == (before, inode, [])


# --- what may be replaced -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("mine", "{tmp}/mine is not empty and was not made by sitegen; choose another folder, or empty it"),
        (".", "--out . would replace {tmp}/content; choose another folder"),
        ("..", "--out .. would replace {tmp}/content; choose another folder"),
        ("/", "--out / would replace {tmp}/content; choose another folder"),
        ("content", "--out content would replace {tmp}/content; choose another folder"),
        ("content/terms", "--out content/terms lies in the content; choose another folder"),
        ("content/public", "--out content/public lies in the content; choose another folder"),
        ("link-to-content", "--out link-to-content would replace {tmp}/content; choose another folder"),
        ("link-to-content/site", "--out link-to-content/site lies in the content; choose another folder"),
        ("mine/../content/x", "--out mine/../content/x lies in the content; choose another folder"),
    ],
)  # fmt: skip
def test_refused_folders(tmp_path: Path, make_content: MakeContent, out: str, message: str) -> None:
    """A folder that holds or lies in what matters is wrong usage, and nothing in it is touched."""
    make_content(entries(1, "first"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("the only copy")
    (tmp_path / "link-to-content").symlink_to("content")
    before = tree(tmp_path)
    result = sitegen("build", "--out", out, cwd=tmp_path)
    assert (result.status, result.err.splitlines()[-1]) == (2, f"Error: {message.format(tmp=tmp_path)}")
    assert tree(tmp_path) == before


def test_out_is_a_file(tmp_path: Path, make_content: MakeContent) -> None:
    """A file where the site should go is wrong usage, and stays."""
    make_content(entries(1, "first"))
    (tmp_path / "site").write_text("mine")
    result = sitegen("build", "--out", "site", cwd=tmp_path)
    assert (result.status, result.err.splitlines()[-1]) == (2, "Error: Invalid value for '--out': Directory 'site' is a file.")
    assert (tmp_path / "site").read_text() == "mine"


def test_read_only_parent(tmp_path: Path, make_content: MakeContent) -> None:
    """Where nothing may be written, the command says so in one line."""
    make_content(entries(1, "first"))
    (tmp_path / "locked").mkdir(mode=0o555)
    (tmp_path / "file").touch()
    # Root may write in any folder, so root meets a parent that is none.
    parent, reason = ("locked", "Permission denied") if os.geteuid() else ("file", "File exists")
    result = sitegen("build", "--out", f"{parent}/site", cwd=tmp_path)
    assert (result.status, result.out) == (1, "")
    (line,) = result.err.splitlines()
    assert line.startswith(f"{tmp_path / parent}")
    assert line.endswith(f": {reason}")


# --- the folder afterwards ----------------------------------------------------------------------


def files(**texts: str) -> list[File]:
    """Files of a site by name, `a__b` for `a/b.html`."""
    return [File(name.replace("__", "/") + ".html", text.encode()) for name, text in texts.items()]


def test_written(tmp_path: Path) -> None:
    """Changed and new files are written, the same ones keep their inode and time, and what is gone vanishes with its folder."""
    out = tmp_path / "site"
    assert write(files(a="1", b="2", old__c="3"), out) == Written(changed=3, same=0, removed=0)
    before = {name: (out / name).stat() for name in ("a.html", "b.html")}
    assert write(files(a="1", b="two", new__d="4"), out) == Written(changed=2, same=1, removed=1)
    assert {path.relative_to(out).as_posix() for path in out.rglob("*")} == {"a.html", "b.html", "new", "new/d.html", MARKER}
    after = {name: (out / name).stat() for name in before}
    assert (after["a.html"].st_ino, after["a.html"].st_mtime_ns) == (before["a.html"].st_ino, before["a.html"].st_mtime_ns)
    assert after["b.html"].st_ino != before["b.html"].st_ino
    assert (out / "b.html").read_text() == "two"


def test_same_site_is_still_replaced_whole(tmp_path: Path) -> None:
    """Files and folders change places without trouble."""
    out = tmp_path / "site"
    write([File("a", b"file"), File("b/c", b"in a folder")], out)
    write([File("a/x", b"in a folder"), File("b", b"file")], out)
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == {"a/x", "b", MARKER}


def test_two_outputs_of_one_path(tmp_path: Path) -> None:
    """Two outputs that write one path are a mistake of the program, found before anything is replaced."""
    out = tmp_path / "site"
    write(files(a="1"), out)
    with pytest.raises(ValueError, match=r"two outputs write a\.html"):
        write([*files(a="2"), *files(a="3")], out)
    assert (out / "a.html").read_text() == "1"
    assert stages(tmp_path) == []


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    """An empty folder may become a site, and keeps its permissions."""
    out = tmp_path / "site"
    out.mkdir(mode=0o750)
    write(files(a="1"), out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o750
    assert (out / "a.html").is_file()


def test_new_folder_can_be_served(tmp_path: Path) -> None:
    """A new site's folder has the permissions of any new folder, so that a web server can read it."""
    (tmp_path / "any").mkdir()
    write(files(a="1"), tmp_path / "deep" / "er" / "site")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "any", tmp_path / "deep" / "er" / "site")}
    assert len(modes) == 1


def test_foreign_marker_is_asked_for(tmp_path: Path) -> None:
    """A folder that lost the marker is not ours to replace."""
    out = tmp_path / "site"
    write(files(a="1"), out)
    (out / MARKER).unlink()
    with pytest.raises(NotOursError):
        write(files(a="2"), out)
    assert (out / "a.html").read_text() == "1"


def test_out_is_a_symlink(tmp_path: Path) -> None:
    """A link to the site's folder stays a link; the folder it leads to is replaced."""
    real, out = tmp_path / "real", tmp_path / "site"
    write(files(a="1"), real)
    out.symlink_to("real")
    assert write(files(a="2"), out) == Written(changed=1, same=0, removed=0)
    assert out.is_symlink()
    assert (real / "a.html").read_text() == "2"


def test_symlink_inside_the_site(tmp_path: Path) -> None:
    """A link that somebody put into the site goes with it; what it leads to stays."""
    out, mine = tmp_path / "site", tmp_path / "mine"
    mine.mkdir()
    (mine / "a.html").write_text("1")
    write(files(x__a="1"), out)
    (out / "x" / "a.html").unlink()
    (out / "x").rmdir()
    (out / "x").symlink_to(mine)
    write(files(x__a="2"), out)
    assert (mine / "a.html").read_text() == "1"
    assert not (out / "x").is_symlink()
    assert (out / "x" / "a.html").read_text() == "2"


def test_stale_stages_are_swept(tmp_path: Path) -> None:
    """Stages that nobody holds any more are removed; a stage of a build at work, and other sites' stages, stay."""
    out = tmp_path / "site"
    stale, other = tmp_path / ".site.stage-dead", tmp_path / ".other.stage-dead"
    for folder in (stale, other):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").write_text("half")

    def at_work() -> Iterator[File]:
        (ours,) = tmp_path.glob(".site.stage-*")
        write(files(a="second"), out)  # another build meanwhile, which must leave our stage alone
        assert ours.is_dir()
        yield from files(a="first")

    write(at_work(), out)
    assert (out / "a.html").read_text() == "first"
    assert stages(tmp_path) == [other]


def test_without_an_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel cannot exchange two names, the site is replaced in two steps, and nothing is left over."""
    out = tmp_path / "site"
    write(files(a="1"), out)
    monkeypatch.setattr("sitegen.write._swap", lambda a, b: False)
    write(files(b="2"), out)
    assert {path.name for path in out.iterdir()} == {"b.html", MARKER}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]


def test_strange_names(tmp_path: Path) -> None:
    """A folder whose name means something to a pattern is swept like any other, and only it."""
    out = tmp_path / "s[i]te*é"
    stale, other = tmp_path / f".{out.name}.stage-dead", tmp_path / ".site, né.stage-dead"
    stale.mkdir()
    other.mkdir()
    write(files(a="1"), out)
    assert (out / "a.html").read_text() == "1"
    assert stages(tmp_path) == [other]


def test_swept_before_it_was_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that another build takes for stale, in the instant before it is locked, is made again."""
    out, made = tmp_path / "site", []

    def mkdtemp(**options: Any) -> str:
        made.append(make(**options))
        if len(made) == 1:
            write(files(b="2"), out)
        return made[-1]

    make = tempfile.mkdtemp
    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    write(files(a="1"), out)
    assert {path.name for path in out.iterdir()} == {"a.html", MARKER}
    assert (len(made), stages(tmp_path)) == (3, [])


@pytest.mark.parametrize(("step", "stood"), [("link", True), ("rename", True), ("rename", False)])
def test_overtaken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, stood: bool) -> None:
    """A build that another one overtakes, even between looking and linking or renaming, still writes its own site only."""
    out = tmp_path / "site"
    if stood:
        write(files(a="first", b="same"), out)
    original, overtaken = getattr(os, step), []

    def overtake(*args: Any, **options: Any) -> None:
        if not overtaken:
            overtaken.append(True)
            write(files(a="second", c="second"), out)
        original(*args, **options)

    monkeypatch.setattr(os, step, overtake)
    write(files(a="first", b="same"), out)
    assert overtaken
    assert {path.name: path.read_text() for path in out.glob("*.html")} == {"a.html": "first", "b.html": "same"}
    assert stages(tmp_path) == []
