"""The words: mails and pages from `templates/mail/`, the user's own over the shipped ones, file by file."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from markupsafe import Markup

from .config import Config, origin
from .mails import UNSUBSCRIBE, Letter, is_one_line

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_LINK = re.compile(r"https?://\S+")


LETTERS = ("confirm", "courtesy", "export", "erase")
PAGES = ("subscribe", "data", "confirm", "unsubscribe", "left", "export", "erase", "erased", "invalid", "refused")


class TextError(Exception):
    """A template cannot be rendered; the message says which and why, in one line."""


class Texts:
    """Renders the mails and pages of one newsletter."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.environment = Environment(
            loader=FileSystemLoader([str(folder / "mail") for folder in config.templates]),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            auto_reload=False,  # what has been proven stays, whatever is edited meanwhile
        )  # fmt: skip
        self.environment.globals["newsletter"] = config

    def prove(self) -> Texts:
        """Render each mail and page once, so that a mistake in a template shows before anybody waits for one. Raises TextError."""
        for kind in LETTERS:
            if kind != "courtesy" and UNSUBSCRIBE not in self.letter(kind, UNSUBSCRIBE).text:
                raise TextError(f"mail/{kind}.txt:1:1: the mail lacks its link, {{{{ url }}}} (broken-template)")
        self.letter("courtesy", self.config.site_url)
        for name, part in zip(
            ("issue.txt", "issue.html"), self.issue("A title", "", "", self.config.site_url), strict=True
        ):
            if UNSUBSCRIBE not in part:
                raise TextError(f"mail/{name}:1:1: there is no link to leave, {{{{ unsubscribe }}}} (broken-template)")
        for page in PAGES:
            self.page(page, mistake="", typed="", page="", reason="", advice="")
        return self

    def letter(self, kind: str, url: str) -> Letter:
        """The mail of a kind, from `<kind>.txt`: `Subject: ...`, a blank line, and paragraphs.

        In HTML, a paragraph whose last line is an address becomes a link with the lines before it as its words.
        """
        head, _, text = self._render(f"{kind}.txt", url=url).partition("\n")
        subject = head.removeprefix("Subject:").strip()
        if not head.startswith("Subject:") or not subject or not is_one_line(subject):
            raise TextError(f"mail/{kind}.txt:1:1: the first line must be 'Subject: ' and plain text (broken-template)")
        paragraphs = [_paragraph(part.strip()) for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
        html = self._render("letter.html", subject=subject, paragraphs=paragraphs)
        return Letter(self.config.sender, subject, text.strip() + "\n", html, (("Auto-Submitted", "auto-generated"),))

    def issue(self, title: str, text: str, html: str, archived_at: str) -> tuple[str, str]:
        """The text and the HTML part of an issue."""
        given = {"title": title, "archived_at": archived_at, "unsubscribe": UNSUBSCRIBE}
        plain = self._render("issue.txt", body=text.strip(), **given)
        return plain.strip() + "\n", self._render("issue.html", body=Markup(html), **given)

    def page(self, name: str, **context: object) -> str:
        """The page of the service in `<name>.html`."""
        return self._render(f"{name}.html", **context)

    def _render(self, name: str, **context: object) -> str:
        try:
            return self.environment.get_template(name).render(**context)
        except (
            TemplateError,
            TypeError,
            AttributeError,
            ValueError,
            ArithmeticError,
            LookupError,
            RecursionError,
            MemoryError,
        ) as error:
            where, line = name, 1
            for frame, number in walk_tb(error.__traceback__):  # in which Jinja has put the template's own lines
                if Path(frame.f_code.co_filename).parent.name == "mail":
                    where, line = Path(frame.f_code.co_filename).name, number
            if isinstance(error, TemplateSyntaxError):
                where, line = error.name or name, error.lineno
            raise TextError(f"mail/{where}:{line}:1: {str(error) or type(error).__name__} (broken-template)") from None

    @cached_property
    def policy(self) -> str:
        """The Content-Security-Policy of every page: its own style, forms to itself and from there to the site, and nothing else."""
        styles = _STYLE.findall(self.page("invalid"))
        hashes = " ".join(f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles)
        return f"default-src 'none'; img-src data:; style-src {hashes}; form-action 'self' {origin(self.config.site_url)}; base-uri 'none'; frame-ancestors 'none'"


def _paragraph(text: str) -> tuple[str, str]:
    """The words of a paragraph, and the address it ends with, if it does."""
    words, _, last = text.rpartition("\n")
    if _LINK.fullmatch(last.strip()):
        return " ".join(words.split()).rstrip(":"), last.strip()
    return " ".join(text.split()), ""
