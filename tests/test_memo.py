"""What is remembered between builds never shows: the site is that of a build that remembers nothing."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast
from zlib import crc32

import pytest
import yaml

from sitegen import build as builds
from sitegen import making
from sitegen.build import Live, build
from sitegen.crew import StoppedError
from sitegen.memo import KEPT, KINDS, SPARE, Memo
from sitegen.problems import ContentError
from sitegen.render import compiled
from sitegen.site import Frame
from sitegen.work import _made as renderers

from .conftest import CONTENT, MakeContent, sitegen
from .dom import tree

WORDS = [
    "beam",
    "token",
    "sampling",
    "loss",
    "model",
    "language",
    "kernel",
    "top-k",
    "entropy",
    "GELU",
    "attention",
    "head",
]
TOPICS = ["Training", "Generation"]
WAYS = ["file by file", "at once", "in one process", "with a twin", "with copies", "given up"]

Entry = dict[str, object]
Glossary = dict[str, Entry]


# --- random changes, each of which may leave a glossary with problems ----------------------------


def entry(moments: random.Random, names: list[str], spelled: list[str]) -> Entry:
    """An entry whose prose mentions some of `names`, addresses, by hand and by chance; and what is `spelled` by hand."""

    def text(size: int) -> str:
        words = [moments.choice([*WORDS, *names, "a", "the", "of", "models", "tokens"]) for _ in range(size)]
        return " ".join(words).capitalize() + "."

    found: Entry = {
        "term": moments.choice(WORDS).capitalize() + moments.choice(["", " search", " model", "s", "-based head"]),
        "definition": text(6),
    }
    if moments.random() < 0.5:
        found["aliases"] = [moments.choice(WORDS) + moments.choice(["", " x", " machine"])]
    if moments.random() < 0.8:
        found["summary"] = text(9)
    if moments.random() < 0.8:
        link = f"[[{moments.choice(spelled)}]]" if names and moments.random() < 0.5 else "nothing"
        found["explainer"] = (
            f"{text(12)} See {link}, $x^{moments.randint(1, 3)}$.\n\n## {text(2)}\n\n{text(14)} `{text(1)}`\n"
        )
    if names and moments.random() < 0.5:
        found[moments.choice(["related", "contrast", "broader"])] = [moments.choice(names)]
    if moments.random() < 0.3:
        found["topics"] = [moments.choice(TOPICS)]
    if moments.random() < 0.2:
        found["autolink"] = "false"
    if moments.random() < 0.2:
        found["sense"] = moments.choice(WORDS)
    if names and moments.random() < 0.1:
        found["deprecated"] = {"by": moments.choice(names), "note": text(4)}
    return found


def add(moments: random.Random, files: Glossary) -> None:
    """A new entry."""
    files[f"{moments.choice(WORDS)}-{moments.randint(1, 99)}"] = entry(moments, names(files), spelled(files))


def edit(moments: random.Random, files: Glossary) -> None:
    """One field of one entry, which may be all that others show of it."""
    name = moments.choice(sorted(files))
    others = {other: fields for other, fields in files.items() if other != name}
    new = entry(moments, names(others), spelled(others))
    field = moments.choice(sorted(new))
    files[name] = {**files[name], field: new[field]}


def drop(moments: random.Random, files: Glossary) -> None:
    """One entry less; what leads to it is then a problem."""
    if len(files) > 3:
        del files[moments.choice(sorted(files))]


def rename(moments: random.Random, files: Glossary) -> None:
    """An entry at another address."""
    name = moments.choice(sorted(files))
    files[f"{name}-new"] = files.pop(name)


def names(files: Glossary) -> list[str]:
    """What can be linked to by its address."""
    return sorted(files)


def spelled(files: Glossary) -> list[str]:
    """What can be linked to, by its address or another name."""
    aliases = [alias for fields in files.values() for alias in cast("list[str]", fields.get("aliases", []))]
    return sorted({*files, *(str(fields["term"]) for fields in files.values()), *aliases})


CHANGES: tuple[Callable[[random.Random, Glossary], None], ...] = (add, add, edit, edit, edit, drop, rename)


def write_down(content: Path, files: Glossary, moments: random.Random) -> None:
    """The content folder of `files`; files that have not changed are not touched, and others keep their times now and then."""
    (content / "terms").mkdir(parents=True, exist_ok=True)
    for old in (content / "terms").iterdir():
        if old.stem not in files:
            old.unlink()
    for name, fields in files.items():
        path, text = content / "terms" / f"{name}.yaml", yaml.safe_dump(fields)
        if not path.exists() or path.read_text() != text:
            times = path.stat() if path.exists() else None
            path.write_text(text)
            if times and moments.random() < 0.3:
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    site = "title: T\nbase_url: https://example.org/\ntopics: [{name: Training}, {name: Generation}]\n"
    site += "newsletter: {action: 'https://mail.example/subscribe', sender: 'T <t@example.org>'}\n"
    site += f"about: About [[{names(files)[0]}]] and the models.\ndemo: {{tokens: {moments.choice([1000, 1000, 1000, 5000])}}}\n"
    if not (content / "site.yaml").exists() or moments.random() < 0.2:
        (content / "site.yaml").write_text(site)


def outcome(content: Path, out: Path, memo: Path | None, at_once: bool = True, jobs: int = 1) -> list[str]:
    """Build, and say what is wrong with the content."""
    with Memo(memo) as remembered:
        return outcome_with(remembered, content, out, at_once, jobs)


def live(stop: Callable[[], bool] = lambda: False, soon: bool = False, saved: set[str] | None = None) -> Live:
    """A site that is looked at while it changes."""
    return Live(lambda _: None, stop, soon, saved)


def impatient(results: int) -> Callable[[], bool]:
    """What gives a build up after so many results."""
    left = iter(range(results))
    return lambda: next(left, None) is None


def outcome_with(memo: Memo, content: Path, out: Path, at_once: bool, jobs: int = 1, saved: set[str] | None = None) -> list[str]:
    """The same with a memo that stays open."""
    try:
        build(content, out, memo=memo, jobs=jobs, live=None if at_once else live(saved=saved))
    except ContentError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.fixture
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The templates, which stay as they are, are compiled once: for each build from nothing it would take half its time."""
    code = dict[str, bytes]()

    def once(frame: Frame) -> dict[str, bytes]:
        if not code:
            code.update(compiled(frame))
        return code

    monkeypatch.setattr("sitegen.making.compiled", once)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("compiled_once")
