"""The story of a bulk edit taken back, deleted records restored, and notifications read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from guanxi.base.i18n import Locale
from guanxi.entrypoints.web import undo as undo_page
from guanxi.entrypoints.web.live import hub_of, stream
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.changes.log import sets_of
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.operations import operations
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo_jobs import KIND, run_undo
from guanxi.kernel.records.write import save


def names_of(space: Space, user: int) -> dict[int, str]:
    with space.read(user) as work:
        return {r["id"]: r["name"] for r in find(work, Query("account", limit=1000)).rows}


@pytest.fixture
def story(space: Space, people: dict[str, int]) -> dict[str, Any]:
    """Eight accounts of Sam's; a bulk edit renames them; one is edited again later."""
    with space.write(people["sam"], kind="import") as work:
        made = save(work, [Change("create", "account", {"name": f"Mill {n}"}) for n in range(8)])
    with space.write(people["sam"], kind="bulk") as work:
        bulk = save(work, [Change("edit", "account", {"name": f"Works {i}"}, id=i) for i in made.ids])
    with space.write(people["sam"]) as work:
        save(work, [Change("edit", "account", {"name": "Foundry"}, id=made.ids[0])])
    return {"ids": made.ids, "import": made.operation, "bulk": bulk.operation}


def test_the_story_of_a_bulk_edit_taken_back(space: Space, sales: Any, story: dict[str, Any]) -> None:
    listed = sales.get("/operations").text
    assert "Bulk edit · Accounts" in listed
    assert "changed 8" in listed
    page = sales.get(f"/operations/{story['bulk']}").text
    assert "Undo 7 records" in page
    for text in ("Mill 0", f"Works {story['ids'][0]}", "Foundry", "Skip"):
        assert text in page, text
    assert "Undo 8 records" in sales.get(f"/operations/{story['bulk']}?edited=take").text
    assert sales.post(f"/operations/{story['bulk']}/undo", safe=False).status_code == 403
    done = sales.post(f"/operations/{story['bulk']}/undo", {"edited": "skip"})
    assert done.status_code == 303
    after = names_of(space, sales.user)
    assert sorted(after.values()) == sorted(["Foundry", *(f"Mill {n}" for n in range(1, 8))])
    again = sales.get(f"/operations/{story['bulk']}").text
    assert "undone already" in again
    sales.post(f"{done.headers['location']}/undo", {"edited": "skip"})
    assert sum(name.startswith("Works") for name in names_of(space, sales.user).values()) == 7


def test_taking_back_later_changes_too(space: Space, sales: Any, story: dict[str, Any]) -> None:
    sales.post(f"/operations/{story['bulk']}/undo", {"edited": "take"})
    assert sorted(names_of(space, sales.user).values()) == [f"Mill {n}" for n in range(8)]


def test_each_record_changed_since_is_decided_on_its_own(
    space: Space, sales: Any, people: dict[str, int], story: dict[str, Any]
) -> None:
    first, second = story["ids"][:2]
    with space.write(people["sam"]) as work:
        save(work, [Change("edit", "account", {"name": "Smithy"}, id=second)])
    place = f"/operations/{story['bulk']}"
    page = sales.get(f"{place}?take={first}").text
    assert "Undo 7 records" in page
    assert re.search(rf'name="take" value="{first}" checked', page)
    assert "Undo 7 records" in sales.get(f"{place}?edited=take&keep={second}").text
    sales.post(f"{place}/undo", {"edited": "skip", "take": str(first)})
    after = names_of(space, sales.user)
    assert (after[first], after[second]) == ("Mill 0", "Smithy")


def test_what_left_since_is_told(space: Space, sales: Any, people: dict[str, int], story: dict[str, Any]) -> None:
    note(space, "export", people["sam"], object="account", count=8, at_once=True)
    with space.write(people["sam"], kind="reaction", entry="automation", cause="tidy up") as work:
        work.parent, work.depth = set_of(space, story["bulk"]), 1
        save(work, [Change("edit", "account", {"name": "Forge"}, id=story["ids"][5])])
    page = sales.get(f"/operations/{story['bulk']}").text
    assert "Accounts: exported once since, 8 rows" in page
    assert "Followed by itself: tidy up" in page
    assert "exported" not in sales.get("/operations").text


def set_of(space: Space, operation: int) -> int:
    with space.db.read() as session:
        return sets_of(session, operation)[0]


def test_operations_are_found_by_way_and_cause(sales: Any, story: dict[str, Any]) -> None:
    assert f"/operations/{story['bulk']}" in sales.get("/operations?way=form").text
    assert f"/operations/{story['bulk']}" not in sales.get("/operations?way=cli").text
    assert f"/operations/{story['bulk']}" not in sales.get("/operations?cause=100%25_sure").text


