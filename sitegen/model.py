"""The nouns of the program: what each stage hands to the next. All are frozen and complete when made.

Those of which there are many are named tuples: these are pickled, for the memo and other processes, five times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from .manifest import File as File
from .names import NameIndex, fold, slugify
from .nodes import Scalar
from .problems import Place, Problem

LEVELS = ("beginner", "intermediate", "advanced")


# --- as read: values that still know their place ----------------------------------------------


@dataclass(frozen=True, slots=True)
class DraftReference:
    place: Place
    title: Scalar | None
    authors: tuple[Scalar, ...]
    year: int | None
    url: Scalar | None


@dataclass(frozen=True, slots=True)
class DraftDeprecation:
    by: Scalar | None
    note: Scalar | None


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """One file of `content/terms/`. A field that was missing or wrong holds its default."""

    place: Place
    slug: str
    slug_place: Place
    term: Scalar | None
    sense: Scalar | None
    aliases: tuple[Scalar, ...]
    pronunciation: Scalar | None
    definition: Scalar | None
    summary: Scalar | None
    explainer: Scalar | None
    example: Scalar | None
    related: tuple[Scalar, ...]
    contrast: tuple[Scalar, ...]
    broader: tuple[Scalar, ...]
    topics: tuple[Scalar, ...]
    level: str
    explorable: Scalar | None
    references: tuple[DraftReference, ...]
    autolink: bool
    deprecated: DraftDeprecation | None
    given: frozenset[str]  # the fields that the file has, wrong ones too

    @property
    def title(self) -> str:
        """The term, with its sense in brackets where it has one: how a homonym is written in full."""
        term = self.term.value if self.term else self.slug
        return f"{term} ({self.sense.value})" if self.sense else term

    @property
    def claims(self) -> Iterator[tuple[str, Scalar]]:
        """The names the entry answers to, each with the value that says so."""
        if self.term:
            yield self.term.value, self.term
            yield self.title, self.term
        for alias in self.aliases:
            yield alias.value, alias

    @property
    def texts(self) -> tuple[Scalar, ...]:
        """The fields that are Markdown."""
        found = (self.summary, self.explainer, self.example, self.deprecated and self.deprecated.note)
        return tuple(scalar for scalar in found if scalar)


@dataclass(frozen=True, slots=True)
class Explorable:
    """One folder of `content/explorables/`: a module, and the HTML that stands there without it."""

    name: str
    script: bytes = field(repr=False)
    fallback: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issue:
    """One file of `content/newsletter/`: `<date>-<slug>.md`, its first line `# Title`."""

    name: str
    date: str
    title: str
    body: Scalar

    @property
    def path(self) -> str:
        """Its address below the site's root."""
        return f"newsletter/{self.name}/"


@dataclass(frozen=True)
class Draft:
    """Everything under `content/` as it was read, with the problems met on the way."""

    settings: Settings
    entries: tuple[DraftEntry, ...]
    explorables: Mapping[str, Explorable]
    issues: tuple[Issue, ...]
    held_out: HeldOut | None
    problems: tuple[Problem, ...]
    unread: Mapping[str, str] = field(default_factory=dict)  # by slug the names, folded, in files that could not be read

    def may_be(self, name: str) -> bool:
        """Whether a name may be that of an entry which could not be read."""
        folded = fold(name)  # of nothing, which stands in every text, nobody is called
        return bool(folded) and (slugify(name) in self.unread or folded in self._names_unread)

    @cached_property
    def _names_unread(self) -> str:
        return "\n".join(self.unread.values())

    @cached_property
    def index(self) -> NameIndex:
        """What every name in the draft may mean."""
        return NameIndex((entry.slug, [name for name, _ in entry.claims]) for entry in self.entries)


