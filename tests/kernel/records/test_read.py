"""Finding: forms of reach agree, pages equal the full list, fields one may not read cannot be asked about."""

from __future__ import annotations

import random

import pytest

from guanxi.base.errors import BadInput, NotFound
from guanxi.kernel.context import Space
from guanxi.kernel.records import visibility
from guanxi.kernel.records.read import count, find, get, names
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

Who = dict[str, int]
NAMES = ("张三", "Zhang", "李四", "alpha", "Ärger", "阿里", "𠮷田", "")


@pytest.fixture
def filled(space: Space, who: Who) -> Who:
    rng = random.Random(7)
    for person in ("wang", "zhao", "li", "root"):
        rows = [
            Change(
                "create",
                "deal",
                {
                    "name": rng.choice(NAMES) or "x",
                    "amount": rng.choice([None, None, 1, 2, 2, 3, "99.99"]),
                    "close_on": rng.choice([None, "2026-01-05", "2026-02-05", "2026-02-06"]),
                    "chance": rng.choice([None, 10, 50]),
                },
            )
            for _ in range(40)
        ]
        with space.write(who[person]) as work:
            save(work, rows)
    return who


@pytest.mark.parametrize("sort", [(), ("amount",), ("-amount",), ("close_on", "-amount"), ("-close_on", "name", "id")])
def test_pages_forward_and_back_equal_the_full_list(space: Space, filled: Who, sort: tuple[str, ...]) -> None:
    with space.read(filled["root"]) as work:
        everything = [r["id"] for r in find(work, Query("deal", sort=sort, limit=1000)).rows]
        assert len(everything) == 160
        seen: list[int] = []
        cursor, last = None, None
        while True:
            page = find(work, Query("deal", sort=sort, limit=7, cursor=cursor))
            seen += [r["id"] for r in page.rows]
            if page.next is None:
                break
            cursor, last = page.next, page
        assert seen == everything
        back = [r["id"] for r in page.rows]
        while page.previous is not None:
            page = find(work, Query("deal", sort=sort, limit=7, cursor=page.previous))
            back = [r["id"] for r in page.rows] + back
        assert back == everything
        assert last is not None


