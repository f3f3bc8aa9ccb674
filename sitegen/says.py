"""What the language model says: trained on the glossary, and asked about every page, each time only if the memo does not know."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from functools import partial

from .demo import Demo, demo
from .entries import Linked
from .known import Known
from .markup import Body
from .memo import digest, joined, plain, read
from .model import Entry, Glossary, Settings
from .prose import Readable, readable, reading
from .train import LanguageModel, by_chance, train
from .work import model_asker

Trained = tuple[bytes, LanguageModel]  # a model after the hash of its settings and that of what it has read


class Says:
    """The model of a glossary, and what it says, by a program of which `program` is the hash."""

    def __init__(self, program: bytes, known: Known) -> None:
        self.program, self.known = program, known

    def train(self, key: bytes, glossary: Glossary, linked: Mapping[str, Linked], earlier: Trained | None) -> tuple[Trained, bool]:
        """The model of the glossary known as `key`; or the `earlier` one, if it has the same settings, and whether it has read something else."""
        settings, found = glossary.settings, dict[str, tuple[Readable, ...]]()

        def readable_of(entry: Entry) -> tuple[Readable, ...]:
            if entry.slug not in found:
                body = linked[entry.slug][2]
                found[entry.slug] = readable(entry, Body.of(read(self.known.memo.known("body", [body])[body])))
            return found[entry.slug]

        def reading_of(entry: Entry) -> tuple[int, bytes]:
            return reading(readable_of(entry))

        left, parts = settings.tokens, []
        for entry in self.known.memo.hold("by chance", key, lambda: by_chance(glossary.entries)):
            key = digest(self.program, linked[entry.slug][2], entry.definition)
            number, sentences = self.known.one("reading", key, partial(reading_of, entry))
            left -= number
            parts += [sentences, plain((entry.slug, entry.title, entry.path))]
            if left < 0:
                break
        set_to = digest(settings.tokens, settings.order, settings.seed, settings.temperature)
        key = set_to + digest(self.program, *parts)
        if earlier and earlier[0] != key and earlier[0].startswith(set_to):
            return earlier, True
        return (key, self.known.one("model", key, lambda: train(glossary, readable_of))), False

    def opening(self, settings: Settings, model_key: bytes, model: LanguageModel) -> Callable[[], Demo]:
        """What makes the home page's run: a new entry changes that page, but hardly ever the model."""
        sentence = settings.prompt or settings.description
        key = digest(model_key, sentence)
        self.known.used["opening"] = [key]
        return partial(self.known.one, "opening", key, lambda: demo(model, "home", sentence))

    def say(
        self, glossary: Glossary, key: bytes, model_key: bytes, model: LanguageModel, facts: Mapping[str, bytes],
    ) -> Callable[[], dict[str, bytes]]:  # fmt: skip
        """Begin to ask the model; what is returned waits for a hash, by slug, of what it says on each entry's page, under which that is known.

        The glossary is known as `key`, and `facts` are hashes of its entries by their files. A model that has read one text more says the same on
        most pages, which then need not be rendered.
        """
        found: dict[bytes, bytes] = self.known.memo.hold("said of all", joined(key, model_key), dict)
        keys = {model_key + facts[entry.place.path]: entry for entry in glossary.entries}
        known = found or self.known.memo.get("said", keys)
        missing = [key for key in keys if key not in known]
        shared = pickle.dumps(model.bare(), 5) if missing else b""
        results = self.known.crew.map(model_asker, shared, ((keys[key].slug, keys[key].definition) for key in missing), len(missing))

        def said() -> dict[str, bytes]:
            for key, (hashed, says) in zip(missing, results, strict=True):
                self.known.memo.put("said", [(key, hashed)])
                self.known.memo.put("printed", [(hashed, says)])
                known[key] = hashed
            found.update((key, known[key]) for key in keys)
            self.known.used["said"], self.known.used["printed"] = found.keys(), found.values()
            return {entry.slug: hashed for entry, hashed in zip(glossary.entries, found.values(), strict=True)}

        return said
