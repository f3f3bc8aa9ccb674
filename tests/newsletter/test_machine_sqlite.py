"""Whatever happens to subscriptions, on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.newsletter.machine import run


@pytest.mark.timeout(300)
def test_whatever_happens_the_rules_hold(tmp_path: Path) -> None:
    """In thousands of steps of any order, everything kept is what the rules say, no edge is illegal, and no inbox is bombed."""
    assert run(f"sqlite:///{tmp_path}/newsletter.sqlite3", steps=5000) >= 5000
