"""Search: Chinese parts, pinyin, initials, phone tails; rights hold; what one may not read finds nothing."""

from __future__ import annotations

import pytest

from guanxi.kernel.changes.feed import follow
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find
from guanxi.kernel.records.search import search
from guanxi.kernel.records.search_index import search_follower
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

Who = dict[str, int]


@pytest.fixture
def indexed(space: Space, who: Who) -> Who:
    with space.write(who["wang"]) as work:
        names = ("禾木智能装备（苏州）有限公司", "云杉冷链物流", "Alder & Finch GmbH")
        save(work, [Change("create", "client", {"name": n}) for n in names])
    with space.write(who["zhao"]) as work:
        save(work, [Change("create", "client", {"name": "禾木机械"})])
    follow(space.db, search_follower(space))
    return who


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("冷链", "云杉冷链物流"),
        ("ysll", "云杉冷链物流"),
        ("hemu", "禾木智能装备（苏州）有限公司"),
        ("alder", "Alder & Finch GmbH"),
    ],
)
def test_parts_pinyin_and_initials_are_found(space: Space, indexed: Who, text: str, title: str) -> None:
    with space.read(indexed["wang"]) as work:
        assert [h.title for h in search(work, text)] == [title]
        rows = find(work, Query("client", text=text)).rows
        assert [r["name"] for r in rows] == [title]


def test_each_person_finds_only_what_they_see(space: Space, indexed: Who) -> None:
    expected = {"wang": 1, "zhao": 1, "li": 1, "root": 2, "nil": 0}
    for person, number in expected.items():
        with space.read(indexed[person]) as work:
            assert len(search(work, "禾木")) == number, person


def test_the_index_follows_edits_trash_and_moves(space: Space, indexed: Who) -> None:
    with space.read(indexed["wang"]) as work:
        (hit,) = search(work, "云杉")
    with space.write(indexed["wang"]) as work:
        save(work, [Change("edit", "client", {"name": "青禾纺织"}, id=hit.id)])
    follow(space.db, search_follower(space))
    with space.read(indexed["wang"]) as work:
        assert search(work, "云杉") == []
        assert [h.id for h in search(work, "qinghe")] == [hit.id]
    with space.write(indexed["root"]) as work:
        save(work, [Change("edit", "client", {"owner": indexed["zhao"]}, id=hit.id)])
    with space.read(indexed["wang"]) as work:
        assert search(work, "青禾") == []  # rights are judged on the record, not on the index
    follow(space.db, search_follower(space))
    with space.write(indexed["zhao"]) as work:
        assert [h.id for h in search(work, "青禾")] == [hit.id]
        save(work, [Change("trash", "client", id=hit.id)])
    follow(space.db, search_follower(space))
    with space.read(indexed["root"]) as work:
        assert search(work, "青禾") == []


def test_hostile_words_are_only_words(space: Space, indexed: Who) -> None:
    with space.read(indexed["root"]) as work:
        for text in ('"', "' OR 1=1 --", "a & b | !c", "NEAR(", "*", "\u0000", "禾" * 5000, "😀"):
            search(work, text)
