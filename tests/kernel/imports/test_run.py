"""Imports on both databases: outcomes row by row, keys, references, mending, twice, undone, interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guanxi.base.errors import BadInput, Forbidden, Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.fields import change_field
from guanxi.kernel.context import Space
from guanxi.kernel.imports import run as engine
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import ColumnMap
from guanxi.kernel.imports.mending import alike, mend, replace_value, write_failed
from guanxi.kernel.imports.run import check, execute
from guanxi.kernel.imports.state import Fault, Run
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save
from tests import make
from tests.kernel.imports.conftest import Start, said, start_run

Faults = Callable[[Run], list[Fault]]


def counts(run: Run) -> tuple[int, int, int, int, int]:
    return run.created, run.updated, run.same, run.failed, run.duplicates


def rows(space: Space, name: str, *fields: str, where: str | None = None) -> list[dict[str, Any]]:
    with space.read(system("test")) as work:
        return find(work, Query(name, where=where, fields=fields, sort=("name",), limit=200)).rows


def total(space: Space, name: str) -> int:
    with space.read(system("test")) as work:
        return count(work, Query(name), cap=1_000_000)[0]


ACCOUNTS = b"""Name,Industry,Employees,Parent account
Acme Works,machinery,120,
Beta Tools,technolgy,15,Acme Works
Gamma,software,many,
Delta,finance,10,Omega
Omega,finance,2000,
,finance,1,
"""


def test_good_rows_go_in_and_faulty_ones_say_why(space: Space, load: Start, faults: Faults) -> None:
    run = load("account", ACCOUNTS)
    assert counts(run) == (3, 0, 0, 3, 0)
    told = {f.row: (f.field, f.code) for f in faults(run)}
    assert told[3] == ("industry", "unknown_choice")
    assert told[4][0] == "employees"
    assert told[7] == ("name", "required")
    assert {f.row: f.near for f in faults(run)}[3] == "technology"
    found = {r["name"]: r for r in rows(space, "account", "name", "parent", "source")}
    assert found["Delta"]["parent"] == found["Omega"]["id"]  # further down the file
    assert found["Omega"]["source"] == "import"


def test_a_check_foretells_the_run_and_writes_nothing(space: Space, start: Start, faults: Faults) -> None:
    run = start("account", ACCOUNTS)
    check(space, run)
    assert total(space, "account") == 0
    foretold, why = counts(run), [(f.row, f.code) for f in faults(run)]
    execute(space, run)
    assert (counts(run), [(f.row, f.code) for f in faults(run)]) == (foretold, why)
    assert run.total == run.done == 6


def test_importing_twice_changes_nothing_and_undo_leaves_nothing(space: Space, load: Start) -> None:
    data = b"Name,Employees,Parent account\nA1,5,B1\nB1,,\nC1,7,A1\n"
    first = load("account", data, key="name")
    assert counts(first) == (3, 0, 0, 0, 0)
    before = rows(space, "account", "name", "version", "updated_at")
    assert counts(load("account", data, key="name")) == (0, 0, 3, 0, 0)
    assert rows(space, "account", "name", "version", "updated_at") == before
    undo(space, system("test"), first.operation or 0)
    assert total(space, "account") == 0


def test_a_key_updates_and_empty_cells_do_as_told(space: Space, load: Start) -> None:
    load("account", b"Name,Employees,Phone\nA1,5,021-62880000\n", key="name")
    kept = load("account", b"Name,Employees,Phone\nA1,6,\n", key="name")
    assert counts(kept) == (0, 1, 0, 0, 0)
    assert rows(space, "account", "employees", "phone")[0]["phone"]
    load("account", b"Name,Employees,Phone\nA1,6,\n", key="name", empty="clear")
    assert rows(space, "account", "employees", "phone")[0]["phone"] is None
    assert counts(load("account", b"Name\nA1\nB1\n", key="name", mode="create")) == (1, 0, 0, 0, 1)
    assert counts(load("account", b"Name\nA1\nX1\n", key="name", mode="update")) == (0, 0, 1, 1, 0)


def test_a_key_that_comes_twice_in_the_file_goes_in_once(space: Space, load: Start, faults: Faults) -> None:
    run = load("contact", b"Name,E-mail\nA,a@x.cn\nB,A@X.cn\nC,c@x.cn\n", key="email")
    assert counts(run) == (2, 0, 0, 0, 1)
    assert [(f.row, f.state, said(f)) for f in faults(run)] == [
        (3, "duplicate", "This row's key came before in the file.")
    ]


def test_unknown_names_say_what_was_meant(space: Space, load: Start, faults: Faults) -> None:
    load("product", b"Name\nGTX Pro\nGTX Basic\n")
    make.person(space, "sales", name="Moses Frase")
    run = load("opportunity", b"Name,Main product,Owner\nD1,GTXPro,Moses Frase\nD2,GTX Pro,Moses Frasse\nD3,Zebra,\n")
    found = {f.row: (f.field, f.near) for f in faults(run)}
    assert found == {2: ("product", "GTX Pro"), 3: ("owner", "Moses Frase"), 4: ("product", "")}
    assert said(faults(run)[0]) == "There is no Product «GTXPro». Did you mean «GTX Pro»?"


def test_rows_too_long_or_cut_off_are_told(load: Start, faults: Faults) -> None:
    run = load("account", b"Name,Employees\nA,1,2,3\nB,1,,\nC,3\nD")
    assert counts(run) == (2, 0, 0, 2, 0)
    assert [f.code for f in faults(run)] == ["too_many", "unfinished"]


def test_one_replacement_mends_all_rows_alike(space: Space, start: Start) -> None:
    data = b"Name,Industry\n" + b"".join(b"A%d,%s\n" % (i, b"technolgy" if i % 3 else b"retial") for i in range(12))
    run = start("account", data)
    check(space, run)
    with space.write(system("test")) as work:
        groups = alike(work.session, run, run.columns)
        assert [(g.value, g.near, g.count) for g in groups] == [("technolgy", "technology", 8), ("retial", "retail", 4)]
        again = replace_value(work, run, "industry", "technolgy", "technology")
    check(space, run, rows=again)
    assert counts(run) == (8, 0, 0, 4, 0)
    check(space, run, rows=again)  # a second look at mended rows does not count them twice
    assert counts(run) == (8, 0, 0, 4, 0)
    with space.write(system("test")) as work:
        rows_ = mend(work, run, {2: {"Industry": "retail"}, 5: {"Industry": "no such"}})
    check(space, run, rows=rows_)
    assert counts(run) == (9, 0, 0, 3, 0)
    assert counts(execute(space, run)) == (9, 0, 0, 3, 0)
    assert len(rows(space, "account", "name", where='industry = "technology"')) == 8


def test_mended_keys_are_compared_with_the_rest_of_the_file(space: Space, start: Start) -> None:
    run = start("contact", b"Name,E-mail\nA,a@x.cn\nB,nonsense\n", key="email")
    check(space, run)
    with space.write(system("test")) as work:
        again = mend(work, run, {3: {"E-mail": "a@x.cn"}})
    check(space, run, rows=again)
    assert counts(run) == (1, 0, 0, 0, 1)


def test_failed_rows_come_back_as_a_file_that_can_be_imported_again(space: Space, load: Start, tmp_path: Any) -> None:
    run = load("account", ACCOUNTS)
    path = tmp_path / "failed.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as out:
        assert write_failed(space, run, out, "en") == 3
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == "Name,Industry,Employees,Parent account,Reason"
    assert "Did you mean “technology”?" in text
    again = load("account", text.replace("technolgy", "technology").replace("many", "3").encode(), key="name")
    assert counts(again) == (2, 0, 0, 1, 0)
    assert total(space, "account") == 5


def test_all_or_nothing(space: Space, start: Start) -> None:
    run = execute(space, start("account", ACCOUNTS), all_or_nothing=True)
    assert (run.failed, run.operation, total(space, "account")) == (3, None, 0)
    # what only the writing itself finds is taken back
    rows_ = b"Name,Code\nP1,1\nP2,1\n"
    run = execute(space, start("product", rows_, fields={"name": "Name", "code": "Code"}), all_or_nothing=True)
    assert run.failed == 1
    assert total(space, "product") == 0


def test_templates_fixed_values_and_settings_by_path(space: Space, load: Start) -> None:
    fields = {
        "name": ColumnMap("name", template="{who} · {id}"),
        "number": "id",
        "stage": ColumnMap(
            "stage", template="Standard / {stage}", values={"Standard / Engaging": "Standard / Proposal"}
        ),
        "owner": ColumnMap("owner", template="{who:slug}@maven.example", match="email"),
    }
    make.person(space, "sales", email="moses.frase@maven.example")
    run = load("opportunity", b"id,who,stage\n1C1I7A6R,Moses Frase,Engaging\nZ2,Moses Frase,Won\n", fields=fields,
               key="number", fixed={"type": "new"})  # fmt: skip
    assert counts(run) == (2, 0, 0, 0, 0)
    found = rows(space, "opportunity", "name", "number", "state", "type", "owner")
    assert [(r["name"], r["number"], r["state"], r["type"]) for r in found] == [
        ("Moses Frase · 1C1I7A6R", "1C1I7A6R", "open", "new"),
        ("Moses Frase · Z2", "Z2", "won", "new"),
    ]


def test_the_mapping_is_checked_against_file_and_fields(space: Space, load: Start) -> None:
    with pytest.raises(BadInput, match="no column «Nam»"):
        load("account", b"Name\nA\n", fields={"name": "Nam"})
    with pytest.raises(BadInput, match="no field «size»"):
        load("account", b"Name\nA\n", fields={"name": "Name", "size": "Name"})
    with pytest.raises(BadInput, match="needs a column"):
        load("account", b"Name\nA\n", fields={"name": "Name"}, key="email")


@pytest.mark.parametrize("mode", ["upsert", "update", "create"])
def test_a_key_of_a_record_out_of_sight_says_no_more_than_the_form(
    space: Space, start: Start, faults: Faults, mode: str
) -> None:
    """A key that is not unique answers as if nobody had it."""
    make.record(space, "account", make.person(space, "sales", name="Other"), name="Acme")
    seller = make.person(space, "sales", name="Me")
    runs = []
    for name in (b"Acme", b"Nobody has this"):
        run = execute(space, start("account", b"Name,Employees\n" + name + b",5\n", who=seller, key="name", mode=mode))
        runs.append((counts(run), [(f.field, f.code) for f in faults(run)]))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("mode", ["upsert", "create"])
def test_a_unique_key_out_of_sight_is_taken_as_the_form_says(
    space: Space, start: Start, faults: Faults, mode: str
) -> None:
    make.record(space, "account", make.person(space, "sales", name="Other"), name="Acme")
    seller = make.person(space, "sales", name="Me")
    with space.write(system("test"), catalog_change=True) as work:
        change_field(work, "account", "name", {"unique": True})
    with space.write(seller) as work, pytest.raises(Invalid) as form:
        save(work, [Change("create", "account", {"name": "Acme"})])
    run = execute(space, start("account", b"Name,Employees\nAcme,5\n", who=seller, key="name", mode=mode))
    assert [(f.field, f.code) for f in faults(run)] == [(e.field, e.code) for e in form.value.errors]
    assert counts(run)[3:] == (1, 0)


def test_rights_hold_as_in_the_form(space: Space, load: Start, start: Start) -> None:
    with pytest.raises(Forbidden):
        start("account", b"Name\nA\n", who=make.person(space, "analyst"))
    run = load("account", b"Name,Employees\nA,1\n", who=make.person(space, "operations"))
    assert counts(run) == (1, 0, 0, 0, 0)
    with space.read(system("test")) as work:
        assert find(work, Query("account", fields=("created_by",))).rows[0]["created_by"] == run.actor


def many(number: int) -> bytes:
    lines = ["Name,Parent account,E-mail,Employees"]
    for i in range(number):
        parent = f"N{(i * 7 + 3) % number}" if i % 5 == 0 else ""
        lines.append(f"N{i % (number - 20)},{parent},n{i}@x.cn,{'x' if i % 11 == 0 else i}")
    return "\n".join(lines).encode()


def whole_counts(space: Space, data: bytes) -> tuple[int, int, int, int, int]:
    """What an import brings that nobody interrupts; nothing is left of it."""
    run = execute(space, start_run(space, "account", data, key="name"))
    undo(space, system("test"), run.operation or 0)
    return counts(run)


def test_paused_imports_go_on_and_end_the_same(space: Space, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHUNK", 50)
    whole = whole_counts(space, many(400))
    run = start("account", many(400), key="name")
    execute(space, run, lambda r: r.done < 100)
    assert run.state == "paused"
    assert 0 < total(space, "account") < 150
    with space.write(system("test")) as work:
        run = state.load_run(work.session, run.id)
    execute(space, run, lambda r: r.done < 300)
    assert run.state == "paused"
    with space.write(system("test")) as work:
        run = state.load_run(work.session, run.id)
        assert state.set_state(work.session, run, "pausing", only=("running",)) is False
    execute(space, run)
    assert (run.state, counts(run)) == ("done", whole)
    assert total(space, "account") == run.created
    undo(space, system("test"), run.operation or 0)
    assert total(space, "account") == 0


def test_somebody_else_may_ask_for_a_pause(space: Space, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHUNK", 20)
    run = start("account", many(200))

    def ask(known: Run) -> None:
        with space.write(system("test")) as work:
            other = state.load_run(work.session, known.id)
            state.set_state(work.session, other, "pausing", only=("running",))

    execute(space, run, ask)
    assert run.state == "paused"
    assert run.done <= 40
