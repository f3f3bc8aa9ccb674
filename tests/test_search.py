"""The search's index: every term stands where a browser looks for it, in files of bounded size."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from importlib import import_module
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitegen.outputs.search import BEST, MOST, Index, beginnings, plain

from .conftest import Entry, MakeContent, sitegen


def index(files: Sequence[Any]) -> dict[str, Any]:
    """The index by the names of its files."""
    return {file.path.removeprefix("search/").removesuffix(".json"): json.loads(file.data) for file in files}


def test_a_small_index(shipped: Path, entries: dict[str, Entry]) -> None:
    """The shipped glossary is one file: address, term, other names and definition of each entry."""
    found = json.loads((shipped / "search" / "index.json").read_text("utf-8"))
    expected = [[slug, entry["term"], entry.get("aliases", []), " ".join(entry["definition"].split())] for slug, entry in entries.items()]
    assert list(found) == ["terms"]
    assert sorted(found["terms"]) == sorted(expected)
    assert [file.name for file in (shipped / "search").glob("*.json")] == ["index.json"]


@pytest.mark.parametrize(("name", "expected"), [
    ("Attention", ["attention"]),
    ("Vanishing gradient problem", ["vanishing", "gradient", "problem"]),
    ("k-NN", ["k", "nn", "knn"]),
    ("GPT-3.5", ["gpt", "3", "5", "gpt35"]),
    ("Fréchet’s distance", ["frechet", "s", "distance", "frechets"]),
    ("STRASSE, Straße", ["strasse", "strasse"]),
    ("注意力", ["注意力", "意力", "力"]),
    ("GAN 网络", ["gan", "网络", "络"]),
    ("Σίσυφος", ["σισυφοσ"]),
    ("++", []),
])  # fmt: skip
def test_beginnings(name: str, expected: list[str]) -> None:
    """A name is found by its words, its compounds as one word too, and where no spaces stand by what follows any sign; accents and case do not count."""
    assert beginnings(name) == expected


def looked_up(files: dict[str, Any], word: str) -> tuple[list[str], int]:
    """The terms in the file that is right for `word`, and how many more there are: found by trying every beginning."""
    keys = {key: (group.split(" ")[0], group) for kind in ("best", "all") for group in files["index"][kind] for key in group.split(" ")}
    onward = sorted((key for key in keys if key.startswith(word)), key=len) or sorted((key for key in keys if word.startswith(key)), key=len)[-1:]
    if not onward:
        return [], 0
    name = "".join(c if c.isascii() else f"-{ord(c):x}_" for c in keys[onward[0]][0])
    return [row[1] for row in files[f"{name}-"]["terms"]], files[f"{name}-"].get("more", 0)


NAMES = st.lists(st.text("abcß注意é -", min_size=1, max_size=8).filter(beginnings), min_size=1, max_size=60, unique=True)


@settings(max_examples=300, deadline=None)
@given(NAMES, st.integers(1, 6), st.integers(1, 3))
def test_every_term_is_found(names: list[str], most: int, best: int) -> None:
    """Whatever the names, and however few a file holds: all terms with a word that begins so are in the one file of that beginning, or it says how many more."""
    entries = [SimpleNamespace(slug=f"s{i}", title=name, aliases=(), definition="D.") for i, name in enumerate(names)]
    with pytest.MonkeyPatch.context() as patch:
        module = import_module("sitegen.outputs.search")
        patch.setattr(module, "MOST", most)
        patch.setattr(module, "BEST", min(best, most))
        files = index(list(Index(entries).files()))  # type: ignore[arg-type]
    assert all(len(file.get("terms", ())) <= most for file in files.values())
    for word in {begin[:length] for name in names for begin in beginnings(name) for length in range(1, len(begin) + 1)}:
        wanted = {name for name in names if any(begin.startswith(word) for begin in beginnings(name))}
        found, more = looked_up(files, word)
        there = wanted.intersection(found)
        assert there == wanted or (more and len(there) >= min(best, most, len(wanted))), (word, files)


def test_a_large_index(tmp_path: Path, make_content: MakeContent) -> None:
    """A large glossary's is cut by beginnings; of a word that too many share a file has the best; a new term changes the files of its words only."""
    words = ["".join(letters) for letters in product("bdgkp", "aeiou", "lmnr", "aeiou", "t")]
    content = make_content({f"{word}.yaml": f"term: {word} model\ndefinition: About {word}.\n" for word in words})

    def built() -> dict[str, bytes]:
        result = sitegen("build", "--content", content, "--out", "site", cwd=tmp_path)
        assert result.status == 0, result.err
        return {file.name: file.read_bytes() for file in (tmp_path / "site" / "search").glob("*.json")}

    before = built()
    files = {name.removesuffix(".json"): json.loads(data) for name, data in before.items()}
    rows = [[word, f"{word} model", [], f"About {word}."] for word in words]
    assert files == {
        "index": {"best": ["model"], "all": ["b d g k", "p"]},
        "model-": {"terms": rows[:MOST], "more": len(words) - MOST},
        "b-": {"terms": rows[:400]},
        "p-": {"terms": rows[400:]},
        "words": {"words": " ".join(["model", *words])},
    }
    (content / "terms" / "new.yaml").write_text("term: Pally\ndefinition: New.\n")
    after = built()
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {"p-.json", "words.json"}


def test_many_names_of_one_term() -> None:
    """A term with many names takes one place among the best."""
    of = [SimpleNamespace(slug=f"s{i}", title=f"vo{i:04}", aliases=tuple(f"v{j}" for j in range(80) if not i), definition="D.") for i in range(500)]
    files = index(list(Index(of).files()))  # type: ignore[arg-type]
    assert (len(files["v-"]["terms"]), files["v-"]["more"]) == (BEST, 500 - BEST)


def test_plain_is_stable() -> None:
    """What is compared is already in the form that it is brought into."""
    for code in range(0x110000):
        if unicodedata.category(chr(code)) not in ("Cs", "Cn", "Co"):
            once = plain(chr(code))
            assert plain(once) == once, hex(code)
