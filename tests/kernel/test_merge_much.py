"""Merges of much, and of what others work on: chunks, kills, undo meanwhile, links and files by old ids."""

from __future__ import annotations

from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from guanxi.base.errors import Problem
from guanxi.kernel.context import Space
from guanxi.kernel.imports.resolve import merged_keys
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records import merge as merging
from guanxi.kernel.records.merge import Merged
from guanxi.kernel.records.merge_links import move_links
from guanxi.kernel.records.operations import operation_info
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from tests import make
from tests.kernel.test_merge import account, do


@pytest.fixture
def admin(space: Space) -> int:
    return make.person(space)


def big(space: Space, admin: int, monkeypatch: pytest.MonkeyPatch, n: int = 95) -> tuple[int, int, Merged]:
    monkeypatch.setattr("guanxi.kernel.records.merge.CHUNK", 20)
    monkeypatch.setattr("guanxi.kernel.records.merge_links.CHUNK", 20)
    one, two = account(space, admin), account(space, admin)
    with space.write(admin) as work:
        save(work, [Change("create", "contact", {"name": f"P{i}", "account": str(two)}) for i in range(n)])
    return one, two, do(space, admin, one, two)


def how_many(space: Space, admin: int, ident: int) -> int:
    with space.read(admin) as work:
        return count(work, Query("contact", f"account = {ident}"))[0]


class Killed(BaseException):
    """Stands for the end of the process."""


def test_the_links_of_large_records_follow_in_chunks(space: Space, admin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, done = big(space, admin, monkeypatch)
    assert done.waiting
    assert how_many(space, admin, one) == 20
    runs = iter(range(2))

    def dying(work: Any, party: Any) -> int:
        if next(runs, None) is None:
            raise Killed
        return move_links(work, party, 20)

    monkeypatch.setattr("guanxi.kernel.records.merge.move_links", dying)
    handlers = {merging.KIND: partial(merging.run_merge, space)}
    with pytest.raises(Killed):
        run_due(space.db, handlers, worker="w1")
    assert how_many(space, admin, one) == 60
    monkeypatch.setattr("guanxi.kernel.records.merge.move_links", lambda work, party: move_links(work, party, 20))
    with space.db.write() as session:  # its lease is over
        session.run(f"UPDATE {session.table('job')} SET lease_until = 0 WHERE status = 'running'")
    run_due(space.db, handlers, worker="w2")
    with space.db.write() as session:
        session.run(f"UPDATE {session.table('job')} SET run_at = 0 WHERE status = 'ready'")
    run_due(space.db, handlers, worker="w2")
    assert how_many(space, admin, one) == 95
    with space.read(admin) as work:
        assert operation_info(work, done.operation).state == "done"
    undo(space, admin, done.operation)
    assert (how_many(space, admin, one), how_many(space, admin, two)) == (0, 95)


def test_undone_before_all_has_moved(space: Space, admin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, done = big(space, admin, monkeypatch)
    undo(space, admin, done.operation)
    run_due(space.db, {merging.KIND: partial(merging.run_merge, space)}, worker="w1")
    assert (how_many(space, admin, one), how_many(space, admin, two)) == (0, 95)


def test_links_made_meanwhile_end_at_the_winner(space: Space, admin: int) -> None:
    """People go on giving contacts to the losers while they are merged away."""
    one, two, three = (account(space, admin) for _ in range(3))
    begun, faults = Event(), list[str]()

    def work_on(n: int) -> None:
        for i in range(12):
            try:
                make.record(space, "contact", admin, name=f"P{n}-{i}", account=str(two if i % 2 else three))
            except Problem as problem:
                faults.append(repr(problem))
            if i == 2:
                begun.set()

    threads = [Thread(target=work_on, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    do(space, admin, one, two, three)
    for thread in threads:
        thread.join()
    assert faults == []
    assert how_many(space, admin, one) == 36


def test_a_file_with_old_keys_changes_what_they_became(space: Space, admin: int) -> None:
    with space.read(admin) as work:
        target = work.catalog.object("product")
        key = next(f for f in target.fields if f.unique and f.type == "text")
    one = make.record(space, "product", admin, **{key.name: "K-1"})
    two = make.record(space, "product", admin, **{key.name: "K-2"})
    do(space, admin, one, two, object="product")
    with space.read(admin) as work:
        assert merged_keys(work, target, key, ["K-1", "K-2", "K-3"]) == {"K-2": one}
