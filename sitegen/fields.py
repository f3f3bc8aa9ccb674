"""Takes typed values out of a YAML mapping; every mistake becomes a problem, and the field its default."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Items
from typing import TypeVar

from .nodes import Mapping, Node, Scalar, Sequence
from .problems import Place, Problem, did_you_mean
from .source import Source

T = TypeVar("T")

MAX_LINE = 200
MAX_TEXT = 50_000  # Markdown's time grows with the square of some texts

_BLANK = re.compile(r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\uffa0]*").fullmatch  # nothing that is seen
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_KINDS: dict[type, str] = {Scalar: "text", Sequence: "a list", Mapping: "a group of fields"}


class Fields:
    """The fields of one mapping. `problems` grows as they are taken.

    Every name in `names` may stand in it; the others are reported at once, and so are doubled ones.
    """

    def __init__(self, node: Node, names: Iterable[str], what: str, problems: list[Problem]) -> None:
        self.what, self.place, self.problems = what, node.place, problems
        self.nodes: dict[str, Node] = {}
        known = tuple(names)
        if not isinstance(node, Mapping):
            self.say(
                node.place, "wrong-type", f"{what} must be a group of 'field: value' lines, not {_KINDS[type(node)]}"
            )
            return
        keys: dict[str, Scalar] = {}
        for key, value in node.pairs:
            if first := keys.get(key.value):
                hint = f"the first stands in line {first.place.line}; keep one"
                self.say(key.place, "duplicate-key", f"field '{key.value}' appears twice", hint)
            elif key.value not in known:
                hint = did_you_mean(key.value, known) or "known fields: " + ", ".join(known)
                self.say(key.place, "unknown-field", f"unknown field '{key.value}' in {what}", hint)
            else:
                self.nodes[key.value] = value
            keys.setdefault(key.value, key)

    def say(self, place: Place, rule: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, rule, message, hint))

    def wrong(self, node: Node, wanted: str, hint: str = "") -> None:
        """The value of a field is not what the field wants."""
        name = node.key.value if node.key else self.what
        got = _KINDS[type(node)]
        if isinstance(node, Scalar):
            got = f"'{node.value[:40]}'" if node.value else "nothing"
        self.say(node.place, "wrong-type", f"'{name}' must be {wanted}, not {got}", hint)

    def missing(self, name: str) -> None:
        self.say(self.place, "missing-field", f"{self.what} has no '{name}'", f"add a line '{name}: ...'")

    def text(self, name: str, required: bool = False, most: int = MAX_TEXT, wanted: str = "text") -> Scalar | None:
        node = self.nodes.get(name)
        if node is None:
            if required:
                self.missing(name)
            return None
        if not isinstance(node, Scalar):
            self.wrong(node, wanted, "put the value in quotes" if wanted == "text" else "")
            return None
        if _BLANK(node.value):
            comment = (
                "the # starts a comment; put the value in quotes"
                if _comment_follows(node)
                else "remove the field, or fill it in"
            )
            self.say(node.place, "missing-field", f"'{name}' is empty", comment)
            return None
        if len(node.value) > most:
            message = f"'{name}' has {len(node.value):,} characters; the limit is {most:,}"
            self.say(node.place, "too-large", message, "say less, or split it")
            return None
        return node

    def line(self, name: str, required: bool = False) -> Scalar | None:
        """A text of one line and bearable length."""
        scalar = self.text(name, required)
        if scalar and ("\n" in scalar.value.strip() or len(scalar.value) > MAX_LINE):
            self.too_long(scalar, f"'{name}'")
            return None
        return scalar

    def too_long(self, scalar: Scalar, what: str) -> None:
        lines = scalar.value.strip().count("\n") + 1
        got = f"{lines:,} lines" if lines > 1 else f"one of {len(scalar.value):,}"
        self.say(scalar.place, "wrong-type", f"{what} must be one line of at most {MAX_LINE} characters, not {got}")

    def texts(self, name: str) -> tuple[Scalar, ...]:
        """A list of texts without blank or doubled ones; `name:` with nothing after it is the empty list."""
        node = self.nodes.get(name)
        if node is None or (
            isinstance(node, Scalar) and not node.value and not node.style and not _comment_follows(node)
        ):
            return ()
        if not isinstance(node, Sequence):
            self.wrong(node, "a list", f"write {name}: [first, second]")
            return ()
        found: dict[str, Scalar] = {}
        for item in node.items:
            if not isinstance(item, Scalar):
                message = f"an item of '{name}' must be text, not {_KINDS[type(item)]}"
                self.say(item.place, "wrong-type", message, "put the item in quotes")
            elif _BLANK(item.value):
                self.say(
                    item.place,
                    "missing-field",
                    f"an empty item in '{name}'",
                    "remove it, or put it in quotes if it starts with #",
                )
            elif "\n" in item.value.strip() or len(item.value) > MAX_LINE:
                self.too_long(item, f"an item of '{name}'")
            elif item.value in found:
                self.say(item.place, "duplicate-key", f"'{item.value}' stands twice in '{name}'", "keep one")
            else:
                found[item.value] = item
        return tuple(found.values())

    def parsed(self, name: str, parse: Callable[[str], T], wanted: str, default: T, hint: Callable[[str], str] = lambda _: "") -> T:
        """The value that `parse` makes of the text, which raises ValueError if it is not `wanted`."""
        scalar = self.text(name, wanted=wanted)
        if scalar is None:
            return default
        try:
            return parse(scalar.value)
        except ValueError:
            self.wrong(scalar, wanted, hint(scalar.value))
            return default

    def flag(self, name: str, default: bool) -> bool:
        def parse(value: str) -> bool:
            word = value.casefold()
            if word not in _TRUE | _FALSE:
                raise ValueError
            return word in _TRUE

        return self.parsed(name, parse, "true or false", default)

    def whole(self, name: str, least: int, most: int) -> int | None:
        def parse(value: str) -> int | None:
            if not re.fullmatch(r"-?[0-9]{1,9}", value) or not least <= int(value) <= most:
                raise ValueError
            return int(value)

        return self.parsed(name, parse, f"a whole number from {least} to {most}", None)

    def choice(self, name: str, choices: Items[str]) -> str:
        def parse(value: str) -> str:
            if value not in choices:
                raise ValueError
            return value

        def hint(value: str) -> str:
            return did_you_mean(value, choices)

        return self.parsed(name, parse, "one of " + ", ".join(choices), "", hint)

    def groups(self, name: str, names: Iterable[str], what: str) -> tuple[Fields, ...]:
        """A list of mappings, each with fields of its own."""
        node = self.nodes.get(name)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.wrong(node, "a list", f"start each item of {name} with '- '")
            return ()
        names = tuple(names)
        found = [(item, Fields(item, names, what, self.problems)) for item in node.items]
        return tuple(fields for item, fields in found if isinstance(item, Mapping))

    def group(self, name: str, names: Iterable[str], what: str) -> Fields | None:
        node = self.nodes.get(name)
        return Fields(node, names, what, self.problems) if node is not None else None


def _comment_follows(node: Scalar) -> bool:
    line: Source = node.source
    end = line.text.find("\n", node.end)
    return line.text[node.end : end if end >= 0 else None].lstrip().startswith("#")
