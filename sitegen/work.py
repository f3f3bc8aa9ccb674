"""What is done to each entry, in any process: read it, mark it up, ask the model, render it.

Each function is given what all entries share, as bytes, and makes of it what does the work for one entry after the other.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NoReturn, TypeVar

from .check import LOCAL, check
from .entry_file import entry_of
from .facts import facts, texts
from .link import whole
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
    """What `make` makes of what entries share. The last few are kept: chunks of one kind follow each other, and the next build may share the same."""
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
    frame, code, _ = pickle.loads(shared)  # and a hash of the templates, of which it may have some in memory
    return Renderer(frame, code)


# An entry's facts and texts as plain bytes; or None if something is wrong with it, which is for `check` to say.
Read = tuple[bytes, bytes] | None


def entry_reader(shared: bytes) -> Callable[[tuple[str, bytes]], Read]:
    """Reads the entry in a file, given by what it is called and its bytes; the settings are shared."""
    settings = _made(_settings, shared)

    def read_entry(file: tuple[str, bytes]) -> Read:
        path, raw = file
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

    return read_entry


# An entry's body as plain bytes, the words of its running text, and a hash of the names that such words may begin.
Marked = tuple[bytes, bytes, bytes]


def body_maker(names: bytes) -> Callable[[tuple[Entry, bytes]], Marked]:
    """Makes the body of an entry, given without its texts, and these."""
    markup = _made(_markup, names)

    def make_body(given: tuple[Entry, bytes]) -> Marked:
        entry, data = given
        body = markup.entry(whole(entry, read(data)))
        words = tuple(sorted(first_words(markup.words)))
        return plain(body.plain()), plain(words), markup.mentions.known(words)

    return make_body


def model_asker(shared: bytes) -> Callable[[tuple[str, str]], tuple[bytes, bytes]]:
    """Asks what the shared model says on the page of an entry, given by its slug and definition, and puts a hash before it."""
    model = _made(_model, shared)

    def ask(entry: tuple[str, str]) -> tuple[bytes, bytes]:
        says = printed(model, *entry)
        return says.digest(), pickle.dumps(says, 5)

    return ask


# An entry without its texts, its texts, its body, what stands around it, and what the model says.
Page = tuple[Entry, bytes, bytes, Around, bytes]
# Its files, and the seconds that took.
Rendered = tuple[list[File], float]


def page_maker(shared: bytes) -> Callable[[Page], Rendered]:
    """Makes the files of an entry; the frame and the templates' code are shared."""
    renderer = _made(_renderer, shared)

    def make_page(page: Page) -> Rendered:
        start = time.perf_counter()
        entry, data, body, around, says = page
        shown = Shown(whole(entry, read(data)), Body.of(read(body)), around, pickle.loads(says))
        files = [file for output in ENTRY_OUTPUTS for file in output(shown, renderer)]
        return files, time.perf_counter() - start

    return make_page
