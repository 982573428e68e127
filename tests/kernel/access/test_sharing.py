"""Shares, sharing rules and temporary teams: what they give, what ends them, what undo does with them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from guanxi.base.dates import from_day, iso_date
from guanxi.base.errors import Forbidden, Invalid, NotFound
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.why import facts_of, why
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.bulk import BulkEdit, bulk_edit
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.shares import given_to, share, unshare
from guanxi.kernel.records.sharing_jobs import KIND, preview, run_rule
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from tests import make

DAY = 86_400_000_000


@pytest.fixture
def team(space: Space) -> dict[str, int]:
    """East below head office, west beside it; one salesperson in each, and a manager above."""
    with space.write(system("test")) as work:
        top = save(work, [Change("create", "team", {"name": "top"})]).id
        both = save(work, [Change("create", "team", {"name": n, "parent": str(top)}) for n in ("east", "west")]).ids
    found = {"top": top, "east": both[0], "west": both[1]}
    found["li"] = make.person(space, "sales", name="Li", team=both[0])
    found["wang"] = make.person(space, "sales", name="Wang", team=both[1])
    found["boss"] = make.person(space, "sales_manager", name="Boss", team=top)
    return found


def accounts(space: Space, user: int, number: int = 1, **values: str) -> tuple[int, ...]:
    with space.write(user) as work:
        return save(work, [Change("create", "account", {"name": f"a{n}", **values}) for n in range(number)]).ids


def sees(space: Space, user: int, ident: int) -> bool:
    """Asked in every way there is; they must agree."""
    with space.read(user) as work:
        target = work.catalog.object("account")
        try:
            got = bool(get(work, "account", ident))
        except NotFound:
            got = False
        found = any(row["id"] == ident for row in find(work, Query("account", fields=("id",), limit=1000)).rows)
        counted = count(work, Query("account", f"id = {ident}"))[0] == 1
        told = why(
            load_actor(work.catalog, user, work.now), facts_of(work.session, work.catalog, target, ident, work.now)
        )
    assert got == found == counted == (told is not None)
    return got


def settle(space: Space) -> None:
    while run_due(space.db, {KIND: lambda run: run_rule(space, run)}, worker="t", queues=("default",)):
        pass


def rule(space: Space, condition: str, to: tuple[str, int], **given: object) -> int:
    values = {"name": "r", "object": "account", "condition": condition, "to": {"object": to[0], "id": str(to[1])}}
    with space.write(system("test")) as work:
        made = save(work, [Change("create", "sharing_rule", {**values, "level": "read", **given})]).id
    settle(space)
    return made


def test_a_share_is_seen_named_and_taken_back(space: Space, team: dict[str, int]) -> None:
    (ident,) = accounts(space, team["li"])
    assert not sees(space, team["wang"], ident)
    with space.write(team["li"]) as work:
        share(work, "account", [ident], ("user", team["wang"]), "read", role="方案")
    assert sees(space, team["wang"], ident)
    with space.read(team["wang"]) as work:
        target = work.catalog.object("account")
        (line,) = given_to(work, target, ident)
        assert (line.name, line.level, line.role, line.by, line.until) == ("Wang", "read", "方案", team["li"], None)
        told = why(work.actor, facts_of(work.session, work.catalog, target, ident, work.now))
        assert told is not None
        assert told.by == ("record_team", line.id, "方案", None)
        assert told.verbs == ("read",)
    with pytest.raises(NotFound), space.write(team["wang"]) as work:
        save(work, [Change("edit", "account", {"name": "mine now"}, id=ident)])
    with space.write(team["li"]) as work:
        unshare(work, "account", ident, [line.id])
    assert not sees(space, team["wang"], ident)


def test_nobody_gives_what_they_do_not_have(space: Space, team: dict[str, int]) -> None:
    (ident,) = accounts(space, team["li"])
    with pytest.raises(NotFound), space.write(team["wang"]) as work:
        share(work, "account", [ident], ("user", team["wang"]), "edit")
    with space.write(team["li"]) as work:
        share(work, "account", [ident], ("user", team["wang"]), "edit")
    with pytest.raises(Forbidden), space.write(team["wang"]) as work:
        share(work, "account", [ident], ("user", team["boss"]), "read")
    with space.write(team["wang"]) as work:
        save(work, [Change("edit", "account", {"name": "by wang"}, id=ident)])
    with pytest.raises(NotFound), space.write(team["wang"]) as work:
        save(work, [Change("trash", "account", id=ident)])
    for made in ({"object": "account", "record": ident, "to": {"object": "user", "id": str(team["wang"])}},):
        with pytest.raises(Invalid), space.write(team["wang"]) as work:
            save(work, [Change("create", "share", {**made, "level": "edit", "by": str(team["wang"])})])


def test_a_share_ends_by_the_clock_and_is_changed_not_doubled(space: Space, team: dict[str, int]) -> None:
    (ident,) = accounts(space, team["li"])
    start = space.clock()
    space.clock = lambda: start
    with space.write(team["li"]) as work:
        share(work, "account", [ident], ("team", team["west"]), "read", until=start + DAY)
        share(work, "account", [ident], ("team", team["west"]), "edit", until=start + 2 * DAY)
    space.clock = lambda: start + DAY + 1
    assert sees(space, team["wang"], ident)
    space.clock = lambda: start + 2 * DAY
    assert not sees(space, team["wang"], ident)
    with space.read(team["li"]) as work:
        (line,) = given_to(work, work.catalog.object("account"), ident)
        assert line.ended
        assert line.level == "edit"


def test_undo_of_a_share_and_of_taking_back(space: Space, team: dict[str, int]) -> None:
    ids = accounts(space, team["li"], 3)
    with space.write(team["li"]) as work:
        before = work.session.statements
        operation = share(work, "account", ids, ("user", team["wang"])).operation
        assert work.session.statements - before <= 12
    undo(space, team["li"], operation)
    assert not sees(space, team["wang"], ids[0])
    with space.write(team["li"]) as work:
        made = share(work, "account", ids[:1], ("user", team["wang"]))
    with space.write(team["li"]) as work:
        back = unshare(work, "account", ids[0], made.ids)
    assert not sees(space, team["wang"], ids[0])
    undo(space, team["li"], back.operation)
    assert sees(space, team["wang"], ids[0])


@pytest.mark.parametrize("way", ["restore", "undo"])
def test_a_share_taken_back_is_no_way_back_in(space: Space, team: dict[str, int], way: str) -> None:
    """Shared with oneself, taken back, handed over by somebody else: then the old share gives nothing any more."""
    (ident,) = accounts(space, team["li"])
    with space.write(team["li"]) as work:
        made = share(work, "account", [ident], ("user", team["li"]), "edit").ids[0]
    with space.write(team["li"]) as work:
        taken = unshare(work, "account", ident, [made]).operation
    with space.write(system("test")) as work:
        save(work, [Change("edit", "account", {"owner": str(team["wang"])}, id=ident)])
    assert not sees(space, team["li"], ident)
    if way == "restore":
        with pytest.raises((Invalid, NotFound, Forbidden)), space.write(team["li"]) as work:
            save(work, [Change("restore", "share", id=made)])
    else:
        assert undo(space, team["li"], taken).restored == 0
    assert not sees(space, team["li"], ident)


def test_a_rule_follows_the_record_in_its_own_commit(space: Space, team: dict[str, int]) -> None:
    old = accounts(space, team["li"], 2, industry="machinery")
    ident = rule(space, 'industry = "machinery"', ("team", team["west"]))
    assert all(sees(space, team["wang"], i) for i in old)
    (new,) = accounts(space, team["li"], industry="machinery")
    assert sees(space, team["wang"], new)
    with space.write(team["li"]) as work:
        changed = save(work, [Change("edit", "account", {"industry": "retail"}, id=new)])
    assert not sees(space, team["wang"], new)
    undo(space, team["li"], changed.operation)
    assert sees(space, team["wang"], new)
    with space.read(team["boss"]) as work:
        target = work.catalog.object("account")
        told = why(load_actor(work.catalog, team["wang"]), facts_of(work.session, work.catalog, target, new, work.now))
        assert told is not None
        assert told.by == ("rule", ident, "r", None)
        assert preview(work, {"object": "account", "condition": 'industry = "machinery"', "to": team["west"]}) == (3, 1)


def test_a_changed_rule_takes_and_gives(space: Space, team: dict[str, int]) -> None:
    (robots,) = accounts(space, team["li"], industry="machinery")
    (others,) = accounts(space, team["li"], industry="retail")
    ident = rule(space, 'industry = "machinery"', ("team", team["west"]))
    with space.write(system("test")) as work:
        save(work, [Change("edit", "sharing_rule", {"condition": 'industry = "retail"'}, id=ident)])
    settle(space)
    assert (sees(space, team["wang"], robots), sees(space, team["wang"], others)) == (False, True)
    with space.write(system("test")) as work:
        off = save(work, [Change("edit", "sharing_rule", {"active": False}, id=ident)])
    assert not sees(space, team["wang"], others), "a small rule ends in its own commit"
    settle(space)
    undo(space, system("test"), off.operation)
    settle(space)
    assert sees(space, team["wang"], others)


@pytest.mark.parametrize("condition", ["created_at > today()", "owner = me()", 'parent.name = "x"', "nothing = 1"])
def test_rules_ask_only_for_what_the_record_holds(space: Space, team: dict[str, int], condition: str) -> None:
    with pytest.raises(Invalid):
        rule(space, condition, ("team", team["west"]))


def test_a_temporary_team_ends_with_its_last_day(space: Space, team: dict[str, int]) -> None:
    (ident,) = accounts(space, team["li"])
    start = space.clock()
    with space.write(system("test")) as work:
        today = work.today
        values = {"name": "bid", "members": [str(team["wang"])], "ends_on": iso_date(today + 3)}
        group = save(work, [Change("create", "virtual_team", {**values, "starts_on": iso_date(today + 1)})]).id
    with space.write(team["li"]) as work:
        share(work, "account", [ident], ("virtual_team", group), "edit")
    assert not sees(space, team["wang"], ident), "it has not begun"
    space.clock = lambda: start + DAY
    assert sees(space, team["wang"], ident)
    space.clock = lambda: start + 4 * DAY
    assert not sees(space, team["wang"], ident)
    assert from_day(today) + timedelta(1) == from_day(today + 1)


def test_giving_away_needs_transfer(space: Space, team: dict[str, int]) -> None:
    (mine,) = accounts(space, team["li"])
    with space.write(team["li"]) as work:
        share(work, "account", [mine], ("user", team["wang"]), "edit")
    with pytest.raises(Invalid), space.write(team["wang"]) as work:
        save(work, [Change("edit", "account", {"owner": str(team["wang"])}, id=mine)])
    with pytest.raises(Invalid), space.write(team["wang"]) as work:
        save(work, [Change("edit", "account", {"team": str(team["west"])}, id=mine)])
    result = bulk_edit(space, team["wang"], BulkEdit("edit", "account", values={"owner": str(team["wang"])}))
    assert (result.done, result.failed) == (0, 1), "what may be edited may be edited in numbers, not given away"
    with space.write(team["boss"]) as work:
        save(work, [Change("edit", "account", {"owner": str(team["wang"])}, id=mine)])


def test_thousands_of_rows_and_many_rules_take_a_few_statements(space: Space, team: dict[str, int]) -> None:
    to = {"object": "team", "id": str(team["west"])}
    with space.write(system("test")) as work:
        rules = [
            {"name": f"r{n}", "object": "account", "to": to, "level": "read",
             "condition": f'industry = "machinery" and employees > {n}'} for n in range(30)
        ]  # fmt: skip
        save(work, [Change("create", "sharing_rule", values) for values in rules])
    counts = []
    for number in (5, 300):
        with space.write(team["li"]) as work:
            before = work.session.statements
            wanted = {"industry": "machinery", "employees": "10"}
            save(work, [Change("create", "account", {"name": f"n{number}-{i}", **wanted}) for i in range(number)])
            counts.append(work.session.statements - before)
    assert counts[1] <= counts[0] + 4
    with space.read(team["wang"]) as work:
        assert count(work, Query("account"))[0] == 305
