"""`sitegen check` says everything that is wrong, at its exact place, in three formats; every rule is proven and documented."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from sitegen.rules import RULES

from .conftest import CONTENT, PROJECT, Golden, MakeContent, sitegen
from .test_hostile import MISTAKES, ODD

GOLDEN = PROJECT / "tests" / "golden"
FORMATS = {"text": "mistakes.txt", "json": "mistakes.json", "github": "mistakes.github"}


@pytest.mark.parametrize("form", FORMATS)
def test_one_of_each_mistake(form: str, golden: Golden) -> None:
    """One run reports every mistake of a folder full of them, sorted by place, each where an editor would go to mend it."""
    result = sitegen("check", "--content", "mistakes", "--format", form, cwd=GOLDEN)
    assert result.status == 1
    golden(FORMATS[form], result.out + result.err)


def test_formats_agree() -> None:
    """The three formats tell of the same places, rules and messages in the same order, and `--json` is `--format json`."""
    found = json.loads((GOLDEN / "mistakes.json").read_text("utf-8"))
    places = [(p["path"], p["line"], p["column"], p["rule"]) for p in found]
    assert places == sorted(places)
    text = (GOLDEN / "mistakes.txt").read_text("utf-8").splitlines()
    assert [line for line in text if not line.startswith("    hint: ")][:-1] == [
        f"{p['path']}:{p['line']}:{p['column']}: {'advice: ' * p['advice']}{p['message']} ({p['rule']})" for p in found
    ]
    github = (GOLDEN / "mistakes.github").read_text("utf-8").splitlines()
    assert [line.partition("::")[2].partition("::")[0] for line in github] == [
        f"{'warning' if p['advice'] else 'error'} file={p['path']},line={p['line']},col={p['column']},title={p['rule']}"
        for p in found
    ]
    assert sitegen("check", "--content", "mistakes", "--json", cwd=GOLDEN).out == (GOLDEN / "mistakes.json").read_text(
        "utf-8"
    )


def test_places_stand_in_the_files() -> None:
    """Every place that the golden list names is a character of its file, or the end of a line, and no problem says a thing twice."""
    found = json.loads((GOLDEN / "mistakes.json").read_text("utf-8"))
    for problem in found:
        path = GOLDEN / problem["path"]
        if path.is_file():
            line = path.read_text("utf-8", errors="replace").splitlines()[problem["line"] - 1]
            assert 1 <= problem["column"] <= len(line) + 1, problem
    said = [(p["path"], p["line"], p["column"], p["message"]) for p in found]
    assert len(said) == len(set(said))


def test_every_rule_is_proven() -> None:
    """Each rule is broken by the golden folder, by a file that a repository cannot hold, by an empty glossary or by a template."""
    golden = {problem["rule"] for problem in json.loads((GOLDEN / "mistakes.json").read_text("utf-8"))}
    lines = [line for _, line in (*MISTAKES.values(), *ODD.values())]
    hostile = {line.rpartition(" (")[2].rstrip(")") for line in lines}
    elsewhere = {"no-entries", "misnamed-settings", "broken-template"}  # below, and in test_build.py
    assert golden | hostile | elsewhere == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "content/terms:1:1: there is no entry here (no-entries)\n    hint: write one with: sitegen new 'Term' --content content\n"),
        ({"a.yaml": "[" * 20}, "content/terms/a.yaml:1:9: nested more than 8 levels deep (too-deep)\n"
                               "    hint: put the value in quotes if its brackets are meant as text\n"),
    ],
    ids=["empty", "unread"],
)  # fmt: skip
def test_glossary_without_entries(make_content: MakeContent, files: dict[str, str], said: str) -> None:
    """A glossary without an entry is a problem of its own, unless that is only because its files cannot be read."""
    content = make_content(files)
    result = sitegen("check", cwd=content.parent)
    assert (result.status, result.out, result.err) == (1, said, "0 entries: 1 problem\n")


def test_no_site_yaml(tmp_path: Path) -> None:
    """Without a site.yaml the glossary still stands, and the author is advised to write one."""
    (tmp_path / "content" / "terms").mkdir(parents=True)
    (tmp_path / "content" / "terms" / "a.yaml").write_text(
        "term: A\ndefinition: A letter.\nsummary: S.\nexample: E.\nreferences: [{title: T, url: https://example.org/}]\n"
    )
    result = sitegen("check", cwd=tmp_path)
    said = "content/site.yaml:1:1: advice: there is no site.yaml (missing-setting)\n    hint: write at least 'title:' and 'base_url:' in it\n"
    assert (result.status, result.out, result.err) == (0, said + "1 entry: no problems, 1 advice\n", "")


@pytest.mark.parametrize(
    ("entries", "files", "said"),
    [
        ("topics: [Training]\n", {}, [
            "content/site.yaml:1:1: advice: there is no site.yaml (missing-setting)",
            "content/terms/a.yaml:3:10: there is no topic 'Training', nor any other (unresolved-topic)",
        ]),
        ("topics: [Training]\n", {"site.yml": "title: T\n"}, [
            "content/site.yaml:1:1: advice: there is no site.yaml (missing-setting)",
            "content/site.yml:1:1: the settings are read from site.yaml (misnamed-settings)",
        ]),
        ("topics: [Training]\n", {"site.yaml": "title: [\n"}, [
            "content/site.yaml:2:1: a bracket that is not closed, or a missing comma (broken-yaml)",
        ]),
        ("topics: [Training]\n", {"site.yaml": "base_url: https://a.example/\ntopics: Training\n"}, [
            "content/site.yaml:2:9: 'topics' must be a list, not 'Training' (wrong-type)",
        ]),
        ("", {"SITE.YAML": "title: T\n"}, [
            "content/SITE.YAML:1:1: the settings are read from site.yaml (misnamed-settings)",
            "content/site.yaml:1:1: advice: there is no site.yaml (missing-setting)",
        ]),
    ],
    ids=["missing", "site.yml", "broken", "topics that are none", "capitals"],
)  # fmt: skip
def test_settings_that_cannot_be_read(tmp_path: Path, entries: str, files: dict[str, str], said: list[str]) -> None:
    """Settings that are missing, misnamed or broken are one problem, however many topics they would list."""
    if sys.platform == "darwin" and "SITE.YAML" in files:
        pytest.skip("two cases of one name are one file here")
    (tmp_path / "content" / "terms").mkdir(parents=True)
    for name in "ab":
        (tmp_path / "content" / "terms" / f"{name}.yaml").write_text(f"term: {name}\ndefinition: A letter.\n{entries}")
    for name, text in files.items():
        (tmp_path / "content" / name).write_text(text)
    result = sitegen("check", cwd=tmp_path)
    lines = [line for line in result.out.splitlines() if line[0] != " " and not re.search(r"\((missing-(summary|example|reference)|orphan)\)$", line)]
    assert (result.status, lines) == (1, said)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("head.yaml", b"term: Attention head\naliases:\n  - AH\n  - [\n", "head.yaml:5:1: a bracket that is not closed, or a missing comma (broken-yaml)"),
        ("head.yaml", b"term: Attention head\naliases: [AH]\ndefinition: Caf\xe9.\n", "head.yaml:3:16: byte 0xe9 is not UTF-8 (not-utf-8)"),
        ("head.yml", b"term: Attention head\naliases: [AH]\ndefinition: One.\n", "head.yml:1:1: not a YAML file of one entry (not-an-entry)"),
        ("head.yaml", b"\xef\xbb\xbfterm: Attention head\naliases: [\n  AH,\n# and\n]\n  x\n", "head.yaml:6:3: a line whose indentation fits no field (broken-yaml)"),
        ("head.yaml", b"'term': >\n  Attention\n  head\n\"aliases\":\n# one\n- AH\ndefinition: [\n", "head.yaml:8:1: a bracket that is not closed, or a missing comma (broken-yaml)"),
        ("other.yaml", b"slug: head\nterm: Attention head\naliases: [AH]\n- one", "other.yaml:4:1: a line whose indentation fits no field (broken-yaml)"),
    ],
    ids=["broken", "another encoding", "another ending", "a list of lines", "texts of lines", "an address of its own"],
)  # fmt: skip
def test_an_entry_that_cannot_be_read(make_content: MakeContent, name: str, data: bytes, said: str) -> None:
    """An entry that cannot be read is one problem, whatever names of it others use."""
    links = "term: A\ndefinition: A letter.\nrelated: [head, AH]\nexplainer: See [[Attention head]] and [[no head]].\n"
    content = make_content({"a.yaml": links, "b.yaml": "term: B\ndefinition: One.\nrelated: [attention head]\n"})
    (content / "terms" / name).write_bytes(data)
    result = sitegen("build", cwd=content.parent)
    lines = [line for line in result.err.splitlines() if line[0] != " "]
    assert (result.status, lines) == (1, ["content/terms/a.yaml:4:41: there is no entry 'no head' (unresolved-link)", f"content/terms/{said}", "2 problems; nothing was written"])


@pytest.mark.parametrize("broken", [False, True])
def test_links_to_nothing(make_content: MakeContent, broken: bool) -> None:
    """A link that names nothing is a problem, whether or not an entry cannot be read."""
    files = {"a.yaml": "term: A\ndefinition: A letter.\nexplainer: See [[|one]] and [[ ]].\n", **({"b.yaml": "term: [\n"} if broken else {})}
    result = sitegen("build", cwd=make_content(files).parent)
    assert [line for line in result.err.splitlines() if "a.yaml" in line] == [
        "content/terms/a.yaml:3:18: there is no entry '' (unresolved-link)", "content/terms/a.yaml:3:32: there is no entry '' (unresolved-link)",
    ]  # fmt: skip
    assert result.status == 1


def test_shipped_glossary_is_without_problems() -> None:
    """The shipped glossary keeps every rule, advice included."""
    entries = len(list((CONTENT / "terms").iterdir()))
    result = sitegen("check", "--strict")
    assert (result.status, result.out, result.err) == (0, f"{entries} entries: nothing to mend\n", "")


def test_rules_are_documented() -> None:
    """CONTRIBUTING.md's table of rules is the list of rules: each with its kind and what it asks."""
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| (.*?) \| (.*?) \|$", (PROJECT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    )
    assert rows == [
        (
            rule.name,
            ("advice" if rule.advice else "problem")
            + (f", limit {rule.limit}" if rule.limit else "")
            + (", switchable" if rule.switchable else ""),
            rule.asks,
        )
        for rule in RULES
    ]


def test_addresses_of_terms(make_content: MakeContent) -> None:
    """A term leads to its entry from an address of its own, so no other term or alias may have that address."""
    content = make_content(
        {
            "a.yaml": "term: Soft max\ndefinition: It is so.\n",
            "b.yaml": "term: Other\naliases: [Soft-max]\ndefinition: It is so.\n",
            "c.yaml": "term: Soft + max\ndefinition: It is so.\n",
            "d.yaml": "term: Soft plus max\ndefinition: It is so.\n",
        }
    )
    found = json.loads(sitegen("check", "--json", cwd=content.parent).out)
    assert [(p["path"], p["line"], p["column"], p["rule"], p["message"]) for p in found if not p["advice"]] == [
        ("content/terms/b.yaml", 2, 11, "duplicate-address",
         "the alias 'Soft-max' has the address of 'Soft max' at content/terms/a.yaml:1:7"),
        ("content/terms/d.yaml", 1, 7, "duplicate-address",
         "the term 'Soft plus max' has the address of 'Soft + max' at content/terms/c.yaml:1:7"),
    ]  # fmt: skip
