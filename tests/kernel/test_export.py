"""Exports: sheets of limited length, guarded formulas, amounts with their currency."""

from __future__ import annotations

import csv
import io
from typing import Any

from python_calamine import CalamineWorkbook

from guanxi.kernel.access.actors import system
from guanxi.kernel.records.export import export
from guanxi.kernel.records.export_files import guard
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save


def test_a_long_export_goes_on_in_the_next_sheet(space: Any) -> None:
    with space.write(system("test")) as work:
        save(work, [Change("create", "account", {"name": f"=Firm {n}"}) for n in range(25)])
    out = io.BytesIO()
    with space.read(system("test")) as work:
        assert export(work, Query("account", fields=("name",)), out, format="xlsx", sheet_rows=11) == 25
    book = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue()))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [len(rows) for rows in sheets] == [11, 11, 6]
    assert [row[0] for rows in sheets for row in rows[1:]] == [f"=Firm {n}" for n in range(25)]


def test_formulas_are_guarded_and_numbers_are_not() -> None:
    for text in ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1", "-a"):
        assert guard(text) == f"'{text}"
    for value in ("+8613800001234", "-12.50", "- 3", "远山", "a=b", 7, None):
        assert guard(value) == value


def test_foreign_amounts_say_their_currency(space: Any) -> None:
    with space.write(system("test")) as work:
        save(work, [Change("create", "currency", {"code": "USD", "rate": "7.1"})])
    with space.write(system("test")) as work:
        values = {"name": "Deal", "amount": {"amount": "12.50", "currency": "USD"}}
        save(work, [Change("create", "opportunity", values)])
        out = io.BytesIO()
        export(work, Query("opportunity", fields=("amount",)), out)
        (row,) = csv.DictReader(io.StringIO(out.getvalue().decode()))
        assert row["amount"] == "USD 12.50"
        again = save(work, [Change("create", "opportunity", {"name": "Copy", "amount": row["amount"]})])
        assert again.ids
