"""Bulk edits: in chunks, by rights, one operation to undo, two of them across each other, as a job."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from guanxi.base.errors import Conflict, NotFound
from guanxi.kernel.context import Space
from guanxi.kernel.jobs import control
from guanxi.kernel.jobs.queue import JobRun, run_due
from guanxi.kernel.records import bulk
from guanxi.kernel.records.bulk import KIND, BulkEdit, bulk_edit, fill, job_state, move, run_bulk, start_bulk
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.session import Session

Who = dict[str, int]


def clients(space: Space, user: int, number: int) -> tuple[int, ...]:
    with space.write(user) as work:
        return save(work, [Change("create", "client", {"name": f"c{n:04}", "staff": n}) for n in range(number)]).ids


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 20)


def test_all_that_match_change_as_one_operation(space: Space, who: Who) -> None:
    user = who["wang"]
    clients(space, user, 70)
    result = bulk_edit(space, user, BulkEdit("edit", "client", "staff < 50", values={"staff": 100, "grade": "A"}))
    assert (result.done, result.failed) == (50, 0)
    with space.read(user) as work:
        assert count(work, Query("client", 'grade = "A" and staff = 100')) == (50, False)
    undo(space, user, result.operation)
    with space.read(user) as work:
        assert count(work, Query("client", "staff < 50"))[0] == 50


def test_refused_rows_are_told_and_others_done(space: Space, who: Who) -> None:
    user = who["wang"]
    ids = clients(space, user, 3)
    result = bulk_edit(space, user, BulkEdit("edit", "client", values={"parent": str(ids[0]), "code": "same"}))
    assert result.failed == 2
    assert result.done == 1
    assert all(why for _, why in result.faults)


def test_others_records_are_not_touched(space: Space, who: Who) -> None:
    mine, theirs = who["wang"], who["zhao"]
    clients(space, mine, 2)
    others = clients(space, theirs, 2)
    result = bulk_edit(space, mine, BulkEdit("trash", "client"))
    assert result.done == 2
    with space.read(theirs) as work:
        assert {r["id"] for r in find(work, Query("client")).rows} >= set(others)


def test_tags_are_added_to_those_that_are_there(space: Space, who: Who) -> None:
    user = who["wang"]
    with space.write(user) as work:
        save(work, [Change("create", "client", {"name": "a", "tags": ["old"]})])
    bulk_edit(space, user, BulkEdit("edit", "client", add={"tags": ["new"]}))
    with space.read(user) as work:
        assert count(work, Query("client", 'has_all(tags, ["old", "new"])'))[0] == 1


def test_two_across_each_other_both_come_through(space: Space, who: Who) -> None:
    user = who["wang"]
    clients(space, user, 200)
    failures: list[BaseException] = []

    def run(edit: BulkEdit) -> None:
        try:
            bulk_edit(space, user, edit)
        except BaseException as error:
            failures.append(error)

    edits = [BulkEdit("edit", "client", values={"staff": 7}), BulkEdit("edit", "client", values={"grade": "B"})]
    threads = [Thread(target=run, args=(edit,)) for edit in edits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with space.read(user) as work:
        assert count(work, Query("client", 'staff = 7 and grade = "B"'))[0] == 200


def test_many_run_as_a_job_with_progress(space: Space, who: Who) -> None:
    user = who["wang"]
    clients(space, user, 45)
    operation, job = start_bulk(space, user, BulkEdit("edit", "client", values={"grade": "A"}), 45)
    with space.read(user) as work:
        assert job_state(work, job).status == "ready"  # type: ignore[union-attr]  # it is there
    run_due(space.db, {KIND: lambda run: run_bulk(space, run)}, worker="test", queues=("bulk",))
    with space.read(user) as work:
        state = job_state(work, job)
        assert state is not None
        assert (state.status, state.operation, state.note["done"], state.total) == ("done", operation, 45, 45)
        assert count(work, Query("client", 'grade = "A"'))[0] == 45
    with space.read(who["zhao"]) as work:
        assert job_state(work, job) is None


Hook = Callable[[Session, int], None]


def work_off(space: Space, hook: Hook = lambda _session, _told: None, lease: int = 60_000_000) -> None:
    """One round of the worker; `hook` sees the transaction of each chunk, and which one it is."""
    told, real = 0, JobRun.advance

    def advance(run: JobRun, session: Session, *args: Any) -> str | None:
        nonlocal told
        told += 1
        hook(session, told)
        return real(run, session, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobRun, "advance", advance)
        run_due(space.db, {KIND: lambda run: run_bulk(space, run)}, worker="t", queues=("bulk",), lease=lease)


def die_at(chunk: int) -> Hook:
    def hook(_session: Session, told: int) -> None:
        if told == chunk:
            raise KeyboardInterrupt  # as a kill: nothing catches it

    return hook


def test_a_paused_bulk_edit_goes_on_and_a_killed_one_loses_nothing(space: Space, who: Who) -> None:
    user = who["wang"]
    ids = clients(space, user, 100)
    edit = BulkEdit("edit", "client", values={"code": "one"})  # a unique field: the first one gets it
    operation, job = start_bulk(space, user, edit, 100)
    with space.db.write() as session:
        control.pause(session, job)  # before it began
    work_off(space, die_at(1))
    with space.read(user) as work:
        assert control.task(work.session, job, user).status == "paused"
    with space.db.write() as session:
        control.go_on(session, job)
    with pytest.raises(KeyboardInterrupt):
        work_off(space, die_at(3), lease=1)  # two chunks are in, the third is lost with its transaction
    with space.read(user) as work:
        known = control.task(work.session, job, user)
        assert (known.status, known.done) == ("running", 40)
    time.sleep(0.01)
    work_off(space)
    with space.read(user) as work:
        assert [row["id"] for row in find(work, Query("client", 'code = "one"')).rows] == [ids[0]]
        known = control.task(work.session, job, user)
        assert (known.status, known.done, known.operation) == ("done", 100, operation)
        assert [record for record, _ in control.faults(work.session, job)] == list(ids[1:])
        state = job_state(work, job)
        assert state is not None
        assert (state.note["done"], state.note["failed"]) == (1, 99)


def test_a_wish_is_heard_between_two_chunks(space: Space, who: Who) -> None:
    user = who["wang"]
    clients(space, user, 100)
    for wish, status in ((control.pause, "paused"), (control.cancel, "cancelled")):
        _, job = start_bulk(space, user, BulkEdit("edit", "client", values={"grade": "B"}), 100)
        work_off(space, lambda session, _told, asked=wish, ident=job: asked(session, ident))  # type: ignore[misc]  # mypy cannot type a lambda's default
        with space.read(user) as work:
            known = control.task(work.session, job, user)
            assert (known.status, known.done) == (status, 20)
            with pytest.raises(NotFound):
                control.task(work.session, job, who["zhao"])
        with space.db.write() as session, pytest.raises(Conflict):
            control.pause(session, job)


def test_move_and_fill(space: Space, who: Who) -> None:
    user = who["wang"]
    ids = clients(space, user, 5)
    with space.write(user) as work:
        assert len(move(work, Query("client", "staff >= 1"), {"grade": "A"}, limit=2).outcomes) == 2
    for expected in (5, 0):
        with space.write(user) as work:
            made = fill(work, "deal", Query("client"), {"name": "name", "client": lambda r: str(r["id"])}, ("client",))
            assert len(made.outcomes) == expected
    with space.read(user) as work:
        assert {r["client"] for r in find(work, Query("deal")).rows} == set(ids)
