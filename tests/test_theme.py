"""The theme: the shipped templates and assets, and the user's own over them."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path

import pytest
from jinja2.runtime import Context
from rjsmin import jsmin

from sitegen.build import Live, build
from sitegen.memo import Memo

from .conftest import PROJECT, MakeContent, sitegen

ENTRY = {"token.yaml": "term: Token\ndefinition: A unit of text.\n"}


def test_a_script_in_parts(tmp_path: Path, make_content: MakeContent) -> None:
    """A folder `x.js` holds a script's parts, joined by name, each replaceable; a whole `x.js` stands for them all."""
    content = make_content(ENTRY)
    shipped = sorted((PROJECT / "templates" / "assets" / "live.js").iterdir())
    texts = {part.name: part.read_text("utf-8") for part in shipped}
    own = tmp_path / "own" / "assets"
    own.mkdir(parents=True)

    def built() -> dict[str, str]:
        result = sitegen("build", "--content", content, "--out", "site", "--templates", own.parent, cwd=tmp_path)
        assert result.status == 0, result.err
        scripts = (tmp_path / "site" / "assets").glob("*/*.js")
        return {script.name: script.read_text("utf-8") for script in scripts}

    names = {"demo.js", "engine.js", "live.js", "newsletter.js", "search.js", "site.js"}
    assert {name: built()[name] for name in names} == built()
    assert built()["live.js"] == jsmin("\n".join(texts.values()))

    (own / "live.js").mkdir()
    (own / "live.js" / "2-address.js").write_text("const ours = 1;\n")
    (own / "live.js" / "9-more.js").write_text("const more = 2; // said last\n")
    changed = {**texts, "2-address.js": "const ours = 1;\n", "9-more.js": "const more = 2;"}
    assert built()["live.js"] == jsmin("\n".join(changed.values()))

    (own / "site.js").mkdir()
    (own / "site.js" / "only.js").write_text("let a;\n")
    shutil.rmtree(own / "live.js")
    (own / "live.js").write_text("let b;\n")
    assert {name: built()[name] for name in ("live.js", "site.js")} == {"live.js": "let b;", "site.js": "let a;"}


def test_pages_are_forgotten_at_once(tmp_path: Path, make_content: MakeContent) -> None:
    """What a page was rendered from goes with it: it does not hold on to itself until garbage is looked for, however many pages there are."""

    def left(entries: int) -> int:
        """Contexts of templates that are garbage after a build."""
        content = make_content({
            f"term-{i}.yaml": f"term: Term {i}\ndefinition: Number {i} of its kind.\nrelated: [term-{i - i % 2 + 1 - i % 2}]\n" for i in range(entries)
        })  # fmt: skip
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            build(content, tmp_path / f"site-{entries}", jobs=1)
            gc.collect()
            return sum(isinstance(thing, Context) for thing in gc.garbage)
        finally:
            gc.set_debug(0)
            gc.garbage.clear()

    few, many = left(4), left(24)
    assert many - few < 10, "twenty more pages leave some of their contexts; what is made once for all leaves a few"


def test_hidden_files(tmp_path: Path, make_content: MakeContent) -> None:
    """What is hidden among the assets, in whichever folder, is none of them."""
    own = tmp_path / "own" / "assets"
    for name in ("shown/a.txt", ".hidden/b.txt", "shown/.hidden/c.txt", ".d.txt"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text("x")
    content = make_content(ENTRY)
    build(content, tmp_path / "shipped", jobs=1)
    build(content, tmp_path / "site", own.parent, jobs=1)
    names = [{file.name for file in (tmp_path / out).rglob("*.txt")} for out in ("shipped", "site")]
    assert names[1] - names[0] == {"a.txt"}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_name_in_other_bytes(tmp_path: Path, make_content: MakeContent) -> None:
    """An asset whose name is not spelled as names are here is told of in one line."""
    own = tmp_path / "templates" / "assets"
    own.mkdir(parents=True)
    (own / "\udce9.txt").write_text("x")
    make_content(ENTRY)
    result = sitegen("build", cwd=tmp_path)
    assert (result.status, result.out) == (1, "")
    assert result.err == "templates/assets/\\udce9.txt: a file name that is not spelled in utf-8\n"


def test_an_included_text(tmp_path: Path, make_content: MakeContent) -> None:
    """What a template includes that is no page is looked at again once it is saved, also by a program that runs all the time."""
    content, own, site = make_content(ENTRY), tmp_path / "own", tmp_path / "site"
    own.mkdir()
    (own / "term.html").write_text((PROJECT / "templates" / "term.html").read_text("utf-8").replace("{% block main %}", '{% block main %}{% include "./note.txt" %}', 1))
    live = Live(lambda _: None)
    with Memo() as memo:
        for note in ("The first note.", "The second note."):
            (own / "note.txt").write_text(note)
            build(content, site, own, memo=memo, jobs=1, live=live)
            assert note in (site / "terms" / "token" / "index.html").read_text("utf-8")
