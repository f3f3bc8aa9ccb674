"""Finds the templates and assets: the shipped ones, and the user's own over them, file by file."""

from __future__ import annotations

from pathlib import Path

from rjsmin import jsmin

from .model import Theme

_PACKAGE = Path(__file__).parent
SHIPPED = _PACKAGE / "_templates" if (_PACKAGE / "_templates").is_dir() else _PACKAGE.parent / "templates"


def load_theme(own: Path | None) -> Theme:
    """The theme with the folder `own`, if given, before the shipped one. Raises OSError."""
    folders = (SHIPPED,) if own is None or own.resolve() == SHIPPED.resolve() else (own, SHIPPED)
    assets: dict[str, bytes] = {}
    for folder in reversed(folders):
        root = folder / "assets"
        for file in sorted(root.rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                data = file.read_bytes()
                # Comments are for readers of the source: a page does not pay for them.
                assets[file.relative_to(root).as_posix()] = jsmin(data) if file.suffix == ".js" else data
    return Theme(folders, assets)
