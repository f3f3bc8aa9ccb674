"""Judges a Draft: every problem in it, sorted by place. What passes here can be built."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .mathematics import TexError, formula
from .model import Draft, DraftEntry
from .names import NameIndex, fold, slugify
from .problems import Problem, did_you_mean
from .rules import BY_NAME
from .scan import Span, is_safe_url, links, scan
from .source import Scalar

MAX_SUGGESTIONS = 20  # each costs a comparison with every name

_SENTENCE_ENDS = ".!?…。！？؟۔।॥።։"
_CLOSERS = "\"'”’»）)]"
_NEXT_SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[A-ZÀ-Þ])|[。！？](?=.)")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|al|vs|cf|ca|approx|Dr|Mr|Ms|Prof|St|No|Fig|Eq)|\b[A-Z])\.$")


def check(draft: Draft) -> tuple[Problem, ...]:
    """All problems of `draft`, those met while reading it included, under the rules of its settings."""
    index = name_index(draft.entries)
    found = [*draft.problems, *_settings(draft)]
    found.extend(_names(draft.entries))
    found.extend(_references(draft, index))
    found.extend(_cycles(draft.entries, index))
    for entry in draft.entries:
        found.extend(_definition(entry, draft))
        for text in entry.texts:
            found.extend(_markup(text))
        found.extend(_completeness(entry))
    for issue in draft.issues:
        found.extend(_markup(issue.body))
    if draft.settings.about:
        found.extend(_markup(draft.settings.about))
    found.extend(_orphans(draft.entries, index))
    found.extend(_needed(draft, index))
    return tuple(sorted(set(_weighed(found, draft))))


def name_index(entries: Iterable[DraftEntry]) -> NameIndex:
    """What every name in the draft may mean."""
    return NameIndex((entry.slug, [name for name, _ in _claims(entry)]) for entry in entries)


def _claims(entry: DraftEntry) -> Iterator[tuple[str, Scalar | None]]:
    """The names an entry answers to, each with the value that says so."""
    if entry.term:
        yield entry.term.value, entry.term
        yield entry.title, entry.term
    for alias in entry.aliases:
        yield alias.value, alias


def _weighed(problems: Iterable[Problem], draft: Draft) -> Iterator[Problem]:
    """Each problem as the settings count it: dropped, advice, or a problem."""
    for problem in problems:
        rule = BY_NAME[problem.rule]
        setting = draft.settings.rules.get(rule.name)
        level = setting.level if setting and rule.switchable else ""
        if level != "off":
            yield replace(problem, advice=level == "advice" if level else rule.advice)


def _settings(draft: Draft) -> Iterator[Problem]:
    for name, setting in draft.settings.rules.items():
        rule = BY_NAME.get(name)
        if rule is None:
            hint = did_you_mean(name, BY_NAME)
            yield Problem(setting.place, "bad-setting", f"there is no rule '{name}'", hint)
        elif not rule.switchable:
            hint = "a site that breaks it could not be built right"
            yield Problem(setting.place, "bad-setting", f"the rule '{name}' cannot be switched", hint)
        elif setting.limit is not None and rule.limit is None:
            yield Problem(setting.place, "bad-setting", f"the rule '{name}' has no limit")


def _limit(draft: Draft, name: str) -> int:
    setting = draft.settings.rules.get(name)
    return (setting and setting.limit) or BY_NAME[name].limit or 0


def _names(entries: Iterable[DraftEntry]) -> Iterator[Problem]:
    """No two entries with one address, and none with one name unless each says in what sense."""
    addresses: dict[str, DraftEntry] = {}
    unique = []
    for entry in entries:
        if owner := addresses.get(entry.slug):
            hint = "rename this file, or give it a 'slug:' of its own"
            yield Problem(
                entry.place, "duplicate-address", f"the address '{entry.slug}' is taken by {owner.place.path}", hint
            )
        else:
            addresses[entry.slug] = entry
            unique.append(entry)
    taken: dict[str, tuple[DraftEntry, Scalar]] = {}
    aliases: dict[str, tuple[DraftEntry, Scalar]] = {}
    for is_alias in (False, True):  # terms first, so that of a term and an alias the alias is at fault
        for entry in unique:
            for name, scalar in _claims(entry):
                if scalar is None or (scalar is not entry.term) != is_alias:
                    continue
                first_entry, first = taken.setdefault(fold(name), (entry, scalar))
                if first_entry is not entry:
                    if name == entry.title or not (entry.sense and first_entry.sense) or is_alias:
                        yield _clash(scalar, name, first)
                elif is_alias and (slug := slugify(name)):
                    owner = addresses.get(slug)
                    if owner and owner is not entry:
                        yield Problem(
                            scalar.place,
                            "duplicate-address",
                            f"the alias '{name}' has the address of {owner.place.path}",
                            "change or remove the alias",
                        )
                    other_entry, other = aliases.setdefault(slug, (entry, scalar))
                    if other_entry is not entry:
                        yield Problem(scalar.place, "duplicate-address", f"the alias '{name}' has the address of the alias '{other.value}' at {other.place}", "change or remove one of the two")  # fmt: skip


def _clash(scalar: Scalar, name: str, first: Scalar) -> Problem:
    hint = "change or remove one, or give both entries a 'sense:' if one word means two things"
    return Problem(scalar.place, "duplicate-name", f"the name '{name}' is taken at {first.place}", hint)


class _Suggestions:
    """Did-you-mean hints, of which there are only so many in one run."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names, self.left = tuple(names), MAX_SUGGESTIONS

    def near(self, name: str) -> str:
        self.left -= 1
        return did_you_mean(name, self.names) if self.left >= 0 else ""


