"""What is wrong, where, by which rule, and how to mend it; and the three ways to print that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple


class Place(NamedTuple):
    """A spot in a file. Lines and columns count from 1, columns in code points."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake. `advice` is printed but stops nothing unless the author asks for `--strict`."""

    place: Place
    rule: str
    message: str
    hint: str = ""
    advice: bool = False

    def __str__(self) -> str:
        kind = "advice: " if self.advice else ""
        return f"{self.place}: {kind}{self.message} ({self.rule})"


class ContentError(Exception):
    """The content cannot be built; `problems` says why, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(f"{len(self.problems)} problems")


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The hint that names the one to three of `names` closest to `name`, or nothing.

    Case is folded, so that `Adm` finds `adam`. Names of a very different length are passed over
    first: difflib takes 40 microseconds a name, and a glossary may have thousands.
    """
    wanted = name.casefold()
    reach = max(2, len(wanted) // 3)
    near = {n.casefold(): n for n in names if abs(len(n) - len(wanted)) <= reach}
    close = get_close_matches(wanted, sorted(near), n=3, cutoff=0.7)
    if not close:
        return ""
    return "did you mean " + " or ".join(f"'{near[c]}'" for c in close) + "?"


def as_text(problems: Iterable[Problem]) -> str:
    """One line a problem, its hint indented below."""
    lines = []
    for problem in problems:
        lines.append(printable(str(problem)))
        if problem.hint:
            lines.append("    hint: " + printable(problem.hint))
    return "\n".join(lines)


def as_json(problems: Iterable[Problem]) -> str:
    """An array of objects: path, line, column, rule, message, hint, advice."""
    rows = [
        {
            "path": p.place.path, "line": p.place.line, "column": p.place.column,
            "rule": p.rule, "message": p.message, "hint": p.hint, "advice": p.advice,
        }
        for p in problems
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_github(problems: Iterable[Problem]) -> str:
    """Workflow commands, which GitHub shows beside the line of a pull request."""
    return "\n".join(
        f"::{'warning' if p.advice else 'error'} file={_escape(p.place.path, ':,')},line={p.place.line},"
        f"col={p.place.column},title={_escape(p.rule, ':,')}::" + _escape(p.message + (f"; {p.hint}" if p.hint else ""))
        for p in problems
    )


FORMATS = {"text": as_text, "json": as_json, "github": as_github}


def _escape(text: str, extra: str = "") -> str:
    for char in "%\r\n" + extra:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def printable(text: str) -> str:
    """`text` on one line: what an author wrote must not move the reader's cursor or colour the terminal."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def unsecret(text: str) -> str:
    """`text` without the user and the password that an address in it may have."""
    return re.sub(r"//\S*@", "//", text)
