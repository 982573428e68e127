"""Both ways of giving a record as JSON say the same: the fast one for answers, the plain one for exports."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from guanxi.base.errors import Invalid
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.output import converter, values_of
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

FULL: dict[str, dict[str, Any]] = {
    "client": {"name": "禾木", "staff": 7, "likes": ["tea", "wine"], "tags": ["VIP"], "grade": "A"},
    "deal": {
        "name": "x",
        "amount": {"amount": "1234.50", "currency": "CNY"},
        "chance": "12.5",
        "close_on": "2026-11-21",
    },
}


@pytest.mark.parametrize("name", sorted(FULL))
def test_raw_and_plain_agree(space: Space, name: str) -> None:
    with space.write(system("test"), kind="edit") as work:
        try:
            save(work, [Change("create", name, FULL[name]), Change("create", name, {"name": "empty"})])
        except Invalid as error:
            raise AssertionError([(e.field, str(e.message)) for e in error.errors]) from error
        target = work.catalog.object(name)
        page = find(work, Query(name, sort=("id",)))
        shown = [converter(work.catalog, target, page.fields)(row) for row in page.rows]
        fast = msgspec.json.decode(msgspec.json.encode(shown))
        plain = [values_of(work.catalog, target, row, page.fields) for row in page.rows]
    assert fast == plain
    for key, value in FULL[name].items():
        assert fast[0][key] == value
    assert fast[0]["id"] == str(page.rows[0]["id"])
    assert fast[0]["created_at"].endswith("Z")
