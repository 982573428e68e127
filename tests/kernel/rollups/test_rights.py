"""Who may read a roll-up: whoever may read what it is made of, and no one else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from guanxi.base.errors import BadInput, Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import shown
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.rollup_follower import rollup_follower
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests.make import person, record

READ_ALL = {"read": "all", "edit": "all", "create": "all"}


def somebody(space: Space, rights: dict[str, Any]) -> int:
    """A person with one role that says just this."""
    with space.write(system("test")) as work:
        values = {"name": "角色", "rights": msgspec.json.encode(rights).decode()}
        role = save(work, [Change("create", "role", values)]).id
        user = {"name": "张三", "email": "zhang@example.com", "roles": [str(role)]}
        return save(work, [Change("create", "user", user)]).id


def deal(space: Space) -> int:
    account = record(space, "account", name="远山")
    record(space, "opportunity", account=str(account), amount="1200")
    seal(space.db)
    follow(space.db, rollup_follower(space))
    return account


def test_all_children_count_whoever_may_see_them(space: Space) -> None:
    account = deal(space)
    user = somebody(space, {"objects": {"account": READ_ALL, "opportunity": {"read": "own"}}})
    with space.read(user) as work:
        assert not find(work, Query("opportunity")).rows
        assert get(work, "account", account)["open_deals"] == 1


def test_who_may_not_ask_for_the_children_has_no_roll_ups_over_them(space: Space) -> None:
    account = deal(space)
    user = somebody(space, {"objects": {"account": READ_ALL}})
    with space.read(user) as work:
        target = work.catalog.object("account")
        assert not [f for f in shown(work, target).values() if f.rollup is not None]
        assert "open_deals" not in get(work, "account", account)
        with pytest.raises(BadInput):
            find(work, Query("account", "open_deals > 0"))


@pytest.mark.parametrize(("level", "held"), [("none", None), ("masked", Masked)])
def test_a_roll_up_is_never_clearer_than_the_field_it_adds_up(space: Space, level: str, held: type | None) -> None:
    account = deal(space)
    fields = {"opportunity.amount": level}
    user = somebody(space, {"objects": {"account": READ_ALL, "opportunity": READ_ALL}, "fields": fields})
    with space.read(user) as work:
        row = get(work, "account", account)
        assert row["open_deals"] == 1
        assert "open_amount" not in readable(work, work.catalog.object("account"))
        assert ("open_amount" not in row) if held is None else isinstance(row["open_amount"], held)
        with pytest.raises(BadInput):
            find(work, Query("account", "open_amount > 5"))


def test_the_field_of_the_condition_counts_too(space: Space) -> None:
    account = deal(space)
    fields = {"opportunity.state": "none"}
    user = somebody(space, {"objects": {"account": READ_ALL, "opportunity": READ_ALL}, "fields": fields})
    with space.read(user) as work:
        assert "open_deals" not in get(work, "account", account)


def test_a_role_may_hide_the_roll_up_itself(space: Space) -> None:
    account = deal(space)
    fields = {"account.open_amount": "none"}
    user = somebody(space, {"objects": {"account": READ_ALL, "opportunity": READ_ALL}, "fields": fields})
    with space.read(user) as work:
        row = get(work, "account", account)
        assert "open_amount" not in row
        assert "open_deals" in row


def test_a_sharing_rule_cannot_rest_on_a_roll_up(space: Space) -> None:
    values = {"name": "大客户", "object": "account", "condition": "open_deals > 3", "level": "read"}
    with space.write(person(space)) as work, pytest.raises(Invalid):
        save(work, [Change("create", "sharing_rule", values)])
