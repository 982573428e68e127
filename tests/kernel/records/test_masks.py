"""Masked fields: shown as masks wherever records come out, and refused wherever they could be asked about."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from guanxi.base.errors import BadInput, Forbidden, Invalid, NotFound, TooMany
from guanxi.base.i18n import L
from guanxi.base.ids import IdSource
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.objects import CORE
from guanxi.kernel.catalog.declare import date, email, formula, integer, lookup, money, phone, text
from guanxi.kernel.catalog.model import App, Object
from guanxi.kernel.changes.feed import follow
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.imports.resolve import Unresolved, resolve
from guanxi.kernel.records.export import export
from guanxi.kernel.records.feed import read_changes
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.masks import fillable, shown
from guanxi.kernel.records.output import values_of
from guanxi.kernel.records.read import count, find, get, names, rows_of
from guanxi.kernel.records.reveal import reveal
from guanxi.kernel.records.search import search
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.timeline import timeline
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import preview
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.install import install

if TYPE_CHECKING:
    from pathlib import Path

    from guanxi.kernel.storage.database import Database

PATIENT = Object(
    "patient",
    L("Patient", "病人"),
    L("Patients", "病人"),
    fields=(
        text("name", L("Name", "姓名"), required=True, history=True),
        phone("mobile", L("Mobile", "手机"), history=True, sensitive=True),
        email("email", L("E-mail", "邮箱"), history=True),
        money("debt", L("Debt", "欠款"), history=True),
        integer("score", L("Score", "分"), history=True),
        date("born_on", L("Born", "生日"), history=True),
        formula("double", L("Double", "双倍"), formula="score * 2", result="integer"),
        lookup("friend", L("Friend", "朋友"), to="patient"),
    ),
    search=("name", "mobile", "email"),
    sorts=("name", "score", "born_on", "debt"),
)
APPS = (CORE, App("clinic", L("Clinic", "诊所"), "Tests.", needs=("core",), objects=(PATIENT,)))
MASKED = ("mobile", "email", "debt", "score", "born_on")
ALL = {"*": dict.fromkeys(("create", "read", "edit", "delete", "export"), "all")}
OWN = {"level": "masked", "better": [["owner = me", "edit"]]}
ROLES: dict[str, dict[str, Any]] = {
    "masked": {"objects": ALL, "fields": {f"patient.{n}": "masked" for n in MASKED}, "abilities": ["import"]},
    "reveals": {"objects": ALL, "fields": {f"patient.{n}": "masked" for n in MASKED}, "abilities": ["reveal"]},
    "own": {"objects": ALL, "fields": {f"patient.{n}": OWN for n in MASKED}, "abilities": ["reveal"]},
    "nameless": {"objects": ALL, "fields": {"patient.name": "masked"}},
}
PLAIN = {"name": "张三丰", "mobile": "13800001234", "email": "li@example.com", "debt": "1234.50", "score": 77,
         "born_on": "1990-01-02"}  # fmt: skip
SECRETS = ("13800001234", "0000", "li@", "1234.50", "1234.5", "12345000", "1990", "7305")


@pytest.fixture
def space(database: Database, tmp_path: Path) -> Space:
    with database.write(catalog_change=True) as session:
        install(session, APPS)
    return Space("test", tmp_path, database, IdSource(1, now_micros), APPS)


@pytest.fixture
def who(space: Space) -> dict[str, int]:
    """A person per role, and a record of somebody else's."""
    found: dict[str, int] = {}
    with space.write(system("test people")) as work:
        texts = {name: msgspec.json.encode(spec).decode() for name, spec in ROLES.items()}
        roles = {n: save(work, [Change("create", "role", {"name": n, "rights": r})]).id for n, r in texts.items()}
    with space.write(system("test people")) as work:
        for name, role in roles.items():
            values = {"name": name, "email": f"{name}@example.com", "roles": [role]}
            found[name] = save(work, [Change("create", "user", values)]).id
        values = {"name": "other", "email": "other@example.com", "roles": [roles["masked"]]}
        found["other"] = save(work, [Change("create", "user", values)]).id
    with space.write(system("test data")) as work:
        found["record"] = save(work, [Change("create", "patient", {**PLAIN, "owner": str(found["other"])})]).id
    follow(space.db, search_follower(space))
    return found


