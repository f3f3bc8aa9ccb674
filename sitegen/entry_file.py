"""An entry's file -> DraftEntry."""

from __future__ import annotations

from .fields import Fields
from .model import LEVELS, DraftDeprecation, DraftEntry, DraftReference
from .names import slugify
from .nodes import Mapping, read_yaml
from .problems import Place, Problem
from .source import Source

FIELDS = (
    "term", "sense", "aliases", "pronunciation", "definition", "summary", "explainer", "example", "related",
    "contrast", "broader", "topics", "level", "explorable", "references", "autolink", "deprecated", "slug",
)  # fmt: skip
MAX_DEFINITION = 2_000  # beyond any limit that a rule may set: each token of it is scored and shown


def entry_of(source: Source, problems: list[Problem]) -> DraftEntry | None:
    """The entry that a file holds, if it holds one; `problems` grows by what is wrong in it.

    Raises ContentError where the file is no YAML that we read.
    """
    node, place, hint = read_yaml(source), Place(source.path), "an entry needs 'term:' and 'definition:'"
    if node is None:
        problems.append(Problem(place, "not-an-entry", "the file is empty", hint))
        return None
    if not isinstance(node, Mapping):
        problems.append(Problem(node.place, "not-an-entry", "not made of 'field: value' lines", hint))
        return None
    fields = Fields(node, FIELDS, "the entry", problems)
    slug, slug_place = _slug(fields, source.path.rpartition("/")[2].removesuffix(".yaml"), place)
    return DraftEntry(
        place=place,
        slug=slug,
        slug_place=slug_place,
        term=fields.line("term", required=True),
        sense=fields.line("sense"),
        aliases=fields.texts("aliases"),
        pronunciation=fields.line("pronunciation"),
        definition=fields.text("definition", required=True, most=MAX_DEFINITION),
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
        given=frozenset(fields.nodes),
    )  # fmt: skip


def _slug(fields: Fields, stem: str, place: Place) -> tuple[str, Place]:
    """The entry's address and where it is said: its file name, or `slug` where the file name cannot say it."""
    given = fields.text("slug")
    if given is None:
        slug = slugify(stem)
        if not slug:
            fields.say(place, "bad-slug", f"the file name '{stem}' gives no address", "rename the file: letters, digits, hyphens")
        return slug or "entry", place
    slug = slugify(given.value)
    if slug != given.value:
        hint = f"write '{slug}'" if slug else "letters, digits, hyphens"
        fields.say(given.place, "bad-slug", f"'{given.value}' cannot be an address", hint)
    return slug or slugify(stem) or "entry", given.place


def _reference(fields: Fields) -> DraftReference:
    return DraftReference(
        fields.place, fields.text("title", required=True), fields.texts("authors"),
        fields.whole("year", 1000, 2999), fields.text("url"),
    )  # fmt: skip


def _deprecation(fields: Fields) -> DraftDeprecation | None:
    group = fields.group("deprecated", ("by", "note"), "'deprecated'")
    return DraftDeprecation(group.text("by"), group.text("note")) if group else None
