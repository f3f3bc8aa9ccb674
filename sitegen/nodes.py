"""YAML as nodes: every value knows the span of text it came from.

YAML is read from the parser's *events*, not through a loader, for three reasons: a value's own
spelling survives (`no`, `08` and `2019-15-05` stay the text an author wrote), aliases and tags are
refused before they can grow, and depth is counted before it can overflow a stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import yaml

from .problems import ContentError, Place, Problem
from .source import CONTROL, Source, unwelcome

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a PyYAML built without libyaml reads the same, ten times slower
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_DEPTH = 8

_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\n[ \t]*|.)")
_BLANK_ESCAPES = frozenset("tnrvf \t\nN_LP")


class Scalar(NamedTuple):
    """A value as written, and the span `[start, end)` of its source."""

    value: str
    source: Source
    start: int
    end: int
    style: str = ""  # "", ', ", | or >
    key: Scalar | None = None

    @property
    def place(self) -> Place:
        return self.source.place(self.start)

    def place_of(self, offset: int) -> Place:
        """Where the character `value[offset]` stands in the file.

        Folding and indentation change only white space, so the k-th visible character of the value is
        the k-th visible character of its source; quotes and escapes are stepped over on the way.
        """
        before, spots = _visible(self)
        wanted = before[min(offset, len(self.value))]
        return self.source.place(spots[min(wanted, len(spots) - 1)] if spots else self.start)

    def visible(self) -> Iterator[int]:
        """Where in the source the value's visible characters stand, in order."""
        text, i, end = self.source.text, self.start, self.end
        if self.style in ("|", ">"):
            i = text.index("\n", i) + 1 if "\n" in text[i:end] else end
        elif self.style:
            i, end = i + 1, end - 1
        while i < end:
            width = 1
            if self.style == "'" and text.startswith("''", i):
                width = 2
            elif self.style == '"' and (escape := _ESCAPE.match(text, i, end)):
                width = len(escape.group())
                if _is_blank(escape.group()):
                    i += width
                    continue
            if not text[i].isspace():
                yield i
            i += width


@lru_cache(maxsize=4)
def _visible(scalar: Scalar) -> tuple[list[int], list[int]]:
    """How many visible characters stand before each of the value, and where those stand in the source."""
    return [0, *accumulate(not c.isspace() for c in scalar.value)], list(scalar.visible())


def _is_blank(escape: str) -> bool:
    """Whether a double-quoted text's escape stands for white space, or for nothing."""
    return chr(int(escape[2:], 16)).isspace() if escape[1] in "xuU" else escape[1] in _BLANK_ESCAPES


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    source: Source = field(repr=False)
    start: int
    key: Scalar | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        return self.source.place(self.start)


@dataclass(frozen=True, slots=True)
class Mapping:
    pairs: tuple[tuple[Scalar, Node], ...]
    source: Source = field(repr=False)
    start: int
    key: Scalar | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        return self.source.place(self.start)


Node = Scalar | Sequence | Mapping


def read_yaml(source: Source) -> Node | None:
    """The one document in `source`, or None if it is empty. Raises ContentError with the first mistake."""
    return _Reader(source).document()


