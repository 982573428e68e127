"""Reading sensitive values leaves one row, whatever the number of fields; reading others leaves none."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.records.export import note_export
from guanxi.kernel.records.looks import note_record, note_rows
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.types import Query
from tests import make


def acts_in(space: Any) -> list[tuple[Any, ...]]:
    space.accesses.flush()
    with space.db.read() as session:
        sql = f"SELECT kind, actor, object, record, count, detail FROM {session.table('access_log')} ORDER BY pos, n"
        return [tuple(row) for row in session.rows(sql)]


def test_a_record_with_a_mobile_number_is_noted_once(space: Any) -> None:
    person = make.person(space)
    known = make.record(space, "contact", name="Wang Fang", mobile="13800001234")
    other = make.record(space, "contact", name="Li Na", mobile=None)
    with space.read(person) as work:
        target = work.catalog.object("contact")
        for ident in (known, other):
            note_record(work, target, get(work, "contact", ident), entry="form", address="10.1.1.1")
    assert acts_in(space) == [("read", person, "contact", known, 1, '{"fields":["mobile"]}')]


def test_a_list_is_one_row_with_its_count(space: Any) -> None:
    person = make.person(space)
    for number in range(3):
        make.record(space, "contact", name=f"Wang {number}", mobile=f"1380000123{number}")
    with space.read(person) as work:
        target = work.catalog.object("contact")
        page = find(work, Query("contact"))
        note_rows(work, target, page.rows, ["name"], entry="form")
        note_rows(work, target, page.rows, ["name", "mobile"], entry="form")
    assert acts_in(space) == [("list", person, "contact", None, 3, '{"fields":["mobile"]}')]


def test_an_export_names_its_fields(space: Any) -> None:
    note_export(space, 7, "contact", 3410, ["name", "mobile"], entry="form", address="10.1.1.1")
    assert acts_in(space) == [("export", 7, "contact", None, 3410, '{"fields":["name","mobile"]}')]
