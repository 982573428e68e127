"""Writes that somebody may not make, or that are made twice: personal things of others, owners, one record twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from guanxi.base.errors import Conflict, Invalid, NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.views import add_view, views_of
from guanxi.kernel.records.write import save
from tests import make
from tests.attacks.conftest import People
from tests.entrypoints.api.conftest import Client


def test_nobody_writes_notifications_to_others(space: Space, people: People, client: Client) -> None:
    anna = client(user=people.anna)
    forged = {"kind": "system", "text": "Pay here", "by": str(people.admin), "owner": str(people.bert)}
    answer = anna.post("/notification", json=forged)
    assert answer.status_code == 422, answer.text
    with space.read(people.bert) as work:
        assert find(work, Query("notification")).rows == []
    mine = anna.post("/notification", json={"kind": "system", "text": "Mine"}).json()
    moved = anna.patch(f"/notification/{mine['id']}", json={"owner": str(people.bert)}, headers={"If-Match": "*"})
    assert moved.status_code == 422, moved.text


def test_nobody_puts_views_into_lists_of_others(people: People, client: Client) -> None:
    anna = client(user=people.anna)
    answer = anna.post("/view", json={"name": "Gift", "object": "account", "person": str(people.bert)})
    assert answer.status_code == 422, answer.text
    answer = anna.post(
        "/view", json={"name": "For all", "object": "account", "person": str(people.anna), "shared": True}
    )
    assert answer.status_code in (403, 422), answer.text
    fine = anna.post("/view", json={"name": "Mine", "object": "account", "person": str(people.anna)})
    assert fine.status_code == 201, fine.text


@pytest.mark.parametrize("spec", ["no json", "[]", '"text"', "7"])
def test_a_broken_view_breaks_no_list(space: Space, people: People, spec: str) -> None:
    with space.write(system("test")) as work:
        values = {"name": "x", "object": "account", "person": str(people.admin), "shared": True, "spec": spec}
        save(work, [Change("create", "view", values)])
    with space.write(people.anna) as work:
        add_view(work, "account", "Mine", {"sort": "name"})
        assert {(v.name, tuple(v.spec)) for v in views_of(work, "account")} == {("x", ()), ("Mine", ("sort",))}


def test_views_are_asked_for_by_any_text(space: Space, people: People) -> None:
    """The object's name comes from an address."""
    with space.write(people.anna) as work:
        add_view(work, "account", "Hers", {})
    with space.read(people.bert) as work:
        assert views_of(work, 'x" or 1 = 1 or object = "account') == []


def test_owner_and_team_are_fields_like_others(space: Space, people: People) -> None:
    spec = {"objects": {"*": {"create": "all", "read": "all", "edit": "all"}}, "fields": {"account.owner": "read"}}
    with space.write(system("test")) as work:
        save(work, [Change("create", "role", {"name": "R", "key": "r", "rights": msgspec.json.encode(spec).decode()})])
    user = make.person(space, "r")
    account = make.record(space, "account", name="Acme")
    with pytest.raises(Invalid) as told, space.write(user) as work:
        save(work, [Change("edit", "account", {"owner": str(user)}, id=account)])
    assert told.value.errors[0].code == "read_only"


def test_everybody_reads_products_but_edits_own_only(space: Space, people: People) -> None:
    """`access="all"` is about reading: a role that edits its own edits no one else's."""
    product = make.record(space, "product", people.admin, name="Pump")
    manager = make.person(space, "management")
    with space.read(manager) as work:
        assert get(work, "product", product)["name"] == "Pump"
    for op, values in (("edit", {"name": "Mine"}), ("trash", {})):
        with pytest.raises(NotFound), space.write(manager) as work:
            save(work, [Change(op, "product", values, id=product)])  # type: ignore[arg-type]  # both are ops


def test_one_record_twice_in_a_list_is_two_steps(space: Space, people: People) -> None:
    account = make.record(space, "account", people.admin, name="One", phone=None)
    with space.write(people.admin) as work:
        saved = save(
            work,
            [
                Change("edit", "account", {"name": "Two"}, id=account),
                Change("edit", "account", {"website": "https://three.example"}, id=account),
                Change("edit", "account", {"name": "Four"}, id=account),
            ],
        )
    with space.read(people.admin) as work:
        row = get(work, "account", account)
        assert (row["name"], row["website"]) == ("Four", "https://three.example")
        versions = [s.version for s in steps(work, "account", account)]
        assert versions == sorted(set(versions), reverse=True)
        assert row["version"] == versions[0] == 4
    undone = undo(space, people.admin, saved.operation)
    assert undone.skipped == 0
    with space.read(people.admin) as work:
        assert get(work, "account", account)["name"] == "One"


def test_a_stale_version_stops_the_second_of_two(space: Space, people: People) -> None:
    account = make.record(space, "account", people.admin, name="One")
    with pytest.raises(Conflict), space.write(people.admin) as work:
        save(work, [Change("edit", "account", {"name": n}, id=account, version=1) for n in ("Two", "Three")])


def test_a_lookup_is_checked_when_only_its_object_changes(space: Space, people: People) -> None:
    account = make.record(space, "account", people.admin, name="A")
    task = make.record(space, "task", people.admin, subject="T", about={"object": "account", "id": str(account)})
    with pytest.raises(Invalid), space.write(people.admin) as work:
        save(work, [Change("edit", "task", {"about": {"object": "contact", "id": str(account)}}, id=task)])


def test_a_follow_up_touches_no_contact_out_of_sight(space: Space, people: People, client: Client) -> None:
    account = make.record(space, "account", people.anna, name="Hers")
    hidden = make.record(space, "contact", people.bert, name="His")
    visit = make.record(
        space, "visit", people.anna, subject="V", about={"object": "account", "id": str(account)}, state="planned"
    )
    given = {"id": str(account), "kind": "visit", "text": "done", "visit": str(visit), "contact": str(hidden)}
    answer = client(user=people.anna).post("/actions/log_follow_up_account", json=given)
    assert answer.status_code in (404, 422), answer.text
    with space.read(people.bert) as work:
        row: dict[str, Any] = get(work, "contact", hidden)
    assert (row["version"], row["last_activity_at"]) == (1, None)


def test_a_follow_up_on_a_deal_whose_account_is_in_the_trash(space: Space, people: People, client: Client) -> None:
    account = make.record(space, "account", people.anna, name="Hers")
    contact = make.record(space, "contact", people.anna, name="C", account=str(account))
    with space.write(system("test"), kind="undo") as work:
        row = get(work, "account", account)
        work.session.run(f"UPDATE {work.session.table('account')} SET trashed_at = 1 WHERE id = ?", (row["id"],))
    given = {"id": str(contact), "text": "spoke"}
    answer = client(user=people.anna).post("/actions/log_follow_up_contact", json=given)
    assert answer.status_code == 200, answer.text
