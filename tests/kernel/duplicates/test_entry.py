"""Duplicates at entry: keys in the record's own transaction, warnings, refusals, two writers, records out of sight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import msgspec
import pytest

from guanxi.base.errors import Invalid, TooMany
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.settings import change_settings
from guanxi.kernel.context import Space
from guanxi.kernel.duplicates.asking import ASKS, ask_owners
from guanxi.kernel.matching.plan import RULES
from guanxi.kernel.records.duplicates import LooksLike, look, row_of
from guanxi.kernel.records.match_keys import drift
from guanxi.kernel.records.probes import HINTS, veiled
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from tests import make
from tests.plans.work import effort

CODE = "91310000MA1K4XQR2Y"


@pytest.fixture
def people(space: Space) -> dict[str, int]:
    """Two salespeople in teams that do not see each other."""
    with space.write(system("test")) as work:
        teams = save(work, [Change("create", "team", {"name": n}) for n in ("East", "West")]).ids
    return {"li": make.person(space, "sales", name="Li", team=teams[0]),
            "wang": make.person(space, "sales", name="Wang", team=teams[1])}  # fmt: skip


@pytest.fixture
def admin(space: Space) -> int:
    return make.person(space)


def create(space: Space, who: int, object: str = "account", policy: Any = "allow", /, **values: Any) -> int:
    with space.write(who) as work:
        return save(work, [Change("create", object, values)], duplicates=policy).id


def keys(space: Space, *ids: int) -> dict[int, int]:
    with space.db.read() as session:
        marks = ", ".join("?" * len(ids))
        rows = session.rows(
            f"SELECT record, count(*) FROM {session.table('match_key')} WHERE record IN ({marks}) GROUP BY record", ids
        )
    return dict(rows)


def check_drift(space: Space, name: str, ids: list[int]) -> None:
    with space.db.read() as session:
        catalog = space.catalog(session)
        assert drift(session, catalog, catalog.object(name), ids) == []


def rule(space: Space, admin: int, object: str, key: str, **values: Any) -> None:
    with space.write(admin) as work:
        there = next(
            (i for i, r in work.catalog.config[RULES].items() if (r["object"], r["key"]) == (object, key)), None
        )
        save(work, [Change("edit" if there else "create", RULES, {"object": object, "key": key, **values}, id=there)])


def test_keys_follow_the_record_through_its_life(space: Space, admin: int) -> None:
    ident = create(space, admin, name="上海远山自动化有限公司", phone="021 6288 1234", email="a@yuanshan.cn")
    assert keys(space, ident)[ident] == 4
    with space.write(admin) as work:
        before = work.session.statements
        save(work, [Change("edit", "account", {"website": "https://yuanshan.cn"}, id=ident)])
        quiet = work.session.statements - before
    with space.write(admin) as work:
        before = work.session.statements
        edited = save(work, [Change("edit", "account", {"phone": ""}, id=ident)])
        assert work.session.statements - before <= quiet + 2
    assert keys(space, ident)[ident] == 3
    undo(space, admin, edited.operation)
    assert keys(space, ident)[ident] == 4
    with space.write(admin) as work:
        trashed = save(work, [Change("trash", "account", id=ident)])
    assert keys(space, ident) == {}
    undo(space, admin, trashed.operation)
    assert keys(space, ident)[ident] == 4
    check_drift(space, "account", [ident])


def test_a_thousand_records_take_as_many_statements_as_one(space: Space, admin: int) -> None:
    counts = []
    for number in (1, 1_000):
        with space.write(admin) as work:
            before = work.session.statements
            made = save(work, [Change("create", "contact", {"name": f"n{number}-{n}", "email": f"{number}.{n}@e.com"})
                               for n in range(number)])  # fmt: skip
            work.session.settle()
            counts.append(work.session.statements - before)
        check_drift(space, "contact", list(made.ids[:200]))
    assert counts[1] <= counts[0] + 2, counts


def test_no_key_can_be_read_as_a_value(space: Space, admin: int) -> None:
    create(space, admin, "contact", name="王芳", mobile="13812345678", email="wang.fang@example.com")
    with space.db.read() as session:
        stored = {v for (v,) in session.rows(f"SELECT value FROM {session.table('match_key')}")}
    assert stored
    assert not any("3812345678" in v or "wang" in v for v in stored)


def test_a_new_record_that_looks_like_another_is_asked_about(space: Space, admin: int) -> None:
    first = create(space, admin, name="远山自动化", credit_code=CODE)
    with pytest.raises(LooksLike) as told:
        create(space, admin, "account", "ask", name="上海远山自动化有限公司", credit_code=CODE.lower())
    (hit,) = told.value.found[0].hits
    assert hit.id == first
    assert hit.score >= 95
    assert not hit.refused
    assert any("Unified social credit code" in str(r.params["field"].en) for r in hit.reasons)
    assert told.value.extra["candidates"] == [{"id": str(first), "title": "远山自动化", "score": hit.score,
                                               "refused": False}]  # fmt: skip
    create(space, admin, "account", "ask", name="完全不同的公司")
    create(space, admin, name="上海远山自动化有限公司")  # nobody asked


def test_a_refusing_rule_holds_for_every_way_in(space: Space, admin: int) -> None:
    create(space, admin, name="远山自动化", credit_code=CODE)
    other = create(space, admin, name="海纳物流")
    rule(space, admin, "account", "credit_code", action="block")
    with pytest.raises(LooksLike) as told:
        create(space, admin, name="别的公司", credit_code=CODE)
    assert told.value.found[0].hits[0].refused
    with pytest.raises(LooksLike), space.write(admin) as work:
        save(work, [Change("edit", "account", {"credit_code": CODE}, id=other)])
    with space.write(admin) as work:  # of a list the good rows go in
        saved = save(work, [Change("create", "account", {"name": "x", "credit_code": CODE}),
                            Change("create", "account", {"name": "y", "credit_code": "91310000MA1K4XQR9L"})],
                     collect=True)  # fmt: skip
    assert [o.done for o in saved.outcomes] == ["failed", "created"]
    rule(space, admin, "account", "credit_code", action="off")
    create(space, admin, name="别的公司", credit_code=CODE)


def test_a_rule_must_name_fields_that_can_be_read_so(space: Space, admin: int) -> None:
    for parts in ("nothing: text", "revenue: phone", "name", "name: magic"):
        with pytest.raises(Invalid):
            rule(space, admin, "account", "own", parts=parts, strength=90)
    rule(space, admin, "account", "site", parts="website: code", strength=90, name="Same website")
    create(space, admin, name="甲乙丙", website="https://abc.example.com")
    with space.read(admin) as work:
        target = work.catalog.object("account")
        (found,) = look(work, target, [row_of(work, target, {"name": "甲乙丙", "website": "https://abc.example.com"})])
    assert found.hits[0].score >= 90


@pytest.mark.parametrize("blocking", [False, True])
def test_of_two_writers_at_once_one_sees_the_other(space: Space, admin: int, blocking: bool) -> None:
    if blocking:
        rule(space, admin, "contact", "phone", action="block")
    for turn in range(4):
        gate = Barrier(2)

        def write(n: int, turn: int = turn, gate: Barrier = gate) -> bool:
            gate.wait()
            try:
                create(space, admin, "contact", "allow" if blocking else "ask", name="赵敏", mobile=f"1390000000{turn}")
            except LooksLike:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(write, range(2)))
        assert sorted(done) == [False, True], turn


def test_records_out_of_sight_give_a_team_and_nothing_else(space: Space, people: dict[str, int]) -> None:
    create(space, people["li"], "contact", name="赵敏", mobile="13900001111", email="zm@example.com")
    with pytest.raises(LooksLike) as told:
        create(space, people["wang"], "contact", "ask", name="赵敏", mobile="13900001111")
    problem = told.value
    assert problem.extra["candidates"] == [{"hidden": True, "team": "East", "refused": False}]
    assert "赵敏" not in str(problem.errors)
    assert not problem.found[0].hits
    with space.write(people["wang"]) as work:
        target = work.catalog.object("contact")
        row = row_of(work, target, {"name": "赵敏", "mobile": "13900001111"})
        assert ask_owners(work, target, row) == 1
    with space.read(people["li"]) as work:
        asked = find(work, Query("record_request", fields=("object", "person"))).rows
    assert [(r["object"], r["person"]) for r in asked] == [("contact", people["wang"])]
    with space.read(people["wang"]) as work:
        assert not find(work, Query("record_request")).rows  # the id of the record is not for who asks


def test_probing_is_limited_and_can_be_switched_off(space: Space, admin: int, people: dict[str, int]) -> None:
    create(space, people["li"], "contact", name="赵敏", mobile="13900001111")

    def hinted() -> bool:
        with space.read(people["wang"]) as work:
            target = work.catalog.object("contact")
            row = row_of(work, target, {"name": "赵敏", "mobile": "13900001111"})
            return bool(veiled(work, target, look(work, target, [row]))[0].hidden)

    assert [hinted() for _ in range(HINTS + 2)] == [True] * HINTS + [False] * 2
    space.accesses.flush()
    with space.db.read() as session:
        sql = f"SELECT kind, count(*) FROM {session.table('access_log')} WHERE actor = ? GROUP BY kind"
        kinds: dict[str, int] = dict(session.rows(sql, (people["wang"],)))
    assert kinds.get("alert") == 2
    with space.write(admin) as work:
        change_settings(work, {"duplicate_hints": False})
    with pytest.raises(TooMany):  # noqa: PT012 - the one past the limit
        for _ in range(ASKS + 1):
            with space.write(people["wang"]) as work:
                target = work.catalog.object("contact")
                assert ask_owners(work, target, row_of(work, target, {"mobile": "13900001111", "name": "赵敏"})) == 0


def test_a_field_one_may_not_set_is_no_question(space: Space, people: dict[str, int], admin: int) -> None:
    create(space, admin, "contact", name="赵敏", mobile="13900001111")
    with space.write(system("test")) as work:
        spec = '{"objects": {"*": {"read": "all", "create": "all"}}, "fields": {"contact.mobile": "masked"}}'
        role = save(work, [Change("create", "role", {"name": "blind", "rights": spec})]).id
        blind = save(work, [Change("create", "user", {"name": "B", "email": "b@e.com", "roles": [str(role)]})]).id
    with space.read(blind) as work:
        target = work.catalog.object("contact")
        row = row_of(work, target, {"name": "x", "mobile": "13900001111"})
        assert row["mobile"] is None
        assert not look(work, target, [row])[0]


@pytest.mark.parametrize("kind", ["masked", "none"])
def test_a_mask_is_not_guessed_by_asking_for_duplicates(
    space: Space, people: dict[str, int], admin: int, kind: str
) -> None:
    """The rule compares mobile and phone: who may type one of them could try out the other."""
    create(space, admin, "contact", name="赵敏", mobile="13900001111", email="zm@example.com")
    with space.write(system("test")) as work:
        spec = {"objects": {"*": {"read": "all", "create": "all"}}, "fields": {"contact.mobile": kind}}
        rights = msgspec.json.encode(spec).decode()
        role = save(work, [Change("create", "role", {"name": "blind", "rights": rights})]).id
        blind = save(work, [Change("create", "user", {"name": "B", "email": "b@e.com", "roles": [str(role)]})]).id

    def found(phone: str, **more: str) -> Any:
        with space.read(blind) as work:
            target = work.catalog.object("contact")
            row = row_of(work, target, {"name": "赵敏", "phone": phone, **more})
            return veiled(work, target, look(work, target, [row]))[0]

    assert not found("13900002222")
    told = [bool(found("13900001111")) for _ in range(HINTS + 3)]
    assert told == [True] * HINTS + [False] * 3
    assert create(space, blind, "contact", "ask", name="赵敏", phone="13900001111")  # past the limit nothing is said
    scores = [[h.score for h in found(p, email="zm@example.com").hits if h.reasons] for p in ("139", "13900001111")]
    assert [s[-1:] for s in scores] == [[100]] * 2  # nor does the score of one that may be told


def test_rows_of_one_list_are_compared_with_each_other(space: Space, admin: int) -> None:
    with space.write(admin) as work:
        saved = save(work, [Change("create", "contact", {"name": "李雷", "email": "li.lei@e.com"}),
                            Change("create", "contact", {"name": "韩梅梅"}),
                            Change("create", "contact", {"name": "Lei Li", "email": "li.lei+work@e.com"})],
                     collect=True, duplicates="ask")  # fmt: skip
    assert [o.done for o in saved.outcomes] == ["created", "created", "failed"]
    assert saved.similar[2].hits[0].row == 0


@pytest.mark.parametrize(("similar", "counts"), [("create", (4, 0, 0, 0)), ("skip", (2, 0, 0, 2)),
                                                ("update", (2, 1, 0, 1)), ("ask", (2, 0, 2, 0))])  # fmt: skip
def test_an_import_treats_them_as_told(
    space: Space, admin: int, similar: str, counts: tuple[int, ...], tmp_path: Any
) -> None:
    from guanxi.kernel.imports.run import check, execute
    from tests.kernel.imports.conftest import start_run

    there = create(space, admin, name="远山自动化", credit_code=CODE)
    data = (
        f"name,credit_code,website\n上海远山自动化有限公司,{CODE},https://yuanshan.cn\n海纳物流,,\n"
        "深圳海纳物流有限公司,,\n金桥食品,,\n"
    ).encode()
    names = {n: n for n in ("name", "credit_code", "website")}
    run = start_run(space, "account", data, who=admin, fields=names, similar=similar)
    foretold = check(space, run)
    assert (foretold.created, foretold.updated, foretold.failed, foretold.duplicates) == counts
    run = execute(space, run)
    assert (run.created, run.updated, run.failed, run.duplicates) == counts
    with space.read(admin) as work:
        (row,) = find(work, Query("account", f"id = {there}", fields=("website",))).rows
    assert bool(row["website"]) == (similar == "update")


def test_the_check_touches_few_rows(space: Space, admin: int) -> None:
    with space.write(admin) as work:
        save(work, [Change("create", "contact", {"name": f"王{n}", "mobile": f"138{n:08d}", "email": f"w{n}@e.com"})
                    for n in range(1_500)])  # fmt: skip
    if space.db.dialect == "postgresql":
        with space.db.write() as session:
            session.run(f"ANALYZE {session.table('match_key')}")
    with space.read(admin) as work:
        target = work.catalog.object("contact")
        row = row_of(work, target, {"name": "王7", "mobile": "13800000007", "email": "w7@e.com"})
        assert look(work, target, [row])[0].hits
        assert effort(work, lambda w: look(w, target, [row])) < 300
