"""Remembers pure results by the hash of their inputs, in one SQLite file.

There is no list of what depends on what: a result whose inputs changed is simply not found under their new hash. So the
file may be deleted, killed in the middle of a write, shared by branches, and carried in a cache; at worst the work is
done again. A result that is damaged is not known any more. Whoever writes the file is trusted as with the program's own compiled files.
"""

from __future__ import annotations

import marshal
import os
import pickle
import sqlite3
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zlib import crc32

KINDS = ("files", "dates", "theme", "entry", "facts", "texts", "words", "linked", "bodies", "body", "reading", "page", "around", "first", "parts", "templates", "glossary", "model", "opening", "said", "printed", "site")
KEPT = 3  # times as many results as the newest site needs may stay, for other branches
SPARE = 8
_APPLICATION = 0x73676D6F  # by which SQLite's files of this kind are known
NO_ROOM = sqlite3.OperationalError  # what a temporary database raises that can grow no more
UNCOMPARED = ("theme", "glossary", "first", "parts")  # kinds made of files that are read without comparing them with their hashes
MANY = 1_000  # for more results than these, all of their kind are read


def digest(*parts: Any) -> bytes:
    """The hash of plain values, 16 bytes."""
    return blake2b(plain(parts), digest_size=16).digest()


def joined(*hashes: bytes) -> bytes:
    """The hash of hashes, in less time; only the last may be longer or shorter than 16 bytes."""
    return blake2b(b"".join(hashes), digest_size=16).digest()


def plain(value: Any) -> bytes:
    """A value of tuples, texts, bytes, numbers, booleans and None as bytes: equal values give equal bytes."""
    return marshal.dumps(value, 2)  # later versions write the same object once, which equal values need not be


def read(data: bytes) -> Any:
    """The value that `plain` was given."""
    return marshal.loads(data)


def may_be_memo(path: Path) -> bool:
    """Whether a file at `path`, if there is one, may be written to, and replaced where it is damaged: it is empty, or begins as a memo does."""
    if path.is_file():
        with suppress(OSError), path.open("rb") as file:
            head = file.read(72)  # which ends in the application's number
            return not head or (head.startswith(b"SQLite format 3\0") and head[68:] == _APPLICATION.to_bytes(4))
    return True


class ForgottenError(OSError):
    """A result is gone that was known when the build began: another has forgotten it, or the file is damaged."""

    def __str__(self) -> str:
        return "another build has cleared out what this one remembered; build again"