def leaks(told: object) -> list[str]:
    said = str(told)
    return [secret for secret in SECRETS if secret in said]


def test_every_way_out_shows_masks(space: Space, who: dict[str, int]) -> None:
    with space.read(who["masked"]) as work:
        target = work.catalog.object("patient")
        page = find(work, Query("patient", fields=("id", "name", *MASKED))).rows
        one = get(work, "patient", who["record"])
        some = rows_of(work, "patient", [who["record"]], ("mobile", "debt"))
        json = values_of(work.catalog, target, one, ["name", *MASKED])
    assert page[0]["mobile"] == one["mobile"] == some[who["record"]]["mobile"] == "138****1234"
    assert isinstance(one["mobile"], Masked)
    assert json == {"id": str(who["record"]), "version": 1, "name": "张三丰", "mobile": "138****1234",
                    "email": "l***@example.com", "debt": "***", "score": "***", "born_on": "***"}  # fmt: skip
    assert one["debt__c"] is None
    assert one["debt__b"] is None
    assert not leaks((page, {k: v for k, v in one.items() if k not in ("id", "owner", "created_at", "updated_at")}))


@pytest.mark.parametrize("field", MASKED)
def test_no_question_may_name_a_masked_field(space: Space, who: dict[str, int], field: str) -> None:
    unknown = "nonsense"
    with space.read(who["masked"]) as work:
        for make in (
            lambda name: Query("patient", where=f"{name} != null"),
            lambda name: Query("patient", where=f"friend.{name} != null"),
            lambda name: Query("patient", sort=(name,)),
            lambda name: Query("patient", sort=(f"-{name}",)),
        ):
            with pytest.raises(BadInput) as refused:
                find(work, make(field))
            with pytest.raises(BadInput) as never:
                find(work, make(unknown))
            assert type(refused.value) is type(never.value)
            said = [str(e.value).partition(" Did you mean")[0] for e in (refused, never)]
            assert said[0].replace(field, "?") == said[1].replace(unknown, "?")
        with pytest.raises(BadInput):
            count(work, Query("patient", where=f"is_empty({field})"))
        with pytest.raises(BadInput):
            tally(work, Query("patient"), [field], [])
        with pytest.raises(BadInput):
            tally(work, Query("patient"), [], [field])


def test_a_formula_over_a_masked_field_is_not_there(space: Space, who: dict[str, int]) -> None:
    with space.read(who["masked"]) as work:
        assert "double" not in shown(work, work.catalog.object("patient"))
        assert "double" not in get(work, "patient", who["record"])
        with pytest.raises(BadInput):
            find(work, Query("patient", where="double = 154"))
        with pytest.raises(BadInput):
            find(work, Query("patient", fields=("double",)))


def test_no_fragment_of_a_masked_value_finds_it(space: Space, who: dict[str, int]) -> None:
    mobile = "13800001234"
    fragments = {mobile[a:b] for a in range(len(mobile)) for b in range(a + 2, len(mobile) + 1)}
    fragments |= {"li@", "li@example.com", "example", "张三丰 1380000", "+8613800001234", "138****1234"}
    with space.read(who["masked"]) as work:
        found = [words for words in sorted(fragments) if search(work, words)]
        listed = [words for words in sorted(fragments) if find(work, Query("patient", text=words)).rows]
        assert search(work, "张三丰")
    with space.read(system("sees all")) as work:
        assert search(work, "1234")
    assert not found
    assert not listed


def test_files_hold_masks(space: Space, who: dict[str, int]) -> None:
    for form in ("csv", "jsonl", "xlsx"):
        for header in ("names", "labels"):
            out = io.BytesIO()
            with space.read(who["masked"]) as work:
                export(work, Query("patient", fields=("name", *MASKED)), out, format=form, header=header)
            if form == "csv":
                row = list(csv.reader(io.StringIO(out.getvalue().decode())))[1]
                assert row == ["张三丰", "138****1234", "l***@example.com", "***", "***", "***"]
            if form != "xlsx":
                assert not leaks(out.getvalue().decode())