@pytest.mark.parametrize("way", WAYS)
def test_rebuilding_is_building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """After any edits, renames, removals and additions, a rebuild gives, in each way, the problems or the site of a build from nothing, byte for byte."""
    seed = WAYS.index(way)
    monkeypatch.setattr("sitegen.write.TWIN_PAYS", 0 if way == "with a twin" else 10**9)
    monkeypatch.setattr("sitegen.crew.COPY_PAYS", 0)
    monkeypatch.setattr("sitegen.entries.FEW", 50 if way == "file by file" else 0)
    monkeypatch.setattr("sitegen.entries.MANY", 1000 if way == "file by file" else 1)
    moments, told, files = random.Random(seed), random.Random(seed), dict[str, Entry]()
    content, out, memo = tmp_path / "content", tmp_path / "site", tmp_path / "memo"
    opened = Memo(memo)
    built, seen = 0, Counter[str]()

    def saved() -> set[str] | None:
        """What somebody who watches tells now and then: the paths that have changed since this was last asked."""
        nonlocal there
        before, there = there, {str(path): path.read_bytes() for path in content.rglob("*") if path.is_file()}
        return {path for path, _ in before.items() ^ there.items()} if told.random() < 0.8 else None

    there = dict[str, bytes]()
    for step in range(36):
        before = dict(files)
        if step < 12:
            add(moments, files)
        for _ in range(moments.choice([1, 1, 1, 2]) if len(files) > 3 else 0):
            moments.choice(CHANGES)(moments, files)
        write_down(content, files, moments)
        if way == "given up":
            try:
                hurried = build(content, out, memo=opened, jobs=1, live=live(impatient(moments.randrange(40)), moments.random() < 0.5, saved()))
            except (ContentError, StoppedError) as error:
                seen[type(error).__name__] += 1
            else:
                seen["behind" if hurried.behind else "whole"] += 1
            if before and moments.random() < 0.5:  # what was saved is taken back
                files = before
                write_down(content, files, moments)
        clean = tmp_path / f"clean-{step}"
        expected = outcome(content, clean, None)
        if way in ("in one process", "given up"):
            found = outcome_with(opened, content, out, at_once=False, saved=saved())
        else:
            found = outcome(content, out, memo, at_once=way != "file by file", jobs=2 if way == "with copies" else 1)
        assert found == expected
        if expected:
            files = before  # so that most steps have something to build
        else:
            built += 1
            assert tree(out) == tree(clean)
    assert built >= 15
    assert way != "given up" or min(seen[what] for what in ("StoppedError", "behind", "whole")) >= 3
    assert way != "with a twin" or tree(tmp_path / "memo.twin") == tree(out)


def test_a_name_that_leads_elsewhere(tmp_path: Path, make_content: MakeContent) -> None:
    """A link by a name that moves from one entry to another leads there, though the linking text is as it was and no text is linked by itself."""

    def content(first: str, second: str) -> Path:
        return make_content({
            "alpha.yaml": f"term: Alpha\ndefinition: One.\nautolink: false\n{first}",
            "beta.yaml": f"term: Beta\ndefinition: Two.\nautolink: false\n{second}",
            "gamma.yaml": "term: Gamma\ndefinition: Three.\nsummary: See [[delta]].\n",
        })  # fmt: skip

    name = "aliases: [delta]\n"
    with Memo(tmp_path / "memo") as memo:
        for number, (first, second) in enumerate([(name, ""), ("", name), (name, "")]):
            assert outcome(content(first, second), tmp_path / "site", tmp_path / "memo") == []
            assert outcome_with(memo, content(first, second), tmp_path / "held", at_once=False) == []
            assert outcome(content(first, second), tmp_path / f"clean-{number}", None) == []
            assert tree(tmp_path / "site") == tree(tmp_path / "held") == tree(tmp_path / f"clean-{number}")


def test_soon(tmp_path: Path, make_content: MakeContent) -> None:
    """A build that is wanted soon makes only what was saved, and says that it is behind; the next one makes what the language model says of it."""
    content, site = small(make_content), tmp_path / "site"
    with Memo() as memo:
        assert not build(content, site, memo=memo, live=live(soon=True)).behind  # there is no earlier model
        before = tree(site)
        file = content / "terms" / "term-1.yaml"
        file.write_text(file.read_text().replace("Number 1", "The second number"))
        assert build(content, site, memo=memo, live=live(soon=True)).behind
        hurried = tree(site)
        assert "The second number" in (site / "terms" / "term-1" / "index.html").read_text()
        assert hurried["model.bin"] == before["model.bin"]
        assert not build(content, site, memo=memo, live=live()).behind
    assert outcome(content, tmp_path / "clean", None) == []
    assert tree(site) == tree(tmp_path / "clean") != hurried


