"""Hostile input is input: every file ends in one clear line a mistake or in a right page, never in a traceback or a hang."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import MakeContent, Result, sitegen
from .dom import Page

WITHIN = 60  # seconds until a command counts as hanging; each takes about one
LAUGHS = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9) if i else 'lol'}]\n" for i in range(9))
GOOD = "definition: It is so.\n"

# file name: what stands in it, and the one problem that it has
MISTAKES: dict[str, tuple[str | bytes, str]] = {
    "alias-to-itself": ("term: &a [*a]\n", "1:7: YAML anchor 'a' (yaml-feature)"),
    "billion-laughs": (LAUGHS, "1:5: YAML anchor 'l0' (yaml-feature)"),
    "carriage-returns": (b"term: A\rdefinition: It\ris\xff so.\r", "3:3: byte 0xff is not UTF-8 (not-utf-8)"),
    "deep-block": ("\n".join("  " * i + "a:" for i in range(10_000))[:900_000], "9:17: nested more than 8 levels deep (too-deep)"),
    "deep-field": (f"term: A\n{GOOD}related: {'[' * 10_000}{']' * 10_000}\n", "3:17: nested more than 8 levels deep (too-deep)"),
    "deep-flow": ("[" * 10_000, "1:9: nested more than 8 levels deep (too-deep)"),
    "deep-keys": ("? " * 10_000, "1:17: nested more than 8 levels deep (too-deep)"),
    "deep-list": ("- " * 10_000, "1:17: nested more than 8 levels deep (too-deep)"),
    "deep-mapping": ("{a: " * 10_000, "1:33: nested more than 8 levels deep (too-deep)"),
    "escaped-nul": (f'term: "a\\0b"\n{GOOD}', "1:9: control character U+0000 (control-character)"),
    "escaped-private": (f'term: A\n{GOOD}explainer: "\\ue0000\\ue001"\n', "3:13: private-use character U+E000 (control-character)"),
    "ampersand": (f"term: &c\n{GOOD}", "1:7: YAML anchor 'c' (yaml-feature)"),
    "invalid-after-bom": (b"\xef\xbb\xbfterm: caf\xe9\n", "1:10: byte 0xe9 is not UTF-8 (not-utf-8)"),
    "invalid-utf-8": (b"term: A\r\ndefinition: \xe6\xa8\xa1 \xc3\n", "2:15: byte 0xc3 is not UTF-8 (not-utf-8)"),
    "line-separator": ("term: a\u2028b\n", "1:8: control character U+2028 (control-character)"),
    "long-definition": (f"term: Wordy\ndefinition: {'word ' * 20_000}.\n", "2:13: 'definition' has 100,001 characters; the limit is 2,000 (too-large)"),
    "long-term": (f"term: {'a' * 5_000}\n{GOOD}", "1:7: 'term' must be one line of at most 200 characters, not one of 5,000 (wrong-type)"),
    "long-text": (f"term: Wordy too\n{GOOD}summary: {'word ' * 20_000}.\n", "3:10: 'summary' has 100,001 characters; the limit is 50,000 (too-large)"),
    "nul": ("term: A\ndefinition: a\0b\n", "2:14: control character U+0000 (control-character)"),
    "object": ("!!python/object/apply:os.system [id]\n", "1:1: YAML tag 'tag:yaml.org,2002:python/object/apply:os.system' (yaml-feature)"),
    "sharp": (f"term: #[account]\n{GOOD}", "1:6: 'term' is empty (missing-field)"),
    "slug": (f"term: Climber\n{GOOD}slug: ../../etc/passwd\n", "3:7: '../../etc/passwd' cannot be an address (bad-slug)"),
    "surrogate": (b"term: \xed\xa0\x80\n", "1:7: byte 0xed is not UTF-8 (not-utf-8)"),
    "tab": (f"term: A\n{GOOD}aliases:\n\t- b\n", "4:1: a tab where YAML wants spaces (broken-yaml)"),
    "two-boms": (b"\xef\xbb\xbf\xef\xbb\xbfterm: A\n", "1:1: control character U+FEFF (control-character)"),
    "unseen": (f"term: \u200b\n{GOOD}", "1:7: 'term' is empty (missing-field)"),
    "unseen-alias": (f"term: Seen\n{GOOD}aliases: [\u3164]\n", "3:11: an empty item in 'aliases' (missing-field)"),
    "url-ipv6": (f"term: Six\n{GOOD}references: [{{title: T, url: 'https://[::1'}}]\n", "3:30: 'https://[::1' is not a web address (unsafe-url)"),
    "url-script": (f"term: Script\n{GOOD}references: [{{title: T, url: 'javascript:a()'}}]\n", "3:30: 'javascript:a()' is not a web address (unsafe-url)"),
    "utf-16": ("term: A\n".encode("utf-16"), "1:1: byte 0xff is not UTF-8 (not-utf-8)"),
    "utf-16-without-bom": ("term: A\n".encode("utf-16-be"), "1:1: control character U+0000 (control-character)"),
}  # fmt: skip


def clean(result: Result) -> Result:
    """The result of a command that at least did not fall over."""
    assert "Traceback" not in result.out + result.err
    return result


def problems(result: Result) -> list[str]:
    """The lines of `check` or `build` that stop a build."""
    lines = (clean(result).out + result.err).splitlines()
    return [line for line in lines if line.startswith("content/") and ": advice: " not in line]


def test_each_file_has_one_problem(make_content: MakeContent) -> None:
    """Files that attack the reader are each one line at an exact place, all in one run that does not wait for any of them."""
    content = make_content({f"{name}.yaml": text for name, (text, _) in MISTAKES.items()})
    result = sitegen("check", cwd=content.parent, timeout=WITHIN)
    assert result.status == 1
    assert problems(result) == sorted(f"content/terms/{name}.yaml:{line}" for name, (_, line) in MISTAKES.items())


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200_000_000)


def _outside(path: Path) -> None:
    outside = path.parents[2] / "outside"
    outside.mkdir(exist_ok=True)
    path.symlink_to(outside)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "terms/dangling.yaml": (lambda path: path.symlink_to("nowhere.yaml"), "cannot be read: No such file or directory (unreadable)"),
    "terms/esc\x1b[31m.yaml": (Path.touch, "a file name with unprintable characters (not-an-entry)"),
    "terms/fifo.yaml": (os.mkfifo, "not a regular file (unreadable)"),
    "terms/folder.yaml": (Path.mkdir, "not a YAML file of one entry (not-an-entry)"),
    "terms/huge.yaml": (_sparse, "200.0 MB is too large for one file; the limit is 1 MB (too-large)"),
    "terms/link-to-file.yaml": (lambda path: path.symlink_to("/etc/passwd"), "a link to a file outside the content (outside-content)"),
    "terms/link-to-folder": (_outside, "a link to a file outside the content (outside-content)"),
    "terms/loop.yaml": (lambda path: path.symlink_to("loop.yaml"), "cannot be read: Too many levels of symbolic links (unreadable)"),
    "newsletter/2026-01-01-fifo.md": (os.mkfifo, "not a regular file (unreadable)"),
    "newsletter/2026-01-02-link.md": (_outside, "a link to a file outside the content (outside-content)"),
    "explorables/a/explorable.js": (lambda path: path.symlink_to("/etc/passwd"), "a link to a file outside the content (outside-content)"),
    "explorables/loop": (lambda path: path.symlink_to("loop"), "not a folder with a plain name (bad-explorable)"),
    "site.yaml": (_outside, "a link to a file outside the content (outside-content)"),
}  # fmt: skip


def test_odd_files(make_content: MakeContent) -> None:
    """What is no file to read, or lies outside of the content, is one line each: a pipe is not waited for, 200 MB not read."""
    content = make_content({"a.yaml": f"term: A\n{GOOD}", "explorables/a/fallback.html": "<p>A</p>\n"})
    (content / "site.yaml").unlink()
    for name, (make, _) in ODD.items():
        (content / name).parent.mkdir(exist_ok=True)
        make(content / name)
    result = sitegen("check", cwd=content.parent, timeout=WITHIN)
    assert result.status == 1
    assert problems(result) == [
        f"content/{name}:1:1: {said}".replace("\x1b", "\\u001b") for name, (_, said) in sorted(ODD.items())
    ]


@pytest.mark.parametrize("target", ["outside", "terms"])
def test_terms_that_are_a_link(make_content: MakeContent, target: str) -> None:
    """A terms folder that lies elsewhere, or is a link to itself, is not followed."""
    content = make_content({"a.yaml": f"term: A\n{GOOD}"})
    (content / "terms").rename(content.parent / "outside")
    (content / "terms").symlink_to(content / target if target == "terms" else content.parent / target)
    said = {"outside": "content/terms/a.yaml:1:1: a link to a file outside the content (outside-content)",
            "terms": "content/terms:1:1: there is no entry here (no-entries)"}  # fmt: skip
    assert problems(sitegen("check", cwd=content.parent, timeout=WITHIN)) == [said[target]]


# how a term is written in YAML: the heading that its page has, and the slug that leads there
TERMS = {
    "no": ("no", "no"),
    "~": ("~", ""),
    "08": ("08", "08"),
    "2019-15-05": ("2019-15-05", "2019-15-05"),
    "1e-3": ("1e-3", "1e-3"),
    "12:30": ("12:30", "12-30"),
    "C++": ("C++", "c-plus-plus"),
    ".NET": (".NET", "dot-net"),
    "C#": ("C#", "c-sharp"),
    "'&c'": ("&c", "and-c"),
    "'#[account]'": ("#[account]", "sharp-account"),
    "Context<T>": ("Context<T>", "context-t"),
    "自回归模型": ("自回归模型", "自回归模型"),
    "نموذج لغوي": ("نموذج لغوي", "نموذج-لغوي"),
    "מודל שפה": ("מודל שפה", "מודל-שפה"),
    "🤖": ("🤖", ""),
    "cafe\u0301": ("cafe\u0301", "caf\u00e9"),
    "it's": ("it's", "its"),
    '"{{ site }}{% raw %}"': ("{{ site }}{% raw %}", "site-percent-raw-percent"),
    "\ttabs\t and  spaces": ("tabs and spaces", "tabs-and-spaces"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of all those terms, and of one in files with a byte order mark and each kind of line end."""
    root = tmp_path_factory.mktemp("hostile")
    terms = root / "content" / "terms"
    terms.mkdir(parents=True)
    (root / "content" / "site.yaml").write_text("title: Test\nbase_url: https://example.org/\n")
    for number, written in enumerate(TERMS):
        (terms / f"entry-{number}.yaml").write_text(f"term: {written}\n{GOOD}", "utf-8")
    for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")):
        text = f"term: Ends in {name}\ndefinition: >-\n  It is\n  so.\nexplainer: |\n  One.\n\n  Two.\n"
        (terms / f"{name}.yaml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", end).encode())
    result = clean(sitegen("build", cwd=root, timeout=WITHIN))
    assert result.status == 0, result.err
    return root / "public"


