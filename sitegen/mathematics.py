"""TeX to MathML at build time, without a `style` attribute: the site's policy would refuse those."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from math_core import LatexToMathML

MAX_TEX = 2_000  # characters; the converter recurses, and overflows its stack at some ten thousand

_STYLE = re.compile(r' style="([^"]*)"')
_LEVELS = re.compile(r' (displaystyle|scriptlevel)="([^"]*)"(?: (scriptlevel)="([^"]*)")?')
_MATH_STYLE = {"true": "normal", "false": "compact"}


class TexError(ValueError):
    """A formula that cannot be read; `offset` is the character at which that shows."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Formula:
    """MathML, and the rules of style its classes stand for: pairs of class and declarations."""

    html: str
    styles: tuple[tuple[str, str], ...]


@cache
def formula(tex: str, display: bool) -> Formula:
    """The MathML of one formula. Raises TexError.

    Each inline style becomes a class. So do `displaystyle` and `scriptlevel`, which CSS can say as well
    and which validators of MathML 3 refuse.
    """
    if len(tex) > MAX_TEX:
        raise TexError(f"a formula of {len(tex):,} characters; the limit is {MAX_TEX:,}", MAX_TEX)
    from math_core import LatexError  # takes 10 ms, and most glossaries have no formula

    try:
        html = _converter().convert_with_local_state(tex, displaystyle=display)
    except LatexError as error:
        offset, _, message = str(error).partition(": ")
        at = int(offset) if offset.isdigit() else 0
        raise TexError(message.strip().rstrip("."), min(at, max(len(tex) - 1, 0))) from None
    styles: dict[str, str] = {}

    def to_class(match: re.Match[str]) -> str:
        css = match[1]
        name = "m-" + sha256(css.encode()).hexdigest()[:6]
        styles[name] = css
        return f' class="{name}"'

    html = _STYLE.sub(to_class, _LEVELS.sub(_levels, html))
    return Formula(html, tuple(sorted(styles.items())))


@cache
def _converter() -> LatexToMathML:
    from math_core import LatexToMathML

    return LatexToMathML(fancy_error=False)


def _levels(match: re.Match[str]) -> str:
    css = []
    for name, value in (match.group(1, 2), match.group(3, 4)):
        if name == "displaystyle":
            css.append(f"math-style:{_MATH_STYLE[value]}")
        elif name == "scriptlevel":
            css.append(f"math-depth:add({value})" if value[0] in "+-" else f"math-depth:{value}")
    return f' style="{";".join(css)}"'
