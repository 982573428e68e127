"""Encrypted fields: what comes out, what may be asked, what is refused, what history, undo and merging do with them."""

from __future__ import annotations

from io import BytesIO

import pytest

from guanxi.base.errors import BadInput, Invalid, NotFound
from guanxi.base.i18n import L
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.rights import CLEAR
from guanxi.kernel.catalog.declare import text
from guanxi.kernel.catalog.field_checks import Around, check_field
from guanxi.kernel.changes.feed import follow, seal
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.records import log_check, sealed_check
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.records.bulk import BulkEdit, bulk_edit, start_bulk
from guanxi.kernel.records.export import export
from guanxi.kernel.records.export_jobs import Wanted, start_export
from guanxi.kernel.records.feed import read_changes
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.masks import fillable, shown
from guanxi.kernel.records.merge import Merge, merge
from guanxi.kernel.records.output import values_of
from guanxi.kernel.records.read import count, find, get, rows_of
from guanxi.kernel.records.reveal import reveal
from guanxi.kernel.records.search import search
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.undo import preview, undo
from guanxi.kernel.records.write import save
from tests.kernel.sealing.conftest import CLIENT, SECRETS, client

SYSTEM = system("test")


def read(space: Space, ident: int) -> dict[str, object]:
    with space.read(SYSTEM) as work:
        return get(work, "client", ident)


def number(space: Space, where: str, who: int | None = None) -> int:
    with space.read(SYSTEM if who is None else who) as work:
        return count(work, Query("client", where))[0]


def test_values_come_back_and_lie_encrypted(space: Space, who: dict[str, int]) -> None:
    ident = client(space, **SECRETS)
    with space.read(who["reads"]) as work:
        row = get(work, "client", ident)
        assert {n: row[n] for n in SECRETS} == SECRETS
        assert find(work, Query("client", fields=("mobile",))).rows[0]["mobile"] == SECRETS["mobile"]
        assert rows_of(work, "client", [ident])[ident]["code"] == SECRETS["code"]
        json = values_of(work.catalog, work.catalog.object("client"), row, list(SECRETS))
        assert {n: json[n] for n in SECRETS} == SECRETS
        stored = work.session.rows(f'SELECT "code", "mobile" FROM {work.session.table("client")}')[0]
        assert all(len(text) > 40 and text.startswith("A") for text in stored)
        out = BytesIO()
        export(work, Query("client"), out)
        assert b"Quetzal-77" in out.getvalue()


def test_the_same_value_twice_has_two_ciphertexts_and_no_change_is_no_change(space: Space) -> None:
    one, two = client(space, diagnosis="flu"), client(space, diagnosis="flu")
    with space.read(SYSTEM) as work:
        sql = f'SELECT "id", "diagnosis" FROM {work.session.table("client")}'
        stored: dict[int, str] = dict(work.session.rows(sql))
    assert stored[one] != stored[two]
    with space.write(SYSTEM) as work:
        (same,) = save(work, [Change("edit", "client", {"diagnosis": "flu"}, id=one)]).outcomes
    assert same.done == "same"
    with space.write(SYSTEM) as work:
        (changed,) = save(work, [Change("edit", "client", {"diagnosis": "Flu"}, id=one)]).outcomes
    assert (changed.done, read(space, one)["diagnosis"]) == ("updated", "Flu")
    with space.write(SYSTEM) as work:
        save(work, [Change("edit", "client", {"diagnosis": ""}, id=one)])
    assert read(space, one)["diagnosis"] is None


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('id_number = "11010519491231002x"', 1),
        ('mobile = "139 1234 5678"', 1),
        ('mail = "Quartz@Example.com"', 1),
        ('code in ["nobody", "quetzal-77"]', 1),
        ('code != "Quetzal-77"', 1),
        ('code = "Quetzal-7"', 0),
        ("is_empty(code)", 0),
        ("not is_empty(code)", 2),
        ('name = "Li" and (code = "other" or code = "Quetzal-77")', 2),
    ],
)
def test_equality_and_emptiness_may_be_asked(space: Space, where: str, found: int) -> None:
    assert number(space, where) == 0  # before there are keys
    client(space, **SECRETS)
    client(space, code="other")
    assert number(space, where) == found


@pytest.mark.parametrize("field", SECRETS)
def test_nothing_else_may_be_asked(space: Space, who: dict[str, int], field: str) -> None:
    client(space, **SECRETS)
    with space.read(who["reads"]) as work:
        for where in (f'contains({field}, "a")', f'{field} > "a"', f"{field} = name", f'lower({field}) = "a"',
                      f'starts_with({field}, "1")'):  # fmt: skip
            with pytest.raises(BadInput):
                find(work, Query("client", where))
        with pytest.raises(BadInput):
            find(work, Query("client", ["=", ["@", f"{field}#"], "a"]))
        with pytest.raises(BadInput):
            find(work, Query("client", sort=(field,)))
        with pytest.raises(BadInput):
            tally(work, Query("client"), [field], [])
    with space.read(who["masked"]) as work:
        for where in (f'{field} = "a"', f"is_empty({field})"):
            with pytest.raises(BadInput):
                find(work, Query("client", where))


