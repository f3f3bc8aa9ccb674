"""An issue as the content has it -> the mail that goes out."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import click

from ..check import check
from ..entries import require
from ..link import link
from ..load import load
from ..markup import Markup, at_root
from ..model import Glossary, Issue
from ..names import url_path
from ..problems import did_you_mean, printable
from ..scan import scan
from .plain_text import plain_text

if TYPE_CHECKING:
    from ..newsletter.config import Config
    from ..newsletter.issues import IssueMail
    from ..newsletter.texts import Texts

_ADDRESS = re.compile(r'(href|src)="([^"#][^"]*)"')


def issue_mail(content: Path, config: Config, texts: Texts, name: str) -> IssueMail:
    """The mail of the issue called `name`, or of its file. Raises ContentError if the content has problems."""
    from ..newsletter.issues import IssueMail

    draft = load(content)
    require(check(draft))
    glossary = link(draft, config.site_url)
    issue = chosen(glossary, name)
    archived_at = f"{config.site_url}{url_path(f'newsletter/{issue.name}/')}"
    body = _formulas_as_code(issue.body.value)
    html = at_root(Markup.of(glossary).page(body), config.site_url)
    html = _ADDRESS.sub(lambda match: f'{match[1]}="{escape(urljoin(archived_at, unescape(match[2])))}"', html)
    text, page = texts.issue(issue.title, plain_text(html), html, archived_at)
    return IssueMail(issue.name, issue.title, text, page, archived_at)


def chosen(glossary: Glossary, name: str) -> Issue:
    """The issue that a command means. Raises UsageError."""
    wanted = Path(name).name.removesuffix(".md")
    meant = [issue for issue in glossary.issues if wanted in (issue.name, issue.name[len(issue.date) + 1 :])]
    if len(meant) == 1:
        return meant[0]
    names = [issue.name for issue in meant or glossary.issues]
    if meant:
        raise click.UsageError(f"'{wanted}' may be {' or '.join(names)}; say which")
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
