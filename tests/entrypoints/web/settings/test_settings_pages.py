"""Each settings page as an administrator and as somebody else; what they change takes effect at the next request."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from guanxi.entrypoints.web.settings.routes import ROUTES
from guanxi.entrypoints.web.settings.stages import stages_of
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.access.passwords import authenticate
from guanxi.kernel.access.tokens import actor_of
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

PAGES = [
    "/settings", "/settings/workspace", "/settings/users", "/settings/users/new", "/settings/users/owned",
    "/settings/teams", "/settings/roles", "/settings/roles/new", "/settings/currencies", "/settings/pipelines",
    "/settings/objects", "/settings/objects/account", "/settings/objects/account?add=choice",
    "/settings/objects/account?field=name", "/settings/objects/account/layouts", "/settings/explain",
    "/settings/explain?object=opportunity", "/settings/tokens", "/settings/packs", "/settings/packs/download",
]  # fmt: skip


def catalog(space: Space) -> Catalog:
    with space.read(system("test")) as work:
        return work.catalog


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_pages_are_there_for_administrators_only(space: Space, admin: Any, sales: Any, language: str) -> None:
    with space.write(system("test")) as work:
        save(work, [Change("edit", "user", {"language": language}, id=admin.user)])
    known = catalog(space).config
    pipeline = next(iter(known["pipeline"]))
    stage = next(i for i, r in known["stage"].items() if r["pipeline"] == pipeline)
    role = next(i for i, r in known["role"].items() if r["key"] == "sales")
    team = next(iter(known["team"]))
    for path in (*PAGES, f"/settings/users/{sales.user}", f"/settings/roles/{role}", f"/settings/teams/{team}",
                 f"/settings/roles/{role}?object=account", f"/settings/pipelines/{pipeline}/stages/{stage}",
                 f"/settings/pipelines/{pipeline}/stages/new"):  # fmt: skip
        assert admin.get(path).status_code == 200, path
        assert sales.get(path).status_code == 404, path
    for wrong in ("/settings/users/7", "/settings/roles/x", "/settings/objects/nothing", "/settings/teams/7",
                  "/settings/objects/user", "/settings/pipelines/7", "/settings/explain?object=x"):  # fmt: skip
        assert admin.get(wrong).status_code == 404, wrong


FOR_EVERYBODY = ("/view-as/stop", "/temporary-teams")
"""Where one's own rights decide: going back to one's own eyes, teams one leads."""


def test_every_form_is_for_administrators_and_needs_the_token(admin: Any, sales: Any) -> None:
    posts = [r.path for r in ROUTES if isinstance(r, Route) and "POST" in (r.methods or ())]
    for path in posts:
        if path.startswith(("/profile", "/invitation")):
            continue
        real = re.sub(r"\{[^}]*\}", "1", path)
        if not path.startswith(FOR_EVERYBODY):
            assert sales.post(real).status_code == 404, path
        assert admin.post(real, safe=False).status_code == 403, path


def test_workspace_settings_are_checked_at_their_fields(space: Space, admin: Any) -> None:
    good = {"name": "Yuanshan", "currency": "cny", "zone": "Asia/Tokyo", "language": "en", "country": "CN",
            "undo_days": "30"}  # fmt: skip
    assert admin.post("/settings/workspace", good).status_code == 303
    settings = catalog(space).settings
    assert (settings["name"], settings["zone"], settings["undo_days"]) == ("Yuanshan", "Asia/Tokyo", 30)
    bad = admin.post("/settings/workspace", {**good, "currency": "?", "undo_days": "0", "name": "Kept"})
    assert bad.status_code == 422
    assert "A currency has three capital letters" in bad.text
    assert "Write a number from 1 to 3650." in bad.text
    assert 'value="Kept"' in bad.text


def test_an_invited_person_sets_a_password_once(space: Space, admin: Any, client: Any) -> None:
    role = next(str(i) for i, r in catalog(space).config["role"].items() if r["key"] == "sales")
    shown = admin.post("/settings/users", {"name": "Tom", "email": "tom@example.com", "roles": [role]})
    link = re.search(r"http://testserver(/invitation/[^<\s]+)", shown.text)
    assert link, shown.text[:500]
    assert "Tom" in client.get(link[1]).text
    weak = client.post(link[1], data={"password": "short"})
    assert weak.status_code == 422
    assert client.post(link[1], data={"password": "four calm rivers"}).status_code == 303
    client.cookies.clear()
    assert client.get(link[1]).status_code == 404
    now = space.clock()
    assert authenticate(space.db, catalog(space), "tom@example.com", "four calm rivers", address="", now=now)


def test_users_are_changed_and_deactivated(space: Space, admin: Any, sales: Any, people: dict[str, int]) -> None:
    page = admin.get(f"/settings/users/{sales.user}").text
    assert "Sam" in page
    taken = {"name": "Sam", "email": "sue@example.com", "active": "1"}
    refused = admin.post(f"/settings/users/{sales.user}", taken)
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert admin.post(f"/settings/users/{sales.user}", {"name": "Sam", "email": "sam@example.com"}).status_code == 303
    assert sales.get("/operations").headers["location"].startswith("/sign-in")
    alone = admin.post(f"/settings/users/{people['ada']}", {"name": "Ada", "email": "ada@example.com", "active": "1"})
    assert alone.status_code == 422
    assert "Somebody must stay administrator" in alone.text


def test_records_are_handed_over_as_one_operation(space: Space, admin: Any, people: dict[str, int]) -> None:
    with space.write(people["sam"]) as work:
        made = save(work, [Change("create", "account", {"name": f"a{n}"}) for n in range(5)])
    assert "5" in re.sub(r"\D", "", admin.get("/settings/users/owned").text)
    answer = admin.post(f"/settings/users/{people['sam']}/hand-over", {"heir": str(people["sue"])})
    assert answer.status_code == 303
    with space.read(admin.user) as work:
        assert {r["owner"] for r in find(work, Query("account")).rows} == {people["sue"]}
        assert get(work, "account", made.ids[0])["owner"] == people["sue"]


def test_teams_make_a_tree_without_rings(space: Space, admin: Any, people: dict[str, int]) -> None:
    made = admin.post("/settings/teams", {"name": "Suzhou", "parent": str(people["team"]), "region": "South"})
    below = int(made.headers["location"].rsplit("/", 1)[1])
    assert catalog(space).config["team"][below]["parent"] == people["team"]
    ring = admin.post(f"/settings/teams/{people['team']}", {"name": "East", "parent": str(below)})
    assert ring.status_code == 422
    assert "cannot be part of itself" in ring.text
    assert admin.post(f"/settings/teams/{people['team']}/delete").status_code == 422
    assert admin.post(f"/settings/teams/{below}/delete").status_code == 303


def test_a_change_of_role_holds_at_the_next_request(space: Space, admin: Any, sales: Any) -> None:
    role = next(i for i, r in catalog(space).config["role"].items() if r["key"] == "sales")
    everything = {f"scope.*.{verb}": "all" for verb in ("create", "read", "edit", "delete", "export")}
    form = {"name": "Sales", **everything, "scope.account.read": "none", "abilities": ["undo_others"],
            "fields_of": "lead", "field.lead.phone": "none"}  # fmt: skip
    assert load_actor(catalog(space), sales.user).rights.scope("account", "read") == "team"
    shown = admin.post(f"/settings/roles/{role}", form)
    assert shown.status_code == 200, shown.text
    assert load_actor(catalog(space), sales.user).rights.scope("account", "read") == "team"
    form["checked"] = re.search(r'name="checked" value="(\w+)"', shown.text)[1]  # type: ignore[index]  # it is there
    answer = admin.post(f"/settings/roles/{role}", form)
    assert answer.status_code == 303, answer.text
    rights = load_actor(catalog(space), sales.user).rights
    assert rights.scope("account", "read") == "none"
    assert rights.scope("lead", "read") == "all"
    assert rights.level("lead", "phone") == "none"
    assert rights.can("undo_others")
    assert not rights.can("api")
    page = admin.get(f"/settings/roles/{role}").text
    assert "Accounts: not visible." in page
    assert "Fields hidden: 1." in page
    mine = next(i for i, r in catalog(space).config["role"].items() if r["key"] == "administrator")
    shown = admin.post(f"/settings/roles/{mine}", {"name": "Administrator"})
    checked = re.search(r'name="checked" value="(\w+)"', shown.text)[1]  # type: ignore[index]  # it is there
    refused = admin.post(f"/settings/roles/{mine}", {"name": "Administrator", "checked": checked})
    assert refused.status_code == 422


def test_stages_keep_the_order_they_are_given(space: Space, admin: Any) -> None:
    pipeline = next(iter(catalog(space).config["pipeline"]))
    before = [r["id"] for r in stages_of(catalog(space), pipeline)]
    wanted = [before[-1], *before[:-1]]
    assert admin.post(f"/settings/pipelines/{pipeline}/order", {"order": [str(i) for i in wanted]}).status_code == 303
    assert [r["id"] for r in stages_of(catalog(space), pipeline)] == wanted
    stage = {"name": "Pilot", "kind": "open", "probability": "35.5", "rotting_days": "9", "requires": ["amount"],
             "active": "1"}  # fmt: skip
    made = admin.post(f"/settings/pipelines/{pipeline}/stages", stage)
    assert made.status_code == 303, made.text
    last = stages_of(catalog(space), pipeline)[-1]
    assert (last["name"], last["probability"], last["requires"]) == ("Pilot", "35.5", ["amount"])
    wrong = admin.post(f"/settings/pipelines/{pipeline}/stages/{last['id']}", {**stage, "probability": "200"})
    assert wrong.status_code == 422
    assert 'value="200"' in wrong.text
    assert admin.post(f"/settings/pipelines/{pipeline}/stages/{last['id']}/delete").status_code == 303
    assert len(stages_of(catalog(space), pipeline)) == len(before)


def test_currencies_have_rates(space: Space, admin: Any) -> None:
    assert admin.post("/settings/currencies", {"code": "usd", "name": "Dollar", "rate": "7.1"}).status_code == 303
    usd = next(r for r in catalog(space).config["currency"].values() if r["code"] == "USD")
    assert usd["rate"] == 710_000_000
    assert admin.post(f"/settings/currencies/{usd['id']}", {"rate": "x", "name": "Dollar"}).status_code == 422
    assert "7.1" in admin.get("/settings/currencies").text


def test_an_object_and_fields_made_on_screen_work_at_once(
    space: Space, admin: Any, sales: Any, client: TestClient
) -> None:
    made = admin.post("/settings/objects", {"label_zh": "设备", "label_en": "Machine", "icon": "tool"})
    assert made.headers["location"] == "/settings/objects/machine", made.text
    base = "/settings/objects/machine"
    choice = {"type": "choice", "label_zh": "状态", "label_en": "State", "section": "0",
              "more": "在用 = In use\n停用 = Idle"}  # fmt: skip
    assert admin.post(f"{base}/fields", choice).status_code == 303
    amount = {"type": "money", "label_zh": "价格", "label_en": "Price", "required": "1", "section": "0"}
    assert admin.post(f"{base}/fields", amount).status_code == 303
    page = admin.get(f"{base}?add=text").text
    assert "Draft · 3 changes" in page
    assert "After publishing" in page
    assert "state" not in {f.name for f in catalog(space).object("machine").fields}
    assert admin.post(f"{base}/publish").status_code == 303
    target = catalog(space).object("machine")
    assert [f.name for f in target.fields] == ["name", "state", "price"]
    assert [c.key for c in catalog(space).field(target, "state").options["choices"]] == ["in_use", "idle"]
    assert target.form[0].fields == ("name", "state", "price")
    values = {"_fields": "name,state,price", "name": "M1", "state": "in_use", "price": "12"}
    made = sales.post("/o/machine/new", values)
    assert made.status_code == 303, made.text
    assert "M1" in sales.get("/o/machine").text
    page = sales.post("/profile/tokens", {"name": "erp", "scopes": ["read", "write"]}).text
    secret = re.search(r"<code>(gx_[^<]+)</code>", page)
    assert secret
    headers = {"Authorization": f"Bearer {secret[1]}"}
    answer = client.post("/api/v1/machine", json={"name": "M2", "state": "idle", "price": "7.5"}, headers=headers)
    assert answer.status_code == 201, answer.text
    with space.read(sales.user) as work:
        price = catalog(space).field(target, "price").column
        name = catalog(space).field(target, "name").column
        found = {r[name]: r[price] for r in find(work, Query("machine")).rows}
    assert found == {"M1": 120_000, "M2": 75_000}
    assert 'href="/o/machine"' in sales.get("/operations").text


def test_fields_are_changed_retired_and_restored_through_the_draft(space: Space, admin: Any) -> None:
    base = "/settings/objects/account"
    tier = {"type": "choice", "label_zh": "等级", "label_en": "Tier", "more": "A\nB", "section": "0"}
    admin.post(f"{base}/fields", tier)
    admin.post(f"{base}/publish")
    field = catalog(space).field(catalog(space).object("account"), "tier")
    keys = [c.key for c in field.options["choices"]]
    change = {"label_zh": "级别", "label_en": "Tier", "section": "", "choice": list(reversed(keys)), "more": "C"}
    change |= {f"choice.{k}.{part}": k.upper() for k in keys for part in ("zh", "en")}
    change |= {f"choice.{keys[0]}.on": "1", f"choice.{keys[1]}.tone": "green", "help_zh": "怎么分"}
    assert admin.post(f"{base}/fields/tier", change).status_code == 303
    assert "changed" in admin.get(base).text
    admin.post(f"{base}/publish")
    field = catalog(space).field(catalog(space).object("account"), "tier")
    assert field.label.zh == "级别"
    assert [c.key for c in field.options["choices"]] == [*reversed(keys), "c"]
    assert [c.retired for c in field.options["choices"]] == [True, False, False]
    assert not any("tier" in s.fields for s in catalog(space).object("account").form)
    assert admin.post(f"{base}/fields/tier/retire").status_code == 303
    admin.post(f"{base}/publish")
    assert "tier" not in {f.name for f in catalog(space).object("account").fields}
    assert admin.post(f"{base}/fields/tier/restore").status_code == 303
    admin.post(f"{base}/publish")
    assert "tier" in {f.name for f in catalog(space).object("account").fields}
    assert admin.post(f"{base}/fields/name/retire").status_code == 422


def test_what_cannot_be_published_is_said_before_it_is_in_the_draft(space: Space, admin: Any) -> None:
    base = "/settings/objects/account"
    nameless = admin.post(f"{base}/fields", {"type": "text"})
    assert nameless.status_code == 422
    assert "A field needs a label." in nameless.text
    wrong = admin.post(f"{base}/fields", {"type": "formula", "label_zh": "错", "label_en": "Wrong",
                                          "formula": "nothing + 1", "result": "decimal"})  # fmt: skip
    assert wrong.status_code in (400, 422)
    assert "nothing + 1" in wrong.text
    assert "Nothing waits" in admin.get(base).text


def test_the_form_is_laid_out_by_dragging(space: Space, admin: Any) -> None:
    base = "/settings/objects/account"
    before = catalog(space).object("account").form
    order = [[n, list(reversed(s.fields))] for n, s in enumerate(before)]
    assert admin.post(f"{base}/form", {"form": json.dumps(order)}).status_code == 303
    assert admin.post(f"{base}/form", {"form": "[[0]]"}).status_code == 400
    assert admin.post(f"{base}/sections", {"label_zh": "更多", "label_en": "More"}).status_code == 303
    columns = {"has.columns": "1", "columns": ["name", "owner"], "label_zh": "客户公司", "label_en": "Company"}
    assert admin.post(f"{base}/layouts", columns).status_code == 303
    admin.post(f"{base}/publish")
    after = catalog(space).object("account")
    assert after.form[0].fields == tuple(reversed(before[0].fields))
    assert after.form[-1].label.en == "More"
    assert after.columns == ("name", "owner")
    assert after.label.zh == "客户公司"


def test_tokens_are_shown_once_and_end_when_revoked(space: Space, admin: Any, sales: Any) -> None:
    assert sales.post("/profile/tokens", {"name": "", "scopes": "read"}).status_code == 422
    page = sales.post("/profile/tokens", {"name": "erp", "scopes": ["read", "write"], "days": "30"}).text
    secret = re.search(r"<code>(gx_[^<]+)</code>", page)
    assert secret
    assert secret[1] not in sales.get("/profile/tokens").text
    with space.read(system("test")) as work:
        actor, ident = actor_of(work.session, work.catalog, secret[1], work.now)
    assert actor.user == sales.user
    assert "erp" in admin.get("/settings/tokens").text
    assert admin.post(f"/profile/tokens/{ident}/revoke").status_code == 404
    assert admin.post(f"/settings/tokens/{ident}/revoke").status_code == 303
    assert "revoked" in sales.get("/profile/tokens").text


def test_a_pack_goes_out_and_in(space: Space, admin: Any) -> None:
    admin.post("/settings/objects", {"label_zh": "设备", "label_en": "Machine"})
    text = admin.get("/settings/packs/download").text
    pack = msgspec.json.decode(text)
    assert pack["objects"][0]["name"] == "machine"
    other = text.replace("machine", "vehicle").replace("Machine", "Vehicle")
    answer = admin.post("/settings/packs", files={"pack": ("pack.json", other.encode())})
    assert answer.status_code == 303, answer.text
    assert "vehicle" in catalog(space).objects
    wrong = admin.post("/settings/packs", files={"pack": ("pack.json", b'{"format": 9}')})
    assert wrong.status_code == 400
    assert "reads format 1" in wrong.text


def test_an_object_is_retired_and_restored(space: Space, admin: Any) -> None:
    admin.post("/settings/objects", {"label_zh": "设备", "label_en": "Machine"})
    assert admin.post("/settings/objects/machine/retire").status_code == 303
    assert "machine" not in catalog(space).objects
    assert "/settings/objects/machine/restore" in admin.get("/settings/objects").text
    assert admin.post("/settings/objects/machine/restore").status_code == 303
    assert "machine" in catalog(space).objects
    assert admin.post("/settings/objects/account/retire").status_code == 422


def test_the_profile_leads_to_ones_own_tokens(sales: Any) -> None:
    assert 'href="/profile/tokens"' in sales.get("/profile").text
