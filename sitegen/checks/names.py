"""No two entries share an address, or a name without saying in what sense."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Draft, DraftEntry
from ..names import fold, slugify
from ..nodes import Scalar
from ..problems import Problem


def names(draft: Draft) -> Iterator[Problem]:
    """Addresses first; of entries that share one, only the first is asked for its names."""
    owners: dict[str, DraftEntry] = {}
    for entry in draft.entries:
        owner = owners.setdefault(entry.slug, entry)
        if owner is not entry:
            message = f"the address '{entry.slug}' is taken at {owner.slug_place}"
            hint = "rename this file, or give it a 'slug:' of its own"
            yield Problem(entry.slug_place, "duplicate-address", message, hint)
    yield from _shared_names(owners)
    yield from _redirects(owners)


def _shared_names(owners: dict[str, DraftEntry]) -> Iterator[Problem]:
    taken: dict[str, tuple[DraftEntry, Scalar]] = {}
    claims = [(entry, name, scalar) for entry in owners.values() for name, scalar in entry.claims]
    claims.sort(key=lambda claim: claim[2] is not claim[0].term)  # terms first: then an alias is at fault, not a term
    for entry, name, scalar in claims:
        first_entry, first = taken.setdefault(fold(name), (entry, scalar))
        if first_entry is entry:
            continue
        homonyms = entry.sense and first_entry.sense and scalar is entry.term and name != entry.title
        if not homonyms:
            message = f"the name '{name}' is taken at {first.place}"
            hint = "change or remove one, or give both entries a 'sense:' if one word means two things"
            yield Problem(scalar.place, "duplicate-name", message, hint)


def _redirects(owners: dict[str, DraftEntry]) -> Iterator[Problem]:
    """A term or alias is an address too: the page there leads to its entry. Names shared outright are reported above.

    A term gives way to a file of that name, and to homonyms.
    """
    taken: dict[str, tuple[DraftEntry, str, str]] = {
        slug: (entry, entry.title, str(entry.slug_place)) for slug, entry in owners.items()
    }
    terms = [
        ("term", e, e.term) for e in owners.values() if e.term and not e.sense and slugify(e.term.value) not in owners
    ]
    for what, entry, scalar in terms + [("alias", e, alias) for e in owners.values() for alias in e.aliases]:
        slug = slugify(scalar.value)
        owner, name, where = taken.setdefault(slug, (entry, scalar.value, str(scalar.place)))
        if slug and owner is not entry and fold(name) != fold(scalar.value):
            message = f"the {what} '{scalar.value}' has the address of '{name}' at {where}"
            yield Problem(scalar.place, "duplicate-address", message, "change one of the two names")
