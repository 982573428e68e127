"""The start page on both databases: figures that equal the rows, follow-up in the row, statements that do not grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guanxi.base.dates import add_months, iso_date, iso_datetime, period_start
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.home import gather_home
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from guanxi.kernel.reports.run import run_report
from tests.entrypoints.web.company import BOSS, MANAGER, SELLER, Company, counts
from tests.make import person

STATEMENTS = 40
DAY = 86_400_000_000


@pytest.fixture
def company(space: Space) -> Any:
    yield Company(space)
    render.ENV.clear()


def plan(company: Company, mail: str) -> None:
    """Two late tasks about the person's own deal, and a lead that nobody has called."""
    user = company.user(mail)
    with company.space.write(user) as work:
        deal = find(work, Query("opportunity", where='owner = me() and state = "open"', limit=1)).rows[0]["id"]
        about = {"object": "opportunity", "id": str(deal)}
        tasks = [
            {"subject": f"回电 {n}", "due_at": iso_datetime(work.now - (n + 1) * DAY), "about": about} for n in (1, 2)
        ]
        save(work, [Change("create", "task", values) for values in tasks])
        lead = {"name": "何女士", "mobile": "13800001234", "next_follow_up_on": iso_date(work.today - 2)}
        save(work, [Change("create", "lead", lead)])


def test_figures_of_the_home_equal_list_report_and_rows(company: Company) -> None:
    deals = company.rows("opportunity")
    for mail in (SELLER, MANAGER, BOSS):
        user = company.user(mail)
        with company.space.read(user, timeout=30) as work:
            before = work.session.statements
            home = gather_home(work, {})
            assert work.session.statements - before <= STATEMENTS, mail
            start = period_start("month", work.today)
            scope = home["day"]["scope"]
            scopes: dict[str, Callable[..., bool]] = {
                "mine": lambda r, u=user: r["owner"] == u,
                "team": lambda r, t=work.actor.subtree: r["team"] in t,
                "all": lambda _r: True,
            }
            mine = scopes[scope]
            won = [r for r in deals if mine(r) and r["state"] == "won" and start <= r["closed_on"] <= work.today]
            past = [
                r for r in deals if mine(r) and r["state"] == "won" and add_months(start, -1) <= r["closed_on"] < start
            ]
            goals = {goal.key: goal for goal in home["goals"]}
            assert goals["won"].now == len(won), mail
            assert goals["won_amount"].now == sum(r["amount__b"] or 0 for r in won)
            assert (goals["won"].before, goals["won_amount"].before) == (
                len(past),
                sum(r["amount__b"] or 0 for r in past),
            )
            found = run_report(work, "results", by="owner", start=start, end=work.today + 1, where=home["day"]["where"])
            assert (found["total"].won, found["total"].won_amount) == (goals["won"].now, goals["won_amount"].now)
            for kind, (name, where) in home["day"]["filters"].items():
                assert count(work, Query(name, where=where), 0)[0] == home["day"]["kinds"][kind], (mail, kind)
            still = run_report(work, "rotting", where=home["day"]["where"], totals=True)
            assert still["count"] == home["day"]["kinds"]["rotting"] == len(still["deals"])
            items = [item for section in home["day"]["sections"] for item in section["items"]]
            assert len({(item.object, item.id) for item in items}) == len(items) == home["day"]["shown"]
        shown = counts(company.get(mail, "/"))
        assert shown[0] == sum(shown[1:]) == home["day"]["count"]


def test_a_follow_up_settles_the_task_and_plans_the_next(company: Company) -> None:
    plan(company, SELLER)
    user = company.user(SELLER)
    with company.space.read(user, timeout=30) as work:
        day = run_report(work, "today", kind="task")
        item = next(i for s in day["sections"] for i in s["items"] if i.about and i.about[0] == "opportunity")
    form = company.get(SELLER, f"/home/follow-up?about=opportunity&id={item.about[1]}&task={item.id}")
    assert 'name="result"' in form
    answer = company.post(
        SELLER, "/home/follow-up", about="opportunity", id=str(item.about[1]), task=str(item.id), result="progress",
        text="型号定了，周五给新报价", next_on="2036-11-27", scope="mine",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert "/operations/" in answer.headers["HX-Trigger"]
    assert f'id="w-task-{item.id}"' not in answer.text
    with company.space.read(user) as work:
        assert get(work, "task", item.id)["done"] == 1
        (call,) = find(work, Query("call", where=f"about = {item.about[1]}", sort=("-created_at",), limit=1)).rows
        assert (call["result"], call["body"]) == ("progress", "型号定了，周五给新报价")
        assert get(work, "opportunity", item.about[1])["next_step"] == "型号定了，周五给新报价"
    empty = company.post(SELLER, "/home/follow-up", about="opportunity", id=str(item.about[1]))
    assert empty.status_code == 422


def test_done_and_put_off_take_a_line_out_of_the_queue(company: Company) -> None:
    plan(company, SELLER)
    user = company.user(SELLER)
    with company.space.read(user, timeout=30) as work:
        day = run_report(work, "today")
        items = [i for s in day["sections"] for i in s["items"]]
    task, other = [i for i in items if i.object == "task"][:2]
    lead = next(i for i in items if i.object == "lead")
    assert company.post(SELLER, "/home/done", object="task", id=str(task.id)).status_code == 200
    assert company.post(SELLER, "/home/snooze", object="task", id=str(other.id), to="next_week").status_code == 200
    assert company.post(SELLER, "/home/snooze", object="lead", id=str(lead.id), to="tomorrow").status_code == 200
    gone = {("task", task.id), ("task", other.id), ("lead", lead.id)}
    with company.space.read(user, timeout=30) as work:
        left = run_report(work, "today")
        assert not gone & {(i.object, i.id) for s in left["sections"] for i in s["items"]}
        assert left["count"] == day["count"] - len(gone)
        assert get(work, "task", other.id)["due_at"] > work.now
    assert company.post(SELLER, "/home/done", object="opportunity", id="1").status_code == 404


def test_what_is_not_mine_cannot_be_done_from_the_home(company: Company) -> None:
    stranger = next(r for r in company.rows("task") if not r["done"] and r["owner"] != company.user(SELLER))
    answer = company.post(SELLER, "/home/done", object="task", id=str(stranger["id"]))
    assert answer.status_code in (403, 404)


@pytest.mark.parametrize(
    "role", ["sales", "sales_manager", "service", "marketing", "analyst", "management", "administrator"]
)
def test_every_role_has_a_home_and_an_empty_one_teaches(space: Space, role: str) -> None:
    user = person(space, role)
    company = Company(space, samples=False)
    with space.read(user) as work:
        mail = work.catalog.config["user"][user]["email"]
        home = gather_home(work, {})
        assert home["empty"]
        assert home["day"]["count"] == 0
    first = company.get(mail, "/")
    assert "guanxi run --demo" in first
    assert ("/settings/users" in first) == (role == "administrator")
    with space.write(system("test")) as work:
        save(work, [Change("create", "account", {"name": "禾木", "owner": str(user)})])
    with space.read(user) as work:
        assert not gather_home(work, {})["empty"]
    render.ENV.clear()
