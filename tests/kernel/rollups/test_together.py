"""People write, the follower and a fill work at the same time: what is left equals SQL over the children."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread, current_thread
from typing import Any

import pytest

from guanxi.base.errors import Problem
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.records.rollup_fill import fill
from guanxi.kernel.records.rollup_follower import rollup_follower
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.rollups import compute
from tests.kernel.rollups.oracle import held, oracle
from tests.make import person, record

WRITES = 25


def test_writers_follower_and_fill_at_once(space: Space) -> None:
    user = person(space)
    accounts = [record(space, "account", user, name=f"远山 {n}") for n in range(4)]
    over = Event()

    def write(seed: int) -> int:
        dice, mine, done = random.Random(seed), list[int](), 0
        for _ in range(WRITES):
            account = str(dice.choice(accounts))
            try:
                with space.write(user) as work:
                    if not mine or dice.random() < 0.5:
                        values = {"name": "d", "account": account, "amount": str(dice.randint(1, 999))}
                        mine.append(save(work, [Change("create", "opportunity", values)]).id)
                    elif dice.random() < 0.8:
                        values = {"account": account, "amount": str(dice.randint(1, 999))}
                        save(work, [Change("edit", "opportunity", values, id=dice.choice(mine))])
                    else:
                        save(work, [Change("edit", "account", {"next_step": "x"}, id=int(account))])
                done += 1
            except Problem:  # a deadlock's loser tries something else
                continue
        return done

    def keep_on(step: object) -> int:
        rounds = 0
        while not over.is_set():
            try:
                if step == "follow":
                    seal(space.db)
                    follow(space.db, rollup_follower(space))
                else:
                    fill(space, everything=True)
                rounds += 1
            except Problem:
                continue
        return rounds

    with ThreadPoolExecutor() as pool:
        background = [pool.submit(keep_on, step) for step in ("follow", "fill")]
        written = [f.result() for f in [pool.submit(write, seed) for seed in range(3)]]
        over.set()
        rounds = [f.result() for f in background]
    assert min(rounds) > 0
    assert min(written) > WRITES // 2
    seal(space.db)
    follow(space.db, rollup_follower(space))
    assert held(space) == oracle(space)
    assert sum(row[1] for row in held(space)) > 10


def test_a_fill_that_has_read_the_children_holds_the_follower_up(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    user = person(space)
    account = record(space, "account", user, name="远山")
    seal(space.db)
    follow(space.db, rollup_follower(space))
    with space.db.write() as session:
        session.run(f"UPDATE {session.table('account')} SET open_deals = 9")  # so that the fill has something to mend
    real, computed, saved = compute.computed, Event(), Event()

    def slow(*given: Any) -> Any:
        found = real(*given)
        if current_thread() is filling:
            computed.set()
            saved.wait(0.7)  # on SQLite nobody else writes meanwhile
        return found

    def deal() -> None:
        computed.wait()
        record(space, "opportunity", user, account=str(account))
        seal(space.db)
        follow(space.db, rollup_follower(space))
        saved.set()

    monkeypatch.setattr(compute, "computed", slow)
    filling, other = Thread(target=fill, args=(space,), kwargs={"everything": True}), Thread(target=deal)
    filling.start()
    other.start()
    filling.join()
    other.join()
    assert held(space) == oracle(space)
    assert held(space)[0][1] == 1
