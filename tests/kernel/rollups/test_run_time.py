"""Roll-ups made, changed, retired and brought back while the workspace runs; how fresh they are."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
import pytest

from guanxi.base.errors import BadInput, Invalid
from guanxi.bootstrap import FOLLOWERS, JOBS
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.admin.fields import add_field, change_field, restore_field, retire_field
from guanxi.kernel.admin.objects import add_object
from guanxi.kernel.admin.rollups import sample_of
from guanxi.kernel.catalog.model import Rollup
from guanxi.kernel.catalog.pack import decode, encode, export
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.rollups import recheck
from guanxi.kernel.records.read import get
from guanxi.kernel.records.rollup_fill import forget_state
from guanxi.kernel.records.rollup_follower import rollup_follower
from guanxi.kernel.records.rollup_fresh import PATIENCE, freshness, wait_for_own
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests.make import person, record

CAR = {
    "name": "car",
    "label": {"en": "Car", "zh": "车"},
    "fields": (
        {"name": "keeper", "type": "lookup", "label": {"en": "Keeper", "zh": "使用者"}, "to": ["account", "contact"]},
        {"name": "seats", "type": "integer", "label": {"en": "Seats", "zh": "座位"}},
        {"name": "length", "type": "decimal", "label": {"en": "Length", "zh": "长"}, "scale": 2},
        {"name": "colours", "type": "tags", "label": {"en": "Colours", "zh": "颜色"}},
        {"name": "built", "type": "date", "label": {"en": "Built", "zh": "出厂"}},
    ),
}


@pytest.fixture
def worker(space: Space) -> Worker:
    return Worker(lambda: [space], JOBS, FOLLOWERS)


def settle(worker: Worker) -> None:
    while worker.round():
        pass


def spec(name: str, kind: str, *rollup: Any, **more: Any) -> dict[str, Any]:
    given = msgspec.to_builtins(Rollup(*rollup))
    return {"name": name, "type": kind, "label": {"en": name, "zh": name}, "rollup": given, **more}


def design(space: Space, user: int, *specs: dict[str, Any], target: str = "account") -> None:
    with space.write(user, kind="catalog", catalog_change=True) as work:
        for one in specs:
            add_field(work, target, one)


def garage(space: Space, user: int) -> tuple[int, int]:
    """An account and a contact with the same number of cars each, and one car in the trash."""
    with space.write(user, kind="catalog", catalog_change=True) as work:
        add_object(work, CAR)
    account, contact = record(space, "account", user, name="远山"), record(space, "contact", user, name="李")
    keepers = ({"object": "account", "id": str(account)}, {"object": "contact", "id": str(contact)})
    with space.write(user) as work:
        for keeper in keepers:
            save(work, [
                Change("create", "car", {"name": f"c{n}", "keeper": keeper, "seats": str(seats), "length": length,
                                         "colours": colours, "built": f"2026-0{n + 1}-01"})
                for n, (seats, length, colours) in enumerate([(2, "1.11", ["红"]), (5, "2.22", ["白"]), (4, None, [])])
            ])  # fmt: skip
        gone = save(work, [Change("create", "car", {"name": "x", "keeper": keepers[0], "seats": "99"})]).id
        save(work, [Change("trash", "car", id=gone)])
    return account, contact


FIELDS = (
    spec("cars", "integer", "car", "keeper"),
    spec("red", "integer", "car", "keeper", "count", "", 'has(colours, "红") or seats > 4'),
    spec("seats_all", "integer", "car", "keeper", "sum", "seats"),
    spec("seats_avg", "decimal", "car", "keeper", "avg", "seats", scale=2),
    spec("length_avg", "decimal", "car", "keeper", "avg", "length", scale=2),
    spec("length_min", "decimal", "car", "keeper", "min", "length", scale=2),
    spec("newest", "date", "car", "keeper", "max", "built"),
    spec("touched", "datetime", "car", "keeper", "max", "updated_at"),
)


def held(space: Space, user: int, account: int) -> dict[str, Any]:
    with space.read(user) as work:
        row, fields = get(work, "account", account), work.catalog.fields(work.catalog.object("account"))
        return {one["name"]: row[fields[one["name"]].column] for one in FIELDS}


def test_every_measure_over_a_lookup_with_several_targets(space: Space, worker: Worker) -> None:
    user = person(space)
    account, _ = garage(space, user)
    design(space, user, *FIELDS)
    settle(worker)
    row = held(space, user, account)
    assert row.pop("touched") > 0
    assert row == {"cars": 3, "red": 2, "seats_all": 11, "seats_avg": 367, "length_avg": 167, "length_min": 111,
                   "newest": 20513}  # fmt: skip
    with space.write(user) as work:
        other = {"object": "account", "id": str(account)}
        save(work, [Change("create", "car", {"name": "n", "keeper": other, "seats": "1", "colours": ["红"]})])
    settle(worker)
    row = held(space, user, account)
    assert (row["cars"], row["red"], row["seats_all"], row["seats_avg"]) == (4, 3, 12, 300)
    assert recheck(space, 50).well


def test_a_new_condition_is_worked_out_anew(space: Space, worker: Worker) -> None:
    user = person(space)
    account, _ = garage(space, user)
    design(space, user, *FIELDS)
    settle(worker)
    with space.write(user, kind="catalog", catalog_change=True) as work:
        change_field(work, "account", "cars", {"rollup": {"object": "car", "via": "keeper", "where": "seats > 2"}})
    settle(worker)
    assert held(space, user, account)["cars"] == 2


def test_a_retired_roll_up_comes_back_right(space: Space, worker: Worker) -> None:
    user = person(space)
    account, _ = garage(space, user)
    design(space, user, *FIELDS)
    settle(worker)
    with space.write(user, kind="catalog", catalog_change=True) as work:
        retire_field(work, "account", "cars")
    keeper = {"object": "account", "id": str(account)}
    record(space, "car", user, name="later", keeper=keeper)
    settle(worker)
    with space.write(user, kind="catalog", catalog_change=True) as work:
        restore_field(work, "account", "cars")
    settle(worker)
    assert held(space, user, account)["cars"] == 4


def test_what_a_roll_up_needs_cannot_be_retired_before_it(space: Space) -> None:
    user = person(space)
    garage(space, user)
    design(space, user, FIELDS[2])
    with pytest.raises(Invalid), space.write(user, kind="catalog", catalog_change=True) as work:
        retire_field(work, "car", "seats")
    with space.read(user) as work:
        assert "seats" in work.catalog.fields(work.catalog.object("car"))


@pytest.mark.parametrize("wrong", [
    spec("a", "money", "car", "keeper"),  # a count is a number
    spec("a", "integer", "car", "seats"),  # no lookup
    spec("a", "integer", "plane", "keeper"),
    spec("a", "integer", "car", "keeper", "sum", "built"),  # a date has no sum
    spec("a", "integer", "car", "keeper", "count", "", "built < today()"),  # moves by itself
    spec("a", "integer", "car", "keeper", "count", "", "owner = me()"),
    spec("a", "integer", "car", "keeper", "count", "", "wheels = 3"),
    spec("a", "integer", "car", "keeper", "count", "", "keeper.name = 3"),
    spec("a", "integer", "opportunity", "account", "count", required=True),
    spec("a", "integer", "account", "parent", "sum", "open_deals"),  # a roll-up of a roll-up
])  # fmt: skip
def test_what_cannot_be_kept_right_is_refused(space: Space, wrong: dict[str, Any]) -> None:
    user = person(space)
    garage(space, user)
    with pytest.raises((Invalid, BadInput)):
        design(space, user, wrong)


def test_a_value_before_anything_is_made(space: Space) -> None:
    user = person(space)
    account, _ = garage(space, user)
    with space.read(user) as work:
        target = work.catalog.object("account")
        found = sample_of(work, target, "integer", Rollup("car", "keeper", "sum", "seats"))
        assert found is not None
        assert (found.record, found.title, found.values) == (account, "远山", (11,))
        with pytest.raises(Invalid):
            sample_of(work, target, "money", Rollup("car", "keeper", "sum", "seats"))


def test_a_pack_carries_roll_ups(space: Space) -> None:
    user = person(space)
    garage(space, user)
    design(space, user, FIELDS[1])
    with space.read(user) as work:
        pack = decode(encode(export(work.session, work.catalog)))
    made = next(f for f in pack.fields["account"] if f.name == "red")
    assert made.rollup == Rollup("car", "keeper", "count", "", 'has(colours, "红") or seats > 4')


def test_a_page_waits_for_its_readers_own_change(space: Space) -> None:
    user, other = person(space), person(space)
    account = record(space, "account", user, name="远山")
    record(space, "opportunity", user, account=str(account), amount="5")

    def later() -> None:
        time.sleep(0.05)
        seal(space.db)
        follow(space.db, rollup_follower(space))

    following = threading.Thread(target=later)
    following.start()
    began = time.monotonic()
    wait_for_own(space, other, "account")
    assert time.monotonic() - began < 0.02
    wait_for_own(space, user, "account")
    with space.read(user) as work:
        assert get(work, "account", account)["open_deals"] == 1
    following.join()


def test_the_wait_ends_and_is_had_once(space: Space) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    record(space, "opportunity", user, account=str(account))
    began = time.monotonic()
    wait_for_own(space, user, "account")
    took = time.monotonic() - began
    assert PATIENCE <= took < PATIENCE + 0.5
    began = time.monotonic()
    wait_for_own(space, user, "account")
    assert time.monotonic() - began < 0.05


def test_how_fresh_is_told(space: Space, worker: Worker) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    settle(worker)

    def fresh() -> Any:
        with space.read(user) as work:
            assert freshness(work, "contact") is None
            return freshness(work, "account")

    assert fresh().complete
    now = space.clock()
    record(space, "opportunity", user, account=str(account))
    assert not fresh().complete
    assert fresh().since is None
    space.clock = lambda: now + 10_000_000
    assert now <= fresh().since <= now + 5_000_000
    settle(worker)
    assert fresh().complete


def test_a_walk_that_is_not_over_is_told(space: Space, worker: Worker) -> None:
    user = person(space)
    settle(worker)
    with space.db.write() as session:
        field = space.catalog(session).field(space.catalog(session).object("account"), "open_deals")
        forget_state(session, [field.id])
        session.insert("rollup_state", ("field", "made_of", "upto"), [(field.id, "x", 5)])
    with space.read(user) as work:
        found = freshness(work, "account")
    assert found is not None
    assert found.filling == ("Open deals",)
    assert not found.complete
