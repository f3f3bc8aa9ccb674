"""Glossary -> LanguageModel: the n-gram model that every page shows, trained on the glossary's own prose."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby, islice
from math import log2
from typing import NamedTuple
from zlib import crc32

from .model import Entry, Glossary
from .names import MARKS
from .ngram import BEGIN, END, Draw, LeaveOneOut, Model, Ranking, Sampler, generate, pack
from .ngram.packing import MOST_WORDS
from .ngram.tokens import CLOSING, OPENING, Token, pieces, sentences, tokenize
from .prose import Readable, curled, uncapitalised, within

STEPS = 12


class ScoredToken(NamedTuple):
    """A token of a definition: its surprise in bits, and what was likelier, to a model that has not read it."""

    token: Token
    bits: float
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A seeded run: the prompt's tokens, then one draw after the other."""

    seed: int
    prompt: tuple[str, ...]
    draws: tuple[Draw, ...]


@dataclass(frozen=True)
class LanguageModel:
    """The trained model, the corpus it was trained on, and what it says of an entry.

    `sources` names for each sentence of the corpus the entry that it stands in.
    """

    corpus: tuple[tuple[str, ...], ...]
    sources: tuple[Entry, ...]
    order: int
    sampler: Sampler
    seed: int

    def bare(self) -> LanguageModel:
        """Itself as it was trained, without what has been worked out since, and without the sources."""
        return replace(self, sources=())

    @cached_property
    def ranking(self) -> Ranking:
        return _counted(self.order, self.corpus)

    @property
    def model(self) -> Model:
        return self.ranking.model

    @cached_property
    def _known(self) -> frozenset[tuple[str, ...]]:
        return frozenset(self.corpus)

    @cached_property
    def lower_cased(self) -> frozenset[str]:
        """The words that stand in lower case within sentences."""
        return within(self.corpus)

    def words(self, sentence: Iterable[str]) -> tuple[str, ...]:
        """The tokens of a sentence as the model spells them: its first word small, unless it is a name."""
        return uncapitalised(tuple(sentence), self.lower_cased)

    def scored(self, definition: str) -> tuple[ScoredToken, ...]:
        """The tokens of a definition with their surprise, -log2 P(token | those before it in its sentence).

        The model is asked as if it had not read this sentence.
        """
        tokens, found = iter(tokenize(definition)), []
        for sentence in sentences(curled(definition)):
            words = self.words(pieces(sentence))
            source = LeaveOneOut(self.ranking, words) if words in self._known else self.ranking
            for word, (history, _) in zip(words, self.model.events(words), strict=False):
                offer = source.after(history)
                p = offer.unscaled(word) or offer.unknown
                found.append(ScoredToken(next(tokens), log2(1 / p), tuple(word for _, word in offer.best(3))))
            if isinstance(source, LeaveOneOut):
                source.let_go()
        return tuple(found)

    def run(self, name: str, sentence: str) -> Run:
        """The run that the page `name` prints: `sentence` cut in the middle, and continued for twelve tokens."""
        words = self.words(pieces(curled(sentence)))
        prompt = words[: min(max(3, len(words) // 2), 8)]
        seed = self.seed + crc32(name.encode()) % 1000
        return Run(seed, prompt, tuple(islice(generate(self.ranking, prompt, self.sampler, seed), STEPS)))

    def count(self, history: tuple[str, ...], word: str) -> int:
        """How often the corpus has `word` right after `history`."""
        if history not in self._followers:
            text, size = self._text, len(history)
            begins: Iterable[int] = range(1, len(text))
            if history:
                rarest = min(range(size), key=lambda i: len(self._places[history[i]]))
                begins = (place - rarest for place in self._places[history[rarest]])
            self._followers[history] = Counter(text[i + size] for i in begins if size < 2 or text[i : i + size] == history)
        return self._followers[history][word]

    @cached_property
    def _followers(self) -> dict[tuple[str, ...], Counter[str]]:
        return {}

    @cached_property
    def _text(self) -> tuple[str, ...]:
        return tuple(word for sentence in self.corpus for word in (BEGIN, *sentence, END))

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Where in the text each word stands."""
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self._text):
            places[word].append(place)
        return places

    @cached_property
    def tops(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """By context what `demo` has printed of the likeliest words after it."""
        return {}

    def evidence(self, context: tuple[str, ...], word: str) -> Iterator[tuple[Entry, tuple[str, ...]]]:
        """The sentences in which `context` stands, those in which `word` follows it first, and their entries."""
        size = len(context)
        elsewhere = []
        for sentence, entry in zip(self.corpus, self.sources, strict=True):
            words = (BEGIN, *sentence, END)
            followers = {words[i + size] for i in range(len(words) - size) if words[i : i + size] == context}
            if word in followers:
                yield entry, sentence
            elif followers:
                elsewhere.append((entry, sentence))
        yield from elsewhere

    @cached_property
    def packed(self) -> bytes:
        """The corpus for the browser: a line of JSON, the vocabulary and the tokens (see `ngram.packing`), as gzip.

        `sentences` has pairs: an index into `entries`, and how many sentences in a row are that entry's.
        """
        vocabulary, tokens = pack(self.corpus)
        numbers = {entry.slug: i for i, entry in enumerate(dict.fromkeys(self.sources))}
        runs = [(numbers[slug], len(list(run))) for slug, run in groupby(entry.slug for entry in self.sources)]
        header = {
            "entries": [[entry.path, entry.title] for entry in dict.fromkeys(self.sources)],
            "sentences": [number for run in runs for number in run],
            "vocabulary": len(vocabulary),
            "marks": MARKS, "closing": CLOSING, "opening": OPENING,  # how words are cut, and written without a space
            "discounts": {self.order: self.model.discounts},  # which a browser can estimate, at twice the time
        }  # fmt: skip
        line = json.dumps(header, ensure_ascii=False, separators=(",", ":")) + "\n"
        return gzip.compress(line.encode() + vocabulary + tokens, 9, mtime=0)


@lru_cache(maxsize=1)
def _counted(order: int, corpus: tuple[tuple[str, ...], ...]) -> Ranking:
    """A text's ranking, counted once a process: it has several of one language model, as trained, out of the memo, and as handed to who asks it."""
    return Ranking(Model(order, corpus))


def train(glossary: Glossary, readable_of: Callable[[Entry], Iterable[Readable]]) -> LanguageModel:
    """The model of this glossary's definitions, summaries, explainers and examples, in that order.

    Of a glossary with more tokens than its settings allow it reads whole entries, chosen by the hash of their slugs: any
    sample is as good, and this one hardly changes with an edit. What others have to read is not asked for. Nor does it read more different words
    than a browser can be told of.
    """
    settings = glossary.settings
    places = {entry.slug: place for place, entry in enumerate(glossary.entries)}
    found: list[tuple[int, int, Entry, tuple[str, ...]]] = []
    left, vocabulary = settings.tokens, {END}
    for entry in by_chance(glossary.entries):
        for part, words in readable_of(entry):
            left -= len(words) + 1
            vocabulary.update(words)
            if left >= 0 and len(vocabulary) <= MOST_WORDS:
                found.append((part, places[entry.slug], entry, words))
        if left < 0:
            break
    found.sort(key=lambda sentence: sentence[:2])
    inside = within(words for *_, words in found)
    corpus = tuple(uncapitalised(words, inside) for *_, words in found)
    sources = tuple(entry for _, _, entry, _ in found)
    return LanguageModel(corpus, sources, settings.order, Sampler(settings.temperature), settings.seed)


def by_chance(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order in which they are read, as long as there is room."""
    return sorted(entries, key=lambda entry: (crc32(entry.slug.encode()), entry.slug))
