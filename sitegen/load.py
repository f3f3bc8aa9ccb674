"""Reads `content/` into a Draft. Lenient: a bad field falls to its default, so that one mistake is one problem."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from .entry_file import entry_of
from .fields import MAX_LINE, MAX_TEXT
from .folder import Folder
from .measured import MEASURED, measured
from .model import Draft, DraftEntry, Explorable, Issue, Settings
from .names import fold, slugify
from .nodes import Scalar
from .problems import ContentError, Place, Problem
from .settings import settings
from .source import MAX_BYTES, read_source

_NAMES = re.compile(r"^[\"']?(?:slug|term|aliases)[\"']?[ \t]*:.*(?:\n[ \t#\-\]].*)*", re.MULTILINE)  # with the lines that belong to them
_ISSUE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([^/]+)\.md")


def load(content: Path) -> Draft:
    """Everything below the folder `content`, in name order."""
    draft, files = outline(content)
    problems = list(draft.problems)
    entries = tuple(entry for file, shown in files if (entry := _read_entry(file, shown, problems)))
    return replace(draft, entries=entries, problems=tuple(problems), unread=_unread(content, entries, problems))


def _unread(content: Path, entries: Iterable[DraftEntry], problems: Iterable[Problem]) -> dict[str, str]:
    """By slug the lines with names in the files in `terms/` of which no entry came; nothing of links, which may lead anywhere."""
    read, terms = {entry.place.path for entry in entries}, content / "terms"
    files = {Path(problem.place.path) for problem in problems if problem.place.path not in read}
    return {file.stem: fold(" ".join(_NAMES.findall(_beginning(file)))) for file in files if file.parent == terms}


def _beginning(file: Path) -> str:
    with suppress(OSError):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as opened:
                return opened.read(MAX_BYTES).decode("utf-8-sig", errors="replace")
    return ""


def outline(content: Path) -> tuple[Draft, list[tuple[str, str]]]:
    """Everything below `content` but the entries, and their files, each with how it is called in messages."""
    problems: list[Problem] = []
    folder = Folder(content, content.as_posix(), problems)
    there = os.path.lexists(content / "site.yaml")
    site = folder.read("site.yaml") if there else None
    if not there:
        misnamed = [path.name for path in content.glob("*") if path.name.lower() in ("site.yml", "site.yaml") and path.is_file()]
        for name in misnamed:
            folder.say(name, "misnamed-settings", "the settings are read from site.yaml", "rename the file")
        hint = "write at least 'title:' and 'base_url:' in it"
        folder.say("site.yaml", "missing-setting", "there is no site.yaml", hint)
    site_settings = settings(site, problems) if site else Settings(file="unreadable" if there or misnamed else "missing")
    explorables = {e.name: e for e in _explorables(folder / "explorables")}
    before = len(problems)
    files = list(_entry_files(folder / "terms"))
    if not files and len(problems) == before:
        hint = f"write one with: sitegen new 'Term' --content {content}"
        problems.append(Problem(Place(f"{content.as_posix()}/terms"), "no-entries", "there is no entry here", hint))
    issues = tuple(_issues(folder / "newsletter"))
    scores = folder.read(MEASURED) if (content / MEASURED).exists() else None
    held_out = measured(scores, problems) if scores else None
    return Draft(site_settings, (), explorables, issues, held_out, tuple(problems)), files


def _entry_files(folder: Folder) -> Iterator[tuple[str, str]]:
    for entry in folder.entries():
        name = entry.name
        # `is_dir` of an entry that is a link follows it, and may raise in a loop.
        folder_there = os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()
        if not name.endswith(".yaml") or folder_there:
            named = name.lower().endswith((".yml", ".yaml")) and not folder_there
            hint = "name it <slug>.yaml" if named else "move it out of this folder"
            folder.say(name, "not-an-entry", "not a YAML file of one entry", hint)
        else:
            yield entry.path, f"{folder.shown}/{name}"


def _read_entry(file: str, shown: str, problems: list[Problem]) -> DraftEntry | None:
    try:
        return entry_of(read_source(Path(file), shown), problems)
    except ContentError as error:
        problems.extend(error.problems)
        return None


def _explorables(folder: Folder) -> Iterator[Explorable]:
    for entry in folder.entries():
        name = entry.name
        inner = folder / name
        if not inner.path.is_dir() or slugify(name) != name:
            hint = "one explorable is one folder, named with small letters, digits and hyphens"
            folder.say(name, "bad-explorable", "not a folder with a plain name", hint)
            continue
        sources = [inner.read(part) if (inner.path / part).exists() else None for part in ("explorable.js", "fallback.html")]
        for part, source in zip(("explorable.js", "fallback.html"), sources, strict=True):
            if source is None and not (inner.path / part).exists():
                folder.say(name, "bad-explorable", f"the explorable has no {part}")
        script, fallback = sources
        yield Explorable(name, script.text.encode() if script else b"", fallback.text if fallback else "")


def _issues(folder: Folder) -> Iterator[Issue]:
    for entry in folder.entries():
        name = entry.name
        match = _ISSUE_NAME.fullmatch(name)
        try:
            slug = slugify(match[2]) if match and date.fromisoformat(match[1]) else ""
        except ValueError:
            slug = ""
        if match is None or not slug or slug != match[2]:
            folder.say(name, "not-an-issue", "not an issue of the newsletter", "name it <year>-<month>-<day>-<slug>.md")
            continue
        source = folder.read(name)
        if source is None:
            continue
        first, _, rest = source.text.partition("\n")
        if not first.startswith("# ") or not rest.strip():
            folder.say(name, "not-an-issue", "an issue starts with a line '# Title' and goes on with its text")
            continue
        if "=?" in first or len(first) > MAX_LINE:
            hint = f"at most {MAX_LINE} characters, and no '=?', which mail programs take for a code"
            folder.say(name, "not-an-issue", "the title of an issue is the subject of a mail", hint)
            continue
        if len(rest) > MAX_TEXT:
            folder.say(name, "too-large", f"an issue of {len(rest):,} characters; the limit is {MAX_TEXT:,}", "split it")
            continue
        body = Scalar(rest, source, len(first) + 1, len(source.text))
        yield Issue(name.removesuffix(".md"), match[1], first[2:].strip(), body)
