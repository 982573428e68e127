"""Hot questions touch as many rows as they show, not as the table has; pages and saves send few statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from bench.data import callers_of, make
from guanxi.bootstrap import open_space
from guanxi.kernel.changes.feed import read_feed
from guanxi.kernel.changes.log import history
from guanxi.kernel.context import Space, Work
from guanxi.kernel.jobs.queue import enqueue
from guanxi.kernel.records.lanes import first_of_each
from guanxi.kernel.records.read import count, find, get, names, references
from guanxi.kernel.records.search import search
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests.conftest import ENGINES
from tests.plans.work import effort, listening
from tests.postgres import fresh_database

ROWS = 20_000
PAGE, COUNTED, SCREEN = 6_000, 12_000, 3_000  # rows that a page, a count, a small look-up may touch
CONTACTS = Query("contact", 'origin == "website" and sex == "male"', fields=("name", "account", "mobile", "owner"))
LEADS = Query("lead", 'state == "new" and rating == "hot"', fields=("name", "company", "owner"))
DEALS = Query("opportunity", 'state == "open" and amount > 300000', fields=("name", "amount", "stage", "owner"))
Ask = Callable[[Work], Any]


@pytest.fixture(scope="module", params=ENGINES)
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """One company per engine for all of these tests: making it takes seconds."""
    folder = tmp_path_factory.mktemp("plans")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'data.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("pg_server")))
        make(url, folder, ROWS)
        space = open_space(url, folder)
        stack.callback(space.db.close)
        yield space


def asked(space: Space) -> list[tuple[str, int, Ask, int]]:
    """(name, who, question, rows it may touch)."""
    found: list[tuple[str, int, Ask, int]] = []
    for kind, user in callers_of(space).items():
        for query in (CONTACTS, LEADS, DEALS):
            found.append((f"list {query.object}, {kind}", user, partial(find, query=query), PAGE))
            found.append((f"count {query.object}, {kind}", user, partial(count, query=query), COUNTED))
        plain = Query("contact", fields=("name", "owner"))
        found += [
            (f"plain list, {kind}", user, partial(find, query=plain), PAGE),
            (f"by name, {kind}", user, partial(find, query=Query("contact", sort=("name",))), PAGE),
            (f"trash, {kind}", user, partial(find, query=Query("contact", trashed=True)), SCREEN),
            (f"search, {kind}", user, partial(search, text="晓雨", objects=("contact",)), PAGE),
            (f"board, {kind}", user, _board, ROWS),  # adds up all open deals, sums included in steps
            (f"cards, {kind}", user, _cards, PAGE),
        ]
    return found


def _board(work: Work) -> Any:
    return tally(work, Query("opportunity", 'state == "open"'), ("stage",), ("amount",))


def _cards(work: Work) -> Any:
    stages = [i for i, row in work.catalog.config["stage"].items() if row["kind"] == "open"]
    return first_of_each(work, Query("opportunity", fields=("name", "amount", "stage")), "stage", stages[:5], 20)


def test_questions_touch_what_they_show(company: Space) -> None:
    too_much = []
    for name, user, ask, most in asked(company):
        with company.read(user, timeout=30) as work:
            ask(work)  # learns how much this caller sees; asked once a minute
        with company.read(user, timeout=30) as work:
            touched = effort(work, ask)
        if touched > most:
            too_much.append(f"{name}: {touched} rows, {most} allowed")
    assert too_much == []


def test_looks_at_one_record_touch_few_rows(company: Space) -> None:
    user = callers_of(company)["team"]
    with company.write(user) as work:
        made = save(work, [Change("create", "contact", {"name": "王小明", "mobile": "13812345678"})])
        for number in range(50):
            enqueue(work.session, "nothing", {"n": number})
    with company.read(user) as work:
        target = work.catalog.object("contact")
        page = find(work, CONTACTS)
        looks: dict[str, Ask] = {
            "record": lambda w: get(w, "contact", made.id),
            "titles": lambda w: names(w, "contact", [made.id]),
            "references": lambda w: references(w, target, page.rows, page.fields),
            "history": lambda w: history(w.session, target.id, made.id),
            "feed": lambda w: read_feed(w.session, 0, 10),
        }
        touched = {name: effort(work, ask) for name, ask in looks.items()}
    assert {name: n for name, n in touched.items() if n > SCREEN} == {}


def test_statements_are_few(company: Space) -> None:
    user = callers_of(company)["all"]
    with company.read(user) as work:
        find(work, CONTACTS)
    with company.read(user) as work, listening(work.session) as sent:
        page = find(work, CONTACTS)
    assert len(sent) == 1
    with company.read(user) as work, listening(work.session) as sent:
        get(work, "contact", page.rows[0]["id"])
    assert len(sent) == 1
    with company.write(user) as work:
        made = save(work, [Change("create", "contact", {"name": "李雷", "account": str(page.rows[0]["account"])})])
    assert work.session.statements <= 12
    with company.write(user) as work:
        save(work, [Change("edit", "contact", {"title": "经理"}, id=made.id)])
    assert work.session.statements <= 12
    with company.write(user) as work:
        save(work, [Change("create", "contact", {"name": f"李雷{n}"}) for n in range(300)])
    assert work.session.statements <= 14  # not three hundred times as many
