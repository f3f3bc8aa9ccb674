"""Reads `content/` into a Draft. Lenient: a bad field falls to its default, so that one mistake is one problem."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from .fields import Fields
from .model import (
    LEVELS,
    Draft,
    DraftDeprecation,
    DraftEntry,
    DraftReference,
    Explorable,
    Issue,
    Newsletter,
    RuleSetting,
    Settings,
    TopicSetting,
)  # fmt: skip
from .names import slugify
from .problems import ContentError, Place, Problem
from .source import Mapping, Scalar, Sequence, Source, read_source, read_yaml

ENTRY_FIELDS = (
    "term", "sense", "aliases", "pronunciation", "definition", "summary", "explainer", "example", "related",
    "contrast", "broader", "topics", "level", "explorable", "references", "autolink", "deprecated", "slug",
)  # fmt: skip
SITE_FIELDS = (
    "title",
    "base_url",
    "language",
    "description",
    "publisher",
    "topics",
    "about",
    "newsletter",
    "rules",
    "demo",
)

_ISSUE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([^/]+)\.md")


def load(content: Path) -> Draft:
    """Everything below the folder `content`, in name order."""
    problems: list[Problem] = []
    folder = _Folder(content, content.as_posix(), problems)
    settings = _settings(folder)
    explorables = {e.name: e for e in _explorables(folder / "explorables")}
    entries = tuple(_entries(folder / "terms"))
    if not entries and not problems:
        hint = f"write one with: sitegen new 'Term' --content {content}"
        problems.append(Problem(Place(f"{content.as_posix()}/terms"), "no-entries", "there is no entry here", hint))
    issues = tuple(_issues(folder / "newsletter"))
    return Draft(settings, entries, explorables, issues, tuple(problems))


class _Folder:
    """A folder inside the content, and how its files are called in messages."""

    def __init__(self, path: Path, shown: str, problems: list[Problem], root: Path | None = None) -> None:
        self.path, self.shown, self.problems = path, shown, problems
        self.root = root or path.resolve()

    def __truediv__(self, name: str) -> _Folder:
        return _Folder(self.path / name, f"{self.shown}/{name}", self.problems, self.root)

    def say(self, name: str, rule: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Place(f"{self.shown}/{name}"), rule, message, hint))

    def names(self) -> Iterator[str]:
        """What stands in it, in name order, but hidden files and editors' copies; none if it does not exist."""
        if not self.path.is_dir():
            return
        try:
            names = sorted(os.listdir(self.path))
        except OSError as error:
            self.say("", "unreadable", f"cannot be listed: {error.strerror}")
            return
        for name in names:
            if name.startswith(".") or name.endswith(("~", ".swp", ".tmp")):
                continue
            if not name.isprintable():
                self.say(name, "not-an-entry", "a file name with unprintable characters", "rename the file")
            elif not (self.path / name).resolve().is_relative_to(self.root):
                self.say(name, "outside-content", "a link to a file outside the content", "copy the file here")
            else:
                yield name

    def read(self, name: str) -> Source | None:
        try:
            return read_source(self.path / name, f"{self.shown}/{name}")
        except ContentError as error:
            self.problems.extend(error.problems)
            return None


def _entries(folder: _Folder) -> Iterator[DraftEntry]:
    for name in folder.names():
        if not name.endswith(".yaml") or (folder.path / name).is_dir():
            hint = "name it <slug>.yaml" if name.lower().endswith((".yml", ".yaml")) else "move it out of this folder"
            folder.say(name, "not-an-entry", "not a YAML file of one entry", hint)
            continue
        source = folder.read(name)
        if source and (entry := _entry(source, name.removesuffix(".yaml"), folder.problems)):
            yield entry


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
                "not a list of 'field: value' lines",
                "an entry needs 'term:' and 'definition:'",
            )
        )
        return None
    fields = Fields(node, ENTRY_FIELDS, "the entry", problems)
    return DraftEntry(
        place=place,
        slug=_slug(fields, stem, place),
        term=_line(fields, "term", required=True),
        sense=_line(fields, "sense"),
        aliases=fields.texts("aliases"),
        pronunciation=_line(fields, "pronunciation"),
        definition=fields.text("definition", required=True),
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
    )  # fmt: skip


def _line(fields: Fields, name: str, required: bool = False) -> Scalar | None:
    """A text of one line and bearable length."""
    scalar = fields.text(name, required)
    if scalar and ("\n" in scalar.value.strip() or len(scalar.value) > 200):
        fields.wrong(scalar, "one line of at most 200 characters")
        return None
    return scalar


def _slug(fields: Fields, stem: str, place: Place) -> str:
    """The entry's address: its file name, or `slug` where the file name cannot say it."""
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
        return slug or "entry"
    slug = slugify(given.value)
    if slug != given.value:
        hint = f"write '{slug}'" if slug else "letters, digits, hyphens"
        fields.say(given.place, "bad-slug", f"'{given.value}' cannot be an address", hint)
    return slug or slugify(stem) or "entry"


def _reference(fields: Fields) -> DraftReference:
    return DraftReference(
        fields.place, fields.text("title", required=bool(fields.nodes)), fields.texts("authors"),
        fields.whole("year", 1000, 2999), fields.text("url"),
    )  # fmt: skip


def _deprecation(fields: Fields) -> DraftDeprecation | None:
    group = fields.group("deprecated", ("by", "note"), "'deprecated'")
    return DraftDeprecation(group.text("by"), group.text("note")) if group else None


