"""Glossary -> LanguageModel: the n-gram model that every page shows, trained on the glossary's own prose."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from itertools import islice
from math import log2
from zlib import crc32

from .markup import Body
from .model import Glossary
from .ngram import BEGIN, END, Draw, Model, Ranking, Token, generate, sentences, tokenize

MAX_TOKENS = 60_000  # what a browser should fetch and count: about 75 KB compressed
STEPS = 12

_PIECE = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>|([^<]+)")
_SKIPPED = frozenset({"pre", "table", "h2", "h3", "h4", "h5", "h6", "sup"})
_UNSPEAKABLE = frozenset({"math", "code"})
_BLOCKS = frozenset({"p", "li", "div", "ul", "ol", "dd", "dt", "blockquote"})
_OPENING = re.compile(r'(?<![^\s(\[])"')
_GAP = "\ue002"
_ENDS = tuple(".!?。！？")


@dataclass(frozen=True, slots=True)
class ScoredToken:
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
    """The trained model, the corpus it was trained on, and what it says of an entry."""

    corpus: tuple[tuple[str, ...], ...]
    order: int
    temperature: float
    seed: int

    @cached_property
    def model(self) -> Model:
        return Model(self.order, self.corpus)

    @cached_property
    def ranking(self) -> Ranking:
        return Ranking(self.model)

    @cached_property
    def _known(self) -> frozenset[tuple[str, ...]]:
        return frozenset(self.corpus)

    @cached_property
    def lower_cased(self) -> frozenset[str]:
        """The words that stand in lower case within sentences."""
        return frozenset(word for sentence in self.corpus for word in sentence[1:])

    def words(self, sentence: Iterable[str]) -> tuple[str, ...]:
        """The tokens of a sentence as the model spells them: its first word small, unless it is a name."""
        return _uncapitalised(tuple(sentence), self.lower_cased)

    def scored(self, definition: str) -> tuple[ScoredToken, ...]:
        """The tokens of a definition with their surprise, -log2 P(token | those before it).

        The model is asked as if it had not read this definition.
        """
        tokens = tokenize(definition)
        words = self.words(token.text for token in tokens)
        ranking = self.ranking
        if words not in self._known:
            return self._scored(tokens, words, ranking)
        with self.model.without(words) as model:
            return self._scored(tokens, words, Ranking(model, like=ranking))

    def _scored(self, tokens: list[Token], words: tuple[str, ...], ranking: Ranking) -> tuple[ScoredToken, ...]:
        found = []
        model = ranking.model
        for token, word, (history, _) in zip(tokens, words, model.events(words), strict=False):
            best = [w for w, _ in islice(ranking.after(history).ranked(), 3)]
            found.append(ScoredToken(token, log2(1 / model.probability(word, history)), tuple(best)))
        return tuple(found)

    def run(self, name: str, sentence: str) -> Run:
        """The run that the page `name` prints: `sentence` cut in the middle, and continued for twelve tokens."""
        words = self.words(token.text for token in tokenize(curled(sentence)))
        prompt = words[: min(max(3, len(words) // 2), 8)]
        seed = self.seed + crc32(name.encode()) % 1000
        return Run(seed, prompt, tuple(islice(generate(self.ranking, prompt, self.temperature, seed), STEPS)))

    def count(self, history: tuple[str, ...], word: str) -> int:
        """How often the corpus has `word` right after `history`."""
        return self._counts[(*history, word)]

    @cached_property
    def _counts(self) -> Counter[tuple[str, ...]]:
        counts: Counter[tuple[str, ...]] = Counter()
        for sentence in self.corpus:
            words = (BEGIN, *sentence, END)
            for i in range(1, len(words)):
                counts.update(words[j : i + 1] for j in range(max(0, i - self.order + 1), i + 1))
        return counts

    def to_json(self) -> bytes:
        """What the browser needs to count and compute the same: the tokens themselves.

        `tokens` are indices into `vocabulary`, every sentence followed by 0, which is its end.
        """
        frequency = Counter(word for sentence in self.corpus for word in sentence)
        vocabulary = [END, BEGIN, *sorted(frequency, key=lambda word: (-frequency[word], word))]
        number = {word: i for i, word in enumerate(vocabulary)}
        tokens = [number[word] for sentence in self.corpus for word in (*sentence, END)]
        data = {"order": self.order, "vocabulary": vocabulary, "tokens": tokens, "discounts": self.model.discounts}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def train(glossary: Glossary, bodies: Mapping[str, Body]) -> LanguageModel:
    """The model of this glossary's definitions, summaries, explainers and examples, in that order, up to a limit."""
    texts = [entry.definition for entry in glossary.entries]
    for part in ("summary", "in_depth", "example"):
        texts += [text for entry in glossary.entries for text in prose(getattr(bodies[entry.slug], part))]
    found = [
        tuple(token.text for token in tokenize(s)) for text in texts for s in sentences(curled(text)) if _GAP not in s
    ]
    inside = frozenset(word for sentence in found for word in sentence[1:])
    corpus, left = [], MAX_TOKENS
    for sentence in found:
        left -= len(sentence) + 1
        if left < 0:
            break
        if sentence:
            corpus.append(_uncapitalised(sentence, inside))
    settings = glossary.settings
    return LanguageModel(tuple(corpus), settings.order, settings.temperature, settings.seed)


def prose(html: str) -> list[str]:
    """The running text of `html`, a string a paragraph: whole sentences, without code, formulas, tables and headings.

    A sentence that a formula or code interrupts holds a private-use character, to be left out.
    """
    blocks: list[list[str]] = [[]]
    skipped = 0
    for closing, tag, _, text in _PIECE.findall(html):
        if tag in _SKIPPED or tag in _UNSPEAKABLE:
            if tag in _UNSPEAKABLE and not closing:
                blocks[-1].append(_GAP)
            skipped += -1 if closing else 1
        elif tag in _BLOCKS:
            blocks.append([])
        elif text and not skipped:
            blocks[-1].append(unescape(text))
    texts = (" ".join("".join(block).split()) for block in blocks)
    return [text for text in texts if text.endswith(_ENDS)]


def curled(text: str) -> str:
    """`text` with straight double quotes as opening and closing ones, so that a model can tell which it writes."""
    return _OPENING.sub("“", text).replace('"', "”")


def _uncapitalised(sentence: tuple[str, ...], inside: frozenset[str]) -> tuple[str, ...]:
    """The sentence with its first word in lower case, if that is how it is written within sentences."""
    if not sentence:
        return sentence
    first = sentence[0]
    lower = first[:1].lower() + first[1:]
    return (lower, *sentence[1:]) if lower in inside else sentence