def test_masks_and_levels_hold(space: Space, who: dict[str, int]) -> None:
    ident = client(space, **SECRETS)
    with space.read(who["masked"]) as work:
        row = get(work, "client", ident)
        assert (row["mobile"], row["mail"]) == ("139****5678", "q***@example.com")
        assert isinstance(row["code"], Masked)
        assert not any(secret in str(steps(work, "client", ident)) for secret in SECRETS.values())
    with space.read(who["blind"]) as work:
        assert not SECRETS.keys() & get(work, "client", ident).keys()
    assert reveal(space, who["masked"], "client", ident, "code", entry="form").json == SECRETS["code"]
    with space.read(who["reads"]) as work:
        target = work.catalog.object("client")
        assert SECRETS.keys() <= shown(work, target).keys()
        assert SECRETS.keys() <= fillable(work, target).keys()
        assert work.actor.rights.level("client", "code") in CLEAR


def test_search_knows_nothing_of_them(space: Space) -> None:
    client(space, **SECRETS)
    follow(space.db, search_follower(space))
    with space.read(SYSTEM) as work:
        assert len(search(work, "Li")) == 1
        for secret in ("Quetzal", "5678", "sphinx", "quartz@example.com", "11010519491231002X"):
            assert not search(work, secret)


def test_unique_and_form_of_identity_numbers(space: Space) -> None:
    client(space, code="A1")
    with pytest.raises(Invalid):
        client(space, code="a 1")
    with pytest.raises(Invalid):
        client(space, id_number="110105194912310021")
    assert read(space, client(space, id_number="E 1234567"))["id_number"] == "E 1234567"


def test_history_feed_and_undo(space: Space, who: dict[str, int]) -> None:
    ident = client(space, diagnosis="first")
    with space.write(SYSTEM) as work:
        operation = save(work, [Change("edit", "client", {"diagnosis": "second"}, id=ident)]).operation
    seal(space.db)
    with space.read(who["reads"]) as work:
        (newest, _) = steps(work, "client", ident)
        assert [(f.old, f.new) for f in newest.fields] == [(("first", None), ("second", None))]
        assert [c.new for c in read_changes(work, 0)[0] if c.id == ident][-1] == {"diagnosis": "second"}
    undo(space, SYSTEM, operation)
    assert read(space, ident)["diagnosis"] == "first"
    assert number(space, 'diagnosis = "first"') == 1
    with space.write(SYSTEM) as work:
        operation = save(work, [Change("edit", "client", {"diagnosis": "third"}, id=ident)]).operation
    with space.write(SYSTEM) as work:
        save(work, [Change("edit", "client", {"diagnosis": "fourth"}, id=ident)])
    (clash,) = preview(space, SYSTEM, operation).clashes
    assert list(clash.fields.values()) == [(["first", None], ["third", None], ["fourth", None])]


def test_merging_seals_for_the_winner_and_is_taken_back(space: Space) -> None:
    winner, loser = client(space, diagnosis="one"), client(space, mobile=SECRETS["mobile"], diagnosis="two")
    with space.write(SYSTEM, kind="merge") as work:
        operation = merge(work, Merge("client", winner, (loser,), {}, {"diagnosis": loser}, {})).operation
    row = read(space, winner)
    assert (row["mobile"], row["diagnosis"]) == (SECRETS["mobile"], "two")
    assert number(space, 'diagnosis = "two"') == 1
    undo(space, SYSTEM, operation)
    assert (read(space, winner)["diagnosis"], read(space, loser)["diagnosis"]) == ("one", "two")


def test_a_ciphertext_opens_nowhere_else(space: Space) -> None:
    one, two = client(space, code="A", diagnosis="mine"), client(space, code="B", diagnosis="other")
    with space.db.write() as session:
        table = session.table("client")
        session.run(f'UPDATE {table} SET "diagnosis" = (SELECT "diagnosis" FROM {table} WHERE "id" = ?),'
                    ' "mobile" = "diagnosis" WHERE "id" = ?', (one, two))  # fmt: skip
    row = read(space, two)
    assert isinstance(row["diagnosis"], Masked)
    assert isinstance(row["mobile"], Masked)
    assert read(space, one)["diagnosis"] == "mine"
    assert sealed_check(space, 10).wrong
    with space.write(SYSTEM) as work:  # a form sends the marker back: nothing is lost by it
        save(work, [Change("edit", "client", {"diagnosis": str(row["diagnosis"]), "name": "New"}, id=two)])
    assert isinstance(read(space, two)["diagnosis"], Masked)


def test_what_would_keep_values_is_refused(space: Space, who: dict[str, int]) -> None:
    client(space, **SECRETS)
    wish = BulkEdit("edit", "client", values={"diagnosis": "x"})
    with pytest.raises(Invalid):
        bulk_edit(space, who["reads"], wish)
    with pytest.raises(Invalid):
        start_bulk(space, who["reads"], wish, 1)
    with pytest.raises(BadInput):
        start_export(space, who["reads"], Wanted("client", fields=("code",)))
    bad = text("x", L("X", "某"), encrypted=True, default="a")
    assert {f.code for f in check_field(CLIENT, bad, Around({}, {}))} == {"encrypted"}
    with pytest.raises(NotFound), space.read(SYSTEM) as work:
        get(work, "client", 1)


def test_the_log_agrees_with_the_rows(space: Space) -> None:
    client(space, **SECRETS)
    assert not log_check(space, 10).wrong
    assert not sealed_check(space, 10).wrong
