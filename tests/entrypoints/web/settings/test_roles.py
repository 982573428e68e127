"""Roles: parts and conditions are checked, and the difference is told exactly before it holds."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.branches import reach
from guanxi.kernel.access.rights import read_spec
from guanxi.kernel.admin.role_change import preview_role
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make


def catalog(space: Space) -> Catalog:
    with space.read(system("test")) as work:
        return work.catalog


def role_of(space: Space, key: str) -> int:
    return next(i for i, r in catalog(space).config["role"].items() if r["key"] == key)


def spec_of(space: Space, key: str) -> dict[str, Any]:
    return read_spec(catalog(space).config["role"][role_of(space, key)]["rights"])


def team(space: Space, name: str, above: int | None = None) -> int:
    with space.write(system("test")) as work:
        return save(work, [Change("create", "team", {"name": name, "parent": above and str(above)})]).id


def leads(space: Space, owner: int, n: int) -> None:
    with space.write(system("test")) as work:
        rows = [Change("create", "lead", {**make.values(work, "lead"), "owner": str(owner)}) for _ in range(n)]
        save(work, rows)


@pytest.fixture
def sellers(space: Space) -> tuple[int, int, int]:
    """Two of one team with 3 and 4 leads, one of another team with 5."""
    east, west = team(space, "East side"), team(space, "West side")
    ann, ben, cat = (make.person(space, "sales", team=t) for t in (east, east, west))
    for owner, n in ((ann, 3), (ben, 4), (cat, 5)):
        leads(space, owner, n)
    return ann, ben, cat


def seen(space: Space, user: int, verb: str) -> set[int]:
    with space.read(user) as work:
        target = work.catalog.object("lead")
        found = reach(work.session, work.catalog, work.actor, target, verb, work.now)
        text, params = found.condition()
        rows = work.session.rows(f"SELECT r.id FROM {work.session.table('lead')} r WHERE {text or '1 = 1'}", params)
        return {row[0] for row in rows}


@pytest.mark.parametrize(("scope", "verb"), [("own", "read"), ("all", "read"), ("none", "edit"), ("all", "export")])
def test_the_difference_is_what_really_changes(
    space: Space, sellers: tuple[int, int, int], scope: str, verb: str
) -> None:
    before = {user: seen(space, user, verb) for user in sellers}
    spec = spec_of(space, "sales")
    spec["objects"]["lead"] = {verb: scope}
    role = role_of(space, "sales")
    told = [r for r in preview_role(space, catalog(space), role, spec).records if (r.object, r.verb) == ("lead", verb)]
    with space.write(system("test")) as work:
        save(work, [Change("edit", "role", {"rights": msgspec.json.encode(spec).decode()}, id=role)])
    after = {user: seen(space, user, verb) for user in sellers}
    lost = {user: before[user] - after[user] for user in sellers}
    won = {user: after[user] - before[user] for user in sellers}
    wanted = [
        (gained, sum(bool(ids) for ids in by.values()), len(set().union(*by.values())))
        for gained, by in ((False, lost), (True, won))
        if any(by.values())
    ]
    assert wanted
    assert [(r.gained, r.people, r.records) for r in told] == wanted
    assert not any(r.more for r in told)


def test_a_save_that_takes_away_is_shown_in_words_first(
    space: Space, admin: Any, sellers: tuple[int, int, int]
) -> None:
    role = role_of(space, "sales")
    scopes = {f"scope.*.{verb}": scope for verb, scope in spec_of(space, "sales")["objects"]["*"].items()}
    kept = {"name": "Sales", **scopes, "abilities": ["import", "api", "print", "reveal"]}
    form = {**kept, "scope.lead.read": "own", "fields_of": "lead", "field.lead.email": "masked",
            "when.lead.email": "owner = me", "then.lead.email": "edit"}  # fmt: skip
    page = admin.post(f"/settings/roles/{role}", form).text
    assert "2 people will no longer see 7 leads." in page
    assert "“E-mail” of Leads is masked (may change under a condition) from now on, may change so far." in page
    assert load_actor(catalog(space), sellers[0]).rights.scope("lead", "read") == "team"
    digest = re.search(r'name="checked" value="(\w+)"', page)[1]  # type: ignore[index]  # it is there
    other = admin.post(f"/settings/roles/{role}", {**form, "scope.lead.read": "none", "checked": digest})
    assert other.status_code == 200, "what was not looked at is not saved"
    assert admin.post(f"/settings/roles/{role}", {**form, "checked": digest}).status_code == 303
    right = load_actor(catalog(space), sellers[0]).rights.field("lead", "email")
    assert (right.level, right.better) == ("masked", (("owner = me", "edit"),))
    shown = admin.get(f"/settings/roles/{role}?object=lead").text
    assert 'value="owner = me"' in shown
    asked = admin.get(f"/settings/roles/fields?object=lead&role={role}")
    assert asked.status_code == 200
    assert 'value="owner = me"' in asked.text


@pytest.mark.parametrize(
    ("condition", "said"), [("ownr = me", "ownr"), ("owner = ", "E-mail"), ("account.name = 'x'", "E-mail")]
)
def test_a_condition_is_checked_and_names_its_field(space: Space, admin: Any, condition: str, said: str) -> None:
    role = role_of(space, "sales")
    form = {"name": "Sales", "fields_of": "lead", "field.lead.email": "masked", "when.lead.email": condition,
            "then.lead.email": "edit"}  # fmt: skip
    answer = admin.post(f"/settings/roles/{role}", form)
    assert answer.status_code == 422
    assert "Condition of “E-mail”" in answer.text or "Condition of «E-mail»" in answer.text
    assert said in answer.text
    assert f'value="{condition.strip()}"'.replace("'", "&#39;") in answer.text


def test_roles_include_roles_but_never_in_a_circle(space: Space, admin: Any, sellers: tuple[int, int, int]) -> None:
    extra = {"name": "Lead exporter", "scope.*.read": "none", "scope.lead.export": "all", "abilities": ["undo_others"]}
    assert admin.post("/settings/roles", extra).status_code == 303
    part = next(i for i, r in catalog(space).config["role"].items() if r["name"] == "Lead exporter")
    role = role_of(space, "sales")
    scopes = {f"scope.*.{verb}": scope for verb, scope in spec_of(space, "sales")["objects"]["*"].items()}
    kept = {"name": "Sales", **scopes, "abilities": ["import", "api", "print", "reveal"], "includes": [str(part)]}
    page = admin.post(f"/settings/roles/{role}", {**kept, "do": "check"}).text
    assert "5 people may now export 12 leads." in page
    assert "5 people gain: Undo what others did." in page
    digest = re.search(r'name="checked" value="(\w+)"', page)[1]  # type: ignore[index]  # it is there
    assert admin.post(f"/settings/roles/{role}", {**kept, "checked": digest}).status_code == 303
    rights = load_actor(catalog(space), sellers[0]).rights
    assert (rights.scope("lead", "export"), rights.scope("account", "export")) == ("all", "own")
    assert rights.can("undo_others")
    circle = admin.post(f"/settings/roles/{part}", {**extra, "includes": [str(role)]})
    assert circle.status_code == 422
    assert "cannot include itself" in circle.text


def test_a_role_that_only_adds_opens_no_field(space: Space) -> None:
    from guanxi.kernel.access.rights import add_up

    hides = {"objects": {"*": {"read": "all"}}, "fields": {"lead.email": "masked"}}
    adds = {"objects": {"lead": {"export": "all"}}, "abilities": ["print"]}
    opens = {"objects": {"lead": {"read": "own"}}}
    assert add_up([hides, adds]).level("lead", "email") == "masked"
    assert add_up([hides, opens]).level("lead", "email") == "edit"


def test_the_users_page_says_what_all_roles_come_to(space: Space, admin: Any, sellers: tuple[int, int, int]) -> None:
    page = admin.get(f"/settings/users/{sellers[0]}").text
    assert "All roles together" in page
    assert "sees team, changes own" in page


def test_without_time_it_says_that_it_is_a_lower_limit(space: Space, sellers: tuple[int, int, int]) -> None:
    spec = spec_of(space, "sales")
    spec["objects"]["lead"] = {"read": "none"}
    change = preview_role(space, catalog(space), role_of(space, "sales"), spec, budget=0)
    assert not change.complete
    assert not change.records
