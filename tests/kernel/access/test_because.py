"""Access in sentences: each names the role, team, share or condition that gives it, in both languages."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from guanxi.base.errors import NotFound
from guanxi.base.i18n import render
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.rights import read_spec
from guanxi.kernel.admin.because import explain_object, explain_record, may_explain
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make


def team(space: Space, name: str, above: int | None = None) -> int:
    with space.write(system("test")) as work:
        return save(work, [Change("create", "team", {"name": name, "parent": above and str(above)})]).id


def limit(space: Space, key: str, fields: dict[str, Any]) -> None:
    with space.write(system("test")) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == key)
        spec = {**read_spec(work.catalog.config["role"][role]["rights"]), "fields": fields}
        save(work, [Change("edit", "role", {"rights": msgspec.json.encode(spec).decode()}, id=role)])


def told(space: Space, asker: int, user: int, name: str, ident: int | None, language: str = "en") -> list[str]:
    with space.read(asker) as work:
        target = work.catalog.object(name)
        lines = explain_record(work, user, target, ident) if ident else explain_object(work, user, target)
        return [render(line.text, language) for line in lines]


@pytest.fixture
def people(space: Space) -> dict[str, int]:
    above = team(space, "华东")
    below = team(space, "苏州", above)
    return {
        "boss": make.person(space, "administrator", name="Ada"),
        "manager": make.person(space, "sales_manager", name="Mei", team=above),
        "ann": make.person(space, "sales", name="Li Wei", team=below),
        "ben": make.person(space, "sales", name="Ben", team=below),
        "far": make.person(space, "sales", name="Far", team=team(space, "西南")),
    }


def test_each_reason_is_a_sentence(space: Space, people: dict[str, int]) -> None:
    lead = make.record(space, "lead", people["ann"])
    boss = people["boss"]
    own = told(space, people["ann"], people["ann"], "lead", lead)
    assert own[0] == "You see this because the person responsible is you."
    assert told(space, boss, people["ann"], "lead", lead)[0] == (
        "Li Wei sees this because the person responsible is Li Wei."
    )
    assert told(space, boss, people["ann"], "lead", lead, "zh-CN")[0] == "Li Wei 能看到，因为负责人是 Li Wei。"
    colleague = told(space, boss, people["ben"], "lead", lead)
    assert colleague[0] == "Ben sees this because it belongs to the team “苏州”, as Ben does."
    assert "Ben may not change, delete, export, edit in bulk, share, transfer it" in colleague[1]
    assert "the role “销售” allows it for one's own only" in colleague[1]
    assert told(space, boss, people["manager"], "lead", lead)[0] == (
        "Mei sees this because its team “苏州” lies below the team of Mei."
    )
    assert told(space, boss, people["far"], "lead", lead) == [
        "Far does not see this: the role “销售” allows it for the team's only, and nothing else gives it."
    ]
    assert told(space, boss, boss, "lead", lead)[0] == "You see this because administrators may do everything."


def test_fields_name_the_role_and_the_condition_on_this_record(space: Space, people: dict[str, int]) -> None:
    lead = make.record(space, "lead", people["ann"])
    right = {"level": "masked", "better": [["owner = me", "edit"]]}
    limit(space, "sales", {"lead.phone": "none", "lead.email": right})
    mine = told(space, people["boss"], people["ann"], "lead", lead)
    assert "“Phone”: hidden, because the role “销售” says so." in mine
    assert not any("E-mail" in line for line in mine), "clear here: it is her own"
    others = told(space, people["boss"], people["ben"], "lead", lead)
    assert "“E-mail”: masked, because the role “销售” says so unless owner = me." in others
    chinese = told(space, people["boss"], people["ben"], "lead", lead, "zh-CN")
    assert "「电话」：看不到，因为角色「销售」这样规定。" in chinese


def test_an_object_is_told_verb_by_verb(space: Space, people: dict[str, int]) -> None:
    lines = told(space, people["boss"], people["ann"], "lead", None)
    assert "seeing Leads: the team's, by the role “销售”." in [line[0].lower() + line[1:] for line in lines]
    assert any(line.lower().startswith("exporting leads: one's own") for line in lines)


def test_who_may_ask_about_whom(space: Space, people: dict[str, int]) -> None:
    def may(asker: str, user: str) -> bool:
        with space.read(people[asker]) as work:
            return may_explain(work, people[user])

    assert may("boss", "far")
    assert may("manager", "ann")
    assert may("ann", "ann")
    assert not may("manager", "far")
    assert not may("ann", "ben")
    assert not may("ann", "manager")


def test_an_unknown_record_is_not_there(space: Space, people: dict[str, int]) -> None:
    with pytest.raises(NotFound):
        told(space, people["boss"], people["ann"], "lead", 77)