def _settings(folder: _Folder) -> Settings:
    if not (folder.path / "site.yaml").exists():
        folder.say(
            "site.yaml", "missing-setting", "there is no site.yaml", "write at least 'title:' and 'base_url:' in it"
        )
        return Settings()
    source = folder.read("site.yaml")
    if source is None:
        return Settings()
    try:
        node = read_yaml(source)
    except ContentError as error:
        folder.problems.extend(error.problems)
        return Settings()
    if node is None:
        node = Mapping((), source, 0)
    fields = Fields(node, SITE_FIELDS, "site.yaml", folder.problems)
    default = Settings()
    demo = fields.group("demo", ("order", "seed", "temperature"), "'demo'")
    if "base_url" not in fields.nodes:
        fields.say(
            node.place,
            "missing-setting",
            "site.yaml has no base_url",
            "write the address the site will have, as https://example.org/glossary/",
        )
    return Settings(
        title=_value(fields, "title", default.title),
        base_url=fields.parsed("base_url", parse_base_url, "an address like https://example.org/glossary/", default.base_url),
        language=fields.parsed("language", _language, "a language tag like en or pt-BR", default.language),
        description=_value(fields, "description", f"Every term of {_value(fields, 'title', 'the glossary')}, explained."),
        publisher=_value(fields, "publisher"),
        topics=_topics(fields),
        about=fields.text("about"),
        newsletter=_newsletter(fields),
        rules=_rules(fields),
        order=(demo and demo.whole("order", 2, 5)) or default.order,
        seed=(demo and demo.whole("seed", 0, 2**31 - 1)) or default.seed,
        temperature=demo.parsed("temperature", _temperature, "a number from 0 to 2", default.temperature) if demo else default.temperature,
    )  # fmt: skip


def _value(fields: Fields, name: str, default: str = "") -> str:
    scalar = fields.text(name)
    return " ".join(scalar.value.split()) if scalar else default


def parse_base_url(value: str) -> str:
    """The address of a site with one slash at its end. Raises ValueError if it is not one."""
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or set(value) & set(" \"'<>;,")
    ):
        raise ValueError
    return value.rstrip("/") + "/"


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", value):
        raise ValueError
    return value


def _temperature(value: str) -> float:
    if not 0 <= (number := float(value)) <= 2:
        raise ValueError
    return number


def _topics(fields: Fields) -> tuple[TopicSetting, ...]:
    found: dict[str, TopicSetting] = {}
    for group in fields.groups("topics", ("name", "slug", "description"), "the topic"):
        name = _line(group, "name", required=True)
        if name is None:
            continue
        wanted = group.text("slug") or name
        slug = slugify(wanted.value)
        if not slug or (wanted is not name and slug != wanted.value):
            group.say(
                wanted.place,
                "bad-slug",
                f"'{wanted.value}' cannot be an address",
                f"write '{slug}'" if slug else "letters, digits, hyphens",
            )
        elif slug in found:
            group.say(
                wanted.place,
                "duplicate-address",
                f"two topics have the address '{slug}'",
                "give one a 'slug:' of its own",
            )
        else:
            found[slug] = TopicSetting(slug, name.value, _value(group, "description"))
    return tuple(found.values())


def _newsletter(fields: Fields) -> Newsletter | None:
    group = fields.group(
        "newsletter", ("action", "email_field", "hidden", "title", "description", "consent"), "'newsletter'"
    )
    if group is None:
        return None
    action = group.parsed("action", _form_action, "an https address or a path like /subscribe", "")
    if "action" not in group.nodes:
        group.missing("action")
    hidden = group.nodes.get("hidden")
    pairs: list[tuple[str, str]] = []
    if isinstance(hidden, Mapping):
        inner = Fields(hidden, [key.value for key, _ in hidden.pairs], "'hidden'", group.problems)
        pairs = [(name, scalar.value) for name in inner.nodes if (scalar := inner.text(name))]
    elif hidden is not None:
        group.wrong(hidden, "a group of 'name: value' lines")
    default = Newsletter(action)
    return Newsletter(
        action, _value(group, "email_field", default.email_field), tuple(pairs), _value(group, "title", default.title),
        _value(group, "description"), _value(group, "consent"),
    ) if action else None  # fmt: skip


def _form_action(value: str) -> str:
    local = re.fullmatch(r"/[^/\s\"'<>;,][^\s\"'<>;,]*", value)
    parts = urlsplit(value)
    loopback = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if (not local and not ((parts.scheme == "https" or loopback) and parts.hostname)) or set(value) & set(" \"'<>;,"):
        raise ValueError
    return value


def _rules(fields: Fields) -> dict[str, RuleSetting]:
    """`rule: off|advice|problem|<limit>`, or both as `rule: [problem, 120]`; names are checked by `check`."""
    node = fields.nodes.get("rules")
    if node is None:
        return {}
    names = [key.value for key, _ in node.pairs] if isinstance(node, Mapping) else []
    inner = Fields(node, names, "'rules'", fields.problems)
    found = {}
    for name, value in inner.nodes.items():
        level, limit = "", None
        for item in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(item, Scalar) and item.value in ("off", "advice", "problem"):
                level = item.value
            elif isinstance(item, Scalar) and re.fullmatch("[1-9][0-9]{0,5}", item.value):
                limit = int(item.value)
            else:
                inner.wrong(item, "off, advice, problem, a limit, or two of them as [problem, 120]")
        found[name] = RuleSetting(value.key.place if value.key else value.place, level, limit)
    return found


def _explorables(folder: _Folder) -> Iterator[Explorable]:
    for name in folder.names():
        inner = folder / name
        if not inner.path.is_dir() or slugify(name) != name:
            folder.say(
                name,
                "bad-explorable",
                "not a folder with a plain name",
                "one explorable is one folder: letters, digits, hyphens",
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
    for name in folder.names():
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
        body = Scalar(rest, source, len(first) + 1, len(source.text), "text")
        yield Issue(name.removesuffix(".md"), match[1], first[2:].strip(), body)