def test_soon_after_a_save_during_a_build(tmp_path: Path, make_content: MakeContent) -> None:
    """What is saved before a build has kept its books is shown soon, too: the earlier model is still known."""
    content, site = small(make_content), tmp_path / "site"
    file = content / "terms" / "term-1.yaml"
    first = file.read_text()

    def save(number: str) -> None:
        file.write_text(first.replace("Number 1", f"The {number} number"))

    with Memo() as memo:
        build(content, site, memo=memo, live=live())
        save("second")
        build(content, site, memo=memo, live=Live(lambda _: save("third"), soon=True))
        assert build(content, site, memo=memo, live=live(soon=True)).behind
        assert "The third number" in (site / "terms" / "term-1" / "index.html").read_text()
        assert not build(content, site, memo=memo, live=live()).behind
    assert outcome(content, tmp_path / "clean", None) == []
    assert tree(site) == tree(tmp_path / "clean")


def test_given_up_anywhere(tmp_path: Path, make_content: MakeContent) -> None:
    """Wherever a build is given up, the next one makes the site right: of what was saved, and of what was there before."""

    def content(first: str, second: str) -> Path:
        entries = {f"{name}.yaml": f"term: {name.title()}\ndefinition: One {name}.\n" for name in ("beam", "chain", "decay", "epoch", "gate", "head")}
        entries["alpha.yaml"] = f"term: Alpha\ndefinition: A letter.\n{first}"
        entries["beam.yaml"] += second
        return make_content(entries)

    name, site, given_up = "aliases: [delta, zeta]\n", tmp_path / "site", 0
    assert outcome(content(name, ""), tmp_path / "first", None) == outcome(content("", name), tmp_path / "second", None) == []
    for results in range(40):
        for taken_back in (False, True):
            with Memo() as memo:
                assert outcome_with(memo, content(name, ""), site, at_once=False) == []
                try:
                    build(content("", name), site, memo=memo, jobs=1, live=live(impatient(results)))
                except StoppedError:
                    given_up += 1
                if taken_back:
                    content(name, "")
                assert outcome_with(memo, tmp_path / "content", site, at_once=False) == []
                assert tree(site) == tree(tmp_path / ("first" if taken_back else "second"))
            shutil.rmtree(site)
        if given_up < 2 * (results + 1):
            break
    assert 8 <= given_up < 80


def test_what_a_new_reader_is_shown_first(tmp_path: Path, make_content: MakeContent) -> None:
    """The page after subscribing shows the entries that most others lead to, also where nothing but mentions in texts that the model does not read has changed."""
    site = "title: T\nbase_url: https://example.org/\nnewsletter: {action: 'https://mail.example/subscribe', sender: 'T <t@example.org>'}\ndemo: {tokens: 1000}\n"
    names = sorted((f"filler-{number}" for number in range(60)), key=lambda name: crc32(name.encode()))  # as the model chooses them
    for number, mentioned in enumerate(("kernel", "zebra", "kernel")):
        entries = {f"{name}.yaml": f"term: {name.title()}\ndefinition: Number {name}.\n" for name in ("kernel", "zebra")}
        texts = {name: "So it goes on. " * 10 + f"See the {mentioned if name in names[-3:] else 'end'}.\n" for name in names}
        entries |= {f"{name}.yaml": f"term: {name.title()}\ndefinition: Number {name}.\nsummary: {text}" for name, text in texts.items()}
        content = make_content({"site.yaml": site, **entries})
        assert outcome(content, tmp_path / "site", tmp_path / "memo") == []
        assert outcome(content, tmp_path / f"clean-{number}", None) == []
        assert tree(tmp_path / "site") == tree(tmp_path / f"clean-{number}")
    welcome = (tmp_path / "site" / "subscribe" / "welcome" / "index.html").read_text()
    assert "Kernel" in welcome


def test_what_was_held_and_forgotten(tmp_path: Path, make_content: MakeContent) -> None:
    """A text that comes back after so many others that the memo has forgotten it is read again, by a program that ran all the time."""
    content, out = small(make_content), tmp_path / "site"
    file = content / "terms" / "term-1.yaml"
    first = file.read_text()
    with Memo(tmp_path / "memo") as memo:
        for number in range((KEPT + 1) * 3 + SPARE):
            file.write_text(f"{first}summary: Number {number}.\n")
            assert outcome_with(memo, content, out, at_once=False) == []
        for text in (f"{first}summary: Number 1.\n", first):
            file.write_text(text)
            assert outcome_with(memo, content, out, at_once=False) == []
            assert outcome(content, tmp_path / "clean", None) == []
            assert tree(out) == tree(tmp_path / "clean")


def test_names_without_links(tmp_path: Path, make_content: MakeContent) -> None:
    """A link on the about page by a name that moves from one entry to another leads there, though neither is linked by itself."""
    site = "title: T\nbase_url: https://example.org/\nabout: See [[Foo]].\n"

    def content(first: str, second: str) -> Path:
        rest = "\nautolink: false\ndefinition: A thing.\n"
        return make_content({"site.yaml": site, "e1.yaml": f"term: {first}{rest}", "e2.yaml": f"term: {second}{rest}"})

    for number, names in enumerate([("Foo\nsense: bar", "Foo (baz)"), ("Foo (bar)", "Foo\nsense: baz")]):
        assert outcome(content(*names), tmp_path / "site", tmp_path / "memo") == []
        assert outcome(content(*names), tmp_path / f"clean-{number}", None) == []
        assert tree(tmp_path / "site") == tree(tmp_path / f"clean-{number}")


