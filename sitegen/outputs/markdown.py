"""A Markdown twin of every term page, for readers that are programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model import File
from ..render import Renderer
from ..scan import scan
from ..site import Frame
from .shown import Shown
from .views import Card, reference_view


def markdown(shown: Shown, renderer: Renderer) -> Iterator[File]:
    """An `index.md` beside the term page."""
    yield File(shown.entry.path + "index.md", (_twin(shown, renderer.frame) + "\n").encode())


def _twin(shown: Shown, frame: Frame) -> str:
    entry, around = shown.entry, shown.around
    targets = {name: card for (name, _, _), card in zip(entry.links, around.links, strict=True)}

    def linked(text: str, deeper: bool = False) -> str:
        return _linked(frame, targets, text, deeper)

    parts = [f"# {entry.title}", f"> {entry.definition}"]
    if entry.aliases:
        parts.append("Also called: " + ", ".join(entry.aliases))
    if entry.deprecated:
        by = "".join(f"Replaced by {_link(frame, card)}. " for card in around.replaced_by)
        parts.append(f"**Deprecated.** {by}{linked(entry.deprecated.note)}".strip())
    parts.append(linked(entry.summary))
    if entry.explainer:
        parts += ["## In depth", linked(entry.explainer, deeper=True)]
    if entry.example:
        parts += ["## In a sentence", linked(entry.example)]
    for heading, cards in (("Not to be confused with", around.contrast), ("Related terms", around.related)):
        if cards:
            parts += [f"## {heading}", "\n".join(f"- {_link(frame, card)}: {card.definition}" for card in cards)]
    if entry.references:
        views = map(reference_view, entry.references)
        rows = (". ".join(filter(None, [v.authors, v.title, str(v.year or ""), v.url])) for v in views)
        parts += ["## References", "\n".join(f"- {row}" for row in rows)]
    parts.append(f"From [{frame.title}]({frame.url('')}): {frame.url(entry.path)}")
    return "\n\n".join(filter(None, parts))


def _link(frame: Frame, card: Card) -> str:
    return f"[{card.term}]({frame.url(card.path)}index.md)"


def _linked(frame: Frame, targets: Mapping[str, Card], text: str, deeper: bool) -> str:
    """`text` with every `[[link]]` as an ordinary one, and its headings one level down."""
    text = text.strip()
    for span in reversed(scan(text)):
        if span.kind == "heading" and deeper:
            text = text[: span.at] + "#" + text[span.at :]
        elif span.kind == "link":
            path = targets[span.value].path
            text = f"{text[: span.start]}[{span.shown or span.value}]({frame.url(path)}index.md){text[span.end :]}"
    return text
