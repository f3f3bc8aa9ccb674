"""The author's other commands: `new` writes entries, `list` shows them, and every command explains itself."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest

from sitegen.cli import main

from .conftest import PROJECT, MakeContent, sitegen

OTHERS = ("one", "two", "three", "four", "five")
COMMANDS = sorted(main.commands)


def whole(term: str) -> str:
    """An entry that keeps every rule but one: that another leads to it."""
    return f"term: {term}\ndefinition: A word.\nsummary: S.\nexample: E.\nreferences: [{{title: T, url: https://example.org/}}]\n"


@pytest.fixture
def glossary(make_content: MakeContent) -> Path:
    """Five entries, each of which relates to the next, and a topic; the folder above the content."""
    files = {f"{name}.yaml": whole(name.title()) + f"related: [{OTHERS[i - 1]}]\n" for i, name in enumerate(OTHERS)}
    site = "title: T\nbase_url: https://example.org/\ntopics: [{name: Words}]\nrules: {orphan: off}\n"
    return make_content({**files, "site.yaml": site}).parent


def filled_in(text: str, word: str) -> str:
    """The text that `new` writes, as an author would complete it: comments become fields, every <...> becomes words."""
    text = re.sub(r"^# (?=[a-z]+:|  )", "", text, flags=re.MULTILINE)
    slugs = iter(OTHERS)
    words = {
        "<slug>": lambda: next(slugs),
        "<topic>": lambda: "words",
        "<Title>": lambda: "A paper",
        "<...>": lambda: "10.1",
    }
    numbers = iter(range(100))
    return re.sub(r"(?<!\w)<[^<>]+>", lambda m: words.get(m[0], lambda: f"Number {next(numbers)} of {word}.")(), text)


# a term as typed, and the slug of the file it gets
NEW = {
    "Language model": "language-model",
    "  spaces   within ": "spaces-within",
    "C++": "c-plus-plus",
    ".NET": "dot-net",
    "#[account]": "sharp-account",
    "&c": "and-c",
    "Context<T>": "context-t",
    "key: value # no": "key-value-sharp-no",
    'it\'s "quoted" \\ {term}': "its-quoted-term",
    "- dash": "dash",
    "no": "no",
    "08": "08",
    "null": "null",
    "模型": "模型",
    "👩\u200d🔬 science": "science",
    "--help me": "help-me",
    "../../etc/passwd": "etc-passwd",
}


def test_new_entries(glossary: Path) -> None:
    """`new` writes a file at the term's address, says so, and once every <...> in it is filled in it keeps every rule."""
    for term, slug in NEW.items():
        path = Path("content", "terms", f"{slug}.yaml")
        result = sitegen("new", "--", term, cwd=glossary)
        said = f"{path}: fill in the lines marked with <...>, then run: sitegen check\n"
        assert (result.status, result.out, result.err) == (0, said, "")
        (glossary / path).write_text(filled_in((glossary / path).read_text("utf-8"), slug), "utf-8")
    checked = sitegen("check", "--strict", cwd=glossary)
    assert (checked.status, checked.out) == (0, f"{len(NEW) + len(OTHERS)} entries: nothing to mend\n")
    rows = {row["slug"]: row for row in json.loads(sitegen("list", "--json", cwd=glossary).out)}
    for term, slug in NEW.items():
        plain = " ".join(term.split())
        assert rows[slug] == {"slug": slug, "term": plain, "topics": ["words"], "level": "beginner", "missing": []}


def test_new_entry_not_filled_in(glossary: Path) -> None:
    """An entry of which nothing was filled in does not pass `check`: the <...> cannot be published by mistake."""
    sitegen("new", "Half done", cwd=glossary)
    result = sitegen("check", cwd=glossary)
    assert result.status == 1
    assert {line.partition(":")[0] for line in result.out.splitlines() if line.startswith("content")} == {
        "content/terms/half-done.yaml"
    }


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("  ", "'' has no letter or digit to make an address of"),
        ("???", "'???' has no letter or digit to make an address of"),
        ("a" * 201, "a term has at most 200 characters, not 201"),
        ("bell\a", "'bell\\u0007' has a character that no text may hold"),
        pytest.param(b"a\xff", "'a\\udcff' has a character that no text may hold", id="bytes"),
        ("ONE", "'ONE' is already a name of content/terms/one.yaml"),
        ("other  NAME", "'other NAME' is already a name of content/terms/file.yaml"),
        ("File!", "content/terms/file.yaml exists already"),
    ],
)  # fmt: skip
def test_new_entry_refused(glossary: Path, term: str | bytes, said: str) -> None:
    """A term that cannot be an entry, or is one already, is wrong usage, and no file changes."""
    (glossary / "content" / "terms" / "file.yaml").write_text(
        "slug: elsewhere\n" + whole("Own") + "aliases: [Other name]\n"
    )
    before = {path: path.read_bytes() for path in glossary.rglob("*.yaml")}
    result = sitegen(
        "new", "--", term.decode("utf-8", "surrogateescape") if isinstance(term, bytes) else term, cwd=glossary
    )
    assert (result.status, result.out, result.err.splitlines()[-1]) == (2, "", f"Error: {said}")
    assert {path: path.read_bytes() for path in glossary.rglob("*.yaml")} == before


