"""Files -> entries that are read, checked, linked and marked up, of which each is done again only if what it is made of has changed."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from sys import intern
from typing import Any, NoReturn, TypeVar

from .check import check, stopping
from .checks.completeness import needed
from .checks.texts import markup as check_markup
from .facts import from_facts
from .known import Known
from .link import link
from .load import load
from .memo import MANY, digest, joined, plain, read
from .mentions import Mentions, names_of
from .model import Draft, Entry, Glossary
from .problems import ContentError, Problem
from .survey import Survey, bytes_of, terms_folder
from .work import body_maker, entry_reader

FEW = 50  # texts whose bodies are found by their words in less time than it takes to write down the bodies of all

T = TypeVar("T")
Linked = tuple[tuple[str, ...], tuple[tuple[str, str], ...], bytes]  # the entries that a body leads to, its styles, its key


class ChangedError(OSError):
    """The content was changed while it was read."""


def require(problems: Iterable[Problem]) -> None:
    """Raise ContentError if any of `problems` is more than advice."""
    if serious := [problem for problem in problems if not problem.advice]:
        raise ContentError(serious)


class Entries:
    """The entries of the folder `content`, as `seen`, for a site that stands at an address, and whose form posts to another."""

    def __init__(self, content: Path, stands_at: tuple[str, str], seen: Survey, known: Known) -> None:
        self.content, self.stands_at, self.seen, self.known = content, stands_at, seen, known
        self.terms = f"{terms_folder(content)}/"
        self.bodies_key = digest(seen.program, "bodies")

    def fail(self) -> NoReturn:
        """Something is wrong with the content: say all of it."""
        require(check(load(self.content)))
        raise ChangedError("the content was changed while it was read; build again")

    def read(self, draft: Draft, files: list[tuple[str, str]]) -> tuple[dict[str, bytes], dict[bytes, bytes]]:
        """By the names of the entries' files a hash of each, under which its facts and texts are known; and by that, of its facts."""
        rules = sorted((name, rule.level, rule.limit) for name, rule in draft.settings.rules.items())
        common = digest(self.seen.program, *rules)
        # By name and content, the hash of both, and that of the facts.
        held: dict[tuple[str, bytes], tuple[bytes, bytes]] = self.known.memo.hold("read", common, dict)
        content = {path: hashed for path, hashed in self.seen.content.items() if path.startswith(self.terms) and path[-1] != "/"}
        if len(content) != len(files) or not all(path in content for path, _ in files):
            self.fail()
        there = [(shown, content[path]) for path, shown in files]
        keys = {file: joined(common, file[1], file[0].encode(errors="surrogatepass")) for file in there if file not in held}
        found = self.known.memo.get("entry", keys.values())
        held.update((file, (key, found[key])) for file, key in keys.items() if key in found)
        missing = [(path, file) for (path, _), file in zip(files, there, strict=True) if file not in held]

        def contents() -> Iterator[tuple[str, bytes]]:
            for path, (shown, hashed) in missing:
                raw = bytes_of(path)
                if raw is None or digest(raw) != hashed:
                    self.fail()
                yield shown, raw

        results = self.known.crew.map(entry_reader, pickle.dumps(draft.settings, 5), contents(), len(missing))
        for (_, file), result in zip(missing, results, strict=True):
            if result is None:
                self.fail()
            facts, texts = result
            held[file] = keys[file], digest(facts)
            for kind, value in (("facts", facts), ("texts", texts), ("entry", held[file][1])):
                self.known.memo.put(kind, [(keys[file], value)])
        _only(held, there)
        sources = {shown: key for (shown, _), (key, _) in held.items()}
        for kind in ("entry", "facts", "texts", "words"):
            self.known.used[kind] = sources.values()
        return sources, dict(held.values())

    def link(self, draft: Draft, sources: list[bytes], facts: Mapping[bytes, bytes]) -> tuple[bytes, tuple[Glossary, bytes]]:
        """The glossary without its prose, under the hash of the facts of all entries; and what `names_of` gives.

        That it is known means that `check` found nothing wrong in those facts.
        """
        if needed in stopping(draft.settings):  # which looks at the prose
            require(check(load(self.content), (needed,)))
        others = (
            part for path, hashed in sorted(self.seen.content.items()) if not path.startswith(self.terms) for part in (path, hashed)
        )
        key = digest(self.seen.program, *self.stands_at, *others, *(facts[source] for source in sources))
        return key, self.known.one("glossary", key, lambda: self._linked(draft, sources))

    def _linked(self, draft: Draft, sources: list[bytes]) -> tuple[Glossary, bytes]:
        facts = self.known.memo.known("facts", sources)
        whole = Draft(
            draft.settings, tuple(from_facts(read(facts[source])) for source in sources), draft.explorables, draft.issues,
            draft.held_out, draft.problems,
        )  # fmt: skip
        checks = [each for each in stopping(draft.settings) if each is not needed]
        problems = self.known.crew.beside(lambda: (*check(whole, checks), *check(draft, (check_markup,))), len(sources))
        try:
            glossary = link(whole, *self.stands_at)
            return glossary, plain(names_of(glossary))
        finally:  # whether or not a draft that does not pass could be linked
            if any(not problem.advice for problem in problems()):
                self.fail()

    def mark_up(self, key: bytes, glossary: Glossary, names: bytes, sources: Mapping[str, bytes]) -> dict[str, Linked]:
        """By slug what each entry's prose leads to and needs, and the key under which it is known as HTML; the glossary is known as `key`.

        Which names a text can mention depends on its words only: a new name changes the key of those texts that have
        its first word.
        """
        memo = self.known.memo
        hashed: bytes = memo.hold("titles", key, lambda: digest(names, *((entry.slug, entry.title) for entry in glossary.entries)))
        texts = {entry.slug: _text_key(entry, sources[entry.place.path]) for entry in glossary.entries}
        found: dict[bytes, Linked] = memo.hold("marked", hashed, dict)
        unknown = {texts[entry.slug]: entry for entry in glossary.entries if texts[entry.slug] not in found}

        outdated = len(unknown) > 1 and self._recall(names, sources, found, unknown)

        def values() -> Iterator[tuple[Entry, bytes]]:
            for entry in unknown.values():
                source = sources[entry.place.path]
                yield entry, memo.known("texts", [source])[source]

        results = self.known.crew.map(body_maker, names, values(), len(unknown))
        for (text, entry), (body, words_, mentionable) in zip(unknown.items(), results, strict=True):
            source = sources[entry.place.path]
            known_as = _body_key(entry, source, mentionable)
            *_, mentions, styles = read(body)
            data = plain((mentions, styles))
            found[text] = _linked_of(data, known_as)
            for kind, result in (("body", (known_as, body)), ("words", (source, words_)), ("linked", (known_as, data))):
                memo.put(kind, [result])
        _only(found, texts.values())
        if outdated:
            bodies = tuple((text, body) for text, (_, _, body) in found.items())
            memo.put("bodies", [(self.bodies_key, plain((tuple(self.mentions(names).hashes().items()), bodies)))])
        linked = {slug: found[text] for slug, text in texts.items()}
        self.known.used["body"] = self.known.used["linked"] = [body for _, _, body in linked.values()]
        self.known.used["bodies"] = [self.bodies_key]
        return linked

    def _recall(self, names: bytes, sources: Mapping[str, bytes], found: dict[bytes, Linked], unknown: dict[bytes, Entry]) -> bool:
        """Of the `unknown` texts take those to the `found` whose bodies the memo knows; whether what it has written down of them is out of date.

        A text that had its body lately has it still, if it has no word by which a name begins that is new or gone.
        """
        memo, mentions = self.known.memo, self.mentions(names)
        row = memo.get("bodies", [self.bodies_key]).get(self.bodies_key)
        hashes: dict[str, bytes]  # of the names by which those bodies were made, by their first words
        lately: dict[bytes, bytes]
        hashes, lately = map(dict, read(row)) if row else ({}, {})
        changed = {first for first, _ in hashes.items() ^ mentions.hashes().items()}

        def know(bodies: Mapping[bytes, bytes]) -> None:
            """Take what is known of texts by the keys of their `bodies`."""
            for body, data in memo.get("linked", bodies).items():
                found[bodies[body]] = _linked_of(data, body)
                del unknown[bodies[body]]

        def body_of(text: bytes, source: bytes, words: tuple[str, ...]) -> bytes:
            if text in lately and changed.isdisjoint(words):
                return lately[text]
            return _body_key(unknown[text], source, mentions.known(words))

        if not changed:
            know({lately[text]: text for text in unknown if text in lately})
        if len(unknown) > 1:
            places = {sources[entry.place.path]: text for text, entry in unknown.items()}
            words = memo.each("words", places) if len(unknown) > MANY else memo.get("words", places).items()  # together they may be large
            know({body_of(places[source], source, read(data)): places[source] for source, data in words})
        return bool(changed) or len(unknown) > FEW

    def mentions(self, names: bytes) -> Mentions:
        """What finds the names that `names_of` gave."""
        found: Mentions = self.known.memo.hold("mentions", digest(names), lambda: Mentions(read(names)))
        return found


def _only(held: dict[T, Any], wanted: Iterable[T]) -> None:
    """Hold only what is `wanted`, in that order: the memo may forget all else."""
    found = {key: held[key] for key in wanted}
    held.clear()
    held.update(found)


def _text_key(entry: Entry, source: bytes) -> bytes:
    """What an entry's body is made of, but for the names it may mention: its texts, and to what those lead that it links to."""
    return source + (digest(entry.links) if entry.links else b"")


def _body_key(entry: Entry, source: bytes, names: bytes) -> bytes:
    """The hash of all that an entry's body is made of: its texts, the names it may mention, those it links to."""
    return digest(source, names, entry.links)


def _linked_of(data: bytes, body: bytes) -> Linked:
    mentions, styles = read(data)
    return tuple(map(intern, mentions)), styles, body  # every slug stands in many of them
