"""The first records of each lane are the ones a list of that lane would begin with."""

from __future__ import annotations

from guanxi.kernel.context import Space
from guanxi.kernel.records.lanes import first_of_each
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

Who = dict[str, int]


def test_lanes_are_the_heads_of_their_lists(space: Space, who: Who) -> None:
    for name in ("wang", "zhao"):
        with space.write(who[name]) as work:
            save(work, [
                Change("create", "client", {"name": f"{name}{n}", "staff": n if n % 3 else None,
                                            "grade": "ABX"[n % 3]}) for n in range(30)
            ])  # fmt: skip
    for user in (who[n] for n in ("root", "li", "wang", "bo")):
        with space.read(user) as work:
            if work.actor.rights.scope("client", "read") == "none":
                continue
            lanes = first_of_each(work, Query("client", sort=("-staff",)), "grade", ["A", "B", "X"], 7)
            for key, rows in lanes.items():
                head = find(work, Query("client", f'grade = "{key}"', sort=("-staff",), limit=7)).rows
                assert [r["id"] for r in rows] == [r["id"] for r in head], key
