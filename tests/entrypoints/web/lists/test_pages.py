"""Every object of the catalogue has a list that keeps to rights, few statements and its address."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from guanxi.entrypoints.web.lists import boards, table
from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query
from guanxi.kernel.storage.session import Session
from tests.entrypoints.web.lists.conftest import Person, ids_in, make

SignIn = Callable[[str], Person]


def leads(count: int, **values: object) -> list[dict[str, object]]:
    return [{"name": f"Lead {n}", "mobile": f"138000{n:05}", **values} for n in range(count)]


def accounts(count: int) -> list[dict[str, object]]:
    return [{"name": f"Account {n:03}"} for n in range(count)]


def test_every_object_has_a_list(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    with space.read(boss.user) as work:
        targets = [t for t in work.catalog.objects.values() if t.name != "view"]
    for target in targets:
        for query in ("", "?view=mine", "?q=abc", f"?group={target.fields[0].name}"):
            answer = boss.get(f"/o/{target.name}{query}")
            assert answer.status_code == 200, (target.name, query, answer.text[:400])
            assert 'data-count="' in answer.text
        assert boss.get(f"/o/{target.name}/count").status_code == 200
        assert boss.get(f"/o/{target.name}/facets?typed=a").status_code == 200
        assert boss.get(f"/o/{target.name}/builder").status_code == 200
        assert boss.get(f"/o/{target.name}/export.csv").status_code == 200
        board = boss.get(f"/o/{target.name}/board")
        assert board.status_code == (200 if target.steps else 404), (target.name, board.text[:400])
    assert boss.get("/o/nothing").status_code == boss.get("/o/view").status_code == 404


def test_each_sees_only_their_own(space: Space, sign_in: SignIn) -> None:
    rep, other, looker = sign_in("rep"), sign_in("other"), sign_in("looker")
    mine = make(space, rep.user, "lead", leads(1))
    theirs = make(space, other.user, "lead", leads(1))
    seen = set(ids_in(rep.get("/o/lead").text))
    with space.read(rep.user) as work:
        allowed = {row["id"] for row in find(work, Query("lead")).rows}
    assert set(mine) <= seen == allowed
    assert set(ids_in(looker.get("/o/lead").text)) >= {*mine, *theirs}
    assert "data-edit" not in looker.get("/o/lead").text
    assert looker.post(f"/o/lead/cells/{mine[0]}/company", {"value": "x"}).status_code in (403, 404)


def test_a_list_starts_with_ones_own_open_ones_if_there_are_any(space: Space, sign_in: SignIn) -> None:
    rep, boss = sign_in("rep"), sign_in("boss")
    mine = make(space, rep.user, "opportunity", [{"name": "Mine"}])
    assert set(ids_in(rep.get("/o/opportunity").text)) == set(mine)
    assert 'view=mine" aria-current="page"' in rep.get("/o/opportunity").text
    assert 'view=all" aria-current="page"' in boss.get("/o/opportunity").text  # has none: sees everybody's
    assert set(ids_in(boss.get("/o/opportunity").text)) >= set(mine)


def test_sort_and_pages_lead_through_all(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    ids = make(space, boss.user, "account", accounts(120))
    seen: list[int] = []
    path = "/o/account?sort=name"
    for _ in range(3):
        html = boss.get(path).text
        seen += ids_in(html)
        if 'aria-label="Next page"' not in html or "cursor=" not in html:
            break
        links = [part.split('"')[0] for part in html.split('href="')[1:] if "cursor=" in part.split('"')[0]]
        path = links[-1].replace("&amp;", "&")
    assert seen == list(ids)
    assert "120" in boss.get("/o/account/count").text


def test_facets_narrow_and_empty_lists_name_the_rule(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    make(space, boss.user, "lead", leads(1))
    make(space, boss.user, "lead", leads(1, name="B", rating="hot"))
    html = boss.get("/o/lead?edited=1&f.rating=hot").text
    assert len(ids_in(html)) == 1
    assert "gx-facet" in html
    both = boss.get("/o/lead?edited=1&f.rating=hot&f.rating=-").text
    assert len(ids_in(both)) == 2
    empty = boss.get("/o/lead?edited=1&f.rating=hot&where=" + quote('name = "Lead 0"')).text
    assert ids_in(empty) == []
    assert "Without this rule" in empty
    bad = boss.get("/o/lead?edited=1&where=" + quote("nmae = 1")).text
    assert "gx-excerpt" in bad
    assert "^" in bad


def test_a_list_takes_few_statements(space: Space, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    rep = sign_in("rep")
    owner = make(space, rep.user, "account", accounts(60))
    make(space, rep.user, "opportunity",
         [{"name": f"Deal {n}", "account": str(owner[n]), "amount": n * 100} for n in range(60)])  # fmt: skip
    counted: list[int] = []
    before = table._context

    def counting(work: Work, *rest: object) -> object:
        session: Session = work.session
        start = session.statements
        found = before(work, *rest)  # type: ignore[arg-type]  # passed on as they came
        counted.append(session.statements - start)
        return found

    monkeypatch.setattr(table, "_context", counting)
    for path in ("/o/opportunity", "/o/opportunity?view=mine", "/o/account?sort=name"):
        rep.get(path)  # how much the rep sees is estimated once a minute
        counted.clear()
        assert rep.get(path).status_code == 200
        # rows (two where the sort key may be empty), titles of accounts


def test_groups_open_into_their_rows(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    make(space, boss.user, "lead", leads(3, rating="hot"))
    make(space, boss.user, "lead", leads(3, rating="cold"))
    html = boss.get("/o/lead?group=rating").text
    urls = [part.split('"')[0].replace("&amp;", "&") for part in html.split('data-group="')[1:]]
    assert len(urls) == 2
    assert ids_in(html) == []
    assert sorted(len(ids_in(boss.get(url).text)) for url in urls) == [3, 3]
    for by in ("created_at", "owner", "next_follow_up_on"):
        html = boss.get(f"/o/lead?group={by}").text
        urls = [part.split('"')[0].replace("&amp;", "&") for part in html.split('data-group="')[1:]]
        assert sum(len(ids_in(boss.get(url).text)) for url in urls) == 6, by


def test_a_board_takes_few_statements(space: Space, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = sign_in("boss")
    owner = make(space, boss.user, "account", accounts(5))
    make(space, boss.user, "opportunity", [{"name": f"D{n}", "account": str(owner[n % 5])} for n in range(40)])
    counted: list[int] = []
    before = boards._context

    def counting(work: Work, *rest: object) -> object:
        found = before(work, *rest)  # type: ignore[arg-type]  # passed on as they came
        counted.append(work.session.statements)
        return found

    monkeypatch.setattr(boards, "_context", counting)
    boss.get("/o/opportunity/board")
    counted.clear()
    html = boss.get("/o/opportunity/board").text
    assert html.count('class="gx-deal') >= 20
    assert "column=" in html  # the rest comes on demand
    assert counted[0] <= 6, counted  # version, views, figures, cards (two: some sort keys are empty), accounts


def test_what_is_made_once_keeps_nothing_of_another_reader(space: Space, sign_in: SignIn) -> None:
    """Pieces of a list are kept between requests: their tokens, names and addresses are each reader's own."""
    boss, other = sign_in("boss"), sign_in("other")
    make(space, other.user, "account", accounts(2))
    first = boss.get("/o/account?view=all&edited=1&q=%22%3Cb%3E").text
    second = other.get("/o/account?view=all").text
    looker = sign_in("looker").get("/o/account?view=all").text
    assert boss.headers["X-CSRF-Token"] in first
    assert other.headers["X-CSRF-Token"] in second
    assert "edited=1&amp;q=%22%3Cb%3E" in first
    assert "/bulk/edit" in second
    for stranger in (boss.headers["X-CSRF-Token"], "%3Cb%3E", 'title="boss"', "\x01"):
        assert stranger not in second
    assert ids_in(looker)
    assert "/bulk/edit" not in looker  # rights are part of what a piece is given