def test_terms_stay_as_written(built: Path) -> None:
    """What YAML would take for a number, a date or a truth, and any script, is the heading of its page, at its own address."""
    expected = list(TERMS.values())
    assert [Page(built, f"terms/entry-{i}/").texts("h1") for i in range(len(expected))] == [[h1] for h1, _ in expected]
    for number, (_, slug) in enumerate(expected):
        if slug:
            assert Page(built, f"terms/{slug}/").links("main a") == [f"terms/entry-{number}/"]
    listed = Page(built, "a-z/").texts("main bdi")
    assert sorted(listed) == sorted([h1 for h1, _ in expected] + ["Ends in lf", "Ends in crlf", "Ends in cr"])


def test_line_ends_and_byte_order_mark(built: Path) -> None:
    """Files that differ only in byte order mark and line ends give the same page."""
    for name in ("lf", "crlf", "cr"):
        page = Page(built, f"terms/{name}/")
        assert (page.texts(".definition"), page.texts(".prose p")) == (["It is so."], ["One.", "Two."])


@pytest.mark.parametrize(
    ("definition", "temperature"),
    [("…", "0"), ("A.", "0.1"), ("自回归模型。", "0"), ("Is is is is is?", "2"), ("'\"'", "1")],
)
def test_smallest_glossary(make_content: MakeContent, definition: str, temperature: str) -> None:
    """One entry of one sentence, however short, is a glossary, at the coldest and hottest that the demo may be."""
    site = f"title: T\nbase_url: https://example.org/\ndemo: {{temperature: {temperature}, order: 2}}\nrules: {{definition-sentence: off}}\n"
    content = make_content({"a.yaml": f"term: A\ndefinition: {definition}\n", "site.yaml": site})
    result = clean(sitegen("build", cwd=content.parent, timeout=WITHIN))
    assert result.status == 0, result.err
    page = Page(content.parent / "public", "terms/a/")
    assert (page.texts("h1"), page.texts(".definition")) == (["A"], [definition.strip("'")])


