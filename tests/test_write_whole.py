"""A site is whole at every moment: builds that are killed, that fail, and that overtake each other."""

from __future__ import annotations

import os
import random
import signal
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

from sitegen.manifest import MARKER, Group, Manifest
from sitegen.model import File
from sitegen.stage import Twin
from sitegen.write import Written, write

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


def wait_until_it_writes(build: subprocess.Popen[bytes], folder: Path) -> None:
    """Returns when `build` has begun to put a site together in `folder`, or has ended."""
    while build.poll() is None and not any(name.startswith(".site.stage-") for name in os.listdir(folder)):
        pass


def files(**texts: str) -> list[File]:
    """Files of a site by name, `a__b` for `a/b.html`."""
    return [File(name.replace("__", "/") + ".html", text.encode()) for name, text in texts.items()]


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


def test_stale_stages_are_swept(tmp_path: Path) -> None:
    """Stages that nobody holds any more are removed; a stage of a build at work, other sites' stages, and what a link leads to, stay."""
    out = tmp_path / "site"
    stale, other = tmp_path / ".site.stage-dead", tmp_path / ".other.stage-dead"
    for folder in (stale, other):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").write_text("half")

    def at_work() -> Iterator[File]:
        (ours,) = set(tmp_path.glob(".site.stage-*")) - {link}
        write(files(a="second"), out)  # another build meanwhile, which must leave our stage alone
        assert ours.is_dir()
        yield from files(a="first")

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    link = tmp_path / ".site.stage-link"
    link.symlink_to("mine")
    write(at_work(), out)
    assert (out / "a.html").read_text() == "first"
    assert stages(tmp_path) == sorted([other, link])
    assert (link / "file").read_text() == "mine"


def test_without_an_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel cannot exchange two names, the site is replaced in two steps, and nothing is left over."""
    out = tmp_path / "site"
    write(files(a="1"), out)
    monkeypatch.setattr("sitegen.swap._swap", lambda a, b: False)
    write(files(b="2"), out)
    assert {path.name for path in out.iterdir()} == {"b.html", MARKER}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]


def test_killed_without_an_exchange(tmp_path: Path) -> None:
    """A build that was killed between those two steps loses nothing: the next one puts the old site back before it begins."""
    out = tmp_path / "site"
    write(files(a="1"), out)
    (tmp_path / ".site.stage-dead").mkdir()
    out.rename(tmp_path / ".site.stage-dead.old")

    def broken() -> Iterator[File]:
        yield from files(b="2")
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        write(broken(), out)
    assert (out / "a.html").read_text() == "1"
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


@pytest.mark.parametrize("other_has_it_too", [False, True])
def test_overtaken_with_a_twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_has_it_too: bool) -> None:
    """A build that starts from the twin and is overtaken writes its own site only, and leaves no twin of a site that it does not know."""
    monkeypatch.setattr("sitegen.write.TWIN_PAYS", 0)
    out, twin = tmp_path / "site", tmp_path / "twin"

    def manifest(written: Written, *names: str) -> Manifest:
        return Manifest(b"", {name: Group(b"", (f"{name}.html",)) for name in names}, written.stamps)

    first = write(files(a="1", b="same"), out)
    second = write(files(a="2", b="same"), out, manifest(first, "a", "b"), (), Twin(twin, {}))
    assert tree(twin) == tree(out)
    stands = manifest(second, "a", "b")

    def overtaken() -> Iterator[File]:
        yield from files(a="3")
        write(files(c="other"), out, stands, (), Twin(twin, second.twin) if other_has_it_too else None)

    third = write(overtaken(), out, stands, ["b"], Twin(twin, second.twin))
    assert {path.name: path.read_text() for path in out.glob("*.html")} == {"a.html": "3", "b.html": "same"}
    assert (third.twin, stages(tmp_path)) == ({}, [])
    write(files(a="4"), out, manifest(third, "a", "b"), ["b"], Twin(twin, third.twin))
    assert {path.name: path.read_text() for path in out.glob("*.html")} == {"a.html": "4", "b.html": "same"}
    assert tree(twin) == tree(out)
