"""Search: Chinese parts, pinyin, initials, phone tails; rights hold; what one may not read finds nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from guanxi.kernel.changes.feed import follow
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find
from guanxi.kernel.records.recents import note_opened, opened
from guanxi.kernel.records.search import search
from guanxi.kernel.records.search_index import index_records, search_follower
from guanxi.kernel.records.search_rebuild import drift, rebuild
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


@pytest.mark.parametrize("typed", ["aldr", "alderr", "adler", "aldeer", "Älder finhc", "alder finh"])
def test_a_typo_in_a_latin_word_still_finds(space: Space, indexed: Who, typed: str) -> None:
    with space.read(indexed["wang"]) as work:
        (hit,) = search(work, typed)
    assert (hit.title, hit.why) == ("Alder & Finch GmbH", "near")


def test_typos_are_no_way_around_rights(space: Space, indexed: Who) -> None:
    with space.write(indexed["zhao"]) as work:
        save(work, [Change("create", "client", {"name": "Wintermute Systems"})])
    follow(space.db, search_follower(space))
    with space.read(indexed["zhao"]) as work:
        assert [h.title for h in search(work, "wintermuet")] == ["Wintermute Systems"]
    with space.read(indexed["wang"]) as work:
        assert search(work, "wintermuet") == search(work, "wintermute") == []


def test_what_one_opened_lately_comes_first(space: Space, indexed: Who) -> None:
    client = client_of(space)
    with space.write(indexed["root"]) as work:
        save(work, [Change("create", "client", {"name": f"恒通贸易{n:03}"}) for n in range(150)])
    follow(space.db, search_follower(space))
    with space.read(indexed["root"]) as work:
        oldest = min(h.id for h in search(work, "恒通", limit=1_000))
        first = find(work, Query("client", where="name = '恒通贸易000'")).rows[0]["id"]
        assert first < oldest  # not among the newest that are looked at
    note_opened(space, indexed["root"], client, first)
    with space.read(indexed["root"]) as work:
        assert search(work, "恒通")[0].id == first
    with space.read(indexed["li"]) as work:  # another's habits change nothing here
        assert first not in {h.id for h in search(work, "恒通")}


def test_the_list_of_opened_records_stays_short(space: Space, indexed: Who) -> None:
    for n in range(1, 352):
        note_opened(space, 7, 1, n)
    found = opened(space, 7)
    assert found[0] == (1, 351)
    assert len(found) == 200
    with space.db.ephemeral(write=False) as session:
        assert session.value(f'SELECT count(*) FROM {session.table("recent")} WHERE "user" = 7') <= 200 + 51


def test_the_index_is_made_anew_when_its_rules_change(space: Space, indexed: Who) -> None:
    rebuild(space)
    assert rebuild(space) == 0  # all is as it should be
    with space.db.write() as session:
        session.run(f"DELETE FROM {session.table('search_doc')}")
        if session.dialect == "sqlite":
            session.run("INSERT INTO search_gram (search_gram) VALUES ('delete-all')")
        session.run(f"UPDATE {session.table('search_state')} SET made_of = 'old rules'")
    assert {name for name, _ in drift(space)} >= {"client"}
    assert rebuild(space) >= 4
    assert drift(space) == []
    with space.read(indexed["wang"]) as work:
        assert [h.title for h in search(work, "冷链")] == ["云杉冷链物流"]


def client_of(space: Space) -> int:
    with space.db.read() as session:
        return space.catalog(session).object("client").id


def test_the_follower_and_a_rebuild_meet_at_the_same_record(space: Space, who: dict[str, int]) -> None:
    """On PostgreSQL both would put the same row in; one of them would fail, night after night under load."""
    with space.write(who["root"]) as work:
        ident = save(work, [Change("create", "client", {"name": "Meeting Point"})]).id
    with ThreadPoolExecutor(1) as pool:
        with space.db.write() as session:
            catalog = space.catalog(session)
            index_records(session, catalog, catalog.object("client"), [ident])
            session.settle()
            other = pool.submit(rebuild, space, everything=True)
            time.sleep(0.5)
        assert other.result(30) >= 1
    assert drift(space) == []