def test_bars_of_two_short_entries(make_content: MakeContent) -> None:
    """No bar of the demo is shorter than nothing, where the words shown are all that there are."""
    content = make_content({"token.yaml": "term: Token\ndefinition: A unit of text.\n", "beam.yaml": "term: Beam\ndefinition: Another.\n"})
    assert sitegen("build", cwd=content.parent).status == 0
    pages = [path.read_text("utf-8") for path in (content.parent / "public").rglob("*.html")]
    widths = [float(width) for page in pages for width in re.findall(r'<rect[^>]* width="([^"]*)%"', page)]
    assert len(widths) > 20
    assert min(widths) == 0


def test_one_name_in_two_unicode_forms(make_content: MakeContent) -> None:
    """Two entries whose terms differ only in Unicode form or case claim one name: one problem, at the second."""
    content = make_content({"a.yaml": f"term: caf\u00e9\n{GOOD}", "b.yaml": f"term: CAFE\u0301\n{GOOD}"})
    said = "content/terms/b.yaml:1:7: the name 'CAFE\u0301' is taken at content/terms/a.yaml:1:7 (duplicate-name)"
    assert problems(sitegen("check", cwd=content.parent)) == [said]


def test_alias_that_is_another_term(make_content: MakeContent) -> None:
    """An alias that is another entry's term is at fault, whichever of the files comes first."""
    content = make_content({"a.yaml": f"term: A\naliases: [x, b]\n{GOOD}", "b.yaml": f"term: B\n{GOOD}"})
    said = "content/terms/a.yaml:2:14: the name 'b' is taken at content/terms/b.yaml:1:7 (duplicate-name)"
    assert problems(sitegen("check", cwd=content.parent)) == [said]
