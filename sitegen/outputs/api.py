"""The glossary as JSON: the whole set, each term, and the schema of both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from zlib import crc32

from ..model import LEVELS, Entry, File
from ..render import Renderer
from ..site import Frame, Site
from .shown import Shown

VERSION = "1"
PART = 1_000  # terms in a file, about, where the whole set is split


def api(site: Site, _: Renderer) -> Iterator[File]:
    """The whole set, and the schema."""
    settings = site.glossary.settings
    schema = site.url("api/schema.json")
    whole = {
        "$schema": schema,
        "version": VERSION,
        "title": settings.title,
        "description": settings.description,
        "language": settings.language,
        "url": site.url(""),
        "topics": [{"slug": t.slug, "name": t.name, "description": t.description} for t in settings.topics],
    }
    entries = site.glossary.entries
    if site.frame.listed_at_once:
        yield _file("api/glossary.json", {**whole, "terms": [_summary(site.frame, entry) for entry in entries]})
    else:
        # A part is chosen by the hash of the slug, so that a new entry changes one part and not all that follow.
        count = -(-len(entries) // PART)
        parts: list[list[dict[str, object]]] = [[] for _ in range(count)]
        for entry in entries:
            parts[crc32(entry.slug.encode()) % count].append(_summary(site.frame, entry))
        paths = [f"api/glossary/{number}.json" for number in range(count)]
        yield _file("api/glossary.json", {**whole, "terms": [], "parts": [site.url(path) for path in paths]})
        for path, terms in zip(paths, parts, strict=True):
            yield _file(path, {**whole, "terms": terms})
    yield File("api/schema.json", (json.dumps(_schema(schema), ensure_ascii=False, indent=1) + "\n").encode())


def term_json(shown: Shown, renderer: Renderer) -> Iterator[File]:
    """Everything an entry holds; Markdown as its author wrote it, other entries by slug."""
    frame, entry, dates = renderer.frame, shown.entry, shown.around.dates
    schema = frame.url("api/schema.json")
    yield _file(f"api/terms/{entry.slug}.json", {
        "$schema": schema + "#/$defs/term",
        **_summary(frame, entry),
        "pronunciation": entry.pronunciation,
        "summary": entry.summary.strip(),
        "explainer": entry.explainer.strip(),
        "example": entry.example.strip(),
        "related": list(entry.related),
        "contrast": list(entry.contrast),
        "broader": list(entry.broader),
        "narrower": list(entry.narrower),
        "backlinks": [*(card.slug for card in shown.around.backlinks), *shown.around.more_backlinks],
        "references": [
            {"title": r.title, "authors": list(r.authors), "year": r.year, "url": r.url} for r in entry.references
        ],
        "deprecated": entry.deprecated and {"by": entry.deprecated.by, "note": entry.deprecated.note.strip()},
        "published": dates.published.isoformat() if dates else None,
        "updated": dates.updated.isoformat() if dates else None,
    })  # fmt: skip


_encode = json.JSONEncoder(ensure_ascii=False).encode


def _file(path: str, value: Mapping[str, object]) -> File:
    """A field a line, and of a list of terms a term a line: to be read, and to be compared; and quicker by far than an indent."""
    lines = []
    for name, field in value.items():
        if isinstance(field, list) and field and isinstance(field[0], dict):
            text = "[\n  " + ",\n  ".join(map(_encode, field)) + "\n ]"
        else:
            text = _encode(field)
        lines.append(f" {_encode(name)}: {text}")
    return File(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def _summary(frame: Frame, entry: Entry) -> dict[str, object]:
    return {
        "slug": entry.slug,
        "term": entry.term,
        "sense": entry.sense,
        "aliases": list(entry.aliases),
        "definition": entry.definition,
        "topics": list(entry.topics),
        "level": entry.level,
        "url": frame.url(entry.path),
        "api": frame.url(f"api/terms/{entry.slug}.json"),
    }


def _schema(identifier: str) -> dict[str, object]:
    text, slugs = {"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/slug"}}
    texts, moment = {"type": "array", "items": text}, {"type": ["string", "null"], "format": "date-time"}
    summary = {
        "slug": {"$ref": "#/$defs/slug"}, "term": {"type": "string", "minLength": 1}, "sense": text, "aliases": texts,
        "definition": {"type": "string", "minLength": 1}, "topics": slugs, "level": {"enum": ["", *LEVELS]},
        "url": {"type": "string", "format": "uri"}, "api": {"type": "string", "format": "uri"},
    }  # fmt: skip
    full = {
        **summary, "$schema": text, "pronunciation": text, "summary": text, "explainer": text, "example": text,
        "related": slugs, "contrast": slugs, "broader": slugs, "narrower": slugs, "backlinks": slugs,
        "references": {"type": "array", "items": {"$ref": "#/$defs/reference"}},
        "deprecated": {"anyOf": [{"type": "null"}, _object({"by": text, "note": text})]},
        "published": moment, "updated": moment,
    }  # fmt: skip
    reference = {"title": text, "authors": texts, "year": {"type": ["integer", "null"]}, "url": text}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identifier,
        "title": "A glossary",
        **_object(optional={"parts": {"type": "array", "items": {"type": "string", "format": "uri"}}}, properties={
            "$schema": text, "version": {"const": VERSION}, "title": text, "description": text, "language": text,
            "url": {"type": "string", "format": "uri"},
            "topics": {"type": "array", "items": _object({"slug": text, "name": text, "description": text})},
            "terms": {"type": "array", "items": {"$ref": "#/$defs/summary"}},
        }),
        "$defs": {
            "slug": {"type": "string", "minLength": 1, "pattern": "^[^/\\s]+$"},
            "summary": _object(summary),
            "reference": _object(reference),
            "term": {"title": "A term", **_object(full)},
        },
    }  # fmt: skip


def _object(properties: dict[str, object], optional: dict[str, object] | None = None) -> dict[str, object]:
    all_of_them = {**properties, **(optional or {})}
    return {"type": "object", "properties": all_of_them, "required": list(properties), "additionalProperties": False}
