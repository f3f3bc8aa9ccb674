"""What was saved is looked at alone where that gives what a look at everything gives; and where it does not, everything is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sitegen.build import build
from sitegen.memo import Memo
from sitegen.problems import ContentError, Problem
from sitegen.survey import Survey, after, survey

from .conftest import MakeContent


@pytest.fixture
def content(make_content: MakeContent) -> Path:
    """Two entries."""
    return make_content({f"{name}.yaml": f"term: {name.title()}\ndefinition: One {name}.\n" for name in ("beam", "head")})


def looked(content: Path, change: Callable[[Path], object]) -> tuple[Survey | None, Survey]:
    """What a look at the files that a `change` in the folder of the entries is told of gives, and what a look at all gives."""

    def files() -> set[tuple[str, int, bytes]]:
        """As somebody tells of them who calls the content by another name than the build does."""
        return {(os.path.realpath(path), path.lstat().st_ino, path.read_bytes() if path.is_file() else b"") for path in content.rglob("*")}

    with Memo() as memo:
        before, there = survey(content, (), memo), files()
        change(content / "terms")
        saved = {path for path, _, _ in there ^ files()}
        return after(saved, content, before), survey(content, (), memo)


def edit(terms: Path) -> None:
    """A save in place."""
    (terms / "beam.yaml").write_text("term: Beam\ndefinition: Another beam.\n")


def replaced(terms: Path) -> None:
    """A save as editors do it, with a file of their own left behind."""
    (terms / ".beam.yaml.swp").write_text("mine")
    (terms / "aside").write_text("term: Beam\ndefinition: Another beam.\n")
    (terms / "aside").replace(terms / "beam.yaml")


@pytest.mark.parametrize("change", [edit, replaced, lambda terms: None])
@pytest.mark.parametrize("relative", [True, False])
def test_entries_that_were_there(monkeypatch: pytest.MonkeyPatch, content: Path, change: Callable[[Path], object], relative: bool) -> None:
    """Where only entries were saved that were there before, a look at these gives what a look at everything gives."""
    monkeypatch.chdir(content.parent)
    told, full = looked(content.relative_to(content.parent) if relative else content, change)
    assert told
    assert (told.content, told.theme, told.whole()) == (full.content, full.theme, full.whole())


@pytest.mark.parametrize("change", [
    lambda terms: (terms / "new.yaml").write_text("term: New\ndefinition: One.\n"),
    lambda terms: (terms / "beam.yaml").unlink(),
    lambda terms: (terms / "beam.yaml").rename(terms / "ray.yaml"),
    lambda terms: (terms.parent / "site.yaml").write_text("title: Another\nbase_url: https://example.org/\n"),
    lambda terms: (terms / "more").mkdir(),
], ids=["new", "gone", "renamed", "site", "folder"])  # fmt: skip
def test_all_else(content: Path, change: Callable[[Path], object]) -> None:
    """Where anything else was saved, too, everything has to be looked at."""
    told, _ = looked(content, lambda terms: (edit(terms), change(terms)))
    assert told is None


def test_an_entry_that_becomes_a_link(content: Path) -> None:
    """An entry in whose place a link is put may lead out of the content: everything has to be looked at."""
    with Memo() as memo:
        before = survey(content, (), memo)
        entry = content / "terms" / "beam.yaml"
        entry.rename(content.parent / "elsewhere.yaml")
        entry.symlink_to(content.parent / "elsewhere.yaml")
        assert after({str(entry)}, content, before) is None


def test_links_that_lead_back(content: Path) -> None:
    """Folders that are links to those around them hold nothing new, however many there are; others hold what they lead to."""
    for name in ("a", "b", "c"):
        (content / name).symlink_to(".")
    (content / "terms" / "up").symlink_to("..")
    (content / "more").symlink_to("terms")
    with Memo() as memo:
        found = survey(content, (), memo).content
    files = ["more/beam.yaml", "more/head.yaml", "site.yaml", "terms/beam.yaml", "terms/head.yaml"]
    folders = ["", "a/", "b/", "c/", "more/", "more/up/", "terms/", "terms/up/"]
    assert sorted(found) == sorted(f"{content}/{path}" for path in (*files, *folders))


def outside(terms: Path) -> None:
    """An entry that leads out of the content, to the same bytes."""
    (terms / "beam.yaml").rename(terms.parent.parent / "elsewhere.yaml")
    (terms / "beam.yaml").symlink_to("../../elsewhere.yaml")


SHAPES: dict[str, Callable[[Path], None]] = {
    "a folder among the entries": lambda terms: (terms / "more").mkdir(),
    "a link to nothing": lambda terms: (terms / "ray.yaml").symlink_to("nothing"),
    "a link out of it": outside,
    "an explorable of nothing": lambda terms: (terms.parent / "explorables" / "curve").mkdir(parents=True),
    "a folder among the issues": lambda terms: (terms.parent / "newsletter" / "more").mkdir(parents=True),
    "issues that lead back": lambda terms: (terms.parent / "newsletter").symlink_to("."),
    "a folder for scores": lambda terms: (terms.parent / "perplexity.json").mkdir(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_no_file_shows(tmp_path: Path, content: Path, shape: str) -> None:
    """Folders, and what is a link and where it leads, are looked at as files are: a rebuild says of them what a first build says."""

    def said(memo: Memo) -> list[Problem]:
        try:
            build(content, tmp_path / "site", memo=memo, jobs=1)
        except ContentError as error:
            return list(error.problems)
        return []

    with Memo(tmp_path / "memo") as memo:
        assert said(memo) == []
        SHAPES[shape](content / "terms")
        problems = said(Memo())
        assert problems
        assert said(memo) == problems


@pytest.mark.parametrize("turned", ["release", "own", "elsewhere", None])
def test_links_that_are_turned_and_turned_back(tmp_path: Path, content: Path, turned: str | None) -> None:
    """A second look finds a link on the way to what a build reads to be another once it was turned elsewhere and back; else it finds what the first one found."""
    (content.parent / "templates").mkdir()
    (content.parent / "templates" / "_footer.html").write_text("One.\n")
    ways = {"release": content.parent, "own": content.parent / "templates", "elsewhere": content.parent}
    for name, target in ways.items():
        (tmp_path / "links" / name).mkdir(parents=True)
        (tmp_path / "links" / name / "to").symlink_to(target)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "about.html").symlink_to(tmp_path / "links" / "elsewhere" / "to" / "templates" / "_footer.html")
    places = tmp_path / "links" / "release" / "to" / content.name, (tmp_path / "links" / "own" / "to", mine)
    with Memo() as memo:
        before = survey(*places, memo)
        if turned:
            for target in (tmp_path, ways[turned]):
                (tmp_path / "links" / turned / "to").unlink()
                (tmp_path / "links" / turned / "to").symlink_to(target)
        assert (survey(*places, memo, before) == before) == (turned is None)
