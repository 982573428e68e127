"""A caller who sees records by grants touches those, not the table; granting to many teams costs no more questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from bench.data import BASE, callers_of, make
from guanxi.bootstrap import open_space
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import count, find, get
from guanxi.kernel.records.types import Query
from tests.conftest import ENGINES
from tests.plans.work import effort
from tests.postgres import fresh_database

ROWS, GRANTED, OTHERS = 8_000, 60, 4_000
CONTACTS = BASE + 100_000_000
MOST = 3_000  # rows a question may touch: a few for each of its branches, whatever the table has


@pytest.fixture(scope="module", params=ENGINES)
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A seller with sixty shared contacts, in a table where thousands are shared with others."""
    folder = tmp_path_factory.mktemp("grants")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'data.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("pg_server")))
        make(url, folder, ROWS)
        space = open_space(url, folder)
        stack.callback(space.db.close)
        user = callers_of(space)["own"]
        with space.db.write(bulk=True) as session:
            contact = space.catalog(session).object("contact").id
            rows = [(user, contact, CONTACTS + n * 7, "s1", 1, None) for n in range(GRANTED)]
            rows += [(900 + n % 50, contact, CONTACTS + n, "r2", 1, None) for n in range(OTHERS)]
            session.insert("grant_row", ("principal", "object", "record", "reason", "level", "until"), rows)
            session.run("ANALYZE")
        yield space


def test_what_is_shared_is_found_by_its_grants(company: Space) -> None:
    user = callers_of(company)["own"]
    plain, named = Query("contact", fields=("name", "owner")), Query("contact", 'sex = "male"', fields=("name",))
    questions: list[Callable[..., Any]] = [partial(find, query=plain), partial(find, query=named)]
    if company.db.dialect == "sqlite":  # PostgreSQL rightly counts a table this small from end to end
        questions.append(partial(count, query=plain))
    with company.read(user) as work:
        total = count(work, plain, 0)[0]
        assert total > GRANTED
        assert get(work, "contact", CONTACTS + 7)["id"] == CONTACTS + 7
        for ask in questions:
            ask(work)  # learns how much the caller sees
            assert effort(work, ask) <= MOST
