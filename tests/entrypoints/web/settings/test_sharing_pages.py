"""Pages of sharing rules and temporary teams, and the dialogs that share and hand over."""

from __future__ import annotations

from typing import Any

from guanxi.base.dates import iso_date
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.read import find
from guanxi.kernel.records.sharing_jobs import KIND, run_rule
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests import make


def team(space: Space, name: str, lead: int | None = None) -> int:
    with space.write(system("test")) as work:
        return save(work, [Change("create", "team", {"name": name, "lead": lead and str(lead)})]).id


def account(space: Space, owner: int, **values: str) -> int:
    with space.write(owner) as work:
        return save(work, [Change("create", "account", {"name": "禾木", **values})]).id


def test_a_rule_is_made_previewed_and_dropped(space: Space, admin: Any, sales: Any) -> None:
    west = make.person(space, "sales", team=team(space, "West"))
    ident = account(space, sales.user, industry="machinery")
    form = {"name": "Machines", "object": "account", "condition": 'industry = "machinery"', "to": f"user:{west}",
            "level": "read", "active": "1"}  # fmt: skip
    assert "Gives 1 record to 1 person" in admin.post("/settings/sharing/preview", form).text
    assert admin.post("/settings/sharing/preview", {**form, "condition": "owner = me()"}).text.count("who is looking")
    assert admin.post("/settings/sharing", {**form, "condition": "created_at < now()"}).status_code == 422
    assert admin.post("/settings/sharing", form).status_code == 303
    assert "Machines" in admin.get("/settings/sharing").text
    while run_due(space.db, {KIND: lambda run: run_rule(space, run)}, worker="t"):
        pass
    with space.read(west) as work:
        assert [row["id"] for row in find(work, Query("account")).rows] == [ident]
        rule = next(iter(work.catalog.config["sharing_rule"]))
    assert admin.get(f"/settings/sharing/{rule}").status_code == 200
    assert admin.get("/settings/sharing/condition?object=account").status_code == 200
    assert admin.post(f"/settings/sharing/{rule}/delete").status_code == 303
    with space.read(west) as work:
        assert find(work, Query("account")).rows == []
    assert sales.get("/settings/sharing").status_code == 404


def test_the_dialog_shares_and_hands_over(space: Space, sales: Any) -> None:
    other = make.person(space, "sales", name="Zhao", team=team(space, "West"))
    ident = account(space, sales.user)
    page = f"/o/account/{ident}"
    assert sales.get(f"{page}/shares").status_code == 200
    refused = sales.post(f"{page}/shares", {"to": "", "level": "read"})
    assert refused.status_code == 422
    assert "Choose the person or team" in refused.text
    wish = {"to": f"user:{other}", "level": "read", "until": "2999-12-31", "role": "方案"}
    sales.post(f"{page}/shares", wish)
    shown = sales.get(page).text
    assert "Zhao" in shown
    assert "方案" in shown
    with space.read(system("test")) as work:
        share = work.session.value(f'SELECT "id" FROM {work.session.table("share")}')
    sales.post(f"{page}/shares/{share}/end")
    assert "方案" not in sales.get(page).text
    sales.post("/o/account/bulk/share/apply", {"ids": str(ident), "back": "/o/account", **wish})
    assert "方案" in sales.get(page).text
    sales.post(f"{page}/transfer", {"owner": str(other), "keep": "1"})
    kept = sales.get(page)
    assert kept.status_code == 200, "whoever had it may still read it"
    assert "Zhao" in kept.text
    assert sales.get(f"{page}/transfer").status_code == 404


def test_a_manager_makes_a_temporary_team_and_ends_it(
    space: Space, sales: Any, signed_in: Any, people: dict[str, int]
) -> None:
    boss = people["boss"] = make.person(space, "sales", name="Boss")
    team(space, "North", lead=boss)
    browser = signed_in("boss")
    assert sales.get("/temporary-teams/new").status_code == 404, "somebody who leads nobody makes none"
    with space.read(system("test")) as work:
        days = {"starts_on": iso_date(work.today), "ends_on": iso_date(work.today + 5)}
    form = {"name": "Bid", "purpose": "one bid", "lead": str(boss), "members": [str(sales.user)], **days}
    made = browser.post("/temporary-teams", form)
    assert made.status_code == 303, made.text
    place = made.headers["location"]
    ident = account(space, boss)
    browser.post(f"/o/account/{ident}/shares", {"to": f"virtual_team:{place.rsplit('/', 1)[1]}", "level": "read"})
    assert "禾木" in browser.get(place).text
    assert sales.get(f"/o/account/{ident}").status_code == 200
    assert "Bid" in sales.get("/temporary-teams").text
    assert browser.post(place, {**form, "ends_on": "2001-01-01"}).status_code == 422
    browser.post(f"{place}/end")
    assert sales.get(f"/o/account/{ident}").status_code == 404
