"""`sitegen perplexity`: against KenLM, on texts as users have them, and with all that can be wrong with those."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import CONTENT, MakeContent, sitegen
from .test_ngram import KENLM


@pytest.mark.parametrize("order", [2, 3, 4])
def test_kenlm(order: int) -> None:
    """A text that the model has not read gets the counts and perplexities that KenLM gives, unknown words or not."""
    held_out = ("--train", KENLM / "tiny.txt", "--pretokenized", KENLM / "held-out.txt")
    result = sitegen("perplexity", *held_out, "--order", order, "--json")
    assert (result.status, result.err) == (0, "")
    found = json.loads(result.out)
    recorded = json.loads((KENLM / "held-out.json").read_text())[str(order)]
    assert {key: found[key] for key in recorded} == pytest.approx(recorded, rel=1e-6)
    assert (found["order"], len(found["discounts"]), len(found["fallback"])) == (order, order, order)


def test_report(tmp_path: Path) -> None:
    """The report says what was scored, how well, and by which discounts, which are customary for a text this small."""
    (tmp_path / "train.txt").write_text("a b\na b\n")
    (tmp_path / "test.txt").write_text("a b\nb z\n")
    result = sitegen("perplexity", "test.txt", "--train", "train.txt", "--order", 1, "--pretokenized", cwd=tmp_path)
    # a, b and the end: (2 - 1)/6 + 3/6 x 1/4 = 7/24 each, and the unknown word 3/6 x 1/4 = 3/24
    perplexity, known = ((24 / 7) ** 5 * 8) ** (1 / 6), 24 / 7
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "test.txt: 2 sentences, 6 tokens, 1 unknown word\n"
        f"perplexity {perplexity:.2f}; {known:.2f} without the unknown words\n"
        "\n"
        "A model of order 1. What it takes from a count of 1, of 2, and of 3 or more:\n"
        "\n"
        "order      D1      D2     D3+\n"
        "    1  0.5000  1.0000  1.5000   customary, not estimated\n"
        "\n"
        "Where the text has too few n-grams to estimate a discount from, the customary ones are used.\n"
    )


def test_running_text(tmp_path: Path) -> None:
    """Without --pretokenized a line's sentences are found, cut into tokens, and begin as small as within them."""
    (tmp_path / "train.txt").write_text("See the cat. The cat sat.\nA dog, the end\n")
    (tmp_path / "test.txt").write_text('The dog sat.\r\n\r\nThe "cat"\n')
    (tmp_path / "train.tok").write_text("See the cat .\nthe cat sat .\nA dog , the end\n")
    (tmp_path / "test.tok").write_text("the dog sat .\nthe “ cat ”\n")
    texts = sitegen("perplexity", "test.txt", "--train", "train.txt", "--json", cwd=tmp_path)
    tokens = sitegen("perplexity", "test.tok", "--train", "train.tok", "--pretokenized", "--json", cwd=tmp_path)
    assert (texts.status, texts.err) == (0, "")
    assert texts.out == tokens.out
    found = json.loads(texts.out)
    assert (found["order"], found["sentences"], found["tokens"], found["unknown"]) == (4, 2, 10, 2)


def test_of_the_glossary(make_content: MakeContent, tmp_path: Path) -> None:
    """Without --train the model is the glossary's, with its order unless another is given."""
    site = "title: T\nbase_url: https://example.org/\ndemo: {order: 3}\n"
    make_content({"site.yaml": site, "a.yaml": "term: A\ndefinition: A cat sat on a mat.\n"})
    (tmp_path / "test.txt").write_text("A cat sat on a dog.")
    (tmp_path / "read.txt").write_text("A cat sat on a mat.")
    default = json.loads(sitegen("perplexity", "test.txt", "--json", cwd=tmp_path).out)
    same = json.loads(
        sitegen("perplexity", "test.txt", "--train", "read.txt", "--order", 3, "--json", cwd=tmp_path).out
    )
    other = json.loads(sitegen("perplexity", "test.txt", "--order", 2, "--json", cwd=tmp_path).out)
    assert default == same
    assert (default["order"], default["tokens"], default["unknown"], other["order"]) == (3, 8, 1, 2)


def test_empty_lines_are_sentences(tmp_path: Path) -> None:
    """In a pretokenized text an empty line is a sentence of no words, as for KenLM; the last line end starts none."""
    (tmp_path / "text.txt").write_text("a\n\nb\n")
    result = sitegen("perplexity", "text.txt", "--train", "text.txt", "--pretokenized", "--json", cwd=tmp_path)
    assert (json.loads(result.out)["sentences"], json.loads(result.out)["tokens"]) == (3, 5)


BAD_FILES = {
    "missing": (None, "bad.txt: cannot be read: No such file or directory\n"),
    "empty": (b"", "bad.txt: there is no word in it\n"),
    "blank": (b" \n\t\n", "bad.txt: there is no word in it\n"),
    "latin": ("ok\ncaf\xe9".encode("latin-1"), "bad.txt:2:4: byte 0xe9 is not UTF-8\n"),
    "binary": (b"a\0b", "bad.txt:1:2: control character U+0000\n"),
    "large": (b"a " * 2_500_001, "bad.txt: 5.0 MB is too large for one file; the limit is 5 MB\n"),
    "begin": (b"a b\n c <s>\n", "bad.txt:2:4: '<s>' is a sign of the model, not a word\n"),
    "end": (b"</s>", "bad.txt:1:1: '</s>' is a sign of the model, not a word\n"),
    "unknown": (b"a\t<unk>", "bad.txt:1:3: '<unk>' is a sign of the model, not a word\n"),
}


