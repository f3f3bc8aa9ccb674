"""A glossary of any size, made up but always the same: `python -m tests.bench.corpus COUNT FOLDER`.

Each entry has a body of 250 words that mentions about six other entries, four related ones, one or two of 24 topics,
and three of four have an abbreviation. FOLDER gets the same entries twice, as `content/` for sitegen and as `hugo/`,
a site for Hugo, in `new/` one entry more for each, which three pages of a hundred already mention, and in `facts.json`
how many links the text should get.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise, product
from pathlib import Path

WORDS, TOPICS, RELATED, MENTIONS, MENTIONING = 250, 24, 4, range(4, 9), 0.03
REVISION = "Revision 0."  # what an edit counts up; it stands in every body

_SITE = Path(__file__).with_name("hugo")
_COMMON = (
    "the", "of", "and", "a", "to", "in", "is", "that", "for", "it", "with", "as", "each", "by", "on", "this", "from", "an",
    "be", "are", "or", "which", "at", "when", "more", "than", "its", "can", "one", "not", "has", "into", "only", "so", "if",
    "then", "all", "both", "over", "under", "they", "most", "such", "after", "before", "between", "because", "while", "where",
)  # fmt: skip
_FILLERS = 2000


@dataclass(frozen=True, slots=True)
class Term:
    """One entry. `mentions` are the places in the list of terms of those that its body names, each once."""

    name: str
    alias: str
    definition: str
    summary: str
    body: str
    example: str
    related: tuple[int, ...]
    topics: tuple[int, ...]
    mentions: tuple[int, ...]
    early: bool  # whether it names the entry that is still to come

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def names(self) -> list[str]:
        """As running text has them: a term in lower case, an abbreviation in capitals."""
        return [self.name.lower(), *[self.alias] * bool(self.alias)]


def terms(count: int, seed: int = 5) -> tuple[list[Term], Term]:
    """So many entries, in the order of their invention, and the one that is still to come."""
    chance = random.Random(seed)
    invented = _invented(chance)
    fillers = [next(invented) for _ in range(_FILLERS)]
    prose = _Prose(chance, fillers)
    names = [_name(chance, number, next(invented), fillers) for number in range(count + 1)]
    to_come = names.pop()
    return [_term(chance, prose, number, names, to_come[0]) for number in range(count)], _last(chance, prose, names, to_come)


def _invented(chance: random.Random) -> Iterator[str]:
    """Words of two syllables, then of three, none twice, in random order; none is English or ends like a plural."""
    syllables = ["".join(letters) for letters in product("bdfgklmnprtvz", "aeiou")]
    ends = [syllable + letter for syllable in syllables for letter in "nrlm"]
    for parts in ((syllables, ends), (syllables, syllables, ends)):
        words = ["".join(word) for word in product(*parts)]
        chance.shuffle(words)
        yield from words


def _name(chance: random.Random, number: int, word: str, fillers: list[str]) -> tuple[str, str]:
    """A term of one to three words, of which one is its own, and its abbreviation."""
    kind = chance.random()
    first = f"{chance.choice(fillers[:400])} {word}" if kind > 0.8 else word
    name = first if kind < 0.3 else f"{first} {chance.choice(fillers[:400])}"
    letters = [chr(ord("A") + number // 26**place % 26) for place in (3, 2, 1, 0)]
    return name.capitalize(), "".join(letters) if number % 4 else ""


class _Prose:
    """Sentences whose words are as unequally frequent as those of a language."""

    def __init__(self, chance: random.Random, fillers: list[str]) -> None:
        self.chance, self.words = chance, [*_COMMON, *fillers]
        self.rare = fillers[200:]
        self.weights = list(accumulate(1 / rank for rank in range(2, len(self.words) + 2)))

    def draw(self, count: int) -> list[str]:
        return self.chance.choices(self.words, cum_weights=self.weights, k=count)

    def sentence(self, count: int) -> str:
        return _sentence(self.draw(count))

    def spell(self, pieces: list[str]) -> str:
        """Sentences of eight to sixteen pieces, the last of up to twenty."""
        written, left = [], list(pieces)
        while left:
            most = self.chance.randint(8, 16)
            most = len(left) if len(left) - most < 5 else most
            written.append(_sentence(left[:most]))
            del left[:most]
        return " ".join(written)


def _sentence(pieces: list[str]) -> str:
    text = " ".join(pieces)
    return text[0].upper() + text[1:] + "."


def _term(chance: random.Random, prose: _Prose, number: int, names: list[tuple[str, str]], to_come: str) -> Term:
    name, alias = names[number]
    others = _others(chance, number, len(names), chance.choice(MENTIONS))
    mentioned = [names[other][1] * (chance.random() < 1 / 4) or names[other][0].lower() for other in others]
    early = number % round(1 / MENTIONING) == 1
    body = _body(chance, prose, mentioned + [to_come.lower()] * early)
    related = ((number + 1) % len(names), *_others(chance, number, len(names), RELATED - 1))
    return Term(
        name, alias, prose.sentence(14), prose.spell(prose.draw(26)), body, prose.sentence(12),
        tuple(dict.fromkeys(place for place in related if place != number)),
        tuple({number % TOPICS, chance.randrange(TOPICS)}), tuple(others), early,
    )  # fmt: skip


def _others(chance: random.Random, number: int, count: int, wanted: int) -> list[int]:
    found = dict.fromkeys(chance.randrange(count) for _ in range(wanted))
    return [place for place in found if place != number]


def _body(chance: random.Random, prose: _Prose, mentioned: list[str]) -> str:
    """A body of WORDS words: two paragraphs, a heading, a list and a paragraph, the mentions spread over them.

    A mention never begins a sentence, so that its case is that of the name.
    """
    heading, mentioned = "A worked example", [f"the {name}" for name in mentioned]
    pieces = prose.draw(WORDS - 3 - sum(len(text.split()) for text in (*mentioned, heading, REVISION)))
    pieces.insert(chance.randrange(40), f"*{chance.choice(prose.rare)} {chance.choice(prose.rare)}*")
    pieces.insert(chance.randrange(40), f"`{chance.choice(prose.rare)}`")
    for place, name in zip(sorted(chance.sample(range(len(pieces)), len(mentioned)), reverse=True), mentioned, strict=True):
        pieces.insert(place, name)
    cuts = [0, 80, 140, 150, 160, 170, len(pieces)]
    parts = [prose.spell(pieces[start:stop]) for start, stop in pairwise(cuts)]
    items = "\n".join(f"- {item}" for item in parts[2:5])
    return f"{parts[0]}\n\n{parts[1]}\n\n## {heading}\n\n{items}\n\n{parts[5]} {REVISION}\n"


def _last(chance: random.Random, prose: _Prose, names: list[tuple[str, str]], to_come: tuple[str, str]) -> Term:
    mentions = _others(chance, -1, len(names), 6)
    body = _body(chance, prose, [names[place][0].lower() for place in mentions])
    related = tuple(range(min(RELATED, len(names))))
    return Term(
        to_come[0], "", prose.sentence(14), prose.spell(prose.draw(26)), body, prose.sentence(12),
        related, (0,), tuple(mentions), False,
    )  # fmt: skip


def write(count: int, folder: Path) -> None:
    """Write the two sites and the entry to come."""
    entries, to_come = terms(count)
    ours, hugo, new = folder / "content" / "terms", folder / "hugo" / "content" / "terms", folder / "new"
    shutil.copytree(_SITE, folder / "hugo")
    for path in (ours, hugo, new):
        path.mkdir(parents=True)
    (folder / "content" / "site.yaml").write_text(_settings(), "utf-8")
    (hugo / "_index.md").write_text("---\ntitle: A–Z\n---\n", "utf-8")
    for term in entries:
        (ours / f"{term.slug}.yaml").write_text(_yaml(term, entries), "utf-8")
        (hugo / f"{term.slug}.md").write_text(_markdown(term, entries), "utf-8")
    (new / f"{to_come.slug}.yaml").write_text(_yaml(to_come, entries), "utf-8")
    (new / f"{to_come.slug}.md").write_text(_markdown(to_come, entries), "utf-8")
    facts = {"links": sum(len(term.mentions) for term in entries), "mentioning": sum(term.early for term in entries)}
    (folder / "facts.json").write_text(json.dumps(facts), "utf-8")


def _topic(number: int) -> str:
    return f"Topic {chr(ord('A') + number)}"


def _settings() -> str:
    lines = ["title: Benchmark", "base_url: https://glossary.example/", "description: Made up.", "about: Made up.", "topics:"]
    lines += [f"  - name: {_topic(number)}\n    description: All of one kind." for number in range(TOPICS)]
    return "\n".join(lines) + "\n"


def _yaml(term: Term, entries: list[Term]) -> str:
    body = "".join(f"  {line}".rstrip() + "\n" for line in term.body.splitlines())
    return (
        f"term: {term.name}\n"
        + (f"aliases: [{term.alias}]\n" if term.alias else "")
        + f"definition: {term.definition}\nsummary: {term.summary}\nexplainer: |\n{body}example: {term.example}\n"
        f"related: [{', '.join(entries[place].slug for place in term.related)}]\n"
        f"topics: [{', '.join(_topic(number) for number in term.topics)}]\nlevel: beginner\n"
        "references:\n  - title: A paper\n    authors: [A. Author]\n    year: 2017\n    url: https://paper.example/1\n"
    )


def _markdown(term: Term, entries: list[Term]) -> str:
    return (
        f"---\ntitle: {term.name}\nnames: [{', '.join(term.names)}]\ndefinition: {term.definition}\nsummary: {term.summary}\n"
        f"example: {term.example}\nrelated: [{', '.join(entries[place].slug for place in term.related)}]\n"
        f"topics: [{', '.join(_topic(number) for number in term.topics)}]\nlevel: beginner\n"
        f"paper: {{title: A paper, authors: A. Author, year: 2017, url: 'https://paper.example/1'}}\n---\n{term.body}"
    )


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
