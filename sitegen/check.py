"""Judges a Draft: every problem in it, sorted by place. What passes here can be built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from .checks.completeness import completeness, needed, orphans
from .checks.links import cycles, references
from .checks.names import names
from .checks.rules import rules
from .checks.texts import definitions, markup
from .model import Draft, Settings
from .problems import Problem
from .rules import BY_NAME

LOCAL: tuple[Callable[[Draft], Iterator[Problem]], ...] = (definitions, markup, completeness)  # each entry by itself
WHOLE: tuple[Callable[[Draft], Iterator[Problem]], ...] = (rules, names, references, cycles, orphans, needed)
CHECKS = (*WHOLE, *LOCAL)
ADVICE = {orphans: "orphan", needed: "needed-term"}  # the rules for which alone some of them look, and that are advice by default


def check(draft: Draft, checks: Iterable[Callable[[Draft], Iterator[Problem]]] = CHECKS) -> tuple[Problem, ...]:
    """All problems of `draft`, those met while reading it included, under the rules of its settings."""
    found = list(draft.problems)
    for each in checks:
        found.extend(each(draft))
    return tuple(sorted(set(_weighed(found, draft))))


def stopping(settings: Settings) -> tuple[Callable[[Draft], Iterator[Problem]], ...]:
    """Those of WHOLE that may stop a build."""
    problems = {name for name, setting in settings.rules.items() if setting.level == "problem"}
    return tuple(each for each in WHOLE if each not in ADVICE or ADVICE[each] in problems)


def _weighed(problems: Iterable[Problem], draft: Draft) -> Iterator[Problem]:
    """Each problem as the settings count it: dropped, advice, or a problem."""
    for problem in problems:
        rule = BY_NAME[problem.rule]
        setting = draft.settings.rules.get(rule.name)
        level = setting.level if setting and rule.switchable else ""
        if level != "off":
            yield replace(problem, advice=level == "advice" if level else rule.advice)