@pytest.mark.parametrize("reader", ["load_theme", "outline"])
def test_saved_between_two_looks(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, reader: str) -> None:
    """What is read after a save, under the hash of before it, is not remembered: taken back, the site is again what it was."""
    content, own = small(make_content), tmp_path / "own" / "assets"
    own.mkdir(parents=True)
    site, style = content / "site.yaml", own / "own.css"
    first, real = site.read_text(), getattr(making, reader)
    style.write_text("a{color:red}")

    def late(*args: object) -> object:
        monkeypatch.setattr(making, reader, real)
        site.write_text(first.replace("Test", "Later"))
        style.write_text("a{color:blue}")
        return real(*args)

    monkeypatch.setattr(making, reader, late)
    with Memo(tmp_path / "memo") as memo:
        for _ in range(2):
            build(content, tmp_path / "live", own.parent, memo=memo, jobs=1, live=live())
    later = tree(tmp_path / "live")
    build(content, tmp_path / "clean", own.parent, jobs=1)
    assert later == tree(tmp_path / "clean")
    site.write_text(first)
    style.write_text("a{color:red}")
    with Memo(tmp_path / "memo") as memo:
        build(content, tmp_path / "site", own.parent, memo=memo, jobs=1)
    build(content, tmp_path / "clean", own.parent, jobs=1)
    assert tree(tmp_path / "site") == tree(tmp_path / "clean") != later


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("path", ["content/site.yaml", "content/newsletter/2024-01-01-one.md", "own/_footer.html", "own/assets/a.css", "own/_header.html"])
def test_changed_and_changed_back(
    tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, path: str, at_once: bool
) -> None:  # fmt: skip
    """What is read of a file that is another, or is there at all, only amid a build does not stay, though both looks find it as it was."""
    content, file, real = small(make_content), tmp_path / path, builds.survey
    stood = {
        "content/site.yaml": "title: Good\nbase_url: https://example.org/\n", "content/newsletter/2024-01-01-one.md": "# One\n\nGood.\n",
        "own/_footer.html": "<footer>Good</footer>\n", "own/assets/a.css": "a{color:red} /* Good */\n",
    }  # fmt: skip
    for name, text in stood.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def looking(*args: object) -> object:
        if len(args) == 4 and path in stood:
            file.write_text(stood[path])
        elif len(args) == 4:
            file.unlink()
        found = real(*args)  # type: ignore[arg-type]
        if len(args) == 3:
            file.write_text(stood.get(path, "<header>Good</header>\n").replace("Good", "Bad"))
        return found

    with Memo(tmp_path / "memo") as memo:
        with monkeypatch.context() as patched:
            patched.setattr(builds, "survey", looking)
            build(content, tmp_path / "site", tmp_path / "own", memo=memo, jobs=1, live=None if at_once else live())
        build(content, tmp_path / "site", tmp_path / "own", memo=memo, jobs=1, live=None if at_once else live(saved=set()))
    build(content, tmp_path / "clean", tmp_path / "own", jobs=1)
    assert tree(tmp_path / "site") == tree(tmp_path / "clean")
    with Memo(tmp_path / "memo") as memo:
        build(content, tmp_path / "another", tmp_path / "own", memo=memo, jobs=1)
    assert tree(tmp_path / "another") == tree(tmp_path / "clean")


def test_given_up_amid_a_change_that_is_taken_back(tmp_path: Path, make_content: MakeContent) -> None:
    """Pages made of a template that was saved, and saved back, before a build was given up are made again."""
    content, footer = small(make_content, 30), tmp_path / "own" / "_footer.html"
    footer.parent.mkdir()
    footer.write_text("<footer>Good</footer>\n")
    with Memo() as memo:
        build(content, tmp_path / "site", footer.parent, memo=memo, jobs=1, live=live())
        for file in (content / "terms").iterdir():
            file.write_text(file.read_text() + "level: beginner\n")
        renderers.cache_clear()  # as where other processes render
        begun: list[str] = []

        def begin(stage: str) -> None:
            begun.append(stage)
            if stage == "rendering":
                footer.write_text("<footer>Bad</footer>\n")

        left = iter(range(5))
        with pytest.raises(StoppedError):
            build(content, tmp_path / "site", footer.parent, progress=begin, memo=memo, jobs=1,
                  live=live(lambda: begun[-1:] == ["rendering"] and next(left, None) is None))  # fmt: skip
        footer.write_text("<footer>Good</footer>\n")
        assert any("Bad" in path.read_text() for path in (tmp_path / "site").rglob("*.html"))
        build(content, tmp_path / "site", footer.parent, memo=memo, jobs=1, live=live())
    build(content, tmp_path / "clean", footer.parent, jobs=1)
    assert tree(tmp_path / "site") == tree(tmp_path / "clean")


