"""Everything a page may show, in one value: the glossary, its prose as HTML, its language model, its dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urlsplit

from .markup import Body
from .model import Dates, Entry, Glossary, Theme
from .names import url_path
from .train import LanguageModel

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)  # where neither git nor SOURCE_DATE_EPOCH tells


@dataclass(frozen=True)
class Site:
    glossary: Glossary
    bodies: Mapping[str, Body]
    about: str
    issues: Mapping[str, str]
    language_model: LanguageModel
    dates: Mapping[str, Dates]  # by slug; entries without a known date are not in it
    theme: Theme

    @property
    def has_newsletter(self) -> bool:
        """Whether there is an archive of issues, be it empty yet."""
        return bool(self.glossary.settings.newsletter or self.glossary.issues)

    @cached_property
    def backlinks(self) -> dict[str, tuple[str, ...]]:
        """For each entry, the others that relate or link to it, in index order."""
        found: dict[str, list[str]] = {}
        for entry in self.glossary.entries:
            leads_to = {*entry.related, *entry.contrast, *entry.broader, *self.bodies[entry.slug].mentions}
            for slug in leads_to - {entry.slug}:
                found.setdefault(slug, []).append(entry.slug)
        return {slug: tuple(sources) for slug, sources in found.items()}

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
        return self.glossary.settings.base_url + url_path(path)

    @property
    def base_path(self) -> str:
        """The path of the site's root on its host, with slashes around it."""
        return urlsplit(self.glossary.settings.base_url).path or "/"
