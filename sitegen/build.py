"""The stages in order: reading `build` explains the program."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .check import check
from .dates import git_dates
from .link import link
from .load import load
from .markup import Markup
from .model import Dates, Draft, File, Glossary
from .outputs import OUTPUTS
from .problems import ContentError, Problem
from .render import Renderer
from .site import Site
from .theme import load_theme
from .train import LanguageModel, train
from .write import Written, write

Progress = Callable[[str], None]


def build(
    content: Path, out: Path, templates: Path | None = None, base_url: str = "", progress: Progress = lambda _: None,
    form_action: str = "",
) -> Written:  # fmt: skip
    """Build the site of the folder `content` in the folder `out`.

    Raises ContentError with every problem, and OSError; the site that stood in `out` then stays.
    """
    progress("reading")
    draft = load(content)
    require(check(draft))
    site = make_site(draft, content, templates, base_url, progress, form_action)
    progress("rendering")
    return write(list(files(site)), out)


def require(problems: tuple[Problem, ...]) -> None:
    """Raise ContentError if any of `problems` is more than advice."""
    if serious := [problem for problem in problems if not problem.advice]:
        raise ContentError(serious)


def make_site(
    draft: Draft, content: Path, templates: Path | None, base_url: str = "", progress: Progress = lambda _: None,
    form_action: str = "",
) -> Site:  # fmt: skip
    """Link, mark up and train: everything the pages show."""
    glossary = link(draft, base_url, form_action)
    progress("marking up")
    markup = Markup(glossary)
    bodies = {entry.slug: markup.entry(entry) for entry in glossary.entries}
    about = markup.page(glossary.settings.about.value) if glossary.settings.about else ""
    issues = {issue.name: markup.page(issue.body.value) for issue in glossary.issues}
    progress("training the language model")
    return Site(
        glossary, bodies, about, issues, train(glossary, bodies), _dates(glossary, content), load_theme(templates)
    )


def language_model(content: Path) -> LanguageModel:
    """The model that the pages of the folder `content` show. Raises ContentError with every problem."""
    draft = load(content)
    require(check(draft))
    glossary = link(draft)
    markup = Markup(glossary)
    return train(glossary, {entry.slug: markup.entry(entry) for entry in glossary.entries})


def _dates(glossary: Glossary, content: Path) -> dict[str, Dates]:
    known = git_dates(content / "terms", os.environ)
    found = {entry.slug: known.get(Path(entry.place.path).name) or known.get("") for entry in glossary.entries}
    return {slug: dates for slug, dates in found.items() if dates}


def files(site: Site) -> Iterator[File]:
    """Every file of the site."""
    renderer = Renderer(site)
    for output in OUTPUTS:
        yield from output(site, renderer)
