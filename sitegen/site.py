"""Everything a page may show: of the whole site, and of the frame that all its pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from urllib.parse import urlsplit

from .demo import Demo
from .memo import digest
from .model import Dates, Entry, Glossary, Newsletter, Theme
from .names import url_path
from .train import LanguageModel

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)  # where neither git nor SOURCE_DATE_EPOCH tells
AT_ONCE = 2_000  # a glossary of more entries is listed on several pages


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows of the whole: nothing that an edit of one entry changes."""

    title: str
    description: str
    language: str
    base_url: str
    publisher: str
    newsletter: Newsletter | None
    topics: tuple[tuple[str, str, str], ...]  # slug, name and description
    letters: tuple[str, ...]
    listed_at_once: bool  # whether one page lists all entries
    explorables: tuple[tuple[str, str], ...]  # name and the fallback's HTML
    folders: tuple[str, ...]  # of the templates
    theme_script: str
    assets_path: str

    def url(self, path: str) -> str:
        """The absolute address of a path below the site's root."""
        return self.base_url + url_path(path)

    @property
    def base_path(self) -> str:
        """The path of the site's root on its host, with slashes around it."""
        return urlsplit(self.base_url).path or "/"

    def digest(self) -> bytes:
        """A hash of all of it."""
        form = astuple(self.newsletter) if self.newsletter else None
        return digest(
            self.title, self.description, self.language, self.base_url, self.publisher, form, self.topics, self.letters,
            self.listed_at_once, self.explorables, self.folders, self.theme_script, self.assets_path,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Site:
    """The glossary without its prose, and what was made of the whole. Each is equal to itself only."""

    glossary: Glossary
    mentions: Mapping[str, tuple[str, ...]]  # by slug: the entries that its prose links to
    styles: tuple[tuple[str, str], ...]  # what formulas need: pairs of class and declarations
    about: str
    issues: Mapping[str, str]
    language_model: LanguageModel
    opening: Callable[[], Demo]  # the run on the home page, made when it is asked for
    dates: Mapping[str, Dates]  # by slug; entries without a known date are not in it
    theme: Theme

    @property
    def has_newsletter(self) -> bool:
        """Whether there is an archive of issues, be it empty yet."""
        return bool(self.glossary.settings.newsletter or self.glossary.issues)

    @cached_property
    def frame(self) -> Frame:
        settings = self.glossary.settings
        return Frame(
            settings.title, settings.description, settings.language, settings.base_url, settings.publisher, settings.newsletter,
            tuple((topic.slug, topic.name, topic.description) for topic in settings.topics),
            tuple(self.glossary.by_letter), len(self.glossary.entries) <= AT_ONCE,
            tuple(sorted((explorable.name, explorable.fallback) for explorable in self.glossary.explorables.values())),
            tuple(map(str, self.theme.folders)), self.theme.assets.get("theme.inline.js", b"").decode().strip(), self.assets_path,
        )  # fmt: skip

    @cached_property
    def assets(self) -> dict[str, bytes]:
        """The assets by name; the stylesheet with the classes that formulas need."""
        rules = "".join(f".{name}{{{css}}}" for name, css in self.styles)
        found = {name: data for name, data in self.theme.assets.items() if not name.endswith(".inline.js")}
        if rules:
            found["site.css"] = found.get("site.css", b"") + rules.encode() + b"\n"
        return found

    @cached_property
    def assets_path(self) -> str:
        """The folder of the assets, named by their content, so that a browser may keep them for ever."""
        hashed = sha256()
        for name, data in sorted(self.assets.items()):
            hashed.update(f"{name}\0{len(data)}\0".encode() + data)
        return f"assets/{hashed.hexdigest()[:10]}/"

    @cached_property
    def backlinks(self) -> dict[str, list[str]]:
        """For each entry, the others that relate or link to it, in index order."""
        return self.backlinks_of(entry.slug for entry in self.glossary.entries)

    def backlinks_of(self, slugs: Iterable[str]) -> dict[str, list[str]]:
        """The same for some entries only, which takes less."""
        found: dict[str, list[str]] = {slug: [] for slug in slugs}
        wanted = found.keys()
        for entry in self.glossary.entries:
            source = entry.slug
            leads_to = (*entry.related, *entry.contrast, *entry.broader, *self.mentions[source])
            for slug in wanted & leads_to:
                if slug != source:
                    found[slug].append(source)
        return found

    @cached_property
    def updated(self) -> datetime:
        """When the newest entry changed."""
        return max((dates.updated for dates in self.dates.values()), default=UNDATED)

    @cached_property
    def newest(self) -> tuple[Entry, ...]:
        """The entries by last change, newest first; those of one moment by title."""

        def age(entry: Entry) -> float:
            dates = self.dates.get(entry.slug)
            return -dates.updated.timestamp() if dates else 0.0

        return tuple(sorted(self.glossary.entries, key=age))

    def url(self, path: str) -> str:
        """The absolute address of a path below the site's root."""
        return self.frame.url(path)
