"""Roll-ups equal SQL over the children, whatever happens and wherever the follower stops."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from guanxi.base.errors import Invalid, Problem
from guanxi.bootstrap import open_space
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.feed import Follower, SealedSet, follow, position, seal
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.mending import mend
from guanxi.kernel.doctor.rollups import recheck
from guanxi.kernel.records import rollup_fill
from guanxi.kernel.records.merge import Merge, merge
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.rollup_fill import fill, forget_state, states
from guanxi.kernel.records.rollup_follower import NAME, rollup_follower
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from guanxi.kernel.rollups.compute import computed
from guanxi.kernel.rollups.plan import definitions, groups_of
from guanxi.kernel.storage.session import Session
from tests.kernel.rollups.oracle import held, oracle
from tests.make import person, record


class Killed(Exception):
    """The follower's process ended in the middle of its transaction."""


def catch_up(space: Space) -> None:
    seal(space.db)
    follow(space.db, rollup_follower(space))


def killed_at_random(space: Space, dice: random.Random) -> None:
    """A follower that dies in its transaction, before or after its effect, or ends after some sets."""
    real = rollup_follower(space)

    def handle(session: Session, sets: Sequence[SealedSet]) -> None:
        if dice.random() < 0.3:
            raise Killed
        real.handle(session, sets)
        if dice.random() < 0.3:
            raise Killed

    seal(space.db)
    try:
        follow(space.db, Follower(NAME, handle, batch=dice.choice((1, 3, 50))))
    except Killed:
        return


@contextmanager
def quiet() -> Iterator[None]:
    """A step that rules refuse is no step."""
    try:
        yield
    except Problem:
        return


def stages(space: Space) -> dict[str, list[int]]:
    with space.read(person(space)) as work:
        rows = work.catalog.config["stage"].values()
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(str(row["kind"]), []).append(row["id"])
    return found


class Week:
    """Random doings of a company with a few accounts and their deals."""

    def __init__(self, space: Space, dice: random.Random) -> None:
        self.space, self.dice, self.user = space, dice, person(space)
        self.accounts = [record(space, "account", self.user, name=f"远山 {n}") for n in range(5)]
        self.deals: list[int] = []
        self.operations: list[int] = []
        with space.read(self.user) as work:
            self.stages = [r["id"] for r in work.catalog.config["stage"].values()]

    def save(self, *changes: Change) -> None:
        with quiet():
            with self.space.write(self.user) as work:
                saved = save(work, list(changes))
                operation = saved.operation
            self.operations.append(operation)
            self.deals += [o.id for c, o in zip(changes, saved.outcomes, strict=False) if c.op == "create" and o.id]

    def create(self) -> None:
        amounts = [None, "100", "250.50", "0", "99999999"]
        self.save(*(
            Change("create", "opportunity",
                   {"name": f"d{n}", "account": self.account(), "amount": self.dice.choice(amounts)})
            for n in range(self.dice.randint(1, 4))
        ))  # fmt: skip

    def account(self) -> str | None:
        return self.dice.choice([None, *(str(a) for a in self.accounts)])

    def deal(self) -> int:
        return self.dice.choice(self.deals or [0])

    def move(self) -> None:
        self.save(Change("edit", "opportunity", {"account": self.account()}, id=self.deal()))

    def amount(self) -> None:
        self.save(Change("edit", "opportunity", {"amount": str(self.dice.randint(0, 10**6))}, id=self.deal()))

    def stage(self) -> None:
        values = {"stage": str(self.dice.choice(self.stages)), "close_reason": "price", "close_on": "2026-12-01"}
        self.save(Change("edit", "opportunity", values, id=self.deal()))

    def trash(self) -> None:
        self.save(Change("trash", "opportunity", id=self.deal()))

    def restore(self) -> None:
        self.save(Change("restore", "opportunity", id=self.deal()))

    def take_back(self) -> None:
        with quiet():
            undo(self.space, self.user, self.dice.choice(self.operations or [0]), edited="take")

    def merge(self) -> None:
        winner, loser = self.dice.sample(self.accounts, 2)
        with quiet():
            with self.space.write(self.user, kind="merge") as work:
                done = merge(work, Merge("account", winner, (loser,), {}, {}, {}))
            self.operations.append(done.operation)

    def trash_account(self) -> None:
        self.save(Change("trash", "account", id=self.dice.choice(self.accounts)))

    def step(self) -> None:
        doings = [self.create] * 4 + [self.move] * 3 + [self.amount] * 2 + [self.stage] * 4
        doings += [self.trash, self.restore, self.take_back, self.merge, self.trash_account]
        self.dice.choice(doings)()


@pytest.mark.parametrize("seed", [3, 11, 42, 2026])
def test_roll_ups_equal_sql_whatever_happens_and_wherever_the_follower_dies(space: Space, seed: int) -> None:
    dice = random.Random(seed)
    week = Week(space, dice)
    for _ in range(45):
        week.step()
        if dice.random() < 0.5:
            killed_at_random(space, dice)
    catch_up(space)
    assert held(space) == oracle(space)
    assert any(row[1] for row in held(space))
    fill(space)
    assert recheck(space, 50).well


