"""An issue as the content has it -> the mail that goes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import click

from ..check import check
from ..link import link
from ..load import load
from ..making import require
from ..markup import Markup, at_root
from ..model import Glossary, Issue
from ..names import url_path
from ..problems import did_you_mean, printable
from ..scan import scan

if TYPE_CHECKING:
    from ..newsletter.config import Config
    from ..newsletter.issues import IssueMail
    from ..newsletter.texts import Texts

_ADDRESS = re.compile(r'(href|src)="([^"#][^"]*)"')
_LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\((?:<([^<>\s]+)>|([^()\s]+))(?:\s+\"[^\"]*\")?\)")


def issue_mail(content: Path, config: Config, texts: Texts, name: str) -> IssueMail:
    """The mail of the issue called `name`, or of its file. Raises ContentError if the content has problems."""
    from ..newsletter.issues import IssueMail

    draft = load(content)
    require(check(draft))
    glossary = link(draft, config.site_url)
    issue = chosen(glossary, name)
    archived_at = f"{config.site_url}{url_path(f'newsletter/{issue.name}/')}"
    body = _formulas_as_code(issue.body.value)
    html = at_root(Markup(glossary).page(body), config.site_url)
    html = _ADDRESS.sub(lambda match: f'{match[1]}="{urljoin(archived_at, match[2])}"', html)
    text, page = texts.issue(issue.title, _plain(body, glossary, config.site_url, archived_at), html, archived_at)
    return IssueMail(issue.name, issue.title, text, page, archived_at)


def chosen(glossary: Glossary, name: str) -> Issue:
    """The issue that a command means. Raises UsageError."""
    wanted = Path(name).name.removesuffix(".md")
    for issue in glossary.issues:
        if wanted in (issue.name, issue.name[len(issue.date) + 1 :]):
            return issue
    names = [issue.name for issue in glossary.issues]
    hint = did_you_mean(wanted, names) or (
        "the issues are " + ", ".join(names) if names else "content/newsletter/ has none"
    )
    raise click.UsageError(printable(f"there is no issue '{wanted}'; {hint}"))


def _formulas_as_code(text: str) -> str:
    """No mail program draws MathML, so formulas stay TeX."""
    for span in reversed(scan(text)):
        if span.kind in ("math", "display"):
            text = f"{text[: span.start]}`{' '.join(span.value.split())}`{text[span.end :]}"
    return text


def _plain(text: str, glossary: Glossary, site_url: str, page: str) -> str:
    """Markdown reads well as it is, but for links: each becomes its words and its address."""
    for span in reversed(scan(text)):
        if span.kind == "link":
            entry = glossary.by_slug[glossary.index.resolve(span.value)[0]]
            shown = span.shown or (entry.title if span.value == entry.slug else " ".join(span.value.split()))
            text = f"{text[: span.start]}{shown} <{site_url}{url_path(entry.path)}>{text[span.end :]}"
    return _LINK.sub(lambda match: f"{match[1]} <{urljoin(page, match[2] or match[3])}>", text)
