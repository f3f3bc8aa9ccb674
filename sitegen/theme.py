"""Finds the templates and assets: the shipped ones, and the user's own over them, file by file."""

from __future__ import annotations

import sys
from errno import EILSEQ
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Theme

_PACKAGE = Path(__file__).parent
SHIPPED = _PACKAGE / "_templates" if (_PACKAGE / "_templates").is_dir() else _PACKAGE.parent / "templates"


def theme_folders(own: Path | None) -> tuple[Path, ...]:
    """The folder `own`, if given, before the shipped one."""
    return (SHIPPED,) if own is None or own.resolve() == SHIPPED.resolve() else (own, SHIPPED)


def load_theme(folders: tuple[Path, ...]) -> Theme:
    """The theme of these folders, of which the first wins. Raises OSError.

    A folder `x.js/` among the assets holds the parts of one script `x.js`. They are joined in the order of their
    names and share one scope, so that they need not import each other. Where one theme has such a folder and the
    other a whole `x.js`, the user's stands.
    """
    from rjsmin import jsmin

    from .model import Theme

    assets: dict[str, dict[str, bytes]] = {}  # the parts of each; a file that is whole is the part ""
    for folder in reversed(folders):
        root = folder / "assets"
        for file in sorted(root.rglob("*")):
            name = file.relative_to(root).as_posix()
            if file.is_file() and not any(part.startswith(".") for part in name.split("/")):
                if any("\ud800" <= character <= "\udfff" for character in name):
                    raise OSError(EILSEQ, f"a file name that is not spelled in {sys.getfilesystemencoding()}", str(file))
                script, joins, part = name.partition(".js/")
                parts = assets.setdefault(script + joins.rstrip("/"), {})
                if (part == "") != ("" in parts):
                    parts.clear()
                parts[part] = file.read_bytes()
    return Theme(folders, {
        # Comments are for readers of the source: a page does not pay for them.
        name: jsmin(data) if name.endswith(".js") else data
        for name, data in ((name, b"\n".join(parts[part] for part in sorted(parts))) for name, parts in assets.items())
    })  # fmt: skip
