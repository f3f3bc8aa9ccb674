"""What is done to many entries at a time, in any process: read them, mark them up, render them.

Each function is given what all its calls share, as bytes, and a chunk of values, and returns one result a value.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NoReturn, TypeVar

from .check import LOCAL, check
from .link import whole
from .load import entry_of, facts, texts
from .markup import Body, Markup
from .memo import plain, read
from .mentions import Mentions
from .model import Draft, Entry, File, Settings
from .outputs import ENTRY_OUTPUTS, Around, Shown, printed
from .problems import ContentError, Problem
from .render import Renderer
from .source import MAX_BYTES, source_of
from .train import LanguageModel

T = TypeVar("T")


@lru_cache(maxsize=4)
def _made(make: Callable[[bytes], T], shared: bytes) -> T:
    """What `make` makes of what calls share. The last of each kind is kept: calls of one kind follow each other, and at the next build may share the same."""
    return make(shared)


def _settings(shared: bytes) -> Settings:
    return pickle.loads(shared)  # type: ignore[no-any-return]


def _markup(shared: bytes) -> Markup:
    def resolve(name: str) -> NoReturn:
        raise KeyError(name)  # an entry's links are known

    return Markup(Mentions(read(shared)), resolve)


def _model(shared: bytes) -> LanguageModel:
    return pickle.loads(shared)  # type: ignore[no-any-return]


def _renderer(shared: bytes) -> Renderer:
    return Renderer(*pickle.loads(shared))


# An entry's facts and texts as plain bytes; or None if something is wrong with it, which is for `check` to say.
Read = tuple[bytes, bytes] | None


def read_entries(settings: bytes, files: list[tuple[str, bytes]]) -> list[Read]:
    """The entries in files, each given by what it is called and its bytes."""
    return [_read(_made(_settings, settings), path, raw) for path, raw in files]


def _read(settings: Settings, path: str, raw: bytes) -> Read:
    if len(raw) > MAX_BYTES:
        return None
    problems: list[Problem] = []
    try:
        entry = entry_of(source_of(raw, path), problems)
    except ContentError:
        return None
    if entry is None or not all(p.advice for p in check(Draft(settings, (entry,), {}, (), None, tuple(problems)), LOCAL)):
        return None
    return plain(facts(entry)), plain(texts(entry))


# An entry's body as plain bytes, the words of its running text, and a hash of the names that such words may begin.
Marked = tuple[bytes, bytes, bytes]


def mark_up(names: bytes, entries: list[tuple[Entry, bytes]]) -> list[Marked]:
    """The bodies of entries, each given without its texts, and these."""
    markup = _made(_markup, names)
    results = []
    for entry, data in entries:
        body = markup.entry(whole(entry, read(data)))
        words = tuple(sorted(markup.words))
        results.append((plain(body.plain()), plain(words), markup.mentions.known(words)))
    return results


def print_entries(model: bytes, entries: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """What the model says on the pages of entries, each given by its slug and definition, after a hash of it."""
    asked, results = _made(_model, model), []
    for slug, definition in entries:
        says = printed(asked, slug, definition)
        results.append((says.digest(), pickle.dumps(says, 5)))
    return results


# An entry without its texts, its texts, its body, what stands around it, and what the model says.
Page = tuple[Entry, bytes, bytes, Around, bytes]
# Its files, and the seconds that took.
Rendered = tuple[list[File], float]


def render_entries(shared: bytes, pages: list[Page]) -> list[Rendered]:
    """The files of entries; `shared` are the frame and the templates' code."""
    renderer = _made(_renderer, shared)
    return [_render(renderer, page) for page in pages]


def _render(renderer: Renderer, page: Page) -> Rendered:
    start = time.perf_counter()
    entry, data, body, around, says = page
    shown = Shown(whole(entry, read(data)), Body.of(read(body)), around, pickle.loads(says))
    files = [file for output in ENTRY_OUTPUTS for file in output(shown, renderer)]
    return files, time.perf_counter() - start
