"""`rules:` in site.yaml switches rules, weighs them and sets their limits; `sitegen rules` explains them."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from sitegen.rules import RULES

from .conftest import Golden, MakeContent, sitegen

ENTRY = "term: A\ndefinition: A letter. It has an RLHF\nreferences: [{title: T}]\n"
NO = "content/terms/a.yaml:1:1: advice: 'A' has no"
# what that entry is told without any setting
USUAL = {
    "missing-example": f"{NO} example (missing-example)",
    "missing-summary": f"{NO} summary (missing-summary)",
    "definition-sentence": "content/terms/a.yaml:2:23: the definition is more than one sentence (definition-sentence)",
    "definition-end": "content/terms/a.yaml:2:36: the definition does not end like a sentence (definition-sentence)",
    "reference-identifier": "content/terms/a.yaml:3:14: advice: a reference without an address (reference-identifier)",
}
SETTING = "content/site.yaml:4:3: "


def wrong(got: str, column: int = 12) -> str:
    """The message for a setting whose value is none."""
    wanted = "off, advice, problem, a limit, or two of them as [problem, 120]"
    return f"content/site.yaml:4:{column}: 'orphan' must be {wanted}, not {got} (wrong-type)"


@pytest.mark.parametrize(
    ("setting", "changed", "added"),
    [
        ("missing-summary: off", {"missing-summary": ""}, ""),
        ("missing-summary: advice", {}, ""),
        ("missing-summary: problem", {"missing-summary": USUAL["missing-summary"].replace("advice: ", "")}, ""),
        ("definition-sentence: off", {"definition-sentence": "", "definition-end": ""}, ""),
        ("definition-length: 10", {}, "content/terms/a.yaml:2:23: advice: the definition has 24 characters, more than 10 (definition-length)"),
        ("definition-length: 23", {}, "content/terms/a.yaml:2:36: advice: the definition has 24 characters, more than 23 (definition-length)"),
        ("definition-length: 24", {}, ""),
        ("definition-length: [problem, 10]", {}, "content/terms/a.yaml:2:23: the definition has 24 characters, more than 10 (definition-length)"),
        ("definition-length: [10, off]", {}, ""),
        ("needed-term: 1", {}, "content/terms/a.yaml:2:33: advice: 1 entry uses 'RLHF', and none defines it (needed-term)"),
        ("orfan: off", {}, f"{SETTING}there is no rule 'orfan' (bad-setting)"),
        ("broken-yaml: off", {}, f"{SETTING}the rule 'broken-yaml' cannot be switched (bad-setting)"),
        ("orphan: 3", {}, f"{SETTING}the rule 'orphan' has no limit (bad-setting)"),
        ("orphan: sometimes", {}, wrong("'sometimes'", 11)),
        ("orphan: -1", {}, wrong("'-1'", 11)),
        ("orphan: [off, {a: b}]", {}, wrong("a group of fields", 17)),
    ],
)  # fmt: skip
def test_setting(make_content: MakeContent, setting: str, changed: dict[str, str], added: str) -> None:
    """A setting changes what `check` says of its own rule and nothing else; one that cannot be is a problem itself."""
    site = f"title: T\nbase_url: https://example.org/\nrules:\n  {setting}\n"
    content = make_content({"a.yaml": ENTRY, "site.yaml": site})
    expected = list(filter(None, [*(USUAL | changed).values(), added]))
    result = sitegen("check", cwd=content.parent)
    found = [line for line in result.out.splitlines() if line.endswith(")") and not line.startswith("    hint: ")]
    assert sorted(found) == sorted(expected)
    assert result.status == any("advice: " not in line for line in expected)


@pytest.mark.parametrize(
    ("setting", "hint"),
    [("orfan: off", "did you mean 'orphan'?"), ("zzz: off", "see: sitegen rules"),
     ("image: off", "a site that breaks it could not be built right"), ("orphan: 3", "write off, advice or problem")],
)  # fmt: skip
def test_hint_for_a_wrong_setting(make_content: MakeContent, setting: str, hint: str) -> None:
    """A setting that cannot be comes with what to write instead."""
    whole = "term: A\ndefinition: A letter.\nsummary: S.\nexample: E.\nreferences: [{title: T, url: https://example.org/}]\n"
    site = f"title: T\nbase_url: https://example.org/\nrules: {{{setting}}}\n"
    result = sitegen("check", "--json", cwd=make_content({"a.yaml": whole, "site.yaml": site}).parent)
    assert [problem["hint"] for problem in json.loads(result.out)] == [hint]


def test_every_switchable_rule_can_be_switched_off(make_content: MakeContent) -> None:
    """With every switchable rule off, an entry with nothing but a bad definition passes `check --strict`."""
    off = "".join(f"  {rule.name}: off\n" for rule in RULES if rule.switchable)
    site = f"title: T\nrules:\n{off}"
    content = make_content(
        {"a.yaml": "term: A\ndefinition: x. X\n", "b.yaml": ENTRY.replace("A\n", "B\n"), "site.yaml": site}
    )
    result = sitegen("check", "--strict", cwd=content.parent)
    assert (result.status, result.out, result.err) == (0, "2 entries: nothing to mend\n", "")


@pytest.mark.parametrize(
    ("options", "status", "verdict"),
    [([], 0, "1 entry: no problems, 3 advice\n"), (["--strict"], 1, "1 entry: 3 problems\n")],
    ids=["plain", "strict"],
)
def test_strict(make_content: MakeContent, options: list[str], status: int, verdict: str) -> None:
    """Advice alone passes; with `--strict` the same lines count as problems."""
    content = make_content({"a.yaml": "term: A\ndefinition: A letter.\n"})
    result = sitegen("check", *options, cwd=content.parent)
    parts = ("example", "reference", "summary")
    assert [line for line in result.out.splitlines() if line.startswith("content")] == [
        f"{NO} {part} (missing-{part})" for part in parts
    ]
    assert (result.status, (result.out + result.err).splitlines(keepends=True)[-1]) == (status, verdict)


def test_rules_command(golden: Golden) -> None:
    """`sitegen rules` explains every rule in text, and gives the same as JSON."""
    rows = [{("rule" if key == "name" else key): value for key, value in asdict(rule).items()} for rule in RULES]
    assert json.loads(sitegen("rules", "--json").out) == rows
    golden("rules.txt", sitegen("rules").out)