class _Reader:
    """Builds nodes from events, refusing what an entry never needs."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.depth = 0

    def document(self) -> Node | None:
        events: Iterator[Any] = yaml.parse(self.source.text, Loader=_Loader)  # the stubs know no event's attributes
        root: Node | None = None
        try:
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                    raise self.fail(_index(event.start_mark), "a second document", "broken-yaml",
                                    "one file is one entry; remove the line '---'")  # fmt: skip
                if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent, yaml.AliasEvent)):
                    root = self.node(event, events, None)
        except yaml.MarkedYAMLError as error:
            raise self.broken(error) from None
        if isinstance(root, Scalar) and not root.value and not root.style:
            return None
        return root

    def node(self, event: Any, events: Iterator[Any], key: Scalar | None) -> Node:
        start = _index(event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "alias" if isinstance(event, yaml.AliasEvent) else "anchor"
            hint = "write the value out, or quote it if it only looks like one"
            raise self.fail(start, f"YAML {what} '{event.anchor}'", "yaml-feature", hint)
        if event.tag:
            raise self.fail(start, f"YAML tag '{event.tag}'", "yaml-feature", "quote the value, or remove the tag")
        if isinstance(event, yaml.ScalarEvent):
            scalar = Scalar(event.value, self.source, start, _index(event.end_mark), event.style or "", key)
            if bad := CONTROL.search(scalar.value):  # the file has none: an escape made it
                place = scalar.place_of(bad.start())
                raise ContentError([Problem(place, "control-character", unwelcome(bad.group()), "remove it")])
            return scalar
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(start, f"nested more than {MAX_DEPTH} levels deep", "too-deep",
                            "put the value in quotes if its brackets are meant as text")  # fmt: skip
        try:
            if isinstance(event, yaml.SequenceStartEvent):
                items = []
                while not isinstance(event := next(events), yaml.SequenceEndEvent):
                    items.append(self.node(event, events, key))
                return Sequence(tuple(items), self.source, start, key)
            pairs = []
            while not isinstance(event := next(events), yaml.MappingEndEvent):
                name = self.node(event, events, None)
                if not isinstance(name, Scalar):
                    raise self.fail(name.start, "a key that is not text", "broken-yaml")
                if name.value == "<<" and not name.style:
                    raise self.fail(name.start, "YAML merge key '<<'", "yaml-feature", "write the fields out")
                pairs.append((name, self.node(next(events), events, name)))
            return Mapping(tuple(pairs), self.source, start, key)
        finally:
            self.depth -= 1

    def fail(self, index: int, message: str, rule: str, hint: str = "") -> ContentError:
        return ContentError([Problem(self.source.place(index), rule, message, hint)])

    def broken(self, error: Any) -> ContentError:
        """The C and the pure parser word one mistake differently, so the words are ours."""
        mark: Any = error.problem_mark or error.context_mark
        index = min(mark.index, len(self.source.text)) if mark else 0
        said = f"{error.context or ''} {error.problem or ''}"
        here = self.source.text[index : index + 1]
        before = self.source.text[:index].rpartition("\n")[2]
        if "block mapping" in said and before.strip():
            return self.fail(index, "text after the end of a value", "broken-yaml", "put the whole value in 'quotes'")
        opened = error.context_mark
        at_end = index == len(self.source.text)
        if opened and (at_end or "alias" in said or "anchor" in said or ("flow" in said and opened.line < mark.line)):
            index = opened.index  # where it began tells more than where it could not go on
        for sign, message, hint in _WORDS:
            if sign in said or sign == here:
                return self.fail(index, message, "broken-yaml", hint)
        return self.fail(index, "this is not YAML", "broken-yaml", "check the indentation and the quotes around here")


def _index(mark: Any) -> int:
    return int(mark.index)


# (what the parser says, or the character it stopped at; what we say; how to mend it), first match wins
_WORDS = (
    ("\t", "a tab where YAML wants spaces", "indent with spaces"),
    ("mapping values are not allowed", "': ' inside an unquoted value, or wrong indentation", 'put the value in "quotes"'),
    ("could not find expected ':'", "a line that is neither 'field: value' nor part of a value",
     "write 'field: value', or indent the line below its field"),
    ("escape", "an unknown escape in a double-quoted text", "use 'single quotes', or double the backslash"),
    ("quoted scalar", "a quoted text that is not closed, or a wrong escape in it", 'use \'single quotes\', or double each \\ in "double quotes"'),
    ("flow", "a bracket that is not closed, or a missing comma", "close it with ] or }, or quote the value"),
    ("@", "'@' cannot start an unquoted value", 'put the value in "quotes"'),
    ("`", "'`' cannot start an unquoted value", 'put the value in "quotes"'),
    ("*", "'*' cannot start an unquoted value", 'put the value in "quotes"'),
    ("&", "'&' cannot start an unquoted value", 'put the value in "quotes"'),
    ("%", "'%' cannot start an unquoted value", 'put the value in "quotes"'),
    ("block sequence entries", "'- ' right after 'field:'", "start the list on the next line, or put the value in quotes"),
    ("document start", "a line that belongs to no field", "align the fields, and indent what belongs to one"),
    ("block scalar", "text after '|' or '>'", "start the text on the next line, indented"),
    ("block mapping", "a line whose indentation fits no field", "align the fields, and indent what belongs to one"),
    ("block collection", "a line whose indentation fits no list item", "align the '- ' of every item"),
)  # fmt: skip