def test_a_parent_keeps_version_and_time_and_nothing_is_logged(space: Space) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    with space.read(user) as work:
        before = get(work, "account", account)
    record(space, "opportunity", user, account=str(account), amount="1200")
    with space.db.read() as session:
        logged = session.value(f"SELECT count(*) FROM {session.table('change')}")
    catch_up(space)
    with space.read(user) as work:
        after = get(work, "account", account)
        assert (after["open_deals"], after["open_amount"], after["open_amount__c"]) == (1, 12_000_000, "CNY")
        assert (after["version"], after["updated_at"]) == (before["version"], before["updated_at"])
        assert find(work, Query("account", "open_deals = 1 and open_amount > 1000", sort=("-won_amount",))).rows
        assert work.session.value(f"SELECT count(*) FROM {work.session.table('change')}") == logged


def test_a_save_cannot_set_a_roll_up(space: Space) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    with pytest.raises(Invalid), space.write(user) as work:
        save(work, [Change("edit", "account", {"open_deals": "7"}, id=account)])


def statements_for(space: Space, accounts: Sequence[int], each: int, user: int) -> int:
    with space.write(user) as work:
        deals = [{"name": "d", "account": str(a), "amount": "5"} for a in accounts for _ in range(each)]
        save(work, [Change("create", "opportunity", d) for d in deals])
    seal(space.db)
    counted: list[int] = []
    real = rollup_follower(space)

    def handle(session: Session, sets: Sequence[SealedSet]) -> None:
        start = session.statements
        real.handle(session, sets)
        counted.append(session.statements - start)

    follow(space.db, Follower(NAME, handle, batch=50))
    return sum(counted)


def test_statements_of_a_batch_do_not_grow_with_children(space: Space) -> None:
    user = person(space)
    accounts = [record(space, "account", user, name=f"远山 {n}") for n in range(20)]
    catch_up(space)
    few, many = (statements_for(space, accounts, each, user) for each in (1, 20))
    assert many == few <= 4


def test_the_question_over_children_goes_by_the_index_of_the_lookup(space: Space) -> None:
    user = person(space)
    accounts = [record(space, "account", user, name=f"远山 {n}") for n in range(30)]
    with space.write(user) as work:
        deals = [{"name": "d", "account": str(a)} for a in accounts for _ in range(70)]
        save(work, [Change("create", "opportunity", deal) for deal in deals])
    asked: list[tuple[str, Sequence[Any]]] = []
    with space.db.write() as session:
        if session.dialect == "postgresql":
            session.run(f"ANALYZE {session.table('opportunity')}")
        catalog = space.catalog(session)
        group = next(g for g in groups_of(catalog) if g.child.name == "opportunity")
        real = session.rows

        def listen(sql: str, params: Sequence[Any] = ()) -> Any:
            asked.append((sql, params))
            return real(sql, params)

        session.rows = listen  # type: ignore[method-assign]  # hears what is asked
        computed(session, catalog, group, accounts[:3], group.fields)
        explain = "EXPLAIN QUERY PLAN " if session.dialect == "sqlite" else "EXPLAIN "
        plan = " ".join(str(row) for row in real(explain + asked[-1][0], asked[-1][1]))
    assert "i_opportunity_account" in plan, plan


def test_the_doctor_finds_a_damaged_roll_up_and_mends_it(space: Space) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    record(space, "opportunity", user, account=str(account), amount="10")
    catch_up(space)
    fill(space)
    with space.db.write() as session:
        session.run(f"UPDATE {session.table('account')} SET open_deals = 9 WHERE id = ?", (account,))
    assert recheck(space, 10).wrong == (f"account {account}: open_deals",)
    assert mend(space)["rollups"] == 1
    assert recheck(space, 10).well


def test_what_is_on_its_way_is_no_finding(space: Space) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    catch_up(space)
    fill(space)
    record(space, "opportunity", user, account=str(account), amount="10")
    assert recheck(space, 10).well
    with space.db.read() as session:
        assert position(session, NAME) < session.value(f"SELECT max(pos) FROM {session.table('seal')}")


def test_a_fill_that_is_stopped_goes_on_where_it_was(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    user = person(space)
    with space.write(user) as work:
        save(work, [Change("create", "account", {"name": f"远山 {n}"}) for n in range(7)])
    accounts = [row[0] for row in held(space)]
    with space.write(user) as work:
        save(work, [Change("create", "opportunity", {"name": "d", "account": str(a), "amount": "5"}) for a in accounts])
    with space.db.write() as session:
        forget_state(session, states(session))
    monkeypatch.setattr(rollup_fill, "CHUNK", 2)
    beats = iter([None, None, Killed])

    def beat() -> None:
        if next(beats) is not None:
            raise Killed

    with pytest.raises(Killed):
        fill(space, beat=beat)
    assert sum(row[1] for row in held(space)) == 4
    assert fill(space) == 3
    assert held(space) == oracle(space)
    assert fill(space) == 0


def test_a_new_workspace_is_complete_and_an_older_one_asks_for_what_it_lacks(space: Space, space_url: str) -> None:
    with space.db.write() as session:
        made = states(session)
        assert definitions(space.catalog(session)).keys() == made.keys()
        forget_state(session, made)
    again = open_space(space_url, space.folder, schema=space.db.schema)
    with again.db.read() as session:
        waiting = f"SELECT count(*) FROM {session.table('job')} WHERE kind = ? AND status = 'ready'"
        assert session.value(waiting, (rollup_fill.KIND,)) == 1
    again.db.close()


def test_the_system_does_not_set_a_roll_up_either(space: Space) -> None:
    with pytest.raises(Invalid), space.write(system("test")) as work:
        save(work, [Change("create", "account", {"name": "x", "open_deals": "7"})])
