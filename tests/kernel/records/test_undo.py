"""Undo: random histories against a model, edits since, undo of undo."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from guanxi.base.errors import Conflict, NotFound
from guanxi.kernel.context import Space
from guanxi.kernel.records.operations import operation_info
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import preview, undo
from guanxi.kernel.records.undo_turns import STALE
from guanxi.kernel.records.write import save

Who = dict[str, int]


def picture(space: Space, user: int) -> dict[int, tuple[object, ...]]:
    with space.read(user) as work:
        rows = find(work, Query("client", limit=1000)).rows
    return {r["id"]: (r["name"], r["staff"], r["grade"], r["tags"], r["parent"]) for r in rows}


def test_an_operation_of_edits_and_creates_is_taken_back_and_forth(space: Space, who: Who) -> None:
    user = who["wang"]
    with space.write(user) as work:
        first = save(work, [Change("create", "client", {"name": f"c{n}", "staff": n}) for n in range(5)])
    before = picture(space, user)
    with space.write(user, kind="bulk") as work:
        save(work, [Change("edit", "client", {"staff": 100, "tags": ["x"]}, id=i) for i in first.ids])
        saved = save(work, [Change("create", "client", {"name": "new", "parent": first.ids[0]})])
        save(work, [Change("trash", "client", id=first.ids[4])])
    after = picture(space, user)
    seen = preview(space, user, saved.operation)
    assert (seen.restored, seen.trashed, seen.skipped) == (6, 1, 0)
    done = undo(space, user, saved.operation)
    assert picture(space, user) == before
    assert (done.restored, done.trashed) == (6, 1)
    undo(space, user, done.undo)
    assert picture(space, user) == after
    with pytest.raises(Conflict):
        undo(space, user, done.undo)


def test_later_edits_are_shown_and_skipped_or_taken(space: Space, who: Who) -> None:
    user = who["wang"]
    with space.write(user) as work:
        ident = save(work, [Change("create", "client", {"name": "c", "staff": 1})]).id
    with space.write(user) as work:
        operation = save(work, [Change("edit", "client", {"staff": 2, "grade": "A"}, id=ident)]).operation
    with space.write(user) as work:
        save(work, [Change("edit", "client", {"staff": 3}, id=ident)])
    (clash,) = preview(space, user, operation).clashes
    assert list(clash.fields.values()) == [(1, 2, 3)]
    undo(space, user, operation)
    with space.read(user) as work:
        row = get(work, "client", ident)
        assert (row["staff"], row["grade"]) == (3, None)


def test_a_created_record_that_others_use_stays(space: Space, who: Who) -> None:
    user = who["wang"]
    with space.write(user) as work:
        saved = save(work, [Change("create", "client", {"name": "c"})])
    with space.write(user) as work:
        save(work, [Change("create", "deal", {"name": "x", "client": saved.id})])
    assert [c.reason for c in preview(space, user, saved.operation).clashes] == ["used"]
    undo(space, user, saved.operation)
    with space.read(user) as work:
        assert get(work, "client", saved.id)["name"] == "c"


def coded(space: Space, user: int, **codes: str | None) -> dict[str, int]:
    with space.write(user) as work:
        return {n: save(work, [Change("create", "client", {"name": n, "code": c})]).id for n, c in codes.items()}


def test_a_unique_value_taken_since_keeps_only_that_record_in_the_trash(space: Space, who: Who) -> None:
    user = who["wang"]
    made = coded(space, user, a="A-1", b="B-1")
    with space.write(user) as work:
        operation = save(work, [Change("trash", "client", id=i) for i in made.values()]).operation
    coded(space, user, other="A-1")
    seen = preview(space, user, operation)
    assert [(c.id, c.reason) for c in seen.clashes] == [(made["a"], "taken")]
    assert (seen.restored, seen.skipped) == (1, 1)
    done = undo(space, user, operation)
    assert (done.restored, done.skipped) == (1, 1)
    assert sorted(str(row[0]) for row in picture(space, user).values()) == ["b", "other"]


def test_a_unique_value_edited_away_and_taken_since_is_a_clash(space: Space, who: Who) -> None:
    user = who["wang"]
    made = coded(space, user, a="A-1", b="B-1")
    with space.write(user) as work:
        changes = [Change("edit", "client", {"code": f"new {name}"}, id=i) for name, i in made.items()]
        operation = save(work, changes).operation
    coded(space, user, other="A-1")
    assert [c.reason for c in undo(space, user, operation, edited="take").clashes] == ["taken"]
    with space.read(user) as work:
        assert [get(work, "client", i)["code"] for i in made.values()] == ["new a", "B-1"]


def test_unique_values_passed_on_within_the_operation_go_back(space: Space, who: Who) -> None:
    user = who["wang"]
    made = coded(space, user, a="1", c="3")
    with space.write(user) as work:
        save(work, [Change("edit", "client", {"code": "2"}, id=made["a"])])
        save(work, [Change("create", "client", {"name": "b", "code": "1"})])
        operation = save(work, [Change("edit", "client", {"code": "4"}, id=made["c"])]).operation
    assert preview(space, user, operation).skipped == 0
    done = undo(space, user, operation)
    assert (done.restored, done.trashed, done.skipped) == (2, 1, 0)
    with space.read(user) as work:
        assert [get(work, "client", i)["code"] for i in made.values()] == ["1", "3"]


def edited_once(space: Space, user: int) -> int:
    made = coded(space, user, a=None, b=None)
    with space.write(user) as work:
        return save(work, [Change("edit", "client", {"staff": 7}, id=i) for i in made.values()]).operation


class Killed(BaseException):
    """What no `except Exception` sees: the process is gone."""


def die(_done: int) -> None:
    raise Killed


def fail(_done: int) -> None:
    raise RuntimeError


def test_an_undo_in_progress_refuses_a_second(space: Space, who: Who) -> None:
    user = who["wang"]
    operation = edited_once(space, user)

    def again(_done: int) -> None:
        with pytest.raises(Conflict):
            undo(space, user, operation)
        with pytest.raises(Conflict):
            undo(space, user, operation, background=True)

    assert undo(space, user, operation, progress=again).restored == 2
    with pytest.raises(Conflict):
        undo(space, user, operation)


def test_two_undos_at_the_same_moment_are_one(space: Space, who: Who) -> None:
    operation, together = edited_once(space, who["wang"]), Barrier(2)

    def one(_n: int) -> bool:
        together.wait()
        try:
            undo(space, who["wang"], operation)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [False, True]
    with space.read(who["wang"]) as work:
        table = work.session.table("operation")
        assert work.session.value(f"SELECT count(*) FROM {table} WHERE undo_of = ?", (operation,)) == 1


def test_a_killed_undo_is_continued_when_it_has_been_still_for_a_while(space: Space, who: Who) -> None:
    user = who["wang"]
    operation = edited_once(space, user)
    with pytest.raises(Killed):
        undo(space, user, operation, progress=die)
    with pytest.raises(Conflict):
        undo(space, user, operation)
    clock, killed = space.clock, newest_undo(space, user, operation)
    space.clock = lambda: clock() + STALE + 1
    done = undo(space, user, operation)
    assert (done.undo, done.skipped) == (killed, 0)
    assert {row[1] for row in picture(space, user).values()} == {None}


def newest_undo(space: Space, user: int, operation: int) -> int | None:
    with space.read(user) as work:
        return operation_info(work, operation).undone_by


def test_a_background_undo_is_continued_by_its_job_at_once(space: Space, who: Who) -> None:
    user = who["wang"]
    operation = edited_once(space, user)
    with pytest.raises(Killed):
        undo(space, user, operation, progress=die, background=True)
    killed = newest_undo(space, user, operation)
    assert undo(space, user, operation, background=True).undo == killed


def test_an_undo_that_failed_may_be_tried_again_at_once(space: Space, who: Who) -> None:
    user = who["wang"]
    operation = edited_once(space, user)
    with pytest.raises(RuntimeError):
        undo(space, user, operation, progress=fail)
    failed = newest_undo(space, user, operation)
    assert undo(space, user, operation).undo != failed


def test_others_operations_are_not_found(space: Space, who: Who) -> None:
    with space.write(who["wang"]) as work:
        saved = save(work, [Change("create", "client", {"name": "c"})])
    for stranger in ("zhao", "nil"):
        with pytest.raises(NotFound):
            undo(space, who[stranger], saved.operation)


@pytest.mark.parametrize("seed", range(4))
def test_random_operations_undone_in_reverse_give_back_every_picture(space: Space, who: Who, seed: int) -> None:
    rng, user = random.Random(seed), who["root"]
    pictures, operations = [picture(space, user)], []
    for _ in range(8):
        with space.write(user) as work:
            live = [r["id"] for r in find(work, Query("client", limit=1000)).rows]
            for _ in range(rng.randint(1, 3)):
                if not live or rng.random() < 0.4:
                    live.append(save(work, [Change("create", "client", {"name": f"c{rng.random()}"})]).id)
                elif rng.random() < 0.8:
                    values: dict[str, object] = rng.choice(
                        [{"staff": rng.randint(1, 9)}, {"tags": ["a", "b"]}, {"grade": None}]
                    )
                    save(work, [Change("edit", "client", values, id=rng.choice(live))])
                else:
                    save(work, [Change("trash", "client", id=live.pop(rng.randrange(len(live))))])
        if work.operation:
            operations.append(work.operation)
            pictures.append(picture(space, user))
    pictures.pop()
    for operation in reversed(operations):
        undo(space, user, operation)
        assert picture(space, user) == pictures.pop()
