"""Many records at once: the same rows and the same log as one by one, empty columns, sort keys and faults included."""

from __future__ import annotations

import random
from typing import Any

from guanxi.kernel.changes.log import history
from guanxi.kernel.context import Space
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.contact import parse_phone
from guanxi.kernel.records import store
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests.kernel.fields.samples import ENV, sample

Who = dict[str, int]
OWN = ("id", "created_at", "updated_at")


def clients() -> list[dict[str, Any]]:
    """Mixed shapes: most with a name alone, a few with a set, a number, or something wrong."""
    values: list[dict[str, Any]] = [{"name": f"苏州{n % 7}"} for n in range(store.MANY + 20)]
    values[3] |= {"likes": ["wine", "tea"], "staff": "12"}
    values[4] |= {"staff": "many"}
    values[5] |= {"colour": "red", "staff": "-3"}
    values[6] |= {"name": "重庆", "tags": ["重点"], "grade": "A"}
    return values


def test_a_long_list_is_stored_and_logged_like_its_records_alone(space: Space, who: Who) -> None:
    wanted = clients()
    with space.write(who["wang"]) as work:
        many = save(work, [Change("create", "client", v) for v in wanted], collect=True).outcomes
    for place in (0, 3, 4, 5, 6, len(wanted) - 1):
        with space.write(who["wang"]) as work:
            alone = save(work, [Change("create", "client", wanted[place])], collect=True).outcomes[0]
        listed = many[place]
        assert [(e.field, e.code) for e in listed.errors] == [(e.field, e.code) for e in alone.errors]
        assert listed.done == alone.done
        if alone.errors:
            continue
        with space.read(who["wang"]) as work:
            rows = [get(work, "client", o.id or 0) for o in (listed, alone)]
            assert _common(rows[0]) == _common(rows[1])
            keys = [_sort_key(work, o.id or 0) for o in (listed, alone)]
            assert keys[0] == keys[1] is not None
            logs = [[(p.op, p.version, p.old, p.new) for p in _past(work, o.id or 0)] for o in (listed, alone)]
            assert logs[0] == logs[1]


def _common(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in OWN and k != "number"}


def _sort_key(work: Any, ident: int) -> Any:
    return work.session.value(f'SELECT "name__k" FROM {work.session.table("client")} WHERE "id" = ?', (ident,))


def _past(work: Any, ident: int) -> list[Any]:
    return [p.entry for p in history(work.session, work.catalog.object("client").id, ident)]


def test_an_edit_that_repeats_the_name_changes_nothing_and_keeps_its_sort_key(space: Space, who: Who) -> None:
    with space.write(who["wang"]) as work:
        ident = save(work, [Change("create", "client", {"name": "张伟"})]).id
    with space.write(who["wang"]) as work:
        assert save(work, [Change("edit", "client", {"name": "张伟"}, id=ident)]).outcomes[0].done == "same"
    with space.write(who["wang"]) as work:
        save(work, [Change("edit", "client", {"name": "张伟", "staff": "3"}, id=ident)])
    with space.read(who["wang"]) as work:
        before = _sort_key(work, ident)
    with space.write(who["wang"]) as work:
        save(work, [Change("edit", "client", {"name": "李伟"}, id=ident)])
    with space.read(who["wang"]) as work:
        assert before == "zhang 张 wei 伟"
        assert _sort_key(work, ident) == "li 李 wei 伟"


def test_the_short_way_for_chinese_numbers_stores_what_the_library_would() -> None:
    chance, field = random.Random(7), sample("phone")
    for _ in range(2_000):
        head = chance.choice(("", "+86", "+86 ", "+86-", "0"))
        digits = str(chance.randrange(10 ** chance.choice((8, 9, 10)), 10**11))
        cut = chance.randrange(2, len(digits))
        raw = head + digits[:cut] + chance.choice(("", "-", " ")) + digits[cut:]
        # the library takes the way round the short one when the number is written with full-width digits
        wide = raw.translate({ord(c): chr(ord(c) + 0xFEE0) for c in "0123456789"})
        assert _stored(field, raw) == _stored(field, wide), raw


def _stored(field: Any, raw: str) -> Any:
    try:
        return parse_phone(field, raw, ENV)
    except ParseError as error:
        return error.code
