"""The sample company as pure rows: the same each time, alive on any day, nothing done in the future."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any

import pytest

from guanxi.apps.samples.load import sample_changes
from guanxi.kernel.access.defaults import ROLES

CONFIG = {
    "role": {key: n for n, (key, *_) in enumerate(ROLES, 1)},
    "stage": {str(n): n for n in range(20, 27)},
    "customer_class": {"a": 31, "b": 32},
}
DAY = 20_778  # a Saturday


def rows(today: int, size: float = 0.1) -> dict[str, list[dict[str, Any]]]:
    ids = count(1_000)
    found: dict[str, list[dict[str, Any]]] = {}
    for part in sample_changes(today, lambda: next(ids), CONFIG, size=size):
        for name, batch in part:
            found.setdefault(name, []).extend(batch)
    return found


def test_the_same_seed_gives_the_same_company() -> None:
    assert repr(rows(DAY)) == repr(rows(DAY))


@pytest.mark.parametrize("today", range(DAY, DAY + 7))
def test_every_day_of_the_week_is_alive(today: int) -> None:
    made = rows(today)
    nine = today * 86_400_000_000 + 3_600_000_000  # nine in the morning in Shanghai
    for name in ("call", "note", "mail"):
        for row in made[name]:
            assert datetime.fromisoformat(row["at"]).timestamp() * 1e6 <= nine
    deals = made["opportunity"]
    assert all(deal["created_at"] <= nine + 9 * 3_600_000_000 for deal in deals)
    assert {deal["_open"] for deal in deals} == {True, False}
    assert any(not task.get("done") for task in made["task"])
    assert made["visit"][-1]["state"] == "planned"


def test_size_and_shape() -> None:
    made = rows(DAY, size=1.0)
    assert len(made["account"]) == 600
    assert len(made["lead"]) == 900
    assert len(made["opportunity"]) == 2_560
    activities = sum(len(made[name]) for name in ("call", "meeting", "visit", "note", "mail", "task"))
    assert 6_500 < activities < 9_500
    assert len({row["name"] for row in made["account"]}) > 590
