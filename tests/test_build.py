"""Builds: the same input gives the same bytes, and a tiny glossary gives exactly the files in golden/site."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sitegen.build import Live, build
from sitegen.memo import Memo
from sitegen.problems import ContentError

from .conftest import CONTENT, PROJECT, Golden, MakeContent, git, sitegen
from .dom import Page, outline, steady, tree

TINY = PROJECT / "tests" / "golden" / "site"
EPOCH = "1700000000"
ENTRY = {"token.yaml": "term: Token\ndefinition: A unit of text.\n"}


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The golden glossary, away from the project's own history."""
    return shutil.copytree(TINY / "content", tmp_path / "content")


def built(content: Path, out: Path, cwd: Path | None = None, **environment: str) -> dict[str, str]:
    """Build `content` and return what was written."""
    result = sitegen("build", "--content", content, "--out", out, cwd=cwd or out.parent, **environment)
    assert (result.status, result.err) == (0, "")
    return tree(out)


def copied(content: Path, to: Path, seed: int) -> Path:
    """A copy of a folder, its files written in an order of their own and with times of their own."""
    order = random.Random(seed)
    files = sorted(path for path in content.rglob("*") if path.is_file())
    for path in order.sample(files, len(files)):
        target = to / path.relative_to(content)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        os.utime(target, (order.randrange(10**9), order.randrange(10**9)))
    return to


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "2", "PYTHONOPTIMIZE": "2", "LANGUAGE": "ar", "FORCE_COLOR": "1"},
    ],
    ids=["C locale, Tokyo", "UTF-8 locale, St John's"],
)
def test_same_bytes_in_any_environment(shipped: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Working folder, locale, time zone and hash seed leave no trace in any file of the shipped site."""
    elsewhere = tmp_path / "é"
    elsewhere.mkdir()
    assert built(CONTENT, tmp_path / "site", cwd=elsewhere, **environment) == tree(shipped)


def test_a_page_that_the_locale_cannot_name(tmp_path: Path, make_content: MakeContent) -> None:
    """Where the names of files have only ASCII characters, a page that needs another is told of in one line."""
    make_content({"z.yaml": "term: Zähler\ndefinition: A counter.\n"})
    result = sitegen("build", cwd=tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (result.status, result.out) == (1, "")
    assert result.err == "ä: what is to be printed, or the name of a file, cannot have this in ascii; set PYTHONUTF8=1\n"
    assert [path.name for path in tmp_path.iterdir() if "public" in path.name] == []


@pytest.mark.parametrize(
    ("content", "environment"), [(CONTENT, {}), (TINY / "content", {"SOURCE_DATE_EPOCH": EPOCH})], ids=["undated", "epoch"]
)
def test_same_bytes_from_copies(tmp_path: Path, content: Path, environment: dict[str, str]) -> None:
    """Copies whose files came in another order, at other times, give the same site, with and without an epoch."""
    first, second = (built(copied(content, tmp_path / str(seed), seed), tmp_path / f"site-{seed}", **environment) for seed in (1, 2))
    assert first == second


def test_dates_are_those_of_git(tmp_path: Path, tiny: Path) -> None:
    """An entry's dates are its first and last commit, in UTC, however its owner set up git, and the feed goes by them; what git lacks gets the epoch."""
    git(tmp_path, "init", "-q")
    commits = [
        ("2024-01-01T23:30:00-0500", "token"), ("2025-01-01T00:00:00+0900", "token"),
        ("2024-05-06T07:08:09+0000", "c-plus-plus"), ("2024-03-01T00:00:00+0000", "token"),  # by a clock that was wrong
    ]  # fmt: skip
    for moment, name in commits:
        with (tiny / "terms" / f"{name}.yaml").open("a") as file:
            file.write(f"# {moment}\n")
        git(tmp_path, "add", f"content/terms/{name}.yaml")
        git(tmp_path, "commit", "-q", "-m", name, GIT_COMMITTER_DATE=moment, GIT_AUTHOR_DATE="2001-01-01T00:00:00Z")
    config = tmp_path / "config"
    config.write_text(
        "[log]\nshowRoot = false\nshowSignature = true\ndate = relative\ndecorate = full\n"
        "[color]\nui = always\n[diff]\nnoprefix = true\n[core]\nquotePath = true\n[format]\npretty = oneline\n"
    )
    out = tmp_path / "site"
    built(tiny, out, SOURCE_DATE_EPOCH=EPOCH, GIT_CONFIG_GLOBAL=str(config))
    found = {path.stem: tuple(_dates(path)) for path in (out / "api" / "terms").iterdir()}
    assert found == {
        "token": ("2024-01-02T04:30:00+00:00", "2024-12-31T15:00:00+00:00"),
        "c-plus-plus": ("2024-05-06T07:08:09+00:00", "2024-05-06T07:08:09+00:00"),
        "困惑度": ("2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20+00:00"),
    }
    feed = ElementTree.parse(out / "feed.xml").getroot()
    assert [title.text for title in feed.iterfind("{*}entry/{*}title")] == ["Token", "C++", "困惑度"]


@pytest.mark.parametrize("cut", ["replace", "grafts"])
def test_a_history_that_git_is_told_otherwise(tmp_path: Path, tiny: Path, cut: str) -> None:
    """Where git is told that a commit has no parents, the next build has the dates that it then gives."""
    git(tmp_path, "init", "-q")
    moments = ("2024-05-06T07:08:09+00:00", "2025-05-06T07:08:09+00:00")
    for moment in moments:
        with (tiny / "terms" / "token.yaml").open("a") as file:
            file.write(f"# {moment}\n")
        git(tmp_path, "add", "content")
        git(tmp_path, "commit", "-q", "-m", "x", GIT_COMMITTER_DATE=moment)
    built(tiny, tmp_path / "site")
    assert tuple(_dates(tmp_path / "site" / "api" / "terms" / "token.json")) == moments
    if cut == "replace":
        git(tmp_path, "replace", "--graft", "HEAD")
    else:
        head = next(iter((tmp_path / ".git" / "refs" / "heads").iterdir())).read_text()
        (tmp_path / ".git" / "info").mkdir(exist_ok=True)
        (tmp_path / ".git" / "info" / "grafts").write_text(head)
    built(tiny, tmp_path / "site")
    assert tuple(_dates(tmp_path / "site" / "api" / "terms" / "token.json")) == (moments[1], moments[1])


def test_git_that_cannot_be_read(tmp_path: Path, tiny: Path) -> None:
    """A commit of a year that no calendar has is passed over, and a name may hold any sign; dates that git failed to tell once are asked for again."""
    git(tmp_path, "init", "-q")
    (tiny / "terms" / "a\x01b.txt").write_text("gone soon")
    for moment in ("@253402300801 +0000", "2024-05-06T07:08:09+0000"):
        with (tiny / "terms" / "token.yaml").open("a") as file:
            file.write(f"# {moment}\n")
        git(tmp_path, "add", "content/terms")
        git(tmp_path, "commit", "-q", "-m", "x", GIT_COMMITTER_DATE=moment)
        (tiny / "terms" / "a\x01b.txt").unlink(missing_ok=True)
    for out, path, found in (("site", f"{wrapped_git(tmp_path, 'exit 128')}:{os.environ['PATH']}", None), ("other", os.environ["PATH"], "2024-05-06T07:08:09+00:00")):
        result = sitegen("build", "--content", tiny, "--out", tmp_path / out, "--memo", tmp_path / "memo", cwd=tmp_path, PATH=path)
        assert (result.status, result.err) == (0, "")
        entry = json.loads((tmp_path / out / "api" / "terms" / "token.json").read_text("utf-8"))
        assert (entry["published"], entry["updated"]) == (found, found)


def test_git_that_fails_once(tmp_path: Path, tiny: Path) -> None:
    """Where git failed to tell dates, the next build asks again, though nothing else has changed; then it has nothing to do."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "content")
    git(tmp_path, "commit", "-q", "-m", "x", GIT_COMMITTER_DATE="2024-05-06T07:08:09Z")
    path = f"{wrapped_git(tmp_path, 'exit 128')}:{os.environ['PATH']}"
    said = [sitegen("build", "--content", tiny, "--out", "site", cwd=tmp_path, PATH=path).out, *(sitegen("build", "--content", tiny, "--out", "site", cwd=tmp_path).out for _ in range(2))]
    assert _dates(tmp_path / "site" / "api" / "terms" / "token.json") == ["2024-05-06T07:08:09+00:00"] * 2
    assert ["new or changed" in line for line in said] == [True, True, False], said


def test_git_that_fails_once_while_a_site_is_shown(tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where one process builds again and again; once git has told, it is asked no more."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "content")
    git(tmp_path, "commit", "-q", "-m", "x", GIT_COMMITTER_DATE="2024-05-06T07:08:09Z")
    asked = tmp_path / "asked"
    monkeypatch.setenv("PATH", f"{wrapped_git(tmp_path, f'echo >> {asked}; [ -e {tmp_path}/mended ] || exit 128')}:{os.environ['PATH']}")
    found = []
    with Memo(tmp_path / "memo") as memo:
        for _ in range(3):
            for soon in (True, False):
                build(tiny, tmp_path / "site", memo=memo, live=Live(lambda _: None, soon=soon))
            found.append(_dates(tmp_path / "site" / "api" / "terms" / "token.json"))
            (tmp_path / "mended").touch()
    assert found == [[None] * 2, *[["2024-05-06T07:08:09+00:00"] * 2] * 2]
    assert len(asked.read_text().splitlines()) == 3


def test_a_commit_while_a_site_is_built(tmp_path: Path, tiny: Path) -> None:
    """Dates are those of the commit that the build began with; the next build has those of the one that came meanwhile, and what it remembers of the first is right."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "content")
    git(tmp_path, "commit", "-q", "-m", "x", GIT_COMMITTER_DATE="2024-05-06T07:08:09Z")
    once = f'[ -e {tmp_path}/once ] || {{ touch {tmp_path}/once; GIT_COMMITTER_DATE=2025-05-06T07:08:09Z {shutil.which("git")} -c user.name=a -c user.email=a@b.example commit -q --amend -m y; }}'
    path = f"{wrapped_git(tmp_path, once)}:{os.environ['PATH']}"
    token, found = tmp_path / "site" / "api" / "terms" / "token.json", []
    for _ in range(2):
        built(tiny, tmp_path / "site", PATH=path)
        found.append(_dates(token))
    git(tmp_path, "reset", "-q", "--hard", "HEAD@{1}")
    built(tiny, tmp_path / "site")
    assert [*found, _dates(token)] == [[f"{year}-05-06T07:08:09+00:00"] * 2 for year in (2024, 2025, 2024)]


def wrapped_git(folder: Path, before: str) -> Path:
    """A folder to be looked into before others, with a git that runs `before` when it is asked for dates."""
    real, wrapped = shutil.which("git"), folder / "bin" / "git"
    wrapped.parent.mkdir()
    wrapped.write_text(f'#!/bin/sh\ncase "$*" in *showRoot*) {before};; esac\nexec {real} "$@"\n')
    wrapped.chmod(0o755)
    return wrapped.parent


def test_entries_in_a_repository_of_their_own(tmp_path: Path, tiny: Path) -> None:
    """Where the entries' folder is a repository of its own, a commit there shows."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "around")
    git(tiny / "terms", "init", "-q")
    for year in ("2020", "2021"):
        git(tiny / "terms", "add", ".")
        git(tiny / "terms", "commit", "-q", "--amend" if year == "2021" else "-m", *(["--no-edit"] if year == "2021" else ["all"]), GIT_COMMITTER_DATE=f"{year}-01-01T00:00:00Z")
        built(tiny, tmp_path / "site")
        assert _dates(tmp_path / "site" / "api" / "terms" / "token.json") == [f"{year}-01-01T00:00:00+00:00"] * 2


def test_inside_the_content(tmp_path: Path, tiny: Path) -> None:
    """The content may be the folder in which the command is called."""
    assert built(Path("."), tmp_path / "site", cwd=tiny) == built(tiny, tmp_path / "other")


def _dates(path: Path) -> list[str]:
    entry = json.loads(path.read_text("utf-8"))
    return [entry["published"], entry["updated"]]


def test_rebuild_in_place(tmp_path: Path, tiny: Path) -> None:
    """A second build of the same content says that nothing changed, and changes nothing."""
    out = tmp_path / "site"
    before = built(tiny, out)
    result = sitegen("build", "--content", tiny, "--out", out, cwd=tmp_path)
    count = len(before) - 1  # the marker by which the program knows its own is none of the site's files
    assert (result.status, result.out, result.err) == (0, f"{out}: {count} files, nothing changed\n", "")
    assert tree(out) == before


def test_golden_site(tmp_path: Path, tiny: Path, golden: Golden) -> None:
    """The tiny glossary gives these files: data byte for byte, pages as an outline of what they say."""
    out = tmp_path / "site"
    built(tiny, out, SOURCE_DATE_EPOCH=EPOCH, GIT_CEILING_DIRECTORIES=str(tmp_path))
    paths = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    paths = [path for path in paths if not path.startswith("assets/")]  # the theme's own, copied as they are
    golden("site/files.txt", "".join(f"{path}\n" for path in paths))
    for path in paths:
        if path.endswith(".html"):
            golden(f"site/expected/{path}.txt", steady(outline(Page(out, path.removesuffix("index.html")))))
        elif path == "model.bin":
            golden("site/expected/model.txt", _unpacked((out / path).read_bytes()))
        else:
            golden(f"site/expected/{path}", steady((out / path).read_bytes().decode()))


def _unpacked(model: bytes) -> str:
    """A model file as text: its header, its vocabulary, and its tokens as the codes they are."""
    header, rest = gzip.decompress(model).split(b"\n", 1)
    size = json.loads(header)["vocabulary"]
    return f"{header.decode()}\n{rest[:size].decode()!r}\n{rest[size:].hex(' ')}\n"


def test_base_url_option(tmp_path: Path, tiny: Path) -> None:
    """`--base-url` is the same as having it in site.yaml."""
    wanted = "https://example.net/deep/er/"
    given, written = tmp_path / "given", tmp_path / "written"
    result = sitegen("build", "--content", tiny, "--out", given, "--base-url", wanted.rstrip("/"), cwd=tmp_path)
    assert result.status == 0, result.err
    site = tiny / "site.yaml"
    site.write_text(site.read_text().replace("https://example.org/tiny/", wanted))
    assert built(tiny, written) == tree(given)


@pytest.mark.parametrize("address", ["example.org", "ftp://example.org/", "https://", "https://a.example/?q", "https://a.example/<b>", "https://a.example:abc/", "https://a.example:99999/"])
def test_base_url_that_is_none(tmp_path: Path, tiny: Path, address: str) -> None:
    """A `--base-url` that is no address is wrong usage, and nothing is written."""
    result = sitegen("build", "--content", tiny, "--out", tmp_path / "site", "--base-url", address, cwd=tmp_path)
    assert (result.status, result.err.splitlines()[-1]) == (2, "Error: --base-url must be an address like https://example.org/glossary/")
    assert not (tmp_path / "site").exists()


# --- templates ----------------------------------------------------------------------------------


def test_own_templates_file_by_file(tmp_path: Path, make_content: MakeContent) -> None:
    """A folder of templates replaces the shipped ones file by file; what it lacks is the shipped one's."""
    content = make_content(ENTRY)
    own = tmp_path / "own"
    (own / "assets").mkdir(parents=True)
    (own / "about.html").write_text("<!doctype html><title>{{ page.heading }}</title><p>Ours: {{ site.count }}</p>\n")
    (own / "assets" / "icon.svg").write_text("<svg/>")
    result = sitegen("build", "--content", content, "--out", tmp_path / "site", "--templates", own, cwd=tmp_path)
    assert result.status == 0, result.err
    sitegen("build", "--content", content, "--out", tmp_path / "shipped", cwd=tmp_path)
    assert (tmp_path / "site" / "about" / "index.html").read_text() == "<!doctype html><title>About</title><p>Ours: 1</p>"
    (icon,) = (tmp_path / "site" / "assets").glob("*/icon.svg")
    assert icon.read_text() == "<svg/>"
    ours, theirs = (
        {steady(path) for path in tree(tmp_path / name)} for name in ("site", "shipped")
    )  # fmt: skip
    assert ours == theirs
    page = Page(tmp_path / "site", "terms/token/")
    assert steady(outline(page)) == steady(outline(Page(tmp_path / "shipped", "terms/token/")))


@pytest.mark.parametrize(
    ("files", "place", "message"),
    [
        ({"about.html": "<p>\n{{ page.nonsense }}"}, "own/about.html:2", "'sitegen.outputs.views.PageView object' has no attribute 'nonsense'"),
        ({"about.html": "<p>\n\n{{ nonsense }}"}, "own/about.html:3", "'nonsense' is undefined"),
        ({"about.html": "<p>\n{% if %}"}, "own/about.html:2", "Expected an expression, got 'end of statement block'"),
        ({"about.html": "{{ 1 // 0 }}"}, "own/about.html:1", "integer division or modulo by zero"),
        ({"about.html": "\n{{ page.title + 1 }}"}, "own/about.html:2", 'can only concatenate str (not "int") to str'),
        ({"about.html": "\n{% include 'gone.html' %}"}, "own/about.html:2", "'gone.html' not found"),
        ({"about.html": "{% include '_x.html' %}", "_x.html": "\n\n\n{{ nonsense }}"}, "own/_x.html:4", "'nonsense' is undefined"),
        ({"_footer.html": "\n{{ page.kind | nosuch }}"}, "own/_footer.html:2", "No filter named 'nosuch'."),
        ({"about.html": "\n{{ {}['key'].more }}"}, "own/about.html:2", "'dict object' has no attribute 'key'"),
        ({"about.html": "\n\n{{ [].pop() }}"}, "own/about.html:3", "pop from empty list"),
        ({"about.html": b"\xff"}, "own/about.html:1", "byte 0xff is not UTF-8"),
        ({"_footer.html": b"<p>\n\xc3\xa9 \xe9"}, "own/_footer.html:2", "byte 0xe9 is not UTF-8"),
        ({"about.html": "{% include '.own/note.html' %}", ".own/note.html": "Mine."}, "own/about.html:1", "'.own/note.html' is hidden, and so is no template"),
        ({"about.html": "{% include 'about.html' %}"}, "own/about.html:1", "maximum recursion depth exceeded"),
    ],
    ids=["no such attribute", "undefined", "syntax", "arithmetic", "types", "include of nothing", "in a partial", "filter", "no such key",
         "empty list", "not UTF-8", "a partial that is not UTF-8", "hidden", "includes itself"],
)  # fmt: skip
def test_template_mistake(
    tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, files: dict[str, str | bytes], place: str, message: str
) -> None:  # fmt: skip
    """A mistake in a template is one problem that names the template's file and line."""
    content = make_content(ENTRY)
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    for name, text in files.items():
        (Path("own") / name).parent.mkdir(exist_ok=True)
        (Path("own") / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ContentError) as caught:
        build(content, Path("site"), Path("own"))
    (problem,) = caught.value.problems
    assert (f"{problem.place.path}:{problem.place.line}", problem.rule) == (place, "broken-template")
    assert problem.message.startswith(message)  # of what follows, Python decides


def test_template_mistake_on_the_command_line(tmp_path: Path, make_content: MakeContent) -> None:
    """The command says a template's mistake in one line, and the site that stood there stays."""
    content, out = make_content(ENTRY), tmp_path / "site"
    before = built(content, out)
    (tmp_path / "templates").mkdir()  # found by itself, without --templates
    (tmp_path / "templates" / "a-z.html").write_text("\n{{ nonsense }}\n")
    result = sitegen("build", "--content", content, "--out", out, cwd=tmp_path)
    lines = ["templates/a-z.html:2:1: 'nonsense' is undefined (broken-template)", "1 problem; nothing was written"]
    assert (result.status, result.out, result.err.splitlines()) == (1, "", lines)
    assert tree(out) == before