def _references(draft: Draft, index: NameIndex) -> Iterator[Problem]:
    """Every name that leads somewhere leads to one entry, topic or explorable."""
    entries = _Suggestions(index.spelled())
    topics = {fold(name): topic for topic in draft.settings.topics for name in (topic.slug, topic.name)}
    topic_names = _Suggestions(topic.slug for topic in draft.settings.topics)
    texts: list[tuple[DraftEntry | None, Scalar]] = [(None, issue.body) for issue in draft.issues]
    if draft.settings.about:
        texts.append((None, draft.settings.about))
    for entry in draft.entries:
        for field in (entry.related, entry.contrast, entry.broader):
            for scalar in field:
                yield from _resolved(scalar.value, scalar, 0, entry, index, entries)
        if entry.deprecated and (by := entry.deprecated.by):
            yield from _resolved(by.value, by, 0, entry, index, entries)
        texts += [(entry, text) for text in (*entry.texts, entry.definition) if text]
        for scalar in entry.topics:
            if fold(scalar.value) not in topics:
                hint = topic_names.near(scalar.value) or "list it under 'topics:' in site.yaml"
                yield Problem(scalar.place, "unresolved-topic", f"there is no topic '{scalar.value}'", hint)
        if entry.explorable and entry.explorable.value not in draft.explorables:
            hint = did_you_mean(entry.explorable.value, draft.explorables) or "make the folder in explorables/"
            yield Problem(
                entry.explorable.place,
                "unresolved-explorable",
                f"there is no explorable '{entry.explorable.value}'",
                hint,
            )
    for owner, text in texts:
        for span in links(text.value):
            yield from _resolved(span.value, text, span.at, owner, index, entries)