def test_all_forms_of_reach_give_the_same_records(space: Space, filled: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    original = visibility._best_form
    for person, expected in (("wang", 40), ("li", 80), ("root", 160), ("zhao", 40)):
        for where in (None, "amount >= 2"):
            results = set()
            for form in ("few", "most", "some"):
                monkeypatch.setattr(visibility, "_best_form", lambda *_a, form=form: (form, 900, form == "most"))
                with space.read(filled[person]) as work:
                    page = find(work, Query("deal", where=where, sort=("-amount",), limit=1000))
                    results.add(tuple(r["id"] for r in page.rows))
                    n, more = count(work, Query("deal", where=where))
                    assert (n, more) == (len(page.rows), False)
                    if where is None:
                        assert n == expected
            assert len(results) == 1
        monkeypatch.setattr(visibility, "_best_form", original)


def test_counts_are_capped_and_exact_on_demand(space: Space, filled: Who) -> None:
    with space.read(filled["li"]) as work:
        assert count(work, Query("deal"), cap=10) == (10, True)
        assert count(work, Query("deal"), cap=0) == (80, False)


def test_what_one_may_not_read_cannot_be_asked_about(space: Space, filled: Who) -> None:
    with space.read(filled["bo"]) as work:
        (row,) = find(work, Query("deal", limit=1)).rows
        assert not {c for c in row if c.startswith("amount")}
        for question in (
            Query("deal", where="amount > 1"),
            Query("deal", sort=("amount",)),
            Query("deal", fields=("amount",)),
        ):
            with pytest.raises(BadInput):
                find(work, question)
        with pytest.raises(BadInput):
            tally(work, Query("deal"), measures=("amount",))
        with pytest.raises(BadInput):
            tally(work, Query("deal"), by=("amount",))
        with pytest.raises(BadInput):
            find(work, Query("deal", where="expected > 1"))
    with space.read(filled["nil"]) as work, pytest.raises(NotFound):
        find(work, Query("deal"))


def test_tally_is_exact_and_respects_reach(space: Space, filled: Who) -> None:
    with space.read(filled["wang"]) as work:
        rows = find(work, Query("deal", limit=1000)).rows
        (total,) = tally(work, Query("deal"), measures=("amount",))
        assert total.count == 40
        assert total.values["amount"] == sum(r["amount__b"] or 0 for r in rows)
        months = tally(work, Query("deal"), by=("close_on:month",), measures=("amount",))
        assert sum(g.count for g in months) == 40
        assert {g.keys[0] for g in months} <= {None, 20454, 20485}


def test_formulas_are_computed_and_can_be_filtered(space: Space, who: Who) -> None:
    with space.write(who["wang"]) as work:
        ident = save(work, [Change("create", "deal", {"name": "x", "amount": "200", "chance": "25"})]).id
    with space.read(who["wang"]) as work:
        assert get(work, "deal", ident)["expected"] == 500_000
        assert [r["id"] for r in find(work, Query("deal", where="expected == 50")).rows] == [ident]
        assert find(work, Query("deal", where="expected > 50")).rows == []


def test_names_of_invisible_records_are_left_out(space: Space, who: Who) -> None:
    with space.write(who["zhao"]) as work:
        foreign = save(work, [Change("create", "client", {"name": "secret"})]).id
    with space.read(who["wang"]) as work:
        assert names(work, "client", [foreign]) == {}
        with pytest.raises(NotFound):
            get(work, "client", foreign)


def test_a_parent_field_can_be_filtered_only_where_the_parent_is_seen(space: Space, who: Who) -> None:
    with space.write(who["root"]) as work:
        client = save(work, [Change("create", "client", {"name": "c", "grade": "A"})]).id
        deal = save(work, [Change("create", "deal", {"name": "x", "client": client, "owner": who["wang"]})]).id
    with space.read(who["root"]) as work:
        assert [r["id"] for r in find(work, Query("deal", where='client.grade == "A"')).rows] == [deal]
    with space.read(who["wang"]) as work:
        assert find(work, Query("deal", where='client.grade == "A"')).rows == []


def test_a_cursor_of_another_sort_or_a_forged_one_is_refused(space: Space, filled: Who) -> None:
    with space.read(filled["root"]) as work:
        cursor = find(work, Query("deal", limit=5, sort=("amount",))).next
        for forged in (cursor, "%%%", "W10", "bm90IGpzb24"):
            with pytest.raises(BadInput):
                find(work, Query("deal", limit=5, sort=("-amount",), cursor=forged))


def test_personal_records_are_nobody_elses_not_even_administrators(space: Space, filled: Who) -> None:
    with space.write(filled["wang"]) as work:
        mine = {"name": "mine", "object": "deal", "person": filled["wang"]}
        save(work, [Change("create", "view", mine)])
    with space.write(filled["root"]) as work:
        ours = {"name": "ours", "object": "deal", "person": filled["root"], "shared": True}
        save(work, [Change("create", "view", ours)])
    seen = {}
    for person in ("wang", "root", "nil"):
        with space.read(filled[person]) as work:
            seen[person] = [r["name"] for r in find(work, Query("view", sort=("name",))).rows]
    assert seen == {"wang": ["mine", "ours"], "root": ["ours"], "nil": ["ours"]}


@pytest.mark.parametrize("person", ["wang", "zhao", "li", "root"])
def test_an_or_never_reaches_past_rights_trash_or_page(space: Space, filled: Who, person: str) -> None:
    """`a or b` is joined to the reach, the state and the page's own conditions as one."""
    with space.write(filled["root"]) as work:
        first = find(work, Query("deal", limit=3)).rows
        save(work, [Change("trash", "deal", id=row["id"]) for row in first])
    everything = "amount > 0 or is_empty(amount)"
    with space.read(filled[person]) as work:
        plain = {row["id"] for row in find(work, Query("deal", limit=1000)).rows}
        for sort in ((), ("-amount",), ("name",), ("close_on",)):
            rows = find(work, Query("deal", where=everything, sort=sort, limit=1000)).rows
            assert len(rows) == len(plain)
            assert {row["id"] for row in rows} == plain
        assert count(work, Query("deal", where=everything), cap=0) == (len(plain), False)
        assert sum(group.count for group in tally(work, Query("deal", where=everything))) == len(plain)
