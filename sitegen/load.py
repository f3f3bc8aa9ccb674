"""Reads `content/` into a Draft. Lenient: a bad field falls to its default, so that one mistake is one problem."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from .fields import MAX_LINE, MAX_TEXT, Fields
from .measured import MEASURED, measured
from .model import LEVELS, Draft, DraftDeprecation, DraftEntry, DraftReference, Explorable, Issue, Settings  # fmt: skip
from .names import slugify
from .nodes import Mapping, Scalar, read_yaml
from .problems import ContentError, Place, Problem
from .scan import links
from .settings import settings
from .source import Source, read_source
from .survey import is_passed_over

ENTRY_FIELDS = (
    "term", "sense", "aliases", "pronunciation", "definition", "summary", "explainer", "example", "related",
    "contrast", "broader", "topics", "level", "explorable", "references", "autolink", "deprecated", "slug",
)  # fmt: skip
MAX_DEFINITION = 2_000  # beyond any limit that a rule may set: each token of it is scored and shown
_ISSUE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([^/]+)\.md")


def load(content: Path) -> Draft:
    """Everything below the folder `content`, in name order."""
    draft, files = outline(content)
    problems = list(draft.problems)
    entries = tuple(entry for file, shown in files if (entry := _read_entry(file, shown, problems)))
    return replace(draft, entries=entries, problems=tuple(problems))


def outline(content: Path) -> tuple[Draft, list[tuple[str, str]]]:
    """Everything below `content` but the entries, and their files, each with how it is called in messages."""
    problems: list[Problem] = []
    folder = _Folder(content, content.as_posix(), problems)
    there = os.path.lexists(content / "site.yaml")
    site = folder.read("site.yaml") if there else None
    if not there:
        hint = "write at least 'title:' and 'base_url:' in it"
        folder.say("site.yaml", "missing-setting", "there is no site.yaml", hint)
    site_settings = settings(site, problems) if site else Settings()
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


class _Folder:
    """A folder inside the content, and how its files are called in messages."""

    def __init__(self, path: Path, shown: str, problems: list[Problem], root: Path | None = None) -> None:
        self.path, self.shown, self.problems = path, shown, problems
        real = Path(os.path.realpath(path))  # Path.resolve may raise in a loop
        self.root = root or real
        self.inside = real.is_relative_to(self.root)

    def __truediv__(self, name: str) -> _Folder:
        return _Folder(self.path / name, f"{self.shown}/{name}", self.problems, self.root)

    def say(self, name: str, rule: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Place(f"{self.shown}/{name}"), rule, message, hint))

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """What stands in it, in name order, but hidden files and editors' copies; none if it does not exist."""
        if not self.path.is_dir():
            return
        try:
            with os.scandir(self.path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.say("", "unreadable", f"cannot be listed: {error.strerror}")
            return
        for entry in entries:
            name = entry.name
            if is_passed_over(name):
                continue
            if not name.isprintable():
                self.say(name, "not-an-entry", "a file name with unprintable characters", "rename the file")
            elif (self.inside and not entry.is_symlink()) or self.holds(name):
                yield entry

    def holds(self, name: str) -> bool:
        """Whether that is no link out of the content; if it is one, it is a problem."""
        held = Path(os.path.realpath(self.path / name)).is_relative_to(self.root)
        if not held:
            self.say(name, "outside-content", "a link to a file outside the content", "copy the file here")
        return held

    def read(self, name: str) -> Source | None:
        if not self.holds(name):
            return None
        try:
            return read_source(self.path / name, f"{self.shown}/{name}")
        except ContentError as error:
            self.problems.extend(error.problems)
            return None


def _entry_files(folder: _Folder) -> Iterator[tuple[str, str]]:
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


def entry_of(source: Source, problems: list[Problem]) -> DraftEntry | None:
    """The entry that a file holds; `problems` grows by what is wrong in it."""
    stem = source.path.rpartition("/")[2].removesuffix(".yaml")
    return _entry(source, stem, problems)


def _entry(source: Source, stem: str, problems: list[Problem]) -> DraftEntry | None:
    try:
        node = read_yaml(source)
    except ContentError as error:
        problems.extend(error.problems)
        return None
    place = Place(source.path)
    if node is None:
        problems.append(Problem(place, "not-an-entry", "the file is empty", "an entry needs 'term:' and 'definition:'"))
        return None
    if not isinstance(node, Mapping):
        problems.append(
            Problem(
                node.place,
                "not-an-entry",
                "not made of 'field: value' lines",
                "an entry needs 'term:' and 'definition:'",
            )
        )
        return None
    fields = Fields(node, ENTRY_FIELDS, "the entry", problems)
    slug, slug_place = _slug(fields, stem, place)
    return DraftEntry(
        place=place,
        slug=slug,
        slug_place=slug_place,
        term=fields.line("term", required=True),
        sense=fields.line("sense"),
        aliases=fields.texts("aliases"),
        pronunciation=fields.line("pronunciation"),
        definition=fields.text("definition", required=True, most=MAX_DEFINITION),
        summary=fields.text("summary"),
        explainer=fields.text("explainer"),
        example=fields.text("example"),
        related=fields.texts("related"),
        contrast=fields.texts("contrast"),
        broader=fields.texts("broader"),
        topics=fields.texts("topics"),
        level=fields.choice("level", LEVELS),
        explorable=fields.text("explorable"),
        references=tuple(_reference(group) for group in fields.groups("references", ("title", "authors", "year", "url"), "the reference")),
        autolink=fields.flag("autolink", True),
        deprecated=_deprecation(fields),
        given=frozenset(fields.nodes),
    )  # fmt: skip


def _slug(fields: Fields, stem: str, place: Place) -> tuple[str, Place]:
    """The entry's address and where it is said: its file name, or `slug` where the file name cannot say it."""
    given = fields.text("slug")
    if given is None:
        slug = slugify(stem)
        if not slug:
            fields.say(
                place,
                "bad-slug",
                f"the file name '{stem}' gives no address",
                "rename the file: letters, digits, hyphens",
            )
        return slug or "entry", place
    slug = slugify(given.value)
    if slug != given.value:
        hint = f"write '{slug}'" if slug else "letters, digits, hyphens"
        fields.say(given.place, "bad-slug", f"'{given.value}' cannot be an address", hint)
    return slug or slugify(stem) or "entry", given.place


def _reference(fields: Fields) -> DraftReference:
    return DraftReference(
        fields.place, fields.text("title", required=True), fields.texts("authors"),
        fields.whole("year", 1000, 2999), fields.text("url"),
    )  # fmt: skip


def _deprecation(fields: Fields) -> DraftDeprecation | None:
    group = fields.group("deprecated", ("by", "note"), "'deprecated'")
    return DraftDeprecation(group.text("by"), group.text("note")) if group else None


def _explorables(folder: _Folder) -> Iterator[Explorable]:
    for entry in folder.entries():
        name = entry.name
        inner = folder / name
        if not inner.path.is_dir() or slugify(name) != name:
            folder.say(
                name,
                "bad-explorable",
                "not a folder with a plain name",
                "one explorable is one folder, named with small letters, digits and hyphens",
            )
            continue
        sources = [
            inner.read(part) if (inner.path / part).exists() else None for part in ("explorable.js", "fallback.html")
        ]
        for part, source in zip(("explorable.js", "fallback.html"), sources, strict=True):
            if source is None and not (inner.path / part).exists():
                folder.say(name, "bad-explorable", f"the explorable has no {part}")
        script, fallback = sources
        yield Explorable(name, script.text.encode() if script else b"", fallback.text if fallback else "")


def _issues(folder: _Folder) -> Iterator[Issue]:
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
            folder.say(
                name, "too-large", f"an issue of {len(rest):,} characters; the limit is {MAX_TEXT:,}", "split it"
            )
            continue
        body = Scalar(rest, source, len(first) + 1, len(source.text))
        yield Issue(name.removesuffix(".md"), match[1], first[2:].strip(), body)


# --- as plain values -----------------------------------------------------------------------------


def facts(entry: DraftEntry) -> tuple[Any, ...]:
    """What of an entry may matter to others: all but its prose and references, of whose texts only the links are left."""

    def values(scalars: Iterable[Scalar]) -> tuple[str, ...]:
        return tuple(scalar.value for scalar in scalars)

    old = entry.deprecated
    return (
        entry.place.path, entry.slug, _value(entry.term), _value(entry.sense), values(entry.aliases), _value(entry.definition),
        _links(entry.summary), _links(entry.explainer), _links(entry.example),
        values(entry.related), values(entry.contrast), values(entry.broader), values(entry.topics),
        entry.level, _value(entry.explorable), entry.autolink, old and (_value(old.by), _links(old.note)),
    )  # fmt: skip


def from_facts(known: tuple[Any, ...]) -> DraftEntry:
    """The entry of which these are the facts. Its values do not know their places."""
    path, slug, term, sense, aliases, definition, summary, explainer, example, *lists, level, explorable, autolink, old = known
    source = Source(path, "")

    def scalar(value: str | None) -> Scalar | None:
        return None if value is None else Scalar(value, source, 0, 0)

    def scalars(values: tuple[str, ...]) -> tuple[Scalar, ...]:
        return tuple(Scalar(value, source, 0, 0) for value in values)

    place = Place(path)
    related, contrast, broader, topics = map(scalars, lists)
    return DraftEntry(
        place, slug, place, scalar(term), scalar(sense), scalars(aliases), None, scalar(definition), scalar(summary),
        scalar(explainer), scalar(example), related, contrast, broader, topics, level, scalar(explorable), (), autolink,
        DraftDeprecation(scalar(old[0]), scalar(old[1])) if old else None, frozenset(),
    )  # fmt: skip


def texts(entry: DraftEntry) -> tuple[Any, ...]:
    """The rest of it: prose, pronunciation and references."""
    return (
        _value(entry.summary) or "", _value(entry.explainer) or "", _value(entry.example) or "",
        (entry.deprecated and _value(entry.deprecated.note)) or "", _value(entry.pronunciation) or "",
        tuple((_value(r.title) or "", tuple(a.value for a in r.authors), r.year, _value(r.url) or "") for r in entry.references),
    )  # fmt: skip


def _value(scalar: Scalar | None) -> str | None:
    return None if scalar is None else scalar.value


def _links(scalar: Scalar | None) -> str | None:
    return None if scalar is None else " ".join(scalar.value[span.start : span.end] for span in links(scalar.value))
