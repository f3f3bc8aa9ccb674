"""The page about the language model: its numbers are the model's, its example can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from justhtml import Element

from sitegen.build import language_model
from sitegen.ngram import Model

from .conftest import CONTENT, MakeContent, sitegen
from .dom import Page, text

MEASURED = json.loads((CONTENT / "perplexity.json").read_text("utf-8"))


def rows(page: Page, heading: str) -> list[list[str]]:
    """The cells of the body of the first table after a heading, row by row."""
    elements: list[Element] = page.all("main h2, main h3, main table")
    start = next(i for i, element in enumerate(elements) if element.attrs.get("id") == heading)
    table = next(element for element in elements[start:] if element.name == "table")
    return [[text(cell) for cell in row.query("th, td")] for row in table.query("tbody tr")]


@pytest.fixture(scope="module")
def page(site: dict[str, Page]) -> Page:
    """That page of the shipped site."""
    return site["model/"]


def test_the_example_can_be_worked_out(page: Page) -> None:
    """In every row (count - discount) / total is the share, share x weight is added, and the sum is the probability."""
    reached, last = 0.0, 1.0
    for _, counts, share, weight, adds, so_far in rows(page, "example"):
        above, total = counts.replace(",", "").split(" ∕ ")
        count, _, discount = above.strip("()").partition(" − ")
        assert float(share) == pytest.approx((float(count) - float(discount or 0)) / float(total), rel=0.02)
        assert float(adds) == pytest.approx(float(share) * float(weight), rel=0.02, abs=1e-6)
        reached += float(adds)
        assert float(so_far) == pytest.approx(reached, rel=0.01)
        assert float(weight) <= last
        last = float(weight)
    (sentence,) = (said for said in page.texts("main p") if said.startswith("So the probability is"))
    assert sentence.startswith(f"So the probability is {reached * 100:.1f} %")


def test_the_example_is_the_models(page: Page) -> None:
    """The example's probability is what the glossary's model says, and its discounts are the model's."""
    trained = language_model(CONTENT)
    model = Model(trained.order, trained.corpus)
    (question,) = (said for said in page.texts("main p") if said.startswith("After “"))
    _, context, _, rest = question.replace("”", "“").split("“", 3)
    word = rest.split("“")[0]
    assert rows(page, "example")[-1][-1] == f"{model.probability(word, context.split()):#.3g}"
    assert rows(page, "discounts") == [[str(i), *(f"{d:.3f}" for d in ds)] for i, ds in enumerate(model.discounts, 1)]


def test_the_comparison_is_the_measured_one(page: Page) -> None:
    """The table of perplexities is the file that `sitegen perplexity --held-out --save` wrote, the best row marked."""
    names = ("kneser_ney", "witten_bell", "stupid_backoff")
    assert rows(page, "quality") == [
        [str(row["order"] - 1), *(f"{row[name]:.1f}" for name in names)] for row in MEASURED["rows"]
    ]
    best = min(MEASURED["rows"], key=lambda row: row["kneser_ney"])
    assert text(page.one("tr.best th")) == str(best["order"] - 1)


def test_the_saved_comparison_is_what_the_command_finds() -> None:
    """Measured anew, the shipped glossary's perplexities are those in the file that its page prints."""
    result = sitegen("perplexity", "--held-out", "--json")
    assert (result.status, json.loads(result.out)) == (0, MEASURED)


ENTRY = "term: Token\ndefinition: A token is a piece of text that a model reads as one.\n"


def test_without_a_comparison(make_content: MakeContent, tmp_path: Path) -> None:
    """A glossary too small for an example, discounts or a comparison has the page without them."""
    result = sitegen("build", "--content", make_content({"token.yaml": ENTRY}), "--out", tmp_path / "site")
    assert result.status == 0, result.err
    page = Page(tmp_path / "site", "model/")
    headings = [
        "What it has read",
        "How it writes",
        "Where a probability comes from",
        "The discounts",
        "From probabilities to a draw",
    ]
    assert page.texts(".prose h2, .prose h3") == headings
    assert rows(page, "discounts") == [[str(order), "0.500", "1.000", "1.500"] for order in (1, 2, 3, 4)]


ROW = '{"order": 1, "kneser_ney": 9.5, "witten_bell": 9, "stupid_backoff": 12, "kneser_ney_with_unknown": 20}'
TOP = '"entries_trained": 9, "entries_tested": 1, "tokens_trained": 99, "tokens_tested": 11, "unknown": 1'
ANEW = "delete the file, then write it anew: sitegen perplexity --held-out --save"


@pytest.mark.parametrize(
    ("file", "problems"),
    [
        pytest.param(f'{{{TOP}, "rows": [{ROW}]}}', "", id="whole"),
        pytest.param("", "", id="empty"),
        pytest.param(f'{{{TOP}}}', f"1:1: perplexity.json lacks a number (missing-field)\n    hint: {ANEW}\n", id="no rows"),
        pytest.param(
            f'{{{TOP}, "rows": [{ROW.replace("9.5", "0.5")}]}}',
            f"1:138: 'kneser_ney' must be a number from 1, not '0.5' (wrong-type)\n    hint: {ANEW}\n", id="below one",
        ),
        pytest.param(
            f'{{{TOP.replace("99", "many")}, "rows": [{ROW}]}}',
            "1:63: 'tokens_trained' must be a whole number from 0 to 999999999, not 'many' (wrong-type)\n", id="no number",
        ),
        pytest.param("[1]", "1:1: perplexity.json must be a group of 'field: value' lines, not a list (wrong-type)\n", id="a list"),
    ],
)  # fmt: skip
def test_a_broken_comparison(make_content: MakeContent, file: str, problems: str) -> None:
    """What is wrong with perplexity.json is said with its place and how to get a right one."""
    content = make_content({"token.yaml": ENTRY})
    (content / "perplexity.json").write_text(file, "utf-8")
    result = sitegen("check", "--content", content.name, cwd=content.parent)
    said = "".join(f"content/perplexity.json:{problems}" for problems in filter(None, [problems]))
    shown = "".join(line for line in result.out.splitlines(keepends=True) if "perplexity" in line)
    assert shown == said
    assert result.status == (1 if problems else 0)