def test_no_room_for_an_update(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update that failed in the middle of an entry, the next one makes the site right, also if that entry is gone by then."""
    text = "definition: A thing of which so much can be said that not all of it is read.\n"
    entries = {f"{letter}{i}.yaml": f"term: {letter}{i}x\n{text}" for letter in "abcdefghijklmnop" for i in range(6)}
    content, site = make_content({"site.yaml": "title: T\nbase_url: https://example.org/\ndemo: {tokens: 1000}\n", **entries}), tmp_path / "site"
    new, real = content / "terms" / "a9.yaml", os.replace

    def full(source: Path, target: Path) -> None:
        if "api" in target.parts and target.stem == new.stem:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    with Memo() as memo:
        for gone in (True, False):
            build(content, site, memo=memo, jobs=1, live=live())
            new.write_text(f"term: A9x\n{text}")
            with monkeypatch.context() as patched:
                patched.setattr("os.replace", full)
                with pytest.raises(OSError, match="No space left"):
                    build(content, site, memo=memo, jobs=1, live=live())
            assert (site / "terms" / new.stem / "index.html").exists()
            if gone:
                new.unlink()
            build(content, site, memo=memo, jobs=1, live=live())
            assert outcome(content, tmp_path / "clean", None) == []
            assert tree(site) == tree(tmp_path / "clean")


@pytest.mark.parametrize("at_once", [False, True])
def test_forgotten_by_others(tmp_path: Path, make_content: MakeContent, at_once: bool) -> None:
    """A glossary beside it, built with the same memo, may make that forget what a program that runs all the time knows to be there."""
    content = small(make_content, 40)
    other = shutil.copytree(content, tmp_path / "other")
    for file in sorted((other / "terms").iterdir())[3:]:
        file.unlink()
    with Memo(tmp_path / "memo") as memo:
        assert outcome_with(memo, content, tmp_path / "site", at_once) == []
        assert outcome(other, tmp_path / "public", tmp_path / "memo") == []
        (content / "site.yaml").write_text("title: Another\nbase_url: https://example.org/\n")
        assert outcome_with(memo, content, tmp_path / "site", at_once) == []
    assert outcome(content, tmp_path / "clean", None) == []
    assert tree(tmp_path / "site") == tree(tmp_path / "clean")


def test_many_sites_that_are_looked_at(tmp_path: Path, make_content: MakeContent) -> None:
    """However often a site was looked at while it changed, a build of the whole finds its own pages as it left them."""
    content, made = small(make_content, 40), list[str]()
    (content / "site.yaml").write_text("title: T\nbase_url: https://example.org/\ndemo: {tokens: 1000}\n")
    assert outcome(content, tmp_path / "site", tmp_path / "memo") == []
    for number in range(KEPT * 2 + SPARE):
        assert outcome(content, tmp_path / f"live-{number}", tmp_path / "memo", at_once=False) == []
    with (content / "terms" / "term-0.yaml").open("a") as file:
        file.write("pronunciation: term\n")
    with Memo(tmp_path / "memo") as memo:
        build(content, tmp_path / "site", memo=memo, jobs=1, spent=lambda path, _: made.append(path))
    assert made == ["terms/term-0/"]


# --- nothing to do --------------------------------------------------------------------------------


def small(make_content: MakeContent, count: int = 3) -> Path:
    """A glossary in which every entry mentions the one after it."""
    return make_content({
        f"term-{i}.yaml": f"term: Term {i}\ndefinition: Number {i}.\nexplainer: This is not term {i + 1}.\n" for i in range(count)
    })  # fmt: skip


def test_nothing_changed(tmp_path: Path, make_content: MakeContent) -> None:
    """A build with nothing to do says so, touches no file, and does not even import what pages are made with."""
    content, out = small(make_content), tmp_path / "site"
    time.sleep(0.1)  # files that were written a moment ago are read again
    for _ in range(2):
        assert sitegen("build", "--content", content, "--out", out, cwd=tmp_path).status == 0

    def stamps() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_ino, path.stat().st_ctime_ns) for path in out.rglob("*")}

    before = stamps()
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "sitegen",
        "build",
        "--content",
        str(content),
        "--out",
        str(out),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("nothing changed\n")
    assert stamps() == before
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not imported & {"markdown", "pygments", "jinja2", "yaml", "rich", "concurrent"}
    assert "sqlite3" in imported


def test_one_edit(tmp_path: Path, make_content: MakeContent) -> None:
    """An edit of one entry's explainer makes its page and its twins anew and no other, and the rest stays the same file."""
    content, out = small(make_content, 9), tmp_path / "site"
    (content / "site.yaml").write_text("title: T\nbase_url: https://example.org/\ndemo: {tokens: 1000}\n")
    (content / "terms" / "a.yaml").write_text(f"term: A\ndefinition: It is so.\nexplainer: {'Many words. ' * 600}\n")
    with Memo(tmp_path / "memo") as memo:
        build(content, out, memo=memo)
        inodes = {path.relative_to(out): path.stat().st_ino for path in out.rglob("*") if path.is_file()}
        (content / "terms" / "term-4.yaml").write_text(
            "term: Term 4\ndefinition: Number 4.\nexplainer: Neither is it term 7.\n"
        )
        made: list[str] = []
        build(content, out, memo=memo, spent=lambda path, _: made.append(path))
    assert set(made) >= {"terms/term-4/"}
    changed = {
        str(path.relative_to(out))
        for path in out.rglob("*")
        if path.is_file() and inodes[path.relative_to(out)] != path.stat().st_ino
    }
    assert changed >= {
        "terms/term-4/index.html",
        "api/terms/term-4.json",
        "terms/term-7/index.html",
        "terms/term-5/index.html",
    }


def test_an_edit_of_what_the_model_reads(tmp_path: Path) -> None:
    """A model that has read one sentence more is asked again on every page, and only the pages on which it says something else are made."""
    content, out = tmp_path / "content", tmp_path / "site"
    shutil.copytree(CONTENT, content)
    with Memo(tmp_path / "memo") as memo:
        build(content, out, memo=memo)
        before = tree(out)
        file = content / "terms" / "transformer.yaml"
        text = file.read_text("utf-8")
        assert "eleven minutes" in text
        file.write_text(text.replace("eleven minutes", "some twelve minutes"), "utf-8")
        made: list[str] = []
        build(content, out, memo=memo, spent=lambda path, _: made.append(path))
    after = tree(out)
    changed = {path.removesuffix("index.html") for path in after if path.startswith("terms/") and path.endswith(".html") and after[path] != before[path]}
    assert set(made) == changed
    assert after["model.bin"] != before["model.bin"]
    assert 1 < len(made) < len(list((content / "terms").iterdir()))


@pytest.mark.parametrize("harm", ["edited", "removed", "added"])
def test_a_site_that_was_changed_by_hand(tmp_path: Path, make_content: MakeContent, harm: str) -> None:
    """What somebody changed in the site is set right, though the content is as it was."""
    content, out = small(make_content), tmp_path / "site"
    with Memo(tmp_path / "memo") as memo:
        build(content, out, memo=memo)
        before = tree(out)
        page = out / "terms" / "term-1" / "index.html"
        if harm == "edited":
            page.write_text("gone")
        elif harm == "removed":
            page.unlink()
        else:
            (page.parent / "more.html").write_text("more")
        build(content, out, memo=memo)
    assert tree(out) == before


@pytest.mark.parametrize("harm", ["a file removed", "a file replaced", "a file added", "a file edited", "removed", "another site's"])
def test_a_spoilt_twin(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    """Whatever happens to the second copy of the site that a build may start from, the site is right, and has such a copy again."""
    monkeypatch.setattr("sitegen.write.TWIN_PAYS", 0)
    content, out, memo, twin = small(make_content), tmp_path / "site", tmp_path / "memo", tmp_path / "memo.twin"

    def built(number: int) -> None:
        (content / "terms" / "term-1.yaml").write_text(f"term: Term 1\ndefinition: Edit {number}.\n")
        assert outcome(content, out, memo) == []

    built(0)
    built(1)
    assert tree(twin) == tree(out)
    page = twin / "terms" / "term-2" / "index.html"
    if harm == "a file removed":
        page.unlink()
    elif harm == "a file replaced":
        page.unlink()
        page.write_text("other")
    elif harm == "a file added":
        (twin / "terms" / "more.html").write_text("more")
    elif harm == "a file edited":  # it is the site's as well
        page.write_text("gone")
    elif harm == "removed":
        shutil.rmtree(twin)
    else:
        assert outcome(small(make_content, 5).rename(tmp_path / "other"), tmp_path / "other-site", memo) == []
        make_content({f"term-{i}.yaml": f"term: Term {i}\ndefinition: Number {i}.\n" for i in range(3)})
    for number in (2, 3):
        built(number)
        assert outcome(content, tmp_path / f"clean-{number}", None) == []
        assert tree(out) == tree(tmp_path / f"clean-{number}")
    assert tree(twin) == tree(out)
    assert [path.name for path in tmp_path.iterdir() if ".stage-" in path.name] == []


def test_a_site_that_becomes_small(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that is too small for a second copy of itself leaves none, whatever there was before."""
    content, out, memo = small(make_content), tmp_path / "site", tmp_path / "memo"
    for pays, twin in ((0, True), (1_000, False)):
        monkeypatch.setattr("sitegen.write.TWIN_PAYS", pays)
        (content / "terms" / "term-1.yaml").write_text(f"term: Term 1\ndefinition: Edit {pays}.\n")
        assert outcome(content, out, memo) == []
        assert (tmp_path / "memo.twin").exists() == twin
        (out / "more.html").write_text("more")  # so that the copy is not used
    mine = tmp_path / "other.twin"  # which is none
    mine.mkdir()
    assert outcome(content, out, tmp_path / "other") == []
    assert mine.exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link", "site", "later"])
def test_somebody_elses_in_the_place_of_a_twin(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """What is no site stays where the second copy of one would be, and the site is right without that; a copy that no build knows is replaced."""
    monkeypatch.setattr("sitegen.write.TWIN_PAYS", 0)
    content, out, memo, there = small(make_content), tmp_path / "site", tmp_path / "memo", tmp_path / "memo.twin"
    mine = tmp_path / "mine" if kind == "link" else there
    if kind == "later":
        assert outcome(content, out, memo) == []
        shutil.rmtree(there)
    if kind == "file":
        there.write_text("mine")
    else:
        (mine / "terms").mkdir(parents=True)
        (mine / "terms" / "mine.txt").write_text("mine")
    if kind == "link":
        there.symlink_to(mine)
    if kind == "site":
        (mine / ".sitegen").touch()
    for number in range(2):
        (content / "terms" / "term-1.yaml").write_text(f"term: Term 1\ndefinition: Edit {number}.\n")
        assert outcome(content, out, memo) == []
    assert outcome(content, tmp_path / "clean", None) == []
    assert tree(out) == tree(tmp_path / "clean")
    if kind == "site":
        assert tree(there) == tree(out)
    elif kind == "file":
        assert there.read_text() == "mine"
    else:
        assert tree(mine).keys() == {"terms/mine.txt"}


@pytest.mark.parametrize("harm", ["edited", "removed", "added", "a folder added"])
def test_a_site_with_a_twin_that_was_changed_by_hand(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    """What somebody changed in a site that has a twin is set right by the edits that follow."""
    monkeypatch.setattr("sitegen.write.TWIN_PAYS", 0)
    content, out, memo = small(make_content), tmp_path / "site", tmp_path / "memo"
    assert outcome(content, out, memo) == []
    page = out / "terms" / "term-1" / "index.html"
    if harm == "edited":
        page.write_text("gone")
    elif harm == "removed":
        page.unlink()
    elif harm == "added":
        (page.parent / "more.html").write_text("more")
    else:
        (out / "more" / "and").mkdir(parents=True)
    for number in range(3):
        (content / "terms" / "term-2.yaml").write_text(f"term: Term 2\ndefinition: Edit {number}.\n")
        assert outcome(content, out, memo) == []
        assert outcome(content, tmp_path / f"clean-{number}", None) == []
        assert tree(out) == tree(tmp_path / f"clean-{number}")
    assert not (out / "more").exists()


@pytest.mark.parametrize("twin_pays", [0, 10**9])
def test_a_build_that_is_overtaken(tmp_path: Path, make_content: MakeContent, monkeypatch: pytest.MonkeyPatch, twin_pays: int) -> None:
    """Where another build has put its own site while this one was at work, all of this one's site still stands in the end."""
    monkeypatch.setattr("sitegen.write.TWIN_PAYS", twin_pays)
    other = small(make_content, 5).rename(tmp_path / "other")
    content, out, memo = small(make_content, 40), tmp_path / "site", tmp_path / "memo"
    assert outcome(content, out, memo) == []
    (content / "terms" / "term-2.yaml").write_text("term: Term 2\ndefinition: An edit.\n")
    stages: list[str] = []

    def overtake(stage: str) -> None:
        stages.append(stage)
        if stages.count("rendering") == 1 == len(stages) - stages.index("rendering"):
            build(other, out, jobs=1)

    with Memo(memo) as remembered:
        build(content, out, memo=remembered, jobs=1, progress=overtake)
    assert stages.count("rendering") == 2
    for number in range(2):
        assert outcome(content, tmp_path / f"clean-{number}", None) == []
        assert tree(out) == tree(tmp_path / f"clean-{number}")
        (content / "terms" / "term-2.yaml").write_text(f"term: Term 2\ndefinition: Edit {number}.\n")
        assert outcome(content, out, memo) == []


@pytest.mark.parametrize("state", ["removed", "of nothing", "of noise", "a folder", "cut short"])
def test_a_lost_memo(tmp_path: Path, make_content: MakeContent, state: str) -> None:
    """The file may be removed, broken, or impossible to write; a build is then only slower."""
    content, out, memo = small(make_content), tmp_path / "site", tmp_path / "memo"
    assert outcome(content, out, memo) == []
    before, data = tree(out), memo.read_bytes()
    memo.unlink()
    if state == "a folder":
        memo.mkdir()
    elif state != "removed":
        memo.write_bytes({"of nothing": b"", "of noise": b"noise" * 1000, "cut short": data[: len(data) // 2]}[state])
    (content / "terms" / "term-1.yaml").write_text("term: Term 1\ndefinition: Another.\n")
    assert outcome(content, out, memo) == []
    assert outcome(content, tmp_path / "clean", None) == []
    assert tree(out) == tree(tmp_path / "clean") != before


def turned(data: bytes) -> bytes:
    """The same with one bit turned, in the middle: of most values that leaves another of the same form."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", ["zeros", "values swapped", *(f"{kind} value" for kind in KINDS), *(f"{kind} key" for kind in ("body", "facts", "printed", "said", "texts"))])
def test_a_damaged_memo(tmp_path: Path, make_content: MakeContent, damage: str) -> None:
    """Whatever of it is damaged, where it looks whole at first, the site is right, and then the memo is, too."""
    content, out, memo = small(make_content, 60), tmp_path / "site", tmp_path / "memo"
    assert outcome(content, out, memo) == []
    if damage == "zeros":
        size = memo.stat().st_size // 4096
        with memo.open("r+b") as file:
            file.seek(4096 * (size // 2))
            file.write(bytes(4096 * (size - size // 2)))
    elif damage.endswith("swapped"):
        with closing(sqlite3.connect(memo)) as database, database:
            for kind in ("texts", "body", "printed"):
                (one, first), *_, (other, last) = database.execute(f"SELECT * FROM {kind}").fetchall()
                database.executemany(f"UPDATE {kind} SET value = ? WHERE key = ?", [(last, one), (first, other)])
    else:
        kind, part = damage.split()
        with closing(sqlite3.connect(memo)) as database, database:
            for key, data in database.execute(f"SELECT key, {part} FROM {kind}").fetchall():
                database.execute(f"UPDATE {kind} SET {part} = ? WHERE key = ?", (turned(data), key))
    (content / "site.yaml").write_text("title: Another\nbase_url: https://example.org/\n")
    with (content / "terms" / "term-1.yaml").open("a") as file_:
        file_.write("summary: More.\n")
    clean = tmp_path / "clean"
    assert outcome(content, clean, None) == []
    for _ in range(2):
        result = sitegen("build", "--content", content, "--out", out, "--memo", memo, cwd=tmp_path)
        assert (result.status, result.err) == (0, "")
        assert tree(out) == tree(clean)
    assert result.out.endswith("nothing changed\n")


def test_no_room_for_what_is_found_out(tmp_path: Path, make_content: MakeContent) -> None:
    """Where the temporary files can grow no more a build ends with one line, the site stays, and the next one is right."""
    content, out = small(make_content, 60), tmp_path / "site"
    with Memo(tmp_path / "memo") as memo:
        build(content, out, memo=memo, jobs=1)
        before = tree(out)
        (content / "site.yaml").write_text("title: Another\nbase_url: https://example.org/\n")
        memo._new.execute("PRAGMA max_page_count = 1")
        with pytest.raises(OSError, match=r"^a temporary file cannot hold what the build finds out: database or disk is full$"):
            build(content, out, memo=memo, jobs=1)
        assert tree(out) == before
        build(content, out, memo=memo, jobs=1)
    assert outcome(content, tmp_path / "clean", None) == []
    assert tree(out) == tree(tmp_path / "clean") != before


def test_what_the_site_needs_is_kept(tmp_path: Path, make_content: MakeContent) -> None:
    """However often one entry is edited, what is known of the others stays: a site built elsewhere makes no entry's model text anew."""
    content, memo = small(make_content, 60), tmp_path / "memo"
    (content / "site.yaml").write_text("title: T\nbase_url: https://example.org/\ndemo: {tokens: 1000}\n")
    for edit in range(6):
        (content / "terms" / "term-7.yaml").write_text(f"term: Term 7\ndefinition: Number 7.\nexample: Edit {edit}.\n")
        assert outcome(content, tmp_path / "site", memo) == []
    with closing(sqlite3.connect(memo)) as database:
        counts = {kind: database.execute(f"SELECT count(*) FROM {kind}").fetchone()[0] for kind in ("entry", "body", "printed", "glossary", "site")}
    assert counts["printed"] >= 60
    assert counts["entry"] >= 60
    assert counts["body"] >= 60
    assert counts["glossary"] <= KEPT + SPARE
    assert counts["site"] <= KEPT + SPARE


def test_a_memo_is_bounded(tmp_path: Path) -> None:
    """What no site needs any more is forgotten before there is much more of it than of what is needed."""
    used = [b"%d" % i for i in range(1_000)]
    for generation in range(8):
        with Memo(tmp_path / "memo") as memo:
            memo.put("body", ((b"%d/%d" % (generation, i), b"x") for i in range(1_000)))
            memo.put("body", ((key, b"used") for key in used))
            memo.keep({"body": used})
    with closing(sqlite3.connect(tmp_path / "memo")) as database:
        (count,) = database.execute("SELECT count(*) FROM body").fetchone()
    assert count <= KEPT * len(used) + SPARE
    with Memo(tmp_path / "memo") as memo:
        assert len(memo.get("body", used)) == len(used)


@pytest.mark.parametrize("what", ["noise", "removed", "another"])
def test_a_memo_that_is_lost_meanwhile(tmp_path: Path, what: str) -> None:
    """What a program has found out it goes on knowing, though the file is spoilt, removed or replaced before that can be kept there."""
    path, kept, key = tmp_path / "memo", {b"kept": b"before"}, b"lately"
    with Memo(path) as memo:
        memo.put("body", kept.items())
        memo.keep({"body": kept})
        if what == "noise":
            path.write_bytes(b"noise" * 1000)
            kept = {}
        else:
            path.unlink()
        if what == "another":
            Memo(path).keep({})
        for value in (b"first", b"second"):
            memo.put("body", [(key, value)])
            memo.keep({"body": [*kept, key]})
            assert memo.get("body", [*kept, key]) == {**kept, key: value}


def test_a_memo_by_any_name(tmp_path: Path, make_content: MakeContent) -> None:
    """A memo works under any name that a file can have."""
    memo = tmp_path / ("a #?%'&" + ("\udce9" if sys.platform == "linux" else ""))
    content = make_content({"site.yaml": "title: T\nbase_url: https://example.org/\n", "a.yaml": "term: A\ndefinition: A.\n"})
    for said in (r"\d+ new or changed, 0 removed", "nothing changed"):
        result = sitegen("build", "--content", content, "--out", tmp_path / "site", "--memo", memo)
        assert re.fullmatch(rf".*: \d+ files, {said}\n", result.out), result
    assert [file.name for file in tmp_path.iterdir() if file.name not in ("content", "site")] == [memo.name]


# --- kills ----------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["cold", "again", "with a twin"])
def test_killed_builds_leave_nothing_wrong(tmp_path: Path, make_content: MakeContent, way: str) -> None:
    """After 15 kills at random moments, of cold builds or of rebuilds, the site is an old one, whole, and the next build is right."""
    content, out, memo = small(make_content, 130), tmp_path / "site", tmp_path / "memo"
    moments = random.Random(way)
    twin_pays = 10**9 if way == "again" else 0
    whole = []
    for word in ("first", "second"):
        (content / "terms" / "term-7.yaml").write_text(f"term: Term 7\ndefinition: The {word}.\n")
        assert outcome(content, tmp_path / word, None) == []
        whole.append(tree(tmp_path / word))
    assert outcome(content, out, memo) == []
    command = [
        sys.executable,
        "-c",
        f"import sitegen.write, sitegen.cli; sitegen.write.TWIN_PAYS = {twin_pays}; sitegen.cli.main()",
        "build",
        "--content",
        str(content),
        "--out",
        str(out),
        "--memo",
        str(memo),
        "--jobs",
        "2",
    ]
    for kill in range(15):
        if way == "cold":
            memo.unlink(missing_ok=True)
        word = ("first", "second")[kill % 2]
        (content / "terms" / "term-7.yaml").write_text(f"term: Term 7\ndefinition: The {word}.\n")
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(moments.uniform(0.05, 1.5 if way == "cold" else 0.7))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert tree(out) in whole
    assert outcome(content, out, memo) == []
    assert tree(out) == whole[kill % 2]
    assert sorted(path.name for path in tmp_path.iterdir() if ".stage-" in path.name) == []
