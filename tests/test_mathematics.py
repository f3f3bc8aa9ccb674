"""Formulas: TeX between dollars that are not money, as MathML without a style of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sitegen.mathematics import MAX_TEX, TexError, formula

from .conftest import MakeContent, sitegen
from .prose import markup


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("$x$ and $y$", 2),
        ("$$x$$", 1),
        ("$$\nx\n+ y\n$$", 1),
        ("It costs $5 or $6.", 0),
        ("From $0.15 to $0.60 a million", 0),
        ("$5 and $x$", 1),
        ("a $ b $ c", 0),
        ("\\$x\\$", 0),
        ("`$x$`", 0),
        ("```\n$x$\n```", 0),
        ("US$5, A$6", 0),
        ("$x$5", 0),
        ("**$x$**", 1),
        ("| a | b |\n|---|---|\n| $x$ | $|y|$ |", 2),
        ("$a_1$ and $b_2$ and *c*", 2),
        ("$x\n\ny$", 0),
    ],
)
def test_dollars(text: str, formulas: int) -> None:
    """Dollars around TeX are a formula; dollars that are money, escaped or code are not."""
    html = markup().html(text)
    assert html.count("<math") == formulas
    assert "\ue000" not in html


def test_money_is_shown_as_written() -> None:
    """Money keeps its sign and its number."""
    assert markup().html(r"It costs \$1.30 or $2, not US$3.") == "<p>It costs $1.30 or $2, not US$3.</p>"


@pytest.mark.parametrize("tex", [r"\frac{a}{b}", r"\sum_{i=1}^n x_i", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\mathbf{x} \colon \mathbb{R}^n",
                                 r"\color{red}{x}", r"\begin{aligned} a &= b \\ &= c \end{aligned}", r"\left(\frac{x^2}{y}\right)", r"\hat{y} \le 1", "a < b & c"])  # fmt: skip
@pytest.mark.parametrize("display", [True, False])
def test_formulas_have_no_style(tex: str, display: bool) -> None:
    """MathML carries its styles as classes, and every class it uses has its rule."""
    if tex == "a < b & c":  # an alignment sign outside of an alignment
        with pytest.raises(TexError):
            formula(tex, display)
        return
    made = formula(tex, display)
    assert "style=" not in made.html.lower()
    assert "scriptlevel" not in made.html
    assert re.fullmatch("<math.*</math>", made.html, re.DOTALL)
    assert {name for names in re.findall(r'class="([^"]*)"', made.html) for name in names.split() if name.startswith("m-")} == dict(made.styles).keys()
    assert ("display" in made.html.split(">")[0]) is display


def test_formulas_on_every_page_have_their_rules(tmp_path: Path, make_content: MakeContent) -> None:
    """The stylesheet has the rules of all formulas, be they in an entry, on the about page or in an issue of the newsletter; after a rebuild too."""

    def aligned(sides: str) -> str:
        return rf"$$\begin{{array}}{{{sides}}} a & b \\ c & d \end{{array}}$$"

    content = make_content({
        "site.yaml": f"title: T\nbase_url: https://example.org/\nabout: {aligned('lr')}\n",
        "one.yaml": f"term: One\ndefinition: The first.\nsummary: {aligned('cc')}\n",
    })  # fmt: skip
    (content / "newsletter").mkdir()
    (content / "newsletter" / "2024-01-05-first.md").write_text(f"# First\n\n{aligned('rl')}\n")
    for _ in range(2):
        assert sitegen("build", "--content", content, "--out", tmp_path / "site").status == 0
        html = [file.read_text() for file in (tmp_path / "site").rglob("index.html")]
        used = {name for text in html for names in re.findall(r'class="([^"]*)"', text) for name in names.split() if name.startswith("m-")}
        (css,) = (tmp_path / "site" / "assets").rglob("site.css")
        assert used == set(re.findall(r"\.(m-[0-9a-f]+)\{", css.read_text()))
        assert len(used) > 2
        (content / "terms" / "one.yaml").write_text("term: One\ndefinition: The first.\n")


def test_display_formulas_can_be_scrolled() -> None:
    """A displayed formula can be reached by keyboard and has a name; one in a line is part of the sentence."""
    assert markup().html("$$x$$").startswith('<p><span class="formula" tabindex="0" role="group" aria-label="Formula"><math display="block">')
    assert markup().html("$x$") == "<p><math><mi>x</mi></math></p>"


@pytest.mark.parametrize(
    ("tex", "offset"), [(r"\frac{a}{", 9), (r"\nosuchcommand", 0), ("x^", 1), ("a & b", 2), ("{" * 3, 2), ("x" * (MAX_TEX + 1), MAX_TEX)]
)  # fmt: skip
def test_wrong_tex(tex: str, offset: int) -> None:
    """What is no TeX raises an error with the place where that shows."""
    with pytest.raises(TexError) as caught:
        formula(tex, display=False)
    assert caught.value.offset == pytest.approx(offset, abs=1)
    assert 0 <= caught.value.offset <= len(tex)
