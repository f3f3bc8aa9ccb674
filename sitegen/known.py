"""What a build asks for: results that the memo knows, or that somebody makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from .crew import Crew
from .memo import Memo


class Known:
    """The results that one site is made of."""

    def __init__(self, memo: Memo, crew: Crew) -> None:
        self.memo, self.crew = memo, crew
        self.used: dict[str, Iterable[bytes]] = {}  # by kind, the keys of the results

    def one(self, kind: str, key: bytes, make: Callable[[], Any]) -> Any:
        """One result, which `make` makes if it is not known."""

        def found() -> Any:
            value = self.memo.load(kind, key)
            if value is None:
                value = make()
                self.memo.save(kind, key, value)
            return value

        self.used[kind] = [*self.used.get(kind, ()), key]
        return self.memo.hold(kind, key, found)

    def begun(self, kind: str, key: bytes, make: Callable[[], Any], count: int) -> Callable[[], Any]:
        """The same, begun beside what follows if it is not known; `make` goes through `count` entries."""
        return partial(self.one, kind, key, make if self.memo.get(kind, [key]) else self.crew.beside(make, count))