def _resolved(
    name: str, scalar: Scalar, offset: int, owner: DraftEntry | None, index: NameIndex, near: _Suggestions
) -> Iterator[Problem]:
    found = index.resolve(name)
    place = scalar.place_of(offset) if offset else scalar.place
    if not found:
        hint = near.near(name) or "write the entry, or take the link away"
        yield Problem(place, "unresolved-link", f"there is no entry '{name}'", hint)
    elif len(found) > 1:
        hint = "write one of " + ", ".join(f"'{slug}'" for slug in found)
        yield Problem(place, "ambiguous-link", f"'{name}' may mean {len(found)} entries", hint)
    elif owner and found[0] == owner.slug:
        yield Problem(place, "self-reference", f"'{name}' is this entry itself", "remove it")


def _cycles(entries: Iterable[DraftEntry], index: NameIndex) -> Iterator[Problem]:
    """Each cycle of `broader` once, at the first of its entries in file order."""
    parents = {
        entry.slug: [(found[0], scalar) for scalar in entry.broader if len(found := index.resolve(scalar.value)) == 1 and found[0] != entry.slug]
        for entry in entries
    }  # fmt: skip
    done: set[str] = set()
    for root in parents:
        path: dict[str, Scalar] = {}  # the entries on the way from the root, each with the value that leads on
        stack = [(root, iter(parents[root]))]
        while stack:
            slug, rest = stack[-1]
            step = None if slug in done else next(rest, None)
            if step is None:
                done.add(slug)
                path.pop(slug, None)
                stack.pop()
                continue
            parent, scalar = step
            path[slug] = scalar
            if parent in path:
                members = list(path)
                cycle = members[members.index(parent) :]
                first = min(cycle)
                order = cycle[cycle.index(first) :] + cycle[: cycle.index(first)] + [first]
                yield Problem(
                    path[first].place,
                    "broader-cycle",
                    "'broader' goes in a circle: " + " > ".join(order),
                    "remove one of these",
                )
            elif parent in parents and parent not in done:
                stack.append((parent, iter(parents[parent])))


def _definition(entry: DraftEntry, draft: Draft) -> Iterator[Problem]:
    if entry.definition is None:
        return
    value = entry.definition.value
    text = value.rstrip()
    limit = _limit(draft, "definition-length")
    if len(text) > limit:
        yield Problem(
            entry.definition.place_of(limit),
            "definition-length",
            f"the definition has {len(text)} characters, more than {limit}",
            "say the rest in the summary",
        )
    if text.rstrip(_CLOSERS)[-1:] not in tuple(_SENTENCE_ENDS):
        yield Problem(
            entry.definition.place_of(len(text) - 1),
            "definition-sentence",
            "the definition does not end like a sentence",
            "end it with a full stop",
        )
    for match in _NEXT_SENTENCE.finditer(text):
        if not _ABBREVIATION.search(text[: match.start()]):
            yield Problem(
                entry.definition.place_of(match.end()),
                "definition-sentence",
                "the definition is more than one sentence",
                "move the rest to the summary",
            )
            break


def _markup(scalar: Scalar) -> Iterator[Problem]:
    """What an entry's Markdown must not hold."""
    level = 1
    for span in scan(scalar.value):
        at = scalar.place_of(span.at)
        if span.kind == "html":
            yield Problem(
                at, "raw-html", "a raw HTML tag", "put code between `backticks`, or write \\< for the sign itself"
            )
        elif span.kind == "image":
            yield Problem(at, "image", "an image", "make it an explorable, or link to it without the '!'")
        elif span.kind == "open":
            yield Problem(
                at, "unclosed-code", "a code block that is never closed", "close it with a line of the same signs"
            )
        elif span.kind == "url" and not is_safe_url(span.value):
            yield Problem(
                at,
                "unsafe-url",
                f"the address '{span.value[:60]}' is not safe to follow",
                "use https, http, mailto or a relative address",
            )
        elif span.kind in ("math", "display"):
            yield from _formula(scalar, span)
        elif span.kind == "heading":
            deeper = len(span.value)
            if deeper == 1 or deeper > level + 1:
                wanted = "##" if level == 1 else "#" * (level + 1)
                yield Problem(
                    at, "heading-level", f"a heading of level {deeper} after level {level}", f"write {wanted}"
                )
            level = max(deeper, 2)


