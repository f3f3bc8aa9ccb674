"""What a site may replace, and how its folder looks afterwards."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from sitegen.manifest import MARKER
from sitegen.model import File
from sitegen.write import NotOursError, Written, write

from .conftest import MakeContent, sitegen
from .dom import tree

ENTRY = {"token.yaml": "term: Token\ndefinition: A unit of text.\n"}


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
    make_content(ENTRY)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("the only copy")
    (tmp_path / "link-to-content").symlink_to("content")
    before = tree(tmp_path)
    result = sitegen("build", "--out", out, cwd=tmp_path)
    assert (result.status, result.err.splitlines()[-1]) == (2, f"Error: {message.format(tmp=tmp_path)}")
    assert tree(tmp_path) == before


def test_what_a_site_must_not_replace(tmp_path: Path, make_content: MakeContent) -> None:
    """A folder with the templates or the memo in it, a link that leads back, and a memo that is something else are wrong usage; nothing is touched."""
    make_content(ENTRY)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "thesis.txt").write_text("the only copy")
    assert sitegen("build", cwd=tmp_path).status == 0
    (tmp_path / "public" / "mine").mkdir()
    with closing(sqlite3.connect(tmp_path / "letters")) as database, database:
        database.execute("CREATE TABLE people (name)")
    before = tree(tmp_path)
    for options, message in {
        ("--templates", "public/mine"): f"--out public would replace {tmp_path}/public/mine; choose another folder",
        ("--memo", "public/memo"): f"--out public would replace {tmp_path}/public/memo; choose another folder",
        ("--memo", "thesis.txt"): "--memo thesis.txt holds something else; choose another file",
        ("--memo", ""): "--memo names no file",
        ("--memo", "letters"): "--memo letters holds something else; choose another file",
        ("--out", "loop"): "--out loop is a link that leads back to itself; choose another folder",
    }.items():
        result = sitegen("build", *options, cwd=tmp_path)
        assert (result.status, result.err.splitlines()[-1]) == (2, f"Error: {message}")
    assert tree(tmp_path) == before


def test_out_is_a_file(tmp_path: Path, make_content: MakeContent) -> None:
    """A file where the site should go is wrong usage, and stays."""
    make_content(ENTRY)
    (tmp_path / "site").write_text("mine")
    result = sitegen("build", "--out", "site", cwd=tmp_path)
    assert (result.status, result.err.splitlines()[-1]) == (2, "Error: Invalid value for '--out': Directory 'site' is a file.")
    assert (tmp_path / "site").read_text() == "mine"


def test_read_only_parent(tmp_path: Path, make_content: MakeContent) -> None:
    """Where nothing may be written, the command says so in one line."""
    make_content(ENTRY)
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
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


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


def test_folders_that_are_locked(tmp_path: Path) -> None:
    """A site in which somebody has locked folders is replaced as any other, and nothing of it stays."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # where an ordinary user may go
        place = Path(folder)
        place.chmod(0o777)
        if not (child := os.fork()):
            status = 1
            try:
                if not os.geteuid():  # nothing is locked for root
                    os.setuid(65534)
                out = place / "site"
                write(files(a="1", x__y="1", x__z__b="1"), out)
                for locked in ("x/z", "x", "."):
                    (out / locked).chmod(0o555)
                write(files(a="2"), out)
                status = int([path.name for path in place.iterdir()] != ["site"] or {path.name for path in out.iterdir()} != {"a.html", MARKER})
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


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


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where folders cannot be locked a site is written all the same, and nothing stays beside it."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", refuse)
    for text in "12":
        write(files(a=text), tmp_path / "site")
        assert (tmp_path / "site" / "a.html").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
