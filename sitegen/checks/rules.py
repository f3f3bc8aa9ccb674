"""`rules:` in site.yaml names rules that there are."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Draft
from ..problems import Problem, did_you_mean
from ..rules import BY_NAME


def rules(draft: Draft) -> Iterator[Problem]:
    """Every setting is of a rule that exists, may be switched, and has a limit if one is set."""
    for name, setting in draft.settings.rules.items():
        rule = BY_NAME.get(name)
        if rule is None:
            hint = did_you_mean(name, BY_NAME) or "see: sitegen rules"
            yield Problem(setting.place, "bad-setting", f"there is no rule '{name}'", hint)
        elif not rule.switchable:
            hint = "a site that breaks it could not be built right"
            yield Problem(setting.place, "bad-setting", f"the rule '{name}' cannot be switched", hint)
        elif setting.limit is not None and rule.limit is None:
            yield Problem(
                setting.place, "bad-setting", f"the rule '{name}' has no limit", "write off, advice or problem"
            )


def limit(draft: Draft, name: str) -> int:
    """The limit of a rule, as set or by default."""
    setting = draft.settings.rules.get(name)
    return (setting and setting.limit) or BY_NAME[name].limit or 0
