"""The recipes are followed literally: their code is run, and what they promise is looked at."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from guanxi.base.i18n import L, Locale
from guanxi.base.ids import IdSource
from guanxi.bootstrap import APPS
from guanxi.kernel.access.actors import system
from guanxi.kernel.catalog.model import App
from guanxi.kernel.context import Space, now_micros
from guanxi.kernel.explain import explain
from guanxi.kernel.fields.base import ParseEnv, ParseError
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.install import install

if TYPE_CHECKING:
    from guanxi.kernel.storage.database import Database

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


def follow(name: str) -> ModuleType:
    """The code of a recipe as a module."""
    code = "\n".join(
        re.findall(r"```python\n(.*?)```", (RECIPES / f"{name}.md").read_text(encoding="utf-8"), re.DOTALL)
    )
    module = ModuleType(f"recipe_{name.replace('-', '_')}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(code, f"{name}.md", "exec"), module.__dict__)
    return module


@pytest.fixture
def lent(database: Database, tmp_path: Path) -> Space:
    """A workspace whose sales app has the recipes' object, action and report."""
    loan, action, report = follow("add-an-object"), follow("add-an-action"), follow("add-a-report")
    app = App(
        "lending",
        L("Lending", "借样"),
        "Recipes.",
        needs=("customers",),
        objects=(loan.LOAN,),
        actions=(action.RETURN_LOAN,),
        reports=(report.LOANS_BY_STATE,),
    )
    apps = (*APPS, app)
    with database.write(catalog_change=True) as session:
        install(session, apps)
    return Space("recipes", tmp_path, database, IdSource(2, now_micros), apps)


def test_object_action_report_and_entry_point(lent: Space) -> None:
    with lent.write(system("recipe")) as work:
        ident = save(work, [Change("create", "loan", {"name": "伺服电机", "due_on": "2026-12-01"})]).id
        assert get(work, "loan", ident)["state"] == "out"
        assert explain(work.catalog, "loan")
    (action,) = (a for app in lent.apps for a in app.actions if a.name == "return_loan")
    (report,) = (r for app in lent.apps for r in app.reports if r.name == "loans_by_state")
    routes = follow("add-an-entry-point").create_board(lambda _r: lent, lambda _r: system("recipe"))
    client = TestClient(Starlette(routes=routes))
    assert client.get("/board.txt").text == "伺服电机"
    with lent.write(system("recipe")) as work:
        action.run(work, action.input(ident))
        assert report.run(work) == {"back": 1}
    assert client.get("/board.txt").text == ""


@pytest.mark.parametrize(("raw", "stored"), [("★★★", 3), (4, 4), ("5", 5)])
def test_field_type(raw: Any, stored: int) -> None:
    rating = follow("add-a-field-type").RATING
    field = replace(APPS[0].objects[0].fields[0], type="rating")
    values = rating.parse(field, raw, ParseEnv())
    assert values == (stored,)
    assert rating.parse(field, rating.show(field, values, Locale()), ParseEnv()) == values


@pytest.mark.parametrize("raw", ["six", 0, 6, 2.5, True, None, [], "9" * 5000])
def test_field_type_refuses_rubbish(raw: Any) -> None:
    rating = follow("add-a-field-type").RATING
    field = replace(APPS[0].objects[0].fields[0], type="rating")
    with pytest.raises(ParseError):
        rating.parse(field, raw, ParseEnv())
