"""What people change while others work: fields, rules, roles, merges, undos; no error, nothing lost or shown."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Barrier, Event, Thread
from typing import Any

import msgspec
import pytest

from guanxi.base.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from guanxi.bootstrap import JOBS
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.fields import add_field, restore_field, retire_field
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.context import Space
from guanxi.kernel.imports.run import execute
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records import bulk
from guanxi.kernel.records.bulk import BulkEdit, bulk_edit
from guanxi.kernel.records.idempotency import claim, hash_of, remember
from guanxi.kernel.records.merge import Merge, merge
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from tests import make
from tests.kernel.imports.conftest import start_run
from tests.kill.replay import faults

ROUNDS = [pytest.param(3, id="short"), pytest.param(40, id="long", marks=pytest.mark.slow)]
Told = list[Any]


def at_once(*acts: Callable[[], Any]) -> Told:
    """All begin at the same moment; gives what each got, or the problem it was told."""
    told: Told = [None] * len(acts)
    together = Barrier(len(acts))

    def run(n: int, act: Callable[[], Any]) -> None:
        together.wait()
        try:
            told[n] = act()
        except BaseException as error:
            told[n] = error

    threads = [Thread(target=run, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told


@contextmanager
def beside(*acts: Callable[[], Any]) -> Iterator[None]:
    """Each act again and again while the block runs; whatever one of them raises fails the test."""
    halt, wrong = Event(), list[BaseException]()

    def run(act: Callable[[], Any]) -> None:
        while not halt.is_set():
            try:
                act()
            except BaseException as error:
                wrong.append(error)
                return
            time.sleep(random.uniform(0, 0.01))

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        halt.set()
        for thread in threads:
            thread.join(60)
    assert wrong == []


def create(space: Space, who: int, name: str, number: int = 1, /, **values: Any) -> tuple[int, ...]:
    with space.write(who) as work:
        return save(work, [Change("create", name, {"name": f"n{n}", **values}) for n in range(number)]).ids


def change(space: Space, who: Any, name: str, ident: int, /, **values: Any) -> int:
    with space.write(who) as work:
        return save(work, [Change("edit", name, values, id=ident)]).operation


def drain(space: Space) -> None:
    handlers = {kind: partial(handler, space) for kind, handler in JOBS.items()}
    while run_due(space.db, handlers, worker="t", queues=("default", "bulk")):
        pass


def sound(space: Space, *names: str) -> None:
    """The log rebuilds those tables, and its chain holds."""
    seal(space.db)
    with space.read(system("judge"), timeout=60) as work:
        for name in names:
            assert faults(work.session, work.catalog, work.catalog.object(name), {}) == []
        assert not verify(work.session).broken


@pytest.mark.parametrize("rounds", ROUNDS)
def test_fields_come_and_go_while_people_write_and_a_file_comes_in(rounds: int, space: Space) -> None:
    """KD 4: no error for anybody, no record without the default."""
    admin = make.person(space)
    rows = "".join(f"公司{n},021-5555{n:04}\n" for n in range(800))
    run = start_run(space, "account", f"name,phone\n{rows}".encode(), key="name")
    numbers = iter(range(10**9))

    def write() -> None:
        (ident,) = create(space, admin, "account")
        change(space, admin, "account", ident, name=f"w{next(numbers)}")

    names = [f"size_{n}" for n in range(rounds)]
    with beside(write, write):
        importing = Thread(target=execute, args=(space, run))
        importing.start()
        for name in names:
            spec = {"name": name, "type": "integer", "label": {"en": name, "zh": name}, "default": 7}
            with space.write(admin, kind="catalog", catalog_change=True) as work:
                add_field(work, "account", spec)
            drain(space)
            with space.write(admin, kind="catalog", catalog_change=True) as work:
                add_field(work, "account", {**spec, "name": f"{name}_x", "default": None})
            with space.write(admin, kind="catalog", catalog_change=True) as work:
                retire_field(work, "account", f"{name}_x")
            with space.write(admin, kind="catalog", catalog_change=True) as work:
                restore_field(work, "account", f"{name}_x")
            drain(space)
        importing.join(120)
        assert not importing.is_alive()
    drain(space)
    assert (run.state, run.created + run.same + run.updated) == ("done", 800)
    with space.read(admin) as work:
        for name in names:
            assert count(work, Query("account", f"{name} != 7"))[0] == 0
            assert count(work, Query("account", f"{name} = 7"), cap=100_000) == count(
                work, Query("account"), cap=100_000
            )
    sound(space, "account")


def test_a_field_that_is_retired_before_it_was_filled(space: Space) -> None:
    """Brought back, every record from before has the default."""
    admin = make.person(space)
    create(space, admin, "account", 5)
    spec = {"name": "breadth", "type": "integer", "label": {"en": "Size", "zh": "规模"}, "default": 7}
    with space.write(admin, kind="catalog", catalog_change=True) as work:
        add_field(work, "account", spec)
    with space.write(admin, kind="catalog", catalog_change=True) as work:
        retire_field(work, "account", "breadth")
    drain(space)
    with space.write(admin, kind="catalog", catalog_change=True) as work:
        restore_field(work, "account", "breadth")
    with space.read(admin) as work:
        assert count(work, Query("account", "breadth = 7"))[0] == 5


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_record_is_seen_only_while_its_rule_gives_it(rounds: int, space: Space) -> None:
    """KD 6: the very first question after the commit that ends the match finds nothing, by any way of asking."""
    owner, other = make.person(space, "sales"), make.person(space, "sales")
    to = {"object": "user", "id": str(other)}
    with space.write(system("test")) as work:
        values = {"name": "r", "object": "account", "condition": 'industry = "machinery"', "to": to, "level": "read"}
        rule = save(work, [Change("create", "sharing_rule", values)]).id
    drain(space)
    (ident,) = create(space, owner, "account", industry="retail")

    def look() -> tuple[bool, ...]:
        """All ways in one snapshot must agree."""
        with space.read(other) as work:
            listed = any(row["id"] == ident for row in find(work, Query("account", fields=("id",), limit=100)).rows)
            try:
                got = get(work, "account", ident)["industry"]
            except NotFound:
                got = None
            assert (got is not None) == listed == bool(count(work, Query("account"))[0])
            assert got in (None, "machinery"), "a record outside of the rule was read"
            return (listed,)

    with beside(look, look):
        for n in range(rounds):
            change(space, owner, "account", ident, industry="machinery")
            assert look() == (True,)
            if n % 3 == 2:
                change(space, system("test"), "sharing_rule", rule, active=False)
                assert look() == (False,)
                change(space, owner, "account", ident, industry="retail")
                change(space, system("test"), "sharing_rule", rule, active=True)
                drain(space)
            change(space, owner, "account", ident, industry="retail")
            assert look() == (False,)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_role_that_shrinks_stops_a_bulk_edit_at_its_next_chunk(
    rounds: int, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk asks for the rights anew: after the change only the chunk that had begun is still seen through."""
    monkeypatch.setattr(bulk, "CHUNK", 10)
    user = make.person(space, "sales_manager")
    with space.read(system("test")) as work:
        role = next(i for i, row in work.catalog.config["role"].items() if row["key"] == "sales_manager")
        before = str(work.catalog.config["role"][role]["rights"])
    ids = create(space, user, "account", 200)
    none = {"objects": {"*": {"create": "none", "read": "all"}}, "abilities": []}
    for n in range(rounds):
        edit = BulkEdit("edit", "account", values={"industry": ("retail", "machinery")[n % 2]})
        told: Told = []

        def work_off(edit: BulkEdit = edit, told: Told = told) -> None:
            told.extend(at_once(lambda: bulk_edit(space, user, edit)))

        thread = Thread(target=work_off)
        thread.start()
        time.sleep(random.uniform(0.0, 0.15))
        change(space, system("test"), "role", role, rights=msgspec.json.encode(none).decode())
        touched = set(versions(space, ids))
        thread.join(60)
        assert len(set(versions(space, ids)) - touched) <= (bulk.CHUNK if space.db.dialect == "postgresql" else 0)
        assert isinstance(told[0], (bulk.BulkResult, Forbidden, Invalid)), told
        change(space, system("test"), "role", role, rights=before)
    sound(space, "account")


