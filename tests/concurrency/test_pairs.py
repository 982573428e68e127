"""Two deeds at the same moment end as if one had come after the other, whatever they are: a model says which ends."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from guanxi.base.errors import Conflict, Invalid, NotFound
from guanxi.base.ids import IdSource
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.install import install
from tests.concurrency.model import Deed, World
from tests.kernel.records import shop

NUMBERS = count(1)
WISH = st.tuples(
    st.sampled_from(["create", "edit", "edit", "stale", "trash", "restore", "undo", "undo"]),
    st.integers(0, 4),
    st.sampled_from(["staff", "grade", "code"]),
    st.integers(0, 2),
)
Wish = tuple[str, int, str, int]


class Pairs(RuleBasedStateMachine):
    """Few records and few values, so that deeds meet."""

    space: Space
    actor: int

    def __init__(self) -> None:
        super().__init__()
        self.world, self.turn = World(), next(NUMBERS)
        self.ids: dict[str, int] = {}
        self.operations: dict[str, int] = {}
        for _ in range(3):
            self.alone(("create", 0, "staff", 0))
        for _ in range(5):
            self.alone(("create", 1, "deal", 0))

    def deed(self, wish: Wish) -> Deed | None:
        """A wish as a deed on what there is; None if there is nothing of the kind."""
        verb, which, name, value = wish
        key = f"d{next(NUMBERS)}"
        if verb == "create":
            if name == "deal":
                return Deed("create", key, values=(("name", "deal"), ("stage", "new")), object="deal")
            return Deed("create", key, values=(("name", "c"), ("code", f"{self.turn}-{value}")))
        if verb == "undo":
            operations = list(self.operations)[-4:]
            return Deed("undo", key, operations[which % len(operations)]) if operations else None
        names = list(self.world.records)
        record = names[(which * 3 + value) % len(names)]
        known = self.world.records[record]
        if verb in ("trash", "restore"):
            return Deed(verb, key, record, object=known.object)
        if known.object == "deal":
            values: Any = (("stage", ("new", "won", "won")[value]),)
        else:
            held: dict[str, Any] = {"staff": value, "grade": "AB"[value % 2], "code": f"{self.turn}-{value}"}
            values = ((name, held[name]),)
        return Deed("edit", key, record, values, known.version if verb == "stale" else None, known.object)

    def run(self, deed: Deed) -> str:
        """The deed in the database; gives what the doer was told."""
        try:
            if deed.verb == "undo":
                self.operations[deed.key] = undo(self.space, self.actor, self.operations[deed.record]).undo
                return "ok"
            change = Change(deed.verb, deed.object, dict(deed.values), id=self.ids.get(deed.record),  # type: ignore[arg-type]  # the verbs are those of changes
                            version=deed.version)  # fmt: skip
            with self.space.write(self.actor) as work:
                saved = save(work, [change])
            if saved.operation:
                self.operations[deed.key] = saved.operation
            if deed.verb == "create":
                self.ids[deed.key] = saved.outcomes[0].id or 0
            return "ok"
        except NotFound:
            return "not_found"
        except Conflict as error:
            if deed.verb == "undo":
                return "refused"
            if error.code == "duplicate":
                return "not_unique"
            seen = error.extra["current"]["id"] == self.ids[deed.record]
            return "conflict" if seen else "the values of the other are not told"
        except Invalid as error:
            return error.errors[0].code

    def alone(self, wish: Wish) -> None:
        deed = self.deed(wish)
        if deed is not None:
            assert self.run(deed) == self.world.do(deed), deed
            self.agree([self.world])

    @rule(wish=WISH)
    def one(self, wish: Wish) -> None:
        self.alone(wish)

    @rule(first=WISH, second=WISH)
    def two(self, first: Wish, second: Wish) -> None:
        deeds = [d for d in (self.deed(first), self.deed(second)) if d is not None]
        told: dict[str, str] = {}
        together = Barrier(len(deeds))

        def run(deed: Deed) -> None:
            together.wait()
            try:
                told[deed.key] = self.run(deed)
            except BaseException as error:
                told[deed.key] = repr(error)

        threads = [Thread(target=run, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        ends = []
        for order in (deeds, deeds[::-1]):
            world = self.world.copy()
            if {deed.key: world.do(deed) for deed in order} == told:
                ends.append(world)
        assert ends, f"{deeds} were told {told}: neither order explains it"
        self.agree(ends)

    def agree(self, ends: list[World]) -> None:
        """The database is as one of these; that one it is from now on."""
        held, logged = self.held(), self.logged()
        for world in ends:
            told = {k: o.versions for k, o in world.operations.items() if o.versions}
            if world.state() == held and told == logged:
                world.operations = {k: o for k, o in world.operations.items() if k in self.operations}
                self.world = world
                return
        said = "\n".join(f"{w.state()} {w.operations}" for w in ends)
        raise AssertionError(f"the database has\n{held} {logged}\nthe model\n{said}")

    def held(self) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        columns = {"client": ("name", "staff", "grade", "code"), "deal": ("name", "stage")}
        with self.space.read(system("judge")) as work:
            for name, ident in self.ids.items():
                target = self.world.records[name].object if name in self.world.records else "client"
                names = ", ".join(f'"{c}"' for c in columns[target])
                sql = f'SELECT "version", "trashed_at", {names} FROM {work.session.table(target)} WHERE "id" = ?'
                row = work.session.one(sql, (ident,))
                if row is not None:
                    values = {c: v for c, v in zip(columns[target], row[2:], strict=True) if v is not None}
                    found[name] = (*sorted(values.items()), row[0], row[1] is not None)
        return found

    def logged(self) -> dict[str, dict[str, int]]:
        """Which versions each operation made: two orders may end alike and yet be told apart by what is logged."""
        names = {ident: name for name, ident in self.ids.items()}
        found: dict[str, dict[str, int]] = {}
        with self.space.read(system("judge")) as work:
            changes, sets = work.session.table("change"), work.session.table("change_set")
            sql = (f"SELECT c.record, c.version FROM {changes} c JOIN {sets} s ON s.id = c.set_id"
                   " WHERE s.operation = ?")  # fmt: skip
            for name, operation in self.operations.items():
                for record, version in work.session.rows(sql, (operation,)):
                    found.setdefault(name, {})[names[record]] = version
        return found

    @invariant()
    def caps_hold(self) -> None:
        with self.space.read(system("judge")) as work:
            sql = (f"SELECT count(*) FROM {work.session.table('deal')} WHERE \"stage\" = 'won'"
                   ' AND "trashed_at" IS NULL GROUP BY "owner"')  # fmt: skip
            assert all(n <= 3 for (n,) in work.session.rows(sql))

    def teardown(self) -> None:
        for name, record in self.world.records.items():
            if not record.gone:
                with self.space.write(self.actor) as work:
                    save(work, [Change("trash", record.object, id=self.ids[name])])


@pytest.mark.parametrize("examples", [pytest.param(6, id="short"),
                                      pytest.param(150, id="long", marks=pytest.mark.slow)])  # fmt: skip
def test_two_at_once_are_one_after_the_other(examples: int, database: Database, tmp_path: Path) -> None:
    with database.write(catalog_change=True) as session:
        install(session, shop.APPS)
    space = Space("test", tmp_path, database, IdSource(1, now_micros), shop.APPS)
    machine = type("Machine", (Pairs,), {"space": space, "actor": shop.people(space)["root"]})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=15, deadline=None, database=None,
                          phases=[Phase.generate],
                          suppress_health_check=list(HealthCheck), report_multiple_bugs=False),
    )  # fmt: skip
