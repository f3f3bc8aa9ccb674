"""Every name that leads somewhere leads to exactly one thing, and `broader` never in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..model import Draft, DraftEntry
from ..names import fold
from ..nodes import Scalar
from ..problems import Problem, did_you_mean
from ..scan import links

MAX_SUGGESTIONS = 20  # each costs a comparison with every name


class _Suggestions:
    """Did-you-mean hints, of which there are only so many in one run."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names, self.left = tuple(names), MAX_SUGGESTIONS

    def near(self, name: str) -> str:
        self.left -= 1
        return did_you_mean(name, self.names) if self.left >= 0 else ""


def references(draft: Draft) -> Iterator[Problem]:
    """Every name that leads somewhere leads to one entry, topic or explorable."""
    entries = _Suggestions(draft.index.spelled())
    topics = {fold(name): topic for topic in draft.settings.topics for name in (topic.slug, topic.name)}
    topic_names = _Suggestions(topic.slug for topic in draft.settings.topics)
    texts: list[tuple[DraftEntry | None, Scalar]] = [(None, issue.body) for issue in draft.issues]
    if draft.settings.about:
        texts.append((None, draft.settings.about))
    for entry in draft.entries:
        for field in (entry.related, entry.contrast, entry.broader):
            for scalar in field:
                yield from _resolved(scalar.value, scalar, 0, entry, draft, entries)
        if entry.deprecated and (by := entry.deprecated.by):
            yield from _resolved(by.value, by, 0, entry, draft, entries)
        texts += [(entry, text) for text in (*entry.texts, entry.definition) if text]
        for scalar in entry.topics if draft.settings.file == "read" else ():
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
    named = [scalar for entry in draft.entries for scalar in entry.topics]
    if named and draft.settings.file == "missing":  # said once, as it is one mistake
        hint = "write site.yaml, which lists them under 'topics:'"
        yield Problem(named[0].place, "unresolved-topic", f"there is no topic '{named[0].value}', nor any other", hint)
    for owner, text in texts:
        for span in links(text.value):
            yield from _resolved(span.value, text, span.at, owner, draft, entries)


def _resolved(
    name: str, scalar: Scalar, offset: int, owner: DraftEntry | None, draft: Draft, near: _Suggestions
) -> Iterator[Problem]:
    found = draft.index.resolve(name)
    name = " ".join(name.split())
    if not found:
        if draft.may_be(name):  # nobody can say that before the file is mended
            return
        rule, message = "unresolved-link", f"there is no entry '{name}'"
        hint = near.near(name) or "write the entry, or take the link away"
    elif len(found) > 1:
        rule, message = "ambiguous-link", f"'{name}' may mean {len(found)} entries"
        hint = "write one of " + ", ".join(f"'{slug}'" for slug in found)
    elif owner and found[0] == owner.slug:
        rule, message, hint = "self-reference", f"'{name}' is this entry itself", "remove it"
    else:
        return
    yield Problem(scalar.place_of(offset) if offset else scalar.place, rule, message, hint)


def cycles(draft: Draft) -> Iterator[Problem]:
    """Each cycle of `broader` once, at the first of its entries in file order."""
    parents = {
        entry.slug: [(found[0], scalar) for scalar in entry.broader if len(found := draft.index.resolve(scalar.value)) == 1 and found[0] != entry.slug]
        for entry in draft.entries
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