def versions(space: Space, ids: tuple[int, ...]) -> list[tuple[Any, ...]]:
    with space.read(system("judge")) as work:
        sql = f'SELECT "id", "version" FROM {work.session.table("account")} WHERE "id" BETWEEN ? AND ? ORDER BY "id"'
        return work.session.rows(sql, (min(ids), max(ids)))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_merges_edits_and_undos_of_the_same_records(rounds: int, space: Space) -> None:
    """Whoever comes second is told; no record is half merged, and no edit that was confirmed is lost."""
    admin = make.person(space)

    def unite(one: int, two: int) -> int:
        with space.write(admin, kind="merge") as work:
            return merge(work, Merge("account", one, (two,))).operation

    for n in range(rounds):
        a, b, c = create(space, admin, "account", 3)
        (contact,) = create(space, admin, "contact", account=str(b))
        acts: list[Callable[[], Any]] = [
            partial(unite, a, b), partial(unite, *((b, c) if n % 2 else (c, b))),
            partial(change, space, admin, "account", b, website="https://b.example"),
            partial(change, space, admin, "contact", contact, title="经理", account=str(b)),
        ]  # fmt: skip
        random.shuffle(acts)
        told = at_once(*acts)
        assert all(isinstance(t, (int, Conflict, NotFound, Invalid)) for t in told), told
        done = [t for t in told if isinstance(t, int)]
        whole(space, contact, (a, b, c))
        back = at_once(*[partial(undo, space, admin, operation) for operation in done for _ in (0, 1)])
        assert all(not isinstance(t, BaseException) or isinstance(t, Conflict) for t in back), back
        whole(space, contact, (a, b, c))
    sound(space, "account", "contact")


