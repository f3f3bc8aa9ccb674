"""A file's text, and where each of its characters stands."""

from __future__ import annotations

import re
import stat
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .problems import ContentError, Place, Problem

MAX_BYTES = 1_000_000

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ue000-\uf8ff\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text, without byte order mark, line ends as `\\n`. `path` is what the author sees."""

    path: str
    text: str = field(repr=False)

    def place(self, index: int) -> Place:
        """Where the character at `index` stands."""
        starts = _line_starts(self.text)
        line = bisect_right(starts, index)
        return Place(self.path, line, index - starts[line - 1] + 1)


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def read_source(file: Path, shown: str, most: int = MAX_BYTES) -> Source:
    """The text of `file`, called `shown` in messages, of at most `most` bytes.

    Raises ContentError for a file that is not readable, regular, UTF-8, or small enough.
    """

    def fail(message: str, rule: str) -> ContentError:
        return ContentError([Problem(Place(shown), rule, message)])

    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise fail("not a regular file", "unreadable")
        if status.st_size > most:
            size = f"{status.st_size / 1e6:,.1f} MB"
            raise fail(f"{size} is too large for one file; the limit is {most / 1e6:.0f} MB", "too-large")
        raw = file.read_bytes()
    except OSError as error:
        raise fail(f"cannot be read: {error.strerror or 'unknown reason'}", "unreadable") from None
    return source_of(raw, shown)


def source_of(raw: bytes, shown: str) -> Source:
    """The text of a file's bytes. Raises ContentError if they are not UTF-8, or hold what no text may."""

    def fail(message: str, rule: str, hint: str = "", place: Place | None = None) -> ContentError:
        return ContentError([Problem(place or Place(shown), rule, message, hint)])

    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = Source(shown, raw[: error.start].decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
        hint = "save the file as UTF-8"
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            hint = "the file looks like UTF-16; save it as UTF-8"
        byte = raw[error.start]
        raise fail(f"byte 0x{byte:02x} is not UTF-8", "not-utf-8", hint, before.place(len(before.text))) from None
    source = Source(shown, text.replace("\r\n", "\n").replace("\r", "\n"))
    if bad := CONTROL.search(source.text):
        raise fail(unwelcome(bad.group()), "control-character", "remove it", source.place(bad.start()))
    return source


def unwelcome(character: str) -> str:
    """What to call a character that no text may hold."""
    kind = "private-use" if "\ue000" <= character <= "\uf8ff" else "control"
    return f"{kind} character U+{ord(character):04X}"
