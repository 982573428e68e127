"""Entering a stage plans its tasks once and calls the team it needs."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests.apps.test_reactions import people, work_off

ACTOR = system("test")


def test_a_stage_plans_its_tasks_once_and_tells_the_team(space: Space) -> None:
    manager, seller, _ = people(space)
    with space.write(ACTOR) as work:
        team = save(work, [Change("create", "team", {"name": "方案组", "lead": str(manager)})]).id
        first, second = sorted(work.catalog.config["stage"])[:2]
        values = {"tasks": "先看现场。\n- 约技术交流\n- 发样品清单", "helpers": str(team)}
        save(work, [Change("edit", "stage", values, id=second)])
    with space.write(seller) as work:
        account = save(work, [Change("create", "account", {"name": "禾木"})]).id
        values = {"name": "产线改造", "stage": str(first), "account": str(account), "next_step": "电话"}
        deal = save(work, [Change("create", "opportunity", values)]).id
    for stage in (second, first, second):
        with space.write(ACTOR) as work:
            save(work, [Change("edit", "opportunity", {"stage": str(stage), "amount": "1"}, id=deal)])
        work_off(space)
    with space.read(ACTOR) as work:
        tasks = find(work, Query("task", where=f"about = {deal}", sort=("subject",))).rows
        assert [(t["subject"], t["owner"]) for t in tasks] == [("发样品清单", seller), ("约技术交流", seller)]
    with space.read(manager) as work:
        told = find(work, Query("notification", where='kind = "stage"')).rows
        assert {n["owner"] for n in told} == {manager}