class Memo:
    """The results, by kind and key. Values are bytes here; `load` and `save` take any that can be pickled.

    What a build finds out waits in a temporary database, and goes into the file at its end and at once: two builds do not
    wait for each other, and one that is killed leaves the file as it was.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open or make the file `path`; without one, or where it cannot be used, nothing outlives the program."""
        self.path = path
        self._new = _temporary()
        self._old = _opened(path) if path else None
        self._file = _number(path)
        self._held: dict[tuple[str, bytes], Any] = {}  # since the last `keep`
        self._lately: dict[tuple[str, bytes], Any] = {}  # and before it
        self.left: dict[bytes, Any] = {}  # by folder, the manifest of the site that this process put there and nobody else touches
        self.seen: dict[str, Any] = {}  # by folder, the survey of which this process last made its site
        self.spoke: dict[bytes, Any] = {}  # by folder, the language model whose words that site shows

    def get(self, kind: str, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """The results for those of `keys` that are known."""
        if len(keys) > MANY:
            wanted = set(keys)
            known = dict(self.each(kind, wanted))
            return {key: known[key] for key in keys if key in known}
        query, found = f"SELECT value FROM {kind} WHERE key = ?", {}
        for key in keys:
            row = self._new.execute(query, (key,)).fetchone() or self._ask(query, key)
            if row and (value := _whole(key, *row)) is not None:
                found[key] = value
        return found

    def known(self, kind: str, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """The results for `keys`, all of which were known. Raises ForgottenError if one is not any more."""
        found = self.get(kind, keys)
        if not all(key in found for key in keys):
            raise ForgottenError
        return found

    def _ask(self, query: str, key: bytes) -> tuple[bytes] | None:
        with suppress(sqlite3.Error):
            return self._old.execute(query, (key,)).fetchone() if self._old else None
        return None

    def each(self, kind: str, wanted: Container[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """The results of a kind for the keys that are `wanted`, not those of other branches' sites, one by one: together they may be large."""
        for key, data in self._rows(kind):
            if key in wanted and (value := _whole(key, data)) is not None:
                yield key, value

    def _rows(self, kind: str) -> Iterator[tuple[bytes, Any]]:
        query = f"SELECT key, value FROM {kind}"
        with suppress(sqlite3.Error):
            yield from self._old.execute(query) if self._old else ()
        yield from self._new.execute(query)

    def put(self, kind: str, results: Iterable[tuple[bytes, bytes]]) -> None:
        """Remember results."""
        sealed = ((key, value + _seal(key, value)) for key, value in results)
        self._new.executemany(f"INSERT OR REPLACE INTO {kind} VALUES (?, ?)", sealed)

    def hold(self, kind: str, key: bytes, make: Callable[[], Any]) -> Any:
        """What `make` makes of that of which `key` is the hash, unless that is None: only in memory, and as long as every build asks for it."""
        place = kind, key
        if place not in self._held:
            value = self._lately[place] if place in self._lately else make()
            if value is None:
                return None
            self._held[place] = value
        return self._held[place]

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._held, self._lately = {}, {}

    def begin_anew(self) -> None:
        """Forget what is new, and hold nothing any more."""
        self._new.close()
        self._new = _temporary()
        self.let_go()

    def doubt(self) -> None:
        """Forget what is new of the kinds whose files may have been others than those of which the key says."""
        for kind in UNCOMPARED:
            self._new.execute(f"DELETE FROM {kind}")
        self._held = {place: value for place, value in self._held.items() if place[0] not in UNCOMPARED}

    def load(self, kind: str, key: bytes) -> Any:
        """One result, or None."""
        data = self.get(kind, [key]).get(key)
        return None if data is None else pickle.loads(data)

    def save(self, kind: str, key: bytes, value: object) -> None:
        """Remember one result."""
        self.put(kind, [(key, pickle.dumps(value, 5))])

    def keep(self, used: Mapping[str, Iterable[bytes]]) -> None:
        """Write what is new into the file, and forget there what the newest site does not use once it is far too much."""
        if used:
            self._lately, self._held = self._held, {}
        if not self.path or not self._old or self._file != _number(self.path):
            return  # where somebody has put another file into its place, that is not the one from which this reads
        try:
            self._new.execute("COMMIT")
            # Rows pass from one database to the other in a third of the time that Python would take.
            self._new.execute("ATTACH ? AS file", (os.fsencode(self.path),))
            self._new.execute("PRAGMA file.synchronous = OFF")
            self._new.execute("BEGIN")
            for kind in KINDS:
                self._new.execute(f"INSERT OR REPLACE INTO file.{kind} SELECT * FROM main.{kind}")
            self._forget({kind: set(keys) for kind, keys in used.items()})
            self._new.execute("COMMIT")
            passed_on, self._new = self._new, _temporary()
            passed_on.close()  # and forget its rows at once; to delete them takes longer than all of this
        except sqlite3.Error:
            if self._new.in_transaction:
                self._new.execute("ROLLBACK")
            with suppress(sqlite3.Error):
                self._new.execute("DETACH file")
            self._new.execute("BEGIN")
            self.mend()

    def mend(self, damaged: bool = False) -> bool:
        """Begin with a new file if this is `damaged`, or SQLite finds that it is; whether that is so.

        What was found out since stays, unless the file is `damaged`: it may name results that were there.
        """
        if not self.path or not self._old or self._file != _number(self.path) or not (damaged or _is_damaged(self._old)):
            return False
        if damaged:
            self.begin_anew()
        self._old.close()
        with suppress(OSError):
            self.path.unlink()
        self._old = None if self.path.exists() else _opened(self.path)
        self._file = _number(self.path)
        return True

    def _forget(self, live: Mapping[str, Collection[bytes]]) -> None:
        """Of each kind, leave in the attached file only the results with the `live` keys, if of one it has far too many."""

        def count(kind: str) -> int:
            (number,) = self._new.execute(f"SELECT count(*) FROM file.{kind}").fetchone()
            return int(number)

        if any(count(kind) > KEPT * len(keys) + SPARE for kind, keys in live.items()):
            for kind, keys in live.items():  # of all kinds, as one result may name another
                rows = self._new.execute(f"SELECT key FROM file.{kind}").fetchall()
                self._new.executemany(f"DELETE FROM file.{kind} WHERE key = ?", (row for row in rows if row[0] not in keys))

    def __enter__(self) -> Memo:
        return self

    def __exit__(self, *_: object) -> None:
        self._new.close()
        if self._old:
            self._old.close()


def _seal(key: bytes, value: bytes) -> bytes:
    """By which it is seen later that this is still the value of that key: SQLite has no checksums."""
    return crc32(value, crc32(key)).to_bytes(4)


def _whole(key: bytes, data: Any) -> bytes | None:
    """The value out of what is stored of it, or None if that is damaged."""
    if not isinstance(data, bytes):
        return None
    value = data[:-4]
    return value if data[-4:] == _seal(key, value) else None


def _temporary() -> sqlite3.Connection:
    """A database in a temporary file, once it outgrows the memory, in one transaction for all that is put there."""
    database = sqlite3.connect("", timeout=10, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    _prepare(database)
    database.execute("BEGIN")
    return database


def _number(path: Path | None) -> tuple[int, int] | None:
    """Which file of which device stands in `path`."""
    with suppress(OSError):
        status = path.stat() if path else None
        return (status.st_dev, status.st_ino) if status else None
    return None


def _opened(path: Path) -> sqlite3.Connection | None:
    """The database in `path`. One that is broken is made anew; where none can be, as on a read-only disk, there is none."""
    for _ in range(2):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            database = sqlite3.connect(path, timeout=10)
            database.execute("PRAGMA synchronous = OFF")  # a program that is killed loses nothing by it
            if database.execute("PRAGMA application_id").fetchone() != (_APPLICATION,):
                database.execute(f"PRAGMA application_id = {_APPLICATION}")
            _prepare(database)
            return database
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                return None
            with suppress(OSError):
                path.unlink()
    return None


def _is_damaged(database: sqlite3.Connection) -> bool:
    try:
        return bool(database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError as error:
        return not isinstance(error, sqlite3.OperationalError)  # such as that it is locked


def _prepare(database: sqlite3.Connection) -> None:
    for kind in KINDS:
        database.execute(f"CREATE TABLE IF NOT EXISTS {kind} (key BLOB PRIMARY KEY, value BLOB)")
