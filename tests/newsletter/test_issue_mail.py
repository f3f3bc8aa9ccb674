"""The mail of an issue: its text part reads like a letter, and everything in it leads where the page's does."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
import yaml

from sitegen.commands.issue_mail import _formulas_as_code
from sitegen.commands.plain_text import plain_text
from sitegen.link import link
from sitegen.load import load
from sitegen.markup import Markup
from tests.conftest import CONTENT, MakeContent, sitegen

NEWSLETTER = {
    "action": "https://newsletter.example.org/subscribe",
    "sender": "Words <news@example.org>",
    "title": "Words",
}

ISSUE = """\
# A title with *stars*

Text with **bold**, *of*, `code *not* em`, [a page](../../about/), [elsewhere](https://example.org/a?b=c&d=e "t"),
[[attention]], [[attention|other words]], $a_1*b_2$, snake_case, 2 * 3, &copy; &amp; &foo;, a note[^1].\x20\x20
After a break: <https://auto.example/>, <me@example.org>

## What `it` *is*

1. one
2. two

    - inner
    - with [a link](https://example.org/)

3. three

> quoted *text*
>
> - in a list

| a | words |
|---|---|
| *1* | [x](/abs) |
| 22 | y |

```python
def f(x):  # *not* em [a](b)
    return x ** 2
```

---

Escaped \\*stars\\*.

[^1]: The note, with *em*.
"""

TEXT = """\
A title with *stars*

Text with bold, of, code *not* em, a page <https://glossary.example/about/>, elsewhere <https://example.org/a?b=c&d=e>, \
attention <https://glossary.example/terms/attention/>, other words <https://glossary.example/terms/attention/>, a_1*b_2, snake_case, \
2 * 3, © & &foo;, a note[1].
After a break: https://auto.example/, me@example.org

What it is
----------

1. one
2. two
   - inner
   - with a link <https://example.org/>
3. three

> quoted text
>\x20
> - in a list

a   words
--  --------------------------------
1   x <https://glossary.example/abs>
22  y

    def f(x):  # *not* em [a](b)
        return x ** 2

* * *

Escaped *stars*.

[1] The note, with em.

--
"""


@pytest.fixture
def content(make_content: MakeContent) -> Path:
    """A small glossary with a newsletter of its own."""
    settings = yaml.safe_dump({"title": "Words", "base_url": "https://glossary.example/", "newsletter": NEWSLETTER})
    attention = "term: Attention\ndefinition: What a head looks at.\n"
    return make_content({"site.yaml": settings, "attention.yaml": attention, "newsletter/2026-11-01-marks.md": ISSUE})


def preview(content: Path, issue: str, form: str = "text") -> str:
    """The mail as the command shows it, without its headers."""
    result = sitegen("newsletter", "preview", issue, "--format", form, "--content", content, cwd=content.parent)
    assert (result.status, result.err) == (0, "")
    return result.out.partition("\n\n")[2] if form == "text" else result.out


def test_the_text_part_reads_like_a_letter(content: Path) -> None:
    """No mark of Markdown is left, and nothing that its author wrote is lost."""
    assert preview(content, "marks").partition("Read it on the web")[0] == TEXT


def test_both_parts_lead_to_the_same_places(content: Path) -> None:
    """Every link of the HTML part stands in the text part as well."""
    links = re.findall(r'<a [^>]*href="(https?[^"]+)"', preview(content, "marks", "html"))
    text = preview(content, "marks")
    shown = {url.replace("&amp;", "&") for url in links}
    own = re.compile(r"/u/.*")  # a new one each time
    assert {own.sub("/u/", url) for url in shown} == {
        own.sub("/u/", url) for url in re.findall(r"https?://[^\s<>,]+", text)
    }


def test_every_shipped_text_becomes_plain() -> None:
    """Whatever the shipped entries hold, as an issue it keeps its words, in their order, and loses its tags."""
    glossary = link(load(CONTENT), "https://glossary.example/")
    markup = Markup.of(glossary)
    for entry in glossary.entries:
        html = markup.page(_formulas_as_code(entry.explainer))
        words = re.findall(r"\w{3,}", unescape(re.sub(r"<[^<>]*>", "", html)))
        assert re.findall(r"\w{3,}", re.sub(r" <[^<>\s]+(/|#[^<>\s]+)>", "", plain_text(html))) == words, entry.slug


def test_an_issue_is_named_without_doubt(content: Path) -> None:
    """Two issues of one slug are told apart by their dates, never guessed."""
    (content / "newsletter/2026-12-01-marks.md").write_text("# Another\n\nWords.\n")
    result = sitegen("newsletter", "preview", "marks", "--content", content, cwd=content.parent)
    assert result.status == 2
    assert "'marks' may be 2026-12-01-marks or 2026-11-01-marks; say which" in result.err
    assert preview(content, "2026-11-01-marks.md").startswith("A title with *stars*")
