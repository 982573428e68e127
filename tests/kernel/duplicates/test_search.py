"""The search through what is there: pairs, changes since, decisions for ever, and only what one may see."""

from __future__ import annotations

import pytest

from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.duplicates import linkage
from guanxi.kernel.duplicates.pairs import clusters, grouped, set_apart
from guanxi.kernel.duplicates.search import KIND, ask_for, run_search, search_object, state_of
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.matching.plan import RULES
from guanxi.kernel.records.match_keys import drift
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make

NAMES = [(s, g + h) for s in "王李张刘陈" for g in "伟芳娜敏静丽强磊" for h in "明华玉英秀梅晓雨"]


@pytest.fixture
def admin(space: Space) -> int:
    return make.person(space)


def create(space: Space, who: int, *rows: dict[str, str]) -> tuple[int, ...]:
    with space.write(who) as work:
        return save(work, [Change("create", "contact", row) for row in rows]).ids


def queue(space: Space, who: int, name: str = "contact") -> list[tuple[int, ...]]:
    with space.read(who) as work:
        return [c.ids for c in clusters(work, name)[0]]


def test_what_is_there_is_searched_and_what_changes_is_searched_again(space: Space, admin: int) -> None:
    a, b, c = create(
        space, admin, {"name": "李雷", "email": "li.lei@e.com"}, {"name": "Lei Li", "email": "li.lei@e.com"},
        {"name": "韩梅梅", "mobile": "13812345678"},
    )  # fmt: skip
    search_object(space, "contact")
    assert queue(space, admin) == [(a, b)]
    (d,) = create(space, admin, {"name": "韩梅梅", "mobile": "13812345678"})
    search_object(space, "contact")
    assert sorted(queue(space, admin)) == [(a, b), (c, d)]
    with space.write(admin) as work:
        save(work, [Change("edit", "contact", {"email": "other@e.com", "name": "王强"}, id=b)])
        save(work, [Change("trash", "contact", id=d)])
    assert queue(space, admin) == [(a, b)]  # at once: what is in the trash is in nobody's sight
    search_object(space, "contact")
    assert queue(space, admin) == []


def test_not_the_same_is_remembered_for_ever(space: Space, admin: int) -> None:
    a, b = create(space, admin, *[{"name": "李雷", "email": "li.lei@e.com"}] * 2)
    search_object(space, "contact")
    with space.write(admin) as work:
        assert set_apart(work, "contact", [b, a]) == 1
    for full in (False, True):
        with space.write(admin) as work:
            save(work, [Change("edit", "contact", {"title": f"x{full}"}, id=a)])
        search_object(space, "contact", full=full)
        assert queue(space, admin) == []


def test_only_clusters_that_one_sees_whole(space: Space, admin: int) -> None:
    with space.write(system("test")) as work:
        teams = save(work, [Change("create", "team", {"name": n}) for n in ("East", "West")]).ids
    li, wang = (make.person(space, "sales", team=t) for t in teams)
    person = {"name": "李雷", "email": "li.lei@e.com"}
    (a,), (b,) = create(space, li, person), create(space, wang, person)
    (c,) = create(space, li, person)
    search_object(space, "contact")
    assert queue(space, admin) == [(a, b, c)]
    assert queue(space, li) == [(a, c)]
    assert queue(space, wang) == []
    with pytest.raises(NotFound), space.write(wang) as work:
        set_apart(work, "contact", [a, b])


def test_the_queue_tells_nothing_of_masked_fields(space: Space, admin: int) -> None:
    """A record of one's own for each guess, and the queue would say which of them was right."""
    spec = '{"objects": {"*": {"read": "all", "create": "all", "edit": "own"}}, "fields": {"contact.mobile": "masked"}}'
    with space.write(system("test")) as work:
        role = save(work, [Change("create", "role", {"name": "blind", "rights": spec})]).id
        blind = save(work, [Change("create", "user", {"name": "B", "email": "b@e.com", "roles": [str(role)]})]).id
    (a,) = create(space, admin, {"name": "赵敏", "mobile": "13900001111", "wechat": "zm"})
    _b, c, d = create(space, blind, *({"name": "赵敏", "phone": f"1390000111{n}"} for n in (0, 1)),
                     {"name": "赵敏", "wechat": "zm", "phone": "13900001111"})  # fmt: skip
    search_object(space, "contact")
    assert queue(space, admin) == [(a, c, d)]
    assert queue(space, blind) == [(a, c, d)], "by the account for chat, and by the phones of one's own"
    with space.write(blind) as work:
        save(work, [Change("edit", "contact", {"wechat": "", "phone": "13900001119"}, id=d)])
    search_object(space, "contact")
    assert queue(space, admin) == [(a, c)]
    assert queue(space, blind) == []


def test_keys_are_made_anew_when_a_rule_changes(space: Space, admin: int) -> None:
    ids = create(space, admin, *[{"name": f"n{n}", "weibo": f"w{n % 2}"} for n in range(4)])
    search_object(space, "contact")
    with space.write(admin) as work:
        save(work, [Change("create", RULES, {"object": "contact", "key": "weibo", "parts": "weibo: code",
                                             "strength": "95"})])  # fmt: skip
        catalog_target = work.catalog.object("contact")
        ask_for(work.session)
    with space.read(admin) as work:
        assert drift(work.session, work.catalog, catalog_target, list(ids)) == list(ids)
    run_due(space.db, {KIND: lambda run: run_search(space, run)}, worker="w", queues=("bulk",))
    with space.read(admin) as work:
        assert drift(work.session, work.catalog, catalog_target, list(ids)) == []
        assert state_of(work.session, catalog_target).records == 4


def test_many_records_go_through_splink(space: Space, admin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkage, "SMALL", 300)
    rows = [{"name": f"{s}{g}", "email": f"p{n}@e.com", "mobile": f"138{n:08d}", "wechat": f"wx{n}"}
            for n, (s, g) in enumerate(NAMES)]  # fmt: skip
    copies = [{**row, "email": "", "name": row["name"] + "先生"} for row in rows[::10]]
    made = create(space, admin, *rows, *copies)
    wanted = {(made[n * 10], made[len(rows) + n]) for n in range(len(copies))}
    state = search_object(space, "contact")
    with space.read(admin) as work:
        pairs = {(a, b) for (a, b) in work.session.rows(f"SELECT a, b FROM {work.session.table('duplicate_pair')}")}
    assert state.records == len(made)
    assert pairs == wanted


def test_a_chain_of_likenesses_does_not_become_one_cluster() -> None:
    chain = grouped([(n, n + 1, 80) for n in range(40)])
    assert max(len(c.ids) for c in chain) <= 12
    assert grouped([(1, 2, 80), (2, 3, 95), (7, 8, 90)])[0].ids == (1, 2, 3)