def whole(space: Space, contact: int, accounts: tuple[int, ...]) -> None:
    """Merged records are in the trash and lead to one that lives; links point at records that live."""
    with space.read(system("judge")) as work:
        table = work.session.table("account")
        sql = f'SELECT "id", "trashed_at", "merged_into" FROM {table} WHERE "id" IN (?, ?, ?)'
        rows = {i: (gone, into) for i, gone, into in work.session.rows(sql, accounts)}
        for gone, into in rows.values():
            assert (gone is not None) == (into is not None)
        link = work.session.value(f'SELECT "account" FROM {work.session.table("contact")} WHERE "id" = ?', (contact,))
        gone, into = rows[link]
        assert gone is None, f"the link points at a record that was merged into {into}"


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_key_twice_at_once_has_one_effect(rounds: int, space: Space) -> None:
    admin = make.person(space)

    def send(key: str, name: str) -> int:
        with space.write(admin, entry="api") as work:
            first = claim(work, key, hash_of(name.encode()))
            if first is not None:
                return int(first.answer["id"])
            ident = save(work, [Change("create", "account", {"name": name})]).id
            remember(work, key, 201, {"id": str(ident)})
            return ident

    for n in range(rounds):
        same = at_once(*[partial(send, f"k{n}", f"same{n}")] * 3)
        assert len(set(same)) == 1, same
        told = at_once(partial(send, f"o{n}", f"one{n}"), partial(send, f"o{n}", f"other{n}"))
        assert [type(t) for t in told if isinstance(t, Problem)] == [Invalid]
        with space.read(admin) as work:
            assert count(work, Query("account", f'name = "same{n}"'))[0] == 1
            assert count(work, Query("account", f'name = "one{n}" or name = "other{n}"'))[0] == 1


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_editors_of_one_record(rounds: int, space: Space) -> None:
    """With the version both saw: one wins, the other is told of both values; without it both are kept in turn."""
    admin, other = make.person(space), make.person(space)
    (ident,) = create(space, admin, "account")

    def edit(who: int, version: int | None, **values: str) -> int:
        with space.write(who) as work:
            return save(work, [Change("edit", "account", values, id=ident, version=version)]).outcomes[0].version

    for n in range(rounds):
        with space.read(admin) as work:
            version = int(get(work, "account", ident)["version"])
        told = at_once(partial(edit, admin, version, name=f"a{n}"), partial(edit, other, version, name=f"b{n}"))
        won, lost = told if isinstance(told[1], Problem) else told[::-1]
        assert won == version + 1
        assert isinstance(lost, Conflict)
        assert lost.extra["current"]["name"] == f"{'a' if won is told[0] else 'b'}{n}"
        both = at_once(
            partial(edit, admin, None, name=f"c{n}"), partial(edit, other, None, website=f"https://{n}.example")
        )
        assert sorted(both) == [version + 2, version + 3]
        with space.read(admin) as work:
            row = get(work, "account", ident)
            assert (row["name"], row["website"]) == (f"c{n}", f"https://{n}.example")
