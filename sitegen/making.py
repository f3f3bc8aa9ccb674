"""Content -> the files of a site. Every step asks `memo` first, and gives what is missing to the crew."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unicodedata import normalize

from .check import check
from .dates import epoch_dates, git_dates
from .entries import Entries, Linked
from .known import Known
from .load import outline
from .manifest import Group, Manifest
from .markup import Markup
from .memo import digest
from .model import Dates, File, Glossary, Theme
from .outputs import MODEL_OUTPUTS, SITE_OUTPUTS, Surroundings, part_pages, to_begin_with
from .render import Renderer, compiled
from .says import Says, Trained
from .site import Site
from .survey import Survey
from .theme import load_theme
from .work import page_maker

WHOLE_SITE, MODEL = "/", "/model/"  # groups of files that are of no single entry; no slug has a slash, with which those of lists begin too

Progress = Callable[[str], None]
Spent = Callable[[str, float], None]  # is told how many seconds a page took


@dataclass(frozen=True)
class Plan:
    """What there is to do: the groups of files that can stay as they stand, and how to make the others."""

    kept: Mapping[str, Group]
    keys: Mapping[str, bytes]  # of every group
    made: Iterator[tuple[str, File]]  # each with its group
    model: Trained
    behind: bool  # whether pages show what an earlier one said
    dated: bool  # whether git, where it is, said when entries changed


class Making:
    """One build: from the files' bytes, step by step, to a key for every page, and to the pages whose key is new."""

    def __init__(
        self, content: Path, folders: tuple[Path, ...], stands_at: tuple[str, str], seen: Survey, known: Known, progress: Progress, spent: Spent,
    ) -> None:  # fmt: skip
        self.content, self.folders, self.seen = content, folders, seen
        self.known, self.progress, self.spent = known, progress, spent
        self.entries, self.says = Entries(content, stands_at, seen, known), Says(seen.program, known)

    def plan(self, before: Callable[[], Manifest], spoilt: Callable[[], Collection[str]], earlier: Trained | None = None) -> Plan:
        """What there is to do where the groups of the site `before` stand, but for those that are `spoilt`.

        Pages may show what an `earlier` model of the same settings said, or even one before it. Raises ContentError with every problem.
        """
        self.progress("reading")
        draft, files = self.known.memo.hold("outline", digest(self.seen.looked), lambda: outline(self.content))
        if not all(problem.advice for problem in check(draft, ())):
            self.entries.fail()
        sources, facts = self.entries.read(draft, files)
        self.progress("checking and linking")
        key, (glossary, names) = self.entries.link(draft, list(sources.values()), facts)
        self.progress("marking up")
        linked = self.entries.mark_up(key, glossary, names, sources)
        self.progress("training the language model")
        (model_key, model), behind = self.says.train(key, glossary, linked, earlier)
        about, issues, styles = self._pages(key, glossary, names)
        (moments, dates), dated = self._dates(key, glossary)
        site = Site(
            glossary,
            {slug: mentions for slug, (mentions, _, _) in linked.items()},
            tuple(sorted(styles.union(*(found for _, found, _ in linked.values())))),
            about, issues, model, self.says.opening(glossary.settings, model_key, model), dates, self._theme(),
        )  # fmt: skip
        known_as = digest(key, moments, *(site.mentions[entry.slug] for entry in glossary.entries))
        every = range(len(glossary.entries))
        around = self.known.begun("around", known_as, lambda: Surroundings(site, every).digests(), len(every))
        asked = self.says.say(glossary, key, model_key, model, {path: facts[source] for path, source in sources.items()})
        frame = digest(self.seen.program, self.seen.of_theme(), site.frame.digest())
        first = self.known.one("first", known_as, lambda: tuple(entry.slug for entry in to_begin_with(site)))
        parts = self.known.one("parts", digest(frame, key), lambda: {f"/{page.part.path}": digest(frame, page.digest()) for page in part_pages(site)})
        code = self.known.one("templates", digest(self.seen.program, *site.frame.folders, self.seen.of_theme()), lambda: compiled(site.frame))
        self.progress("running the language model")
        said = asked()
        self.progress("comparing")
        keys = {
            entry.slug: frame + sources[entry.place.path] + linked[entry.slug][2] + hashed + said[entry.slug]
            for entry, hashed in zip(glossary.entries, around(), strict=True)
        }
        keys[MODEL] = digest(frame, model_key, repr(glossary.held_out))
        keys[WHOLE_SITE] = digest(frame, key, model_key, about, tuple(sorted(issues.items())), moments, first)
        keys |= parts
        groups, gone = before().groups, spoilt()
        kept = {name: groups[name] for name, key in keys.items() if name in groups and name not in gone and _same(groups[name].key, key, earlier)}
        behind |= any(group.key != keys[name] for name, group in kept.items())
        todo = [place for place, entry in enumerate(glossary.entries) if entry.slug not in kept]
        self.progress("rendering")
        others = self._others(site, code, keys.keys() - kept.keys())
        made = self._render(site, code, todo, others, sources, linked, said)
        return Plan(kept, keys, made, (model_key, model), behind, dated)

    def _pages(self, key: bytes, glossary: Glossary, names: bytes) -> tuple[str, dict[str, str], set[tuple[str, str]]]:
        """The about page and the newsletter's issues as HTML, and the styles of their formulas; the glossary is known as `key`."""

        def of_names() -> bytes:
            return digest(names, *((entry.slug, entry.term, entry.title, entry.aliases) for entry in glossary.entries))

        hashed: bytes = self.known.memo.hold("names", key, of_names)
        markups: list[Markup] = []
        needed: set[tuple[str, str]] = set()

        def made(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
            if not markups:
                markups.append(Markup.of(glossary, self.entries.mentions(names)))
            return markups[0].page(text), tuple(sorted(markups[0].styles))

        def html(text: str) -> str:
            found, styles = self.known.one("page", digest(self.seen.program, hashed, text), lambda: made(text))
            needed.update(styles)
            return str(found)

        about = html(glossary.settings.about.value) if glossary.settings.about else ""
        return about, {issue.name: html(issue.body.value) for issue in glossary.issues}, needed

    def _dates(self, key: bytes, glossary: Glossary) -> tuple[tuple[bytes, dict[str, Dates]], bool]:
        """When the entries of the glossary known as `key` changed, by slug, after a hash of it; and whether git, where it is, could say."""
        folder = self.content / "terms"
        known_as = digest(self.seen.program, str(folder.resolve()), self.seen.history)
        answer = self.known.one("dates", known_as, lambda: git_dates(folder, self.seen.commit)) if self.seen.commit else {}
        answered, found = answer is not None, answer or {}
        epoch = epoch_dates(os.environ)

        def dates() -> tuple[bytes, dict[str, Dates]]:
            # macOS may spell a name in other characters than git does.
            names = {entry.slug: normalize("NFC", entry.place.path.rpartition("/")[2]) for entry in glossary.entries}
            dates = {slug: moments for slug, name in names.items() if (moments := found.get(name, epoch))}
            spelled = {id(of): (of.published.isoformat(), of.updated.isoformat()) for of in dates.values()}
            return digest(*((slug, spelled[id(of)]) for slug, of in sorted(dates.items()))), dates

        known: tuple[bytes, dict[str, Dates]] = self.known.memo.hold("dates by slug", digest(known_as, key, answered), dates)
        return known, answered

    def _theme(self) -> Theme:
        key = digest(self.seen.program, *map(str, self.folders), self.seen.of_theme())
        theme: Theme = self.known.one("theme", key, lambda: load_theme(self.folders))
        return theme

    # --- pages --------------------------------------------------------------------------------------

    def _render(
        self, site: Site, code: dict[str, bytes], places: list[int], others: Iterator[tuple[str, File]], sources: Mapping[str, bytes],
        linked: Mapping[str, Linked], said: Mapping[str, bytes],
    ) -> Iterator[tuple[str, File]]:  # fmt: skip
        """The files of the entries at `places` and the `others` in turns."""
        entries = [site.glossary.entries[place] for place in places]
        around = Surroundings(site, places)

        def one(kind: str, key: bytes) -> bytes:
            return self.known.memo.known(kind, [key])[key]

        def pages() -> Iterator[tuple[Any, ...]]:
            for place, entry in zip(places, entries, strict=True):
                source, body = sources[entry.place.path], linked[entry.slug][2]
                yield entry, one("texts", source), one("body", body), around.around(place), one("printed", said[entry.slug])

        results = self.known.crew.map(page_maker, pickle.dumps((site.frame, code, self.seen.as_it_stands()), 5), pages(), len(entries))

        def rendered() -> Iterator[tuple[str, File]]:
            for entry, (files, seconds) in zip(entries, results, strict=True):
                self.spent(entry.path, seconds)
                yield from ((entry.slug, file) for file in files)

        turns = zip_longest(rendered(), others)
        return (pair for both in turns for pair in both if pair)

    def _others(self, site: Site, code: dict[str, bytes], groups: Collection[str]) -> Iterator[tuple[str, File]]:
        """The files of those of `groups` that are no entries'."""
        if not any(name.startswith(WHOLE_SITE) for name in groups):
            return
        renderer = Renderer(site.frame, code)
        for name, outputs in ((WHOLE_SITE, SITE_OUTPUTS), (MODEL, MODEL_OUTPUTS)):
            for output in outputs if name in groups else ():
                for file in output(site, renderer):
                    yield name, file
        for page in part_pages(site):
            if (name := f"/{page.part.path}") in groups:
                yield name, page.file(renderer)


def _same(stands: bytes, wanted: bytes, earlier: Trained | None) -> bool:
    """Whether pages that stand can stay: also an entry's where only the end of the key, what the model says, has changed, if an earlier one will do."""
    return stands == wanted or bool(earlier and wanted[:-16] and stands[:-16] == wanted[:-16])