def test_history_feed_timeline_and_undo_show_masks(space: Space, who: dict[str, int]) -> None:
    ident = who["record"]
    with space.write(who["other"]) as work, work.as_system("test"):
        first = save(work, [Change("edit", "patient", {"score": 78, "mobile": "13900005678"}, id=ident)]).operation
    with space.write(system("later")) as work:
        save(work, [Change("edit", "patient", {"score": 79, "mobile": "13900009999"}, id=ident)])
    with space.read(who["masked"]) as work:
        past = [(f.field.name, f.old, f.new) for s in steps(work, "patient", ident) for f in s.fields]
        told = timeline(work, work.catalog.object("patient"), ident)
        shown_steps = [(f.field.name, f.old, f.new) for i in told.items if i.step for f in i.step.fields]
        changes, _, _ = read_changes(work, 0)
        fed = [(c.old, c.new) for c in changes if c.object == "patient"]
    assert ("mobile", ("139****5678",), ("139****9999",)) in past
    assert shown_steps
    assert fed
    for told_values in (past, shown_steps, fed):
        assert not [s for s in ("0000", "5678'\"", "13900", "13800", "1234.5", "12345000") if s in str(told_values)]
        assert "78" not in [str(v) for _, *values in past for v in values]
    undone = preview(space, who["other"], first)
    assert undone.clashes
    assert "***" in str(undone.clashes)
    assert "13900" not in str(undone.clashes)


def test_a_masked_title_stands_for_the_record(space: Space, who: dict[str, int]) -> None:
    with space.read(who["nameless"]) as work:
        assert names(work, "patient", [who["record"]]) == {who["record"]: "张**"}
        assert not search(work, "三丰")
        field = work.catalog.field(work.catalog.object("patient"), "friend")
        for match in ("", "name", "mobile"):
            found = resolve(work, field, ["张三丰", "张三风"], match, {})
            assert all(isinstance(v, Unresolved) and not v.near for v in found.values()), match
    with space.read(system("sees all")) as work:
        assert resolve(work, field, ["张三丰"], "", {}) == {"张三丰": who["record"]}


def test_import_matching_does_not_ask_by_a_masked_field(space: Space, who: dict[str, int]) -> None:
    with space.read(who["masked"]) as work:
        field = work.catalog.field(work.catalog.object("patient"), "friend")
        assert isinstance(resolve(work, field, ["li@example.com"], "email", {})["li@example.com"], Unresolved)
        assert isinstance(resolve(work, field, ["li@example.com"], "", {})["li@example.com"], Unresolved)


def test_a_masked_field_is_closed_for_writing(space: Space, who: dict[str, int]) -> None:
    for change in (
        Change("edit", "patient", {"mobile": "13900000000"}, id=who["record"]),
        Change("edit", "patient", {"mobile": Masked("138****1234")}, id=who["record"]),
        Change("create", "patient", {"name": "x", "score": 3}),
    ):
        with pytest.raises(Invalid) as refused, space.write(who["masked"]) as work:
            save(work, [change])
        assert [e.code for e in refused.value.errors] == ["read_only"]


def test_a_condition_clears_the_rows_it_holds_for(space: Space, who: dict[str, int]) -> None:
    me = who["own"]
    with space.write(me) as work:
        mine = save(work, [Change("create", "patient", {**PLAIN, "name": "李四"})]).id
    with space.read(me) as work:
        rows = {r["id"]: r for r in find(work, Query("patient", fields=("id", "name", *MASKED))).rows}
        assert rows[mine]["mobile"] == "+8613800001234"
        assert rows[mine]["debt"] == 12_345_000
        assert rows[who["record"]]["mobile"] == "138****1234"
        assert rows[mine]["mobile__may"] == "edit"
        assert rows[who["record"]]["mobile__may"] == "masked"
        assert get(work, "patient", mine)["score"] == 77
        assert "mobile" in fillable(work, work.catalog.object("patient"))
        for question in ({"where": "mobile != null"}, {"sort": ("score",)}, {"where": "owner = me() and score > 1"}):
            with pytest.raises(BadInput):
                find(work, Query("patient", **question))
        assert not search(work, "13800001234")
    with space.write(me) as work:
        save(work, [Change("edit", "patient", {"mobile": "13700001111"}, id=mine)])
    with pytest.raises(Invalid), space.write(me) as work:
        save(work, [Change("edit", "patient", {"mobile": "13700001111"}, id=who["record"])])
    with pytest.raises(Invalid), space.write(me) as work:  # taking it over does not open it in the same breath
        save(work, [Change("edit", "patient", {"owner": str(me), "mobile": "13700001111"}, id=who["record"])])
    with pytest.raises(Invalid), space.write(me) as work:
        save(work, [Change("create", "patient", {"name": "y", "score": 1, "owner": str(who["other"])})])