def test_others_operations_do_not_exist(signed_in: Callable[[str], Any], story: dict[str, Any]) -> None:
    sue = signed_in("sue")
    assert "Mill" not in sue.get("/operations").text
    assert sue.get(f"/operations/{story['bulk']}").status_code == 404
    assert sue.post(f"/operations/{story['bulk']}/undo").status_code == 404
    ada = signed_in("ada")
    assert ada.get(f"/operations/{story['bulk']}").status_code == 200
    assert "Bulk edit" in ada.get(f"/operations?person={sue.user}&kind=bulk").text


def test_many_operations_cost_as_many_statements_as_few(space: Space, people: dict[str, int], story: Any) -> None:
    def cost() -> int:
        with space.read(people["sam"]) as work:
            found = operations(work, limit=40, without=undo_page.QUIET)
            undo_page.lines_of(work, found, Locale("en"))
            return work.session.statements

    few = cost()
    for n in range(30):
        with space.write(people["sam"]) as work:
            save(work, [Change("create", "account", {"name": f"More {n}"})])
    assert cost() <= few + 2
    assert few <= 12


def test_a_large_undo_runs_in_the_background(
    space: Space, sales: Any, story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo_page, "AT_ONCE", 5)
    monkeypatch.setattr(undo_page, "PREVIEWED", 5)
    assert "Compute the preview" in sales.get(f"/operations/{story['bulk']}").text
    assert sales.post(f"/operations/{story['bulk']}/undo").status_code == 303
    waiting = sales.get(f"/operations/{story['bulk']}").text
    assert "waits for its turn" in waiting
    assert sales.get(f"/operations/{story['bulk']}/progress").status_code == 200
    assert run_due(space.db, {KIND: lambda run: run_undo(space, run)}, worker="test", queues=("default", "bulk")) == 1
    assert "Mill 3" in names_of(space, sales.user).values()
    assert sales.get(f"/operations/{story['bulk']}/progress").headers["location"] == f"/operations/{story['bulk']}"


def test_deleted_records_come_back(space: Space, sales: Any, signed_in: Callable[[str], Any], story: Any) -> None:
    with space.write(sales.user, kind="bulk") as work:
        gone = save(work, [Change("trash", "account", id=i) for i in story["ids"][:3]])
    page = sales.get("/trash").text
    assert page.count('name="id"') == 3
    assert f"/operations/{gone.operation}" in page
    assert "Sam" in page
    assert sales.get("/trash?object=account&q=Foundry").text.count('name="id"') == 1
    assert 'name="id"' not in signed_in("sue").get("/trash").text
    assert signed_in("sue").post("/trash/account/restore", {"id": str(story["ids"][0])}).status_code in (404, 422)
    answer = sales.post("/trash/account/restore", {"id": [str(i) for i in story["ids"][:2]]})
    assert answer.status_code == 303
    assert len(names_of(space, sales.user)) == 7
    sales.post(f"/operations/{gone.operation}/undo")
    assert len(names_of(space, sales.user)) == 8


@pytest.fixture
def notices(space: Space, people: dict[str, int], story: dict[str, Any]) -> None:
    with space.write(system("test")) as work:
        about = {"object": "account", "id": str(story["ids"][0])}
        for n in range(3):
            values = {"kind": "mention", "text": f"note {n}", "by": str(people["sue"]), "about": about,
                      "owner": str(people["sam"])}  # fmt: skip
            save(work, [Change("create", "notification", values)])


def test_notifications_are_ones_own_and_can_be_read(sales: Any, admin: Any, notices: None) -> None:
    page = sales.get("/notifications").text
    assert page.count("gx-unread") == 3
    assert "mentioned you" in page
    assert "note 1" not in admin.get("/notifications").text
    first = re.search(r'href="(/notifications/\d+)"', page)
    assert first
    assert admin.get(first[1]).status_code == 404
    assert sales.get(first[1]).headers["location"].startswith("/o/account/")
    assert sales.get("/notifications").text.count("gx-unread") == 2
    assert sales.post("/notifications/read").status_code == 303
    assert "gx-unread" not in sales.get("/notifications").text
    assert "· Notification" not in sales.get("/operations").text


def test_pages_hear_of_new_notifications_at_once(space: Space, people: dict[str, int], notices: None) -> None:
    async def listen() -> list[str]:
        found: list[str] = []
        source = stream(space, people["sam"])
        async for message in source:
            found.append(message)
            if '"unread": 3' in message:
                await asyncio.to_thread(tell)
            if '"unread": 4' in message:
                break
        await source.aclose()  # type: ignore[attr-defined]  # an async generator behind its iterator type
        return found

    def tell() -> None:
        with space.write(system("test")) as work:
            values = {"kind": "system", "text": "hello", "owner": str(people["sam"])}
            save(work, [Change("create", "notification", values)])

    assert any("notifications" in m for m in asyncio.run(asyncio.wait_for(listen(), 10)))
    assert hub_of(space).streams == {}