@pytest.mark.parametrize("as_train", [False, True], ids=["test", "train"])
@pytest.mark.parametrize(("data", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(tmp_path: Path, data: bytes | None, said: str, as_train: bool) -> None:
    """A file that cannot be scored or read from is one line that says where and why, and status 1."""
    (tmp_path / "good.txt").write_text("a b c\n")
    if data is not None:
        (tmp_path / "bad.txt").write_bytes(data)
    test, train = ("good.txt", "bad.txt") if as_train else ("bad.txt", "good.txt")
    result = sitegen("perplexity", test, "--train", train, "--pretokenized", cwd=tmp_path)
    assert (result.status, result.out, result.err) == (1, "", said)


def test_folder(tmp_path: Path) -> None:
    """A folder is not a text."""
    result = sitegen("perplexity", ".", "--train", ".", cwd=tmp_path)
    assert (result.status, result.out, result.err) == (1, "", ".: not a regular file\n")


def test_bad_content(make_content: MakeContent, tmp_path: Path) -> None:
    """A glossary with problems trains no model: they are said as everywhere."""
    make_content({"a.yaml": "term: A\n"})
    (tmp_path / "test.txt").write_text("a")
    result = sitegen("perplexity", "test.txt", cwd=tmp_path)
    assert (result.status, result.out) == (1, "")
    assert result.err == sitegen("build", cwd=tmp_path).err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "name a text to score, or use --held-out"),
        (("a.txt", "--save"), "--save goes with --held-out"),
        (("a.txt", "--held-out"), "--held-out and TEST.txt: it reads the glossary and tries every order"),
        (("--held-out", "--order", "3"), "--held-out and --order: it reads the glossary and tries every order"),
        (("a.txt", "--train", "b.txt", "--content", "."), "--train and --content: the model reads one of them"),
        (("a.txt",), "Invalid value for '--content': Directory 'content' does not exist."),
        (("a.txt", "--order", "6"), "Invalid value for '--order': 6 is not in the range 1<=x<=5."),
    ],
    ids=str,
)
def test_wrong_usage(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    """Options that cannot go together are wrong usage, before anything is read."""
    result = sitegen("perplexity", *options, cwd=tmp_path)
    assert (result.status, result.out, result.err.splitlines()[-1]) == (2, "", f"Error: {said}")


# --- entries set aside --------------------------------------------------------------------------


def test_held_out_is_what_is_shipped() -> None:
    """The shipped perplexity.json is what the shipped glossary gives, byte for byte."""
    result = sitegen("perplexity", "--held-out", "--content", CONTENT, "--json")
    assert (result.status, result.err) == (0, "")
    assert result.out == (CONTENT / "perplexity.json").read_text("utf-8")


def test_held_out_saved(make_content: MakeContent, tmp_path: Path) -> None:
    """--save writes what --json prints into the content folder, where `check` does not mind; the report is a table."""
    definition = "term: T{0}\ndefinition: A word of the kind {0} is a word.\n"
    make_content({f"t{i}.yaml": definition.format(i) for i in range(10)})
    checked = sitegen("check", cwd=tmp_path)
    saved = sitegen("perplexity", "--held-out", "--save", cwd=tmp_path)
    text = (tmp_path / "content" / "perplexity.json").read_text()
    assert (saved.status, saved.err) == (0, "")
    assert text == sitegen("perplexity", "--held-out", "--json", cwd=tmp_path).out
    assert sitegen("check", cwd=tmp_path) == checked
    facts = json.loads(text)
    assert {key: value for key, value in facts.items() if key != "rows"} == {
        "entries_trained": 9, "tokens_trained": 99, "tokens_tested": 11, "unknown": 1, "entries_tested": 1,
    }  # fmt: skip
    rows = [
        f"{row['order']:5}  {row['kneser_ney']:#10.4g}  {row['witten_bell']:#11.4g}  {row['stupid_backoff']:#14.4g}"
        f"  {row['kneser_ney_with_unknown']:#29.4g}"
        for row in facts["rows"]
    ]
    assert saved.out.splitlines() == [
        "Read 99 tokens of 9 entries; scored 11 of 1 other, every tenth in index order.",
        "Words that were not read are 1 of those scored; only the last column counts them.",
        "",
        "order  Kneser-Ney  Witten-Bell  Stupid Backoff  Kneser-Ney with unknown words",
        *rows,
        "",
        "content/perplexity.json: written",
    ]


def test_held_out_of_too_few(make_content: MakeContent, tmp_path: Path) -> None:
    """A glossary of fewer than ten entries has no tenth to set aside, and is told so."""
    make_content({"a.yaml": "term: A\ndefinition: A cat.\n"})
    result = sitegen("perplexity", "--held-out", "--save", cwd=tmp_path)
    said = "content/terms: every tenth entry is set aside, but there are only 1\n"
    assert (result.status, result.out, result.err) == (1, "", said)
    assert not (tmp_path / "content" / "perplexity.json").exists()