def test_a_broken_condition_opens_nothing(space: Space, who: dict[str, int]) -> None:
    for condition in ("gone = 1", "((", 'score > "x"'):
        rights = {"objects": ALL, "fields": {"patient.mobile": {"level": "masked", "better": [[condition, "edit"]]}}}
        with space.write(system("test")) as work:
            role = next(i for i, r in work.catalog.config["role"].items() if r["name"] == "own")
            save(work, [Change("edit", "role", {"rights": msgspec.json.encode(rights).decode()}, id=role)])
        with space.read(who["own"]) as work:
            assert get(work, "patient", who["record"])["mobile"] == "138****1234"


def test_revealing_is_a_right_noted_and_limited(space: Space, who: dict[str, int]) -> None:
    ident = who["record"]

    def noted() -> list[tuple[Any, ...]]:
        with space.read(system("look")) as work:
            return work.session.rows(f"SELECT actor, record, detail FROM {work.session.table('access_log')}"
                                     " WHERE kind = 'reveal' ORDER BY pos, n")  # fmt: skip

    with pytest.raises(Forbidden):
        reveal(space, who["masked"], "patient", ident, "mobile", entry="api")
    with pytest.raises(NotFound):
        reveal(space, who["reveals"], "patient", 5, "mobile", entry="api")
    with pytest.raises(BadInput) as unknown:
        reveal(space, who["reveals"], "patient", ident, "nonsense", entry="api")
    with pytest.raises(BadInput) as hidden:
        reveal(space, who["reveals"], "patient", ident, "double", entry="api")
    assert str(unknown.value).replace("nonsense", "?") == str(hidden.value).replace("double", "?")
    assert not noted()
    assert reveal(space, who["reveals"], "patient", ident, "mobile", entry="api").json == "+8613800001234"
    assert reveal(space, who["reveals"], "patient", ident, "debt", entry="api").json["amount"] == "1234.50"
    assert [(a, r) for a, r, _ in noted()] == [(who["reveals"], ident)] * 2
    assert '"mobile"' in noted()[0][2]
    assert "1380" not in str(noted())
    for _ in range(28):
        reveal(space, who["reveals"], "patient", ident, "mobile", entry="api")
    with pytest.raises(TooMany) as over:
        reveal(space, who["reveals"], "patient", ident, "mobile", entry="api")
    assert 0 < over.value.extra["retry_after"] <= 3_600
    assert len(noted()) == 30


def test_statements_do_not_grow(space: Space, who: dict[str, int]) -> None:
    counts = []
    for person in ("nameless", "own"):
        with space.read(who[person]) as work:
            find(work, Query("patient", limit=5))
        with space.read(who[person]) as work:
            before = work.session.statements
            find(work, Query("patient", fields=("id", "mobile"), limit=5))
            counts.append(work.session.statements - before)
    assert counts[0] == counts[1] == 1


def test_masked_matches_do_not_crowd_out_what_may_be_found(space: Space, who: dict[str, int]) -> None:
    with space.write(system("test data")) as work:
        wanted = save(work, [Change("create", "patient", {"name": "1380 Trading"})]).id
        many = [Change("create", "patient", {"name": f"P{n}", "mobile": f"138000{n:05}"}) for n in range(200)]
        save(work, many)
    follow(space.db, search_follower(space))
    with space.read(who["masked"]) as work:
        assert [hit.id for hit in search(work, "1380")] == [wanted]