def test_new_in_an_empty_folder(tmp_path: Path) -> None:
    """The first entry of a glossary needs no folder for it, and no site.yaml."""
    (tmp_path / "content").mkdir()
    assert sitegen("new", "First", cwd=tmp_path).status == 0
    path = tmp_path / "content" / "terms" / "first.yaml"
    alone = re.sub(
        r"^(related|contrast|broader): .*\n", "", filled_in(path.read_text("utf-8"), "first"), flags=re.MULTILINE
    )
    path.write_text(alone, "utf-8")
    result = sitegen("check", cwd=tmp_path)
    assert (result.status, result.out.splitlines()[-1]) == (0, "1 entry: no problems, 1 advice")


ROWS = [
    {"slug": "b", "term": "Apple [red] :smile:", "topics": ["T", "U"], "level": "advanced", "missing": ["explainer"]},
    {"slug": "c", "term": "beam (light)", "topics": [], "level": "", "missing": ["summary", "explainer", "example", "related", "topics", "level", "references"]},
    {"slug": "a", "term": "Zebra", "topics": ["T"], "level": "beginner", "missing": []},
]  # fmt: skip


@pytest.fixture
def listed(make_content: MakeContent) -> Path:
    """Three entries, one of which lacks nothing, and a file that cannot be read."""
    a = whole("Zebra") + "explainer: X.\nrelated: [b]\ntopics: [T]\nlevel: beginner\n"
    b = whole('"Apple [red] :smile:"') + "related: [a]\ntopics: [T, U]\nlevel: advanced\n"
    return make_content({"a.yaml": a, "b.yaml": b, "c.yaml": "term: beam\nsense: light\n", "d.yaml": "["}).parent


def test_list(listed: Path) -> None:
    """`list` gives every readable entry by name with what it lacks: as JSON, and as tab-separated lines."""
    assert json.loads(sitegen("list", "--json", cwd=listed).out) == ROWS
    assert json.loads(sitegen("list", "--json", "--missing", cwd=listed).out) == ROWS[:2]
    lines = ["\t".join([r["slug"], r["term"], ",".join(r["topics"]), ",".join(r["missing"])]) + "\n" for r in ROWS]
    assert sitegen("list", cwd=listed).out == "".join(lines)
    assert sitegen("list", "--missing", cwd=listed).out == "".join(lines[:2])


def on_a_terminal(*args: str, cwd: Path, **environment: str) -> list[str]:
    """The lines that the command prints on a terminal of its own."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "sitegen", *args]
    with subprocess.Popen(command, cwd=cwd, env={**os.environ, **environment}, stdin=its, stdout=its, stderr=its):
        os.close(its)
        said = b""
        with suppress(OSError):  # how Linux says that nobody holds the other end any more
            while piece := os.read(ours, 4096):
                said += piece
    os.close(ours)
    return said.decode().splitlines()


def test_list_on_a_terminal(listed: Path) -> None:
    """On a terminal `list` is a table, in which a term's own signs are not taken for colours or smileys."""
    lines = on_a_terminal("list", cwd=listed, COLUMNS="200", NO_COLOR="1", TERM="xterm", PYTHONPATH=str(PROJECT))
    table = [re.sub(r"\x1b\[[0-9;]*m", "", line).split("  ") for line in lines]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in table]
    assert cells == [
        ["term", "topics", "level", "missing"],
        *[
            [cell for cell in (r["term"], ", ".join(r["topics"]), r["level"], ", ".join(r["missing"])) if cell]
            for r in ROWS
        ],
        ["3 entries"],
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str) -> None:
    """Every command says in its help what it does, and what each of its options is for; `--help` of all names it."""
    result = sitegen(command, "--help")
    assert (result.status, result.err) == (0, "")
    parameters = main.commands[command].params
    assert [p.name for p in parameters if isinstance(p, click.Option) and not p.help] == []
    said = " ".join(result.out.split())
    for text in [main.commands[command].help, *(p.help for p in parameters if isinstance(p, click.Option))]:
        assert " ".join(str(text).replace("\b", "").split()) in said
    assert re.search(rf"^  {command} +[A-Z].*\.$", sitegen("--help").out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command 'nonsense'."),
        (["check", "--nonsense"], "No such option"),
        (["check", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of 'github', 'json', 'text'."),
        (["check", "--content", "nowhere"], "Invalid value for '--content': Directory 'nowhere' does not exist."),
        (
            ["check", "--content", "pyproject.toml"],
            "Invalid value for '--content': Directory 'pyproject.toml' is a file.",
        ),
        (["new"], "Missing argument 'TERM'."),
        (["new", "two", "words"], "Got unexpected extra argument (words)"),
        (["list", "everything"], "Got unexpected extra argument (everything)"),
        (["serve", "--port", "70000"], "Invalid value for '--port': 70000 is not in the range 0<=x<=65535."),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    """Wrong usage is told apart from wrong content: status 2, one line that says what was wrong, nothing on standard output."""
    result = sitegen(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines()[-1].startswith(f"Error: {said}")
