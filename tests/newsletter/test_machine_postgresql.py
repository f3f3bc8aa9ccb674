"""Whatever happens to subscriptions, on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.newsletter.machine import run
from tests.newsletter.postgres import Postgres


@pytest.mark.timeout(300)
def test_whatever_happens_the_rules_hold(postgres: Postgres) -> None:
    """In thousands of steps of any order, everything kept is what the rules say, no edge is illegal, and no inbox is bombed."""
    assert run(postgres.new_database(), steps=5000) >= 5000
