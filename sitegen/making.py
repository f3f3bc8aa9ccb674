"""Content -> the files of a site. Every step asks `memo` first, and gives what is missing to the crew."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from sys import intern
from typing import Any, NoReturn, TypeVar

from .check import check, stopping
from .checks.completeness import needed
from .checks.texts import markup as check_markup
from .crew import Crew
from .dates import entry_dates
from .link import link
from .load import from_facts, load, outline
from .manifest import Group
from .markup import Body, Markup
from .memo import Memo, digest, joined, plain, read
from .mentions import Mentions, names_of
from .model import Dates, Draft, Entry, File, Glossary, Theme
from .outputs import MODEL_OUTPUTS, SITE_OUTPUTS, Surroundings, part_pages
from .problems import ContentError, Problem
from .render import Renderer, compiled
from .site import Site
from .survey import Survey, bytes_of, terms_folder
from .theme import load_theme
from .train import LanguageModel, by_chance, reading, train
from .work import mark_up, print_entries, read_entries, render_entries

WHOLE_SITE, MODEL = "/", "/model/"  # groups of files that are of no single entry; no slug has a slash, with which those of lists begin too

T = TypeVar("T")
Progress = Callable[[str], None]
Spent = Callable[[str, float], None]  # is told how many seconds a page took
Linked = tuple[tuple[str, ...], tuple[tuple[str, str], ...], bytes]  # the entries that a body leads to, its styles, its key


class ChangedError(OSError):
    """The content was changed while it was read."""


@dataclass(frozen=True)
class Plan:
    """What there is to do: the groups of files that can stay as they stand, and how to make the others."""

    kept: Mapping[str, Group]
    keys: Mapping[str, bytes]  # of every group
    made: Iterator[tuple[str, File]]  # each with its group


def require(problems: Iterable[Problem]) -> None:
    """Raise ContentError if any of `problems` is more than advice."""
    if serious := [problem for problem in problems if not problem.advice]:
        raise ContentError(serious)


class Making:
    """One build: from the files' bytes, step by step, to a key for every page, and to the pages whose key is new."""

    def __init__(
        self, content: Path, folders: tuple[Path, ...], stands_at: tuple[str, str], seen: Survey, memo: Memo, crew: Crew,
        progress: Progress, spent: Spent,
    ) -> None:  # fmt: skip
        self.content, self.folders, self.stands_at, self.seen = content, folders, stands_at, seen
        self.memo, self.crew, self.progress, self.spent = memo, crew, progress, spent
        self.terms = f"{terms_folder(content)}/"
        self.used: dict[str, Iterable[bytes]] = {}  # by kind, the keys of the results that this site is made of

    def plan(self, before: Mapping[str, Group], spoilt: Callable[[], Collection[str]]) -> Plan:
        """What there is to do where the groups `before` of an earlier site stand, but for those that are `spoilt`. Raises ContentError with every problem."""
        self.progress("reading")
        draft, files = outline(self.content)
        if not all(problem.advice for problem in check(draft, ())):
            self._fail()
        sources, facts = self._read(draft, files)
        self.progress("checking and linking")
        key, (glossary, names) = self._link(draft, list(sources.values()), facts)
        self.progress("marking up")
        linked = self._mark_up(key, glossary, names, sources)
        self.progress("training the language model")
        model_key, model = self._train(key, glossary, linked)
        about, issues = self._pages(key, glossary, names)
        moments, dates = self._dates(key, glossary)
        site = Site(
            glossary,
            {slug: mentions for slug, (mentions, _, _) in linked.items()},
            tuple(sorted({style for _, styles, _ in linked.values() for style in styles})),
            about, issues, model, dates, self._theme(),
        )  # fmt: skip
        known_as = digest(key, moments, *(site.mentions[entry.slug] for entry in glossary.entries))
        every = range(len(glossary.entries))
        around = self._begun("around", known_as, lambda: Surroundings(site, every).digests(), len(every))
        self.progress("running the language model")
        said = self._say(glossary, key, model_key, model, {path: facts[source] for path, source in sources.items()})
        self.progress("comparing")
        frame = digest(self.seen.program, self.seen.of_theme(), site.frame.digest())
        keys = {
            entry.slug: frame + sources[entry.place.path] + linked[entry.slug][2] + hashed + said[entry.slug]
            for entry, hashed in zip(glossary.entries, around(), strict=True)
        }
        keys[MODEL] = digest(frame, model_key, repr(glossary.held_out))
        keys[WHOLE_SITE] = digest(frame, key, model_key, about, tuple(sorted(issues.items())), moments)
        keys |= self._one("parts", digest(frame, key), lambda: {f"/{page.part.path}": digest(frame, page.digest()) for page in part_pages(site)})
        same = (name for name, key in keys.items() if name in before and before[name].key == key)
        gone = spoilt()
        kept = {name: before[name] for name in same if name not in gone}
        todo = [place for place, entry in enumerate(glossary.entries) if entry.slug not in kept]
        self.progress("rendering")
        code = self._one("templates", digest(self.seen.program, *site.frame.folders, self.seen.of_theme()), lambda: compiled(site.frame))
        others = self._others(site, code, keys.keys() - kept.keys())
        made = self._render(site, code, todo, others, sources, linked, said)
        return Plan(kept, keys, made)

    def _fail(self) -> NoReturn:
        """Something is wrong with the content: say all of it."""
        require(check(load(self.content)))
        raise ChangedError("the content was changed while it was read; build again")

    def _one(self, kind: str, key: bytes, make: Callable[[], Any]) -> Any:
        """One result, which `make` makes if it is not known."""

        def found() -> Any:
            value = self.memo.load(kind, key)
            if value is None:
                value = make()
                self.memo.save(kind, key, value)
            return value

        self.used[kind] = [*self.used.get(kind, ()), key]
        return self.memo.hold(kind, key, found)

    def _begun(self, kind: str, key: bytes, make: Callable[[], Any], count: int) -> Callable[[], Any]:
        """The same, begun beside what follows if it is not known; `make` goes through `count` entries."""
        return partial(self._one, kind, key, make if self.memo.get(kind, [key]) else self.crew.beside(make, count))

    # --- entries ------------------------------------------------------------------------------------

    def _read(self, draft: Draft, files: list[tuple[str, str]]) -> tuple[dict[str, bytes], dict[bytes, bytes]]:
        """By the names of the entries' files a hash of each, under which its facts and texts are known; and by that, of its facts."""
        rules = sorted((name, rule.level, rule.limit) for name, rule in draft.settings.rules.items())
        common = digest(self.seen.program, *rules)
        # By name and content, the hash of both, and that of the facts.
        known: dict[tuple[str, bytes], tuple[bytes, bytes]] = self.memo.hold("read", common, dict)
        content = {path: hashed for path, hashed in self.seen.content.items() if path.startswith(self.terms)}
        if len(content) != len(files) or not all(path in content for path, _ in files):
            self._fail()
        there = [(shown, content[path]) for path, shown in files]
        keys = {file: joined(common, file[1], file[0].encode(errors="surrogatepass")) for file in there if file not in known}
        found = self.memo.get("entry", keys.values())
        known.update((file, (key, found[key])) for file, key in keys.items() if key in found)
        missing = [(path, file) for (path, _), file in zip(files, there, strict=True) if file not in known]

        def contents() -> Iterator[tuple[str, bytes]]:
            for path, (shown, hashed) in missing:
                raw = bytes_of(path)
                if raw is None or digest(raw) != hashed:
                    self._fail()
                yield shown, raw

        results = self.crew.map(read_entries, pickle.dumps(draft.settings, 5), contents(), len(missing))
        for (_, file), result in zip(missing, chain.from_iterable(results), strict=True):
            if result is None:
                self._fail()
            facts, texts = result
            known[file] = keys[file], digest(facts)
            for kind, value in (("facts", facts), ("texts", texts), ("entry", known[file][1])):
                self.memo.put(kind, [(keys[file], value)])
        _only(known, there)
        sources = {shown: key for (shown, _), (key, _) in known.items()}
        for kind in ("entry", "facts", "texts", "words"):
            self.used[kind] = sources.values()
        return sources, dict(known.values())

    def _link(self, draft: Draft, sources: list[bytes], facts: Mapping[bytes, bytes]) -> tuple[bytes, tuple[Glossary, bytes]]:
        """The glossary without its prose, under the hash of the facts of all entries; and what `names_of` gives.

        That it is known means that `check` found nothing wrong in those facts.
        """
        if needed in stopping(draft.settings):  # which looks at the prose
            require(check(load(self.content), (needed,)))
        others = (
            part for path, hashed in sorted(self.seen.content.items()) if not path.startswith(self.terms) for part in (path, hashed)
        )
        key = digest(self.seen.program, *self.stands_at, *others, *(facts[source] for source in sources))
        return key, self._one("glossary", key, lambda: self._linked(draft, sources))

    def _linked(self, draft: Draft, sources: list[bytes]) -> tuple[Glossary, bytes]:
        facts = self.memo.get("facts", sources)
        whole = Draft(
            draft.settings, tuple(from_facts(read(facts[source])) for source in sources), draft.explorables, draft.issues,
            draft.held_out, draft.problems,
        )  # fmt: skip
        checks = [each for each in stopping(draft.settings) if each is not needed]
        problems = self.crew.beside(lambda: (*check(whole, checks), *check(draft, (check_markup,))), len(sources))
        try:
            glossary = link(whole, *self.stands_at)
            return glossary, plain(names_of(glossary))
        finally:  # whether or not a draft that does not pass could be linked
            if any(not problem.advice for problem in problems()):
                self._fail()

    def _mark_up(self, key: bytes, glossary: Glossary, names: bytes, sources: Mapping[str, bytes]) -> dict[str, Linked]:
        """By slug what each entry's prose leads to and needs, and the key under which it is known as HTML; the glossary is known as `key`.

        Which names a text can mention depends on its words only: a new name changes the key of those texts that have
        its first word.
        """
        hashed: bytes = self.memo.hold("titles", key, lambda: digest(names, *((entry.slug, entry.title) for entry in glossary.entries)))
        found: dict[bytes, Linked] = self.memo.hold("marked", hashed, dict)
        unknown = {source: entry for entry in glossary.entries if (source := sources[entry.place.path]) not in found}

        def know(under: Mapping[bytes, bytes]) -> None:
            """Take what is known of sources `under` other keys, for the next time under those of today."""
            for known_as, data in self.memo.get("linked", under).items():
                source = under[known_as]
                found[source] = _linked_of(data)
                del unknown[source]
                if known_as != source + hashed:
                    self.memo.put("linked", [(source + hashed, data)])

        know({source + hashed: source for source in unknown})
        if len(unknown) > 1:
            mentions = Mentions(read(names))
            words = ((source, data) for source, data in self.memo.each("words") if source in unknown)
            know({_body_key(unknown[source], source, mentions.known(read(data))): source for source, data in words})

        def values() -> Iterator[tuple[Entry, bytes]]:
            for source, entry in unknown.items():
                yield entry, self.memo.get("texts", [source])[source]

        results = self.crew.map(mark_up, names, values(), len(unknown))
        for (source, entry), (body, words_, known_names) in zip(unknown.items(), chain.from_iterable(results), strict=True):
            known_as = _body_key(entry, source, known_names)
            *_, mentions_, styles = read(body)
            data = plain((mentions_, styles, known_as))
            found[source] = _linked_of(data)
            self.memo.put("body", [(known_as, body)])
            self.memo.put("words", [(source, words_)])
            self.memo.put("linked", [(source + hashed, data), (known_as, data)])
        _only(found, sources.values())
        linked = {entry.slug: found[sources[entry.place.path]] for entry in glossary.entries}
        self.used["body"] = [body for _, _, body in linked.values()]
        self.used["linked"] = [*(source + hashed for source in sources.values()), *self.used["body"]]
        return linked

    # --- the whole ----------------------------------------------------------------------------------

    def _train(self, key: bytes, glossary: Glossary, linked: Mapping[str, Linked]) -> tuple[bytes, LanguageModel]:
        """The model of the glossary known as `key`, after a hash of it."""
        bodies = _Bodies(self.memo, {slug: body for slug, (_, _, body) in linked.items()})
        settings = glossary.settings
        left, parts = settings.tokens, [str((settings.tokens, settings.order, settings.seed, settings.temperature)).encode()]
        for entry in self.memo.hold("by chance", key, lambda: by_chance(glossary.entries)):
            key = digest(self.seen.program, bodies.keys_[entry.slug], entry.definition)
            number, sentences = self._one("reading", key, partial(_reading, entry, bodies))
            left -= number
            parts += [sentences, plain((entry.slug, entry.title, entry.path))]
            if left < 0:
                break
        key = digest(self.seen.program, *parts)
        return key, self._one("model", key, lambda: train(glossary, bodies))

    def _say(self, glossary: Glossary, key: bytes, model_key: bytes, model: LanguageModel, facts: Mapping[str, bytes]) -> dict[str, bytes]:
        """By slug a hash of what the model says on each entry's page, under which that is known.

        The glossary is known as `key`, and `facts` are hashes of its entries by their files. A model that has read one text more says the same on
        most pages, which then need not be rendered.
        """

        def said() -> dict[bytes, bytes]:
            keys = {model_key + facts[entry.place.path]: entry for entry in glossary.entries}
            known = self.memo.get("said", keys)
            missing = [key for key in keys if key not in known]
            shared = pickle.dumps(model.bare(), 5) if missing else b""
            asked = ((keys[key].slug, keys[key].definition) for key in missing)
            results = self.crew.map(print_entries, shared, asked, len(missing))
            for key, (hashed, says) in zip(missing, chain.from_iterable(results), strict=True):
                self.memo.put("said", [(key, hashed)])
                self.memo.put("printed", [(hashed, says)])
                known[key] = hashed
            return {key: known[key] for key in keys}

        found: dict[bytes, bytes] = self.memo.hold("said of all", joined(key, model_key), said)
        self.used["said"], self.used["printed"] = found.keys(), found.values()
        return {entry.slug: hashed for entry, hashed in zip(glossary.entries, found.values(), strict=True)}

    def _pages(self, key: bytes, glossary: Glossary, names: bytes) -> tuple[str, dict[str, str]]:
        """The about page and the newsletter's issues as HTML; the glossary is known as `key`."""

        def of_names() -> bytes:
            return digest(names, *((entry.slug, entry.title, entry.aliases) for entry in glossary.entries))

        hashed: bytes = self.memo.hold("names", key, of_names)
        markups: list[Markup] = []

        def html(text: str) -> str:
            if not markups:
                markups.append(Markup.of(glossary))
            return markups[0].page(text)

        def known(text: str) -> str:
            return str(self._one("page", digest(self.seen.program, hashed, text), lambda: html(text)))

        about = known(glossary.settings.about.value) if glossary.settings.about else ""
        return about, {issue.name: known(issue.body.value) for issue in glossary.issues}

    def _dates(self, key: bytes, glossary: Glossary) -> tuple[bytes, dict[str, Dates]]:
        """When the entries of the glossary known as `key` changed, by slug, after a hash of it."""
        folder = self.content / "terms"
        known_as = digest(str(folder.resolve()), self.seen.history)
        found = self._one("dates", known_as, lambda: entry_dates(folder))

        def dates() -> tuple[bytes, dict[str, Dates]]:
            names = {entry.slug: entry.place.path.rpartition("/")[2] for entry in glossary.entries}
            dates = {slug: moments for slug, name in names.items() if (moments := found.get(name, found.get("")))}
            spelled = {id(of): (of.published.isoformat(), of.updated.isoformat()) for of in found.values()}
            return digest(*((slug, spelled[id(of)]) for slug, of in sorted(dates.items()))), dates

        known: tuple[bytes, dict[str, Dates]] = self.memo.hold("dates by slug", digest(known_as, key), dates)
        return known

    def _theme(self) -> Theme:
        key = digest(self.seen.program, *map(str, self.folders), self.seen.of_theme())
        theme: Theme = self._one("theme", key, lambda: load_theme(self.folders))
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
            return self.memo.get(kind, [key])[key]

        def pages() -> Iterator[tuple[Any, ...]]:
            for place, entry in zip(places, entries, strict=True):
                source, body = sources[entry.place.path], linked[entry.slug][2]
                yield entry, one("texts", source), one("body", body), around.around(place), one("printed", said[entry.slug])

        results = self.crew.map(render_entries, pickle.dumps((site.frame, code), 5), pages(), len(entries))

        def rendered() -> Iterator[tuple[str, File]]:
            for entry, (files, seconds) in zip(entries, chain.from_iterable(results), strict=True):
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


def _only(held: dict[T, Any], wanted: Iterable[T]) -> None:
    """Hold only what is `wanted`, in that order: the memo may forget all else."""
    found = {key: held[key] for key in wanted}
    held.clear()
    held.update(found)


def _body_key(entry: Entry, source: bytes, names: bytes) -> bytes:
    """The hash of all that an entry's body is made of: its texts, the names it may mention, those it links to."""
    return digest(source, names, entry.links)


def _linked_of(data: bytes) -> Linked:
    mentions, styles, body = read(data)
    return tuple(map(intern, mentions)), styles, body  # every slug stands in many of them


def _reading(entry: Entry, bodies: Mapping[str, Body]) -> tuple[int, bytes]:
    return reading(entry, bodies[entry.slug])


class _Bodies(Mapping[str, Body]):
    """The bodies by slug, taken from the memo when they are looked at."""

    def __init__(self, memo: Memo, keys: Mapping[str, bytes]) -> None:
        self.memo, self.keys_ = memo, keys

    def __getitem__(self, slug: str) -> Body:
        key = self.keys_[slug]
        return Body.of(read(self.memo.get("body", [key])[key]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys_)

    def __len__(self) -> int:
        return len(self.keys_)
