"""A new entry's file: every field, each with a word on what it is for."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

from .fields import MAX_LINE
from .model import Draft
from .names import slugify

_ENTRY = """\
# One entry of the glossary. Its address is this file's name. Fill in every <...>, delete the fields
# that you do not need, and run: sitegen check
term: {term}
# aliases: [<another name>, <an abbreviation>]   # found by search, linked by themselves, and redirected from
definition: >-                       # one plain sentence, at most 160 characters
  <What it is, in one sentence.>
summary: >-                          # two or three sentences: what, who uses it, the trade-off
  <What it does, who uses it, and what it costs.>
explainer: |                         # Markdown. Link to entries with [[term]] or [[term|other words]]
  <How it works.>

  ## A worked example

  <The same with real numbers. A formula stands between dollars: $a + b$. A dollar of money is \\$5.>
example: >-                          # the term used in one sentence
  <A sentence that uses it.>
# related: [<slug>, <slug>]          # entries worth reading next
# contrast: [<slug>]                 # "not to be confused with"
# broader: [<slug>]                  # what it is a kind of
{topics}# level: beginner                    # beginner, intermediate or advanced
# references:                        # the paper or page that introduced it; oldest first
#   - title: <Title>
#     authors: [<First Author>, <Second Author>]
#     year: 2017
#     url: https://doi.org/<...>
"""


def new_entry(draft: Draft, content: Path, term: str) -> tuple[Path, str]:
    """The path and text of a new entry for `term`. Raises ValueError if it cannot be one, or is one already."""
    term = " ".join(term.split())
    slug = slugify(term)
    if not slug:
        raise ValueError(f"'{term}' has no letter or digit to make an address of")
    if len(term) > MAX_LINE:
        raise ValueError(f"a term has at most {MAX_LINE} characters, not {len(term):,}")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co") for char in term):
        raise ValueError(f"'{term}' has a character that no text may hold")
    if taken := draft.index.resolve(term):
        (owner, *_) = (entry.place.path for entry in draft.entries if entry.slug == taken[0])
        raise ValueError(f"'{term}' is already a name of {owner}")
    path = content / "terms" / f"{slug}.yaml"
    if path.exists():
        raise ValueError(f"{path} exists already")
    names = ", ".join(topic.slug for topic in draft.settings.topics)
    topics = f"# topics: [<topic>]                  # of: {names}\n" if names else ""
    return path, _ENTRY.format(term=_quoted(term), topics=topics)


def _quoted(term: str) -> str:
    """The term as a YAML value: bare where YAML cannot take it for anything else."""
    bare = term[0].isalnum() and not set(term) & set(":#'\"\\") and term.isprintable()
    return term if bare else json.dumps(term, ensure_ascii=False)
