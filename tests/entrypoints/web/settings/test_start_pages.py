"""Start pages: each role its own, figures that equal the lists behind them, few statements, one's own choice."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.home import gather_home
from guanxi.entrypoints.web.home_sections import BY_ROLE, MADE, sections_of
from guanxi.kernel.access.defaults import ROLES
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Query
from tests import make
from tests.entrypoints.web.company import Company

STATEMENTS = 45


@pytest.fixture
def company(space: Any) -> Any:
    yield Company(space)
    render.ENV.clear()


def test_every_role_has_a_start_page_of_its_own(company: Company) -> None:
    assert {role[0] for role in ROLES} == set(BY_ROLE)
    pages = set()
    for key in BY_ROLE:
        user = make.person(company.space, key)
        with company.space.read(user, timeout=30) as work:
            before = work.session.statements
            home = gather_home(work, {})
            assert work.session.statements - before <= STATEMENTS, key
            shown = [section.name for section in home["sections"]]
            assert set(shown) <= set(BY_ROLE[key]), key
            assert shown or key == "analyst", key
            pages.add(tuple(BY_ROLE[key]))
            for section in home["sections"]:
                for line in section.lines or ():
                    _equals_its_list(work, line)
    assert len(pages) == len(BY_ROLE)


def _equals_its_list(work: Any, line: Any) -> None:
    parts = urlsplit(line.url)
    where = parse_qs(parts.query).get("where")
    if where and not line.more:
        assert count(work, Query(parts.path.rpartition("/")[2], where[0]), 0)[0] == line.value, line.text


def test_one_chooses_and_goes_back(space: Any, admin: Any) -> None:
    assert admin.post("/home/sections", {"section": ["storage", "people", "nothing"]}).status_code == 303
    with space.read(admin.user) as work:
        assert [s.name for s in sections_of(work, None)] == ["storage", "people"]
    assert admin.get("/").status_code == 200
    assert admin.post("/home/sections", {}).status_code == 303
    with space.read(admin.user) as work:
        assert sections_of(work, None) == [], "all hidden is a choice too"
    admin.post("/home/sections", {"reset": "1"})
    with space.read(admin.user) as work:
        assert [s.name for s in sections_of(work, None)][:2] == ["alarms", "people"]


def test_sections_of_administrators_are_theirs_alone(space: Any) -> None:
    user = make.person(space, "sales", home='["people","alarms","storage","pipeline"]')
    with space.read(user) as work:
        assert not {"people", "alarms", "storage"} & {s.name for s in sections_of(work, None)}
    assert set(MADE) >= {name for names in BY_ROLE.values() for name in names}