# --- site.yaml ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """What `rules:` in site.yaml says of one rule: how it counts, and its limit."""

    place: Place
    level: str = ""  # "", off, advice or problem
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class TopicSetting:
    slug: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Newsletter:
    """Where the form posts to, and what it says."""

    action: str
    email_field: str = "email"
    hidden: tuple[tuple[str, str], ...] = ()
    title: str = "Newsletter"
    description: str = ""
    consent: str = ""
    sender: str = ""  # Name <address>
    trap: str = ""  # a field that people do not see; what fills it in is no person
    redirects: tuple[str, ...] = ()  # to where else the answer to the form may lead
    own: bool = False  # whether sitegen's own service answers

    @property
    def origin(self) -> str:
        """Where the form's receiver stands, if that is not the site itself."""
        parts = urlsplit(self.action)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def consent_hash(self) -> str:
        """SHA-256 of the words of consent: what the form sends of them."""
        return sha256(self.consent.encode()).hexdigest()

    @property
    def data_action(self) -> str:
        """Where our own service is asked for one's data."""
        return urljoin(self.action, "data")


@dataclass(frozen=True, slots=True)
class Settings:
    title: str = "Glossary"
    base_url: str = "https://example.org/"  # ends with a slash
    language: str = "en"
    description: str = ""
    publisher: str = ""
    topics: tuple[TopicSetting, ...] = ()
    about: Scalar | None = None
    newsletter: Newsletter | None = None
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    prompt: str = ""  # what the home page's demo continues; empty: the description
    order: int = 4
    seed: int = 1
    temperature: float = 0.7
    tokens: int = 50_000  # the most that the demo's model reads: at most 75 KB compressed, even of varied prose
    file: str = "read"  # what became of site.yaml: or missing; or unreadable, so that nobody can say what topics there are


# --- linked: plain values, every name resolved -------------------------------------------------


class Reference(NamedTuple):
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    url: str = ""


class Deprecation(NamedTuple):
    by: str = ""
    note: str = ""


class Entry(NamedTuple):
    """An entry whose every name is a slug that exists."""

    slug: str
    term: str
    sense: str
    title: str
    letter: str
    aliases: tuple[str, ...]
    pronunciation: str
    definition: str
    summary: str
    explainer: str
    example: str
    related: tuple[str, ...]
    contrast: tuple[str, ...]
    broader: tuple[str, ...]
    narrower: tuple[str, ...]
    topics: tuple[str, ...]
    level: str
    explorable: str
    references: tuple[Reference, ...]
    autolink: bool
    deprecated: Deprecation | None
    links: tuple[tuple[str, str, str], ...]  # what its texts name in [[...]], each with the slug and title that this means
    place: Place

    @property
    def path(self) -> str:
        """Its address below the site's root."""
        return path_of(self.slug)


def path_of(slug: str) -> str:
    """The address of an entry below the site's root."""
    return f"terms/{slug}/"


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """The perplexities of the three smoothings at one order: over the words that were read, and with all others."""

    order: int
    kneser_ney: float
    witten_bell: float
    stupid_backoff: float
    kneser_ney_with_unknown: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A comparison. Tokens are words and sentence ends; `unknown` of those tested were not read in training."""

    entries_trained: int
    entries_tested: int
    tokens_trained: int
    tokens_tested: int
    unknown: int
    rows: tuple[HeldOutRow, ...]


@dataclass(frozen=True)
class Glossary:
    """The entries in index order, and every way to find one."""

    settings: Settings
    entries: tuple[Entry, ...]
    index: NameIndex
    redirects: Mapping[str, str]  # an alias's slug -> its entry's
    explorables: Mapping[str, Explorable]
    issues: tuple[Issue, ...]
    held_out: HeldOut | None  # how well its language model predicts, if that was measured

    @cached_property
    def by_slug(self) -> dict[str, Entry]:
        return {entry.slug: entry for entry in self.entries}

    @cached_property
    def by_letter(self) -> dict[str, tuple[Entry, ...]]:
        groups: dict[str, list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.letter, []).append(entry)
        return {letter: tuple(group) for letter, group in groups.items()}

    @cached_property
    def by_topic(self) -> dict[str, tuple[Entry, ...]]:
        groups: dict[str, list[Entry]] = {topic.slug: [] for topic in self.settings.topics}
        for entry in self.entries:
            for topic in entry.topics:
                groups[topic].append(entry)
        return {topic: tuple(group) for topic, group in groups.items()}


# --- ready to be written -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dates:
    """When a file first and last changed, UTC."""

    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Theme:
    """The templates and assets: the user's own, file by file, over the shipped ones."""

    folders: tuple[Path, ...]
    assets: Mapping[str, bytes]
