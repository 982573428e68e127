"""Data quality on both databases, against a recount in Python; each list to mend holds what was counted."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest

from guanxi.bootstrap import JOBS
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.quality.checks import DIMENSIONS, DUPLICATES, checks_of, measured
from guanxi.kernel.quality.keep import ask_for, keep_object
from guanxi.kernel.quality.scores import grouped, objects_for, quality_of, trend
from guanxi.kernel.records.filters import test_of as fits
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests import make

DAY = 86_400_000_000


def contacts(space: Space, user: int, n: int, seed: int) -> list[int]:
    pick = random.Random(seed)
    rows = [
        {
            "name": pick.choice(["Ann Lee", "test", "王伟", "测试客户", "Bo"]),
            "mobile": pick.choice([None, "13800138000", "13912340001", "+8613912340002", "+12025550123"]),
            "email": pick.choice([None, "a@example.com", "b@mailinator.com", "c@gmail.con"]),
            "title": pick.choice([None, "Buyer"]),
            "birthday": pick.choice([None, "1980-01-02"]),
        }
        for _ in range(n)
    ]
    with space.write(user, entry=pick.choice(["form", "import", "api"])) as work:
        return list(save(work, [Change("create", "contact", row) for row in rows]).ids)


def test_the_figures_are_those_of_a_recount(space: Space) -> None:
    users = [make.person(space, "sales") for _ in range(3)]
    for n, user in enumerate(users):
        contacts(space, user, 20, n)
    keep_object(space, "contact")
    with space.read(system("test")) as work:
        target = work.catalog.object("contact")
        found = quality_of(work, target)
        assert found is not None
        assert found.tally.records == 60
        rows = find(work, Query("contact", limit=200)).rows
        assert len(rows) == 60
        for check in found.checks:
            if check.name == DUPLICATES:
                continue
            asked = [r for r in rows if not check.of or fits(work, target, check.of)(r)]
            bad = [r for r in asked if fits(work, target, check.bad)(r)]
            looked, good = found.tally.counts[check.name]
            assert (check.name, looked, good) == (check.name, len(asked), len(asked) - len(bad))
            assert count(work, Query("contact", check.where), 0)[0] == looked - good
        for dimension in DIMENSIONS:
            mine = [c for c in found.checks if c.dimension == dimension]
            looked = sum(c.weight * found.tally.counts[c.name][0] for c in mine)
            good = sum(c.weight * found.tally.counts[c.name][1] for c in mine)
            score = found.scores[dimension]
            assert score == pytest.approx(100 * good / looked) if looked else score is None
        for by in ("owner", "source", "team"):
            assert sum(t.records for t in grouped(work, target, by, found.day).values()) == 60


def test_everybody_sees_the_figures_of_what_they_may_see(space: Space) -> None:
    with space.write(system("test")) as work:
        upper = save(work, [Change("create", "team", {"name": "Upper"})]).id
        lower = save(work, [Change("create", "team", {"name": "Lower", "parent": str(upper)})]).id
    seller, other = make.person(space, "sales", team=lower), make.person(space, "sales", team=upper)
    boss, analyst = make.person(space, "sales_manager", team=upper), make.person(space, "analyst")
    contacts(space, seller, 3, 1)
    contacts(space, other, 5, 2)
    keep_object(space, "contact")

    def seen(user: int) -> tuple[int, set[str]]:
        with space.read(user) as work:
            target = work.catalog.object("contact")
            found = quality_of(work, target)
            assert found is not None
            assert [day for day, _ in trend(work, target, found.checks)] == [found.day]
            return found.tally.records, {c.name for c in found.checks}

    assert seen(seller)[0] == 3
    assert seen(other)[0] == 5
    assert seen(boss)[0] == 8
    records, names = seen(analyst)
    assert records == 8
    assert "right.mobile" not in names
    assert "right.mobile" in seen(boss)[1]


def test_weights_and_days_are_settings_and_the_trend_keeps_days(space: Space) -> None:
    admin = make.person(space)
    contacts(space, admin, 4, 3)
    keep_object(space, "contact")
    space.clock = partial(_later, space.clock, 200 * DAY)
    with space.write(admin) as work:
        change_settings(work, {"quality": {"contact": {"days": 30, "weights": {"filled.title": 0}}}})
        ask_for(work.session)
        ask_for(work.session)
    space.db.clock = space.clock
    run_due(space.db, {k: partial(h, space) for k, h in JOBS.items()}, worker="t", queues=("bulk",))
    with space.read(admin) as work:
        target = work.catalog.object("contact")
        found = quality_of(work, target)
        assert found is not None
        assert "filled.title" not in found.tally.counts
        assert found.tally.counts["fresh"] == (4, 0)
        assert found.scores["timeliness"] == 0
        table = work.session.table("quality_day")
        days = work.session.rows(f"SELECT cut, count(DISTINCT day) FROM {table} WHERE object = ? GROUP BY cut",
                                 (target.id,))  # fmt: skip
        found_days = {str(cut): number for cut, number in days}
        assert (found_days["d"], found_days["t"]) == (1, 2)


def _later(clock: Any, by: int) -> int:
    return int(clock()) + by


def test_every_check_of_every_object_is_a_question_one_can_ask(space: Space) -> None:
    with space.read(system("test")) as work:
        assert {o.name for o in measured(work.catalog)} >= {"account", "contact", "lead", "opportunity"}
        assert objects_for(work) == list(measured(work.catalog))
        for target in measured(work.catalog):
            checks = checks_of(work.catalog, target)
            assert {c.dimension for c in checks} >= {"completeness", "authenticity", "timeliness"}
            for check in checks:
                if check.bad:
                    count(work, Query(target.name, check.where), 1)
