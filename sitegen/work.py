"""What is done to each entry, in any process: read it, mark it up, ask the model, render it.

Each function is given what all its calls share, as bytes, and what is the entry's own.
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
from .mentions import Mentions, first_words
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


def read_entry(shared: bytes, file: tuple[str, bytes]) -> Read:
    """The entry in a file, given by what it is called and its bytes; the settings are shared."""
    path, raw = file
    if len(raw) > MAX_BYTES:
        return None
    settings, problems = _made(_settings, shared), list[Problem]()
    try:
        entry = entry_of(source_of(raw, path), problems)
    except ContentError:
        return None
    if entry is None or not all(p.advice for p in check(Draft(settings, (entry,), {}, (), None, tuple(problems)), LOCAL)):
        return None
    return plain(facts(entry)), plain(texts(entry))


# An entry's body as plain bytes, the words of its running text, and a hash of the names that such words may begin.
Marked = tuple[bytes, bytes, bytes]


def mark_up(names: bytes, given: tuple[Entry, bytes]) -> Marked:
    """The body of an entry, given without its texts, and these."""
    entry, data = given
    markup = _made(_markup, names)
    body = markup.entry(whole(entry, read(data)))
    words = tuple(sorted(first_words(markup.words)))
    return plain(body.plain()), plain(words), markup.mentions.known(words)


def print_entry(model: bytes, entry: tuple[str, str]) -> tuple[bytes, bytes]:
    """What the model says on the page of an entry, given by its slug and definition, after a hash of it."""
    says = printed(_made(_model, model), *entry)
    return says.digest(), pickle.dumps(says, 5)


# An entry without its texts, its texts, its body, what stands around it, and what the model says.
Page = tuple[Entry, bytes, bytes, Around, bytes]
# Its files, and the seconds that took.
Rendered = tuple[list[File], float]


def render_entry(shared: bytes, page: Page) -> Rendered:
    """The files of an entry; the frame and the templates' code are shared."""
    renderer, start = _made(_renderer, shared), time.perf_counter()
    entry, data, body, around, says = page
    shown = Shown(whole(entry, read(data)), Body.of(read(body)), around, pickle.loads(says))
    files = [file for output in ENTRY_OUTPUTS for file in output(shown, renderer)]
    return files, time.perf_counter() - start
