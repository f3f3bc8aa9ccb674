"""The live demo reads text as Python does: what somebody types, and what stands on a page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from sitegen.ngram import BEGIN, END, pieces
from sitegen.prose import curled
from sitegen.train import LanguageModel
from tests.browser.conftest import Visit
from tests.browser.pages import TERM, awake, frame, more, ready, said

PROMPTS = [
    "The model", 'It said "yes" (or "no")…', "don’t re-use 1,024.5 e.g. x_2...", "中文かな한국어 हिन्दी a\u0301b", "1st 3D A.I. ½ Ⅳ ²", "😀 ﬁ #1 50%"
]  # fmt: skip


def test_prompts_are_cut_as_python_cuts_them(visit: Visit, model: LanguageModel) -> None:
    """Whatever is typed becomes the tokens that Python makes of it."""
    page = visit(TERM)
    awake(page)
    more(page)
    for prompt in PROMPTS:
        page.get_by_label("your own prompt").fill(prompt)
        page.get_by_label("your own prompt").press("Enter")
        assert frame(page).tokens == list(model.words(pieces(curled(prompt)))), prompt


def test_a_prompt_is_cut_at_forty_tokens(visit: Visit) -> None:
    """Of a long prompt the first forty tokens are used, and the page says so."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.get_by_label("your own prompt").fill("a " * 60)
    page.get_by_label("your own prompt").press("Enter")
    expect(said(page)).to_have_text("The prompt’s first 40 tokens are used.")
    assert frame(page).tokens == ["a"] * 40


def test_this_page_only_has_the_sentences_of_its_entry(visit: Visit, site: Path, model: LanguageModel) -> None:
    """For every term's page, "this page only" counts the very sentences that Python trains on for that entry."""
    page = visit("about/")
    (script,) = site.glob("assets/*/live.js")
    read = page.evaluate_handle(
        """async ([folder, file]) => {
          const [{ pageCorpus }, { readCorpus }] = await Promise.all([import(folder + "live.js"), import(folder + "engine.js")]);
          const corpus = await readCorpus((await fetch(file)).body);
          return (path) => {
            const { tokens, words, length } = pageCorpus(corpus, path);
            return [...tokens.subarray(0, length)].map((id) => words[id] ?? "<s>");
          };
        }""",
        [f"/glossary/{script.parent.relative_to(site)}/", "/glossary/model.bin"],
    )
    for path in dict.fromkeys(entry.path for entry in model.sources):
        sentences = [words for entry, words in zip(model.sources, model.corpus, strict=True) if entry.path == path]
        expected = [word for sentence in sentences for word in (BEGIN, *sentence, END)]
        assert read.evaluate("(read, path) => read(path)", path) == expected, path


def test_this_page_only(visit: Visit) -> None:
    """The switch makes the page its own text: every word offered stands on it. The home page has no such switch."""
    page = visit(TERM)
    awake(page)
    more(page)
    page.get_by_label("train on this page only").check()
    text = page.locator("article").inner_text().lower()
    words = [row[0] for row in frame(page).ledger[:8]]
    assert [word for word in words if word != "end of sentence" and word.lower() not in text] == []
    home = visit()
    ready(home)
    assert home.locator("autoregressive-demo [name=page]").count() == 0
