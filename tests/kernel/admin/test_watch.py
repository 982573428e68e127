"""Alerts: one per person, rule and day; told to administrators; off at nought."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.apps.collaboration.alarm import tell_alerts
from guanxi.base.dates import day_start, local_day
from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.admin.watch import acknowledge, alerts, watch
from guanxi.kernel.changes.access_log import Act
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query
from tests import make

HOUR = 3_600_000_000


def at_ten(space: Any) -> int:
    """This morning, so that no act of a test lies in unusual hours."""
    return day_start(local_day(space.clock(), "Asia/Shanghai"), "Asia/Shanghai") + 10 * HOUR


def rules(space: Any) -> list[tuple[str, int, int]]:
    with space.db.read() as session:
        return [(a.rule, a.actor, a.count) for a in alerts(session)]


@pytest.fixture
def morning(space: Any) -> Any:
    now = at_ten(space)
    space.clock = lambda: now
    return space


def test_mass_reading_alerts_once(morning: Any) -> None:
    admin, seller = make.person(morning), make.person(morning, "sales")
    now = morning.clock()
    morning.accesses.write([Act(now, "list", seller, "contact", None, 15_000)])
    assert watch(morning, tell_alerts) == []
    morning.accesses.write([Act(now, "list", seller, "contact", None, 15_000), Act(now, "export", admin, "", None, 9)])
    assert [a.rule for a in watch(morning, tell_alerts)] == ["list"]
    assert watch(morning, tell_alerts) == []
    assert rules(morning) == [("list", seller, 30_000)]
    with morning.read(system("test")) as work:
        told = find(work, Query("notification", where=f"owner = {admin}")).rows
    assert len(told) == 1
    assert "30000" in told[0]["text"].replace(",", "")


def test_failed_sign_ins_within_the_hour(morning: Any) -> None:
    now = morning.clock()
    morning.accesses.write([Act(now - 2 * HOUR, "sign_in_failed", 7) for _ in range(20)])
    assert watch(morning, tell_alerts) == []
    morning.accesses.write([Act(now - n, "sign_in_failed", 7) for n in range(11)])
    morning.accesses.write([Act(now - n, "sign_in_failed", 0) for n in range(90)])
    assert [(a.rule, a.actor) for a in watch(morning, tell_alerts)] == [("sign_in_failed", 7)]


def test_reading_at_night(morning: Any) -> None:
    night = morning.clock() - 7 * HOUR  # three in the morning
    morning.accesses.write([Act(night + n, "read", 9, "contact", n) for n in range(21)])
    assert [(a.rule, a.count) for a in watch(morning, tell_alerts)] == [("night", 21)]


def test_limits_are_settings_and_nought_is_off(morning: Any) -> None:
    admin = make.person(morning)
    with morning.write(admin) as work:
        change_settings(work, {"alerts": {"reveal": 2, "export": 0}})
    now = morning.clock()
    morning.accesses.write([Act(now, "reveal", 9) for _ in range(3)])
    morning.accesses.write([Act(now, "export", 9, "contact", None, 10**6)])
    assert [a.rule for a in watch(morning, tell_alerts)] == ["reveal"]


def test_an_administrator_looks_into_it(morning: Any) -> None:
    morning.accesses.write([Act(morning.clock(), "export", 9, "contact", None, 10**6)])
    (alert,) = watch(morning, tell_alerts)
    with morning.db.write() as session:
        acknowledge(session, alert.rule, alert.actor, alert.day, 3, morning.clock())
        with pytest.raises(NotFound):
            acknowledge(session, alert.rule, alert.actor, alert.day, 3, morning.clock())
    with morning.db.read() as session:
        assert alerts(session, open_only=True) == []
        assert alerts(session)[0].seen_by == 3