def _formula(scalar: Scalar, span: Span) -> Iterator[Problem]:
    try:
        formula(span.value, span.kind == "display")
    except TexError as error:
        yield Problem(
            scalar.place_of(span.at + error.offset), "wrong-tex", str(error), "a dollar of money is written \\$"
        )


def _completeness(entry: DraftEntry) -> Iterator[Problem]:
    title = entry.title
    if not entry.summary:
        yield Problem(
            entry.place,
            "missing-summary",
            f"'{title}' has no summary",
            "two or three sentences: what, who uses it, the trade-off",
        )
    if not entry.example:
        yield Problem(
            entry.place, "missing-example", f"'{title}' has no example", "one sentence in which the term is used"
        )
    if not entry.references:
        yield Problem(
            entry.place, "missing-reference", f"'{title}' has no reference", "the paper or page that introduced it"
        )
    for reference in entry.references:
        if reference.url is None:
            yield Problem(
                reference.place,
                "reference-identifier",
                "a reference without an address",
                "add 'url:', an arXiv, DOI or publisher's page",
            )
        elif not re.match(r"https?://[^/\s]+\S*$", reference.url.value) or set(reference.url.value) & set("\"'<>"):
            yield Problem(
                reference.url.place,
                "unsafe-url",
                f"'{reference.url.value[:60]}' is not a web address",
                "write https://...",
            )


def _orphans(entries: tuple[DraftEntry, ...], index: NameIndex) -> Iterator[Problem]:
    reached: set[str] = set()
    for entry in entries:
        names = [scalar.value for scalar in (*entry.related, *entry.contrast, *entry.broader)]
        names += [span.value for text in (*entry.texts, entry.definition) if text for span in links(text.value)]
        if entry.deprecated and entry.deprecated.by:
            names.append(entry.deprecated.by.value)
        reached.update(slug for name in names for slug in index.resolve(name) if slug != entry.slug)
    for entry in entries if len(entries) > 1 else ():
        if entry.slug not in reached:
            yield Problem(
                entry.place,
                "orphan",
                f"no other entry leads to '{entry.title}'",
                "name it in another entry's 'related:', or link to it",
            )


_EMPHASISED = re.compile(r"(?<![*\w])\*{1,2}(?=\S)([^*\n]{3,40}?)(?<=\S)\*{1,2}(?![*\w])")
_ABBREVIATED = re.compile(r"(?<![\w-])[A-Z]{2,}[a-z]?(?![\w-])")


def _needed(draft: Draft, index: NameIndex) -> Iterator[Problem]:
    """Abbreviations and emphasised phrases that many entries use and none defines, at their first use."""
    users: Counter[str] = Counter()
    first: dict[str, tuple[str, Scalar, int]] = {}
    for entry in draft.entries:
        used: set[str] = set()
        for scalar in (*entry.texts, entry.definition):
            if scalar is None:
                continue
            text = list(scalar.value)
            for span in scan(scalar.value):
                if span.kind != "heading":
                    text[span.start : span.end] = " " * (span.end - span.start)
            prose = "".join(text)
            for pattern, group in ((_EMPHASISED, 1), (_ABBREVIATED, 0)):
                for match in pattern.finditer(prose):
                    name = match[group]
                    singular = name.removesuffix("s")
                    if not (index.resolve(name) or index.resolve(singular)):
                        key = fold(singular) if group else singular
                        used.add(key)
                        first.setdefault(key, (name, scalar, match.start(group)))
        users.update(used)
    for key, count in sorted(users.items()):
        if count >= _limit(draft, "needed-term"):
            name, scalar, offset = first[key]
            yield Problem(
                scalar.place_of(offset),
                "needed-term",
                f"{count} entries use '{name}', and none defines it",
                f"sitegen new '{name}'",
            )
