"""Cells, bulk edits, views, builder, boards, files: what the list pages do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from guanxi.base.i18n import Locale
from guanxi.entrypoints.web.lists import builder
from guanxi.kernel.context import Space
from guanxi.kernel.expr import parse, unparse
from guanxi.kernel.records import bulk
from guanxi.kernel.records.operations import operations
from guanxi.kernel.records.read import count, get
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.undo import undo
from tests.entrypoints.web.lists.conftest import Person, ids_in, make
from tests.entrypoints.web.lists.test_pages import accounts, leads

SignIn = Callable[[str], Person]


def value(space: Space, user: int, name: str, ident: int, column: str) -> Any:
    with space.read(user) as work:
        return get(work, name, ident)[column]


def counted(space: Space, user: int, name: str, where: str) -> int:
    with space.read(user) as work:
        return count(work, Query(name, where), 0)[0]


def test_a_cell_is_edited_checked_and_undone(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    make(space, 0, "currency", [{"code": "USD", "name": "Dollar", "rate": "7.1"}])
    (ident,) = make(space, boss.user, "opportunity", [{"name": "D", "amount": {"amount": "5", "currency": "USD"}}])
    url = f"/o/opportunity/cells/{ident}/amount"
    assert 'value="5.00"' in boss.get(url).text
    saved = boss.post(url, {"value": "12.5", "currency": "USD", "version": "1"})
    assert saved.status_code == 200, saved.text
    assert saved.text.startswith("<td")
    assert saved.headers["X-Version"] == "2"
    assert "undo" in saved.headers["HX-Trigger"]
    assert value(space, boss.user, "opportunity", ident, "amount__c") == "USD"
    refused = boss.post(url, {"value": "abc", "version": "2"})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert boss.post(url, {"value": "7", "version": "1"}).status_code == 409
    assert boss.get(f"/o/opportunity/cells/{ident}/state").status_code == 403
    assert boss.get(f"/o/opportunity/cells/{ident}/nothing").status_code == 404


def test_every_editable_cell_has_an_editor(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    (account,) = make(space, boss.user, "account", accounts(1))
    found = {"account": account, "lead": make(space, boss.user, "lead", leads(1))[0],
             "opportunity": make(space, boss.user, "opportunity", [{"name": "D", "account": str(account)}])[0],
             "task": make(space, boss.user, "task", [{"subject": "T"}])[0]}  # fmt: skip
    for name, ident in found.items():
        with space.read(boss.user) as work:
            columns = ",".join(f.name for f in work.catalog.object(name).fields[:20])
        html = boss.get(f"/o/{name}?columns={columns}").text
        for field in set(re.findall(r'data-edit="([a-z_0-9]+)"', html)):
            editor = boss.get(f"/o/{name}/cells/{ident}/{field}")
            assert 'name="value"' in editor.text, (name, field)
            given = re.search(r'name="value"[^>]* value="([^"]*)"', editor.text)
            if given and given[1]:
                assert boss.post(f"/o/{name}/cells/{ident}/{field}", {"value": given[1]}).status_code == 200


def test_picked_records_are_changed_tagged_assigned_and_trashed(space: Space, sign_in: SignIn) -> None:
    boss, other = sign_in("boss"), sign_in("other")
    ids = make(space, boss.user, "account", accounts(5))
    three = ",".join(str(i) for i in ids[:3])
    dialog = boss.post("/o/account/bulk/edit", {"ids": three})
    assert "<dialog" in dialog.text
    assert 'name="value"' in boss.get("/o/account/bulk/field?field=industry").text
    tags = {"ids": three, "field": "tags", "value": "red, blue", "back": "/o/account"}
    done = boss.post("/o/account/bulk/tag/apply", tags)
    assert done.status_code == 204, done.text
    assert done.headers["HX-Redirect"] == "/o/account"
    assert counted(space, boss.user, "account", 'has_all(tags, ["red", "blue"])') == 3
    boss.post("/o/account/bulk/owner/apply", {"ids": three, "field": "owner", "value": str(other.user), "back": "/"})
    assert counted(space, boss.user, "account", f"owner = {other.user}") == 3
    trashed = boss.post("/o/account/bulk/trash", {"ids": three})
    assert trashed.status_code == 204
    assert counted(space, boss.user, "account", "true") == 2
    with space.read(boss.user) as work:
        newest = operations(work, actor=boss.user, limit=1)[0]
    undo(space, boss.user, newest.id)
    assert counted(space, boss.user, "account", "true") == 5


def test_all_that_match_need_the_ability_and_many_become_a_job(
    space: Space, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss, rep = sign_in("boss"), sign_in("rep")
    make(space, boss.user, "lead", leads(12, rating="hot"))
    make(space, boss.user, "lead", leads(3, rating="cold"))
    wanted = {"all": "1", "where": "edited=1&f.rating=hot", "field": "origin", "value": "website", "back": "/o/lead"}
    assert boss.post("/o/lead/bulk/edit/apply", wanted).status_code == 204
    assert counted(space, boss.user, "lead", 'origin = "website"') == 12
    monkeypatch.setattr("guanxi.entrypoints.web.lists.bulk.AT_ONCE", 5)
    started = boss.post("/o/lead/bulk/edit/apply", {**wanted, "value": "exhibition"})
    job = started.headers["HX-Redirect"].partition("job=")[2]
    assert "hx-trigger" in boss.get(f"/o/lead/job?job={job}").text
    assert "hx-trigger" not in rep.get(f"/o/lead/job?job={job}").text
    assert bulk.KIND == "bulk_edit"
    assert sign_in("looker").post("/o/lead/bulk/edit/apply", wanted).status_code in (400, 403)


def test_views_are_kept_changed_shared_and_deleted(space: Space, sign_in: SignIn) -> None:
    boss, rep = sign_in("boss"), sign_in("rep")
    make(space, boss.user, "lead", leads(2, rating="hot"))
    make(space, boss.user, "lead", leads(1, rating="cold"))
    state = "/o/lead?edited=1&f.rating=hot&sort=-name&columns=name,rating"
    path = boss.post("/o/lead/views", {"name": "Hot ones", "state": state, "shared": "1"}).headers["HX-Redirect"]
    html = boss.get(path).text
    assert len(ids_in(html)) == 2
    assert "View changed" not in html
    changed = boss.get(f"{path}&edited=1&f.rating=cold").text
    assert len(ids_in(changed)) == 1
    assert "View changed" in changed
    view = path.partition("view=")[2]
    assert len(ids_in(rep.get(path).text)) == len(ids_in(rep.get("/o/lead?edited=1&f.rating=hot").text))
    assert rep.post(f"/o/lead/views/{view}/delete").status_code == 403
    assert rep.post("/o/lead/views", {"name": "x", "state": state, "shared": "1"}).status_code == 403
    assert rep.post("/o/lead/views", {"name": "", "state": state}).status_code == 422
    mine = rep.post("/o/lead/views", {"name": "Private", "state": state}).headers["HX-Redirect"]
    assert "Private" not in boss.get("/o/lead").text
    assert boss.post(f"/o/lead/views/{mine.partition('view=')[2]}/delete").status_code == 404
    boss.post(f"/o/lead/views/{view}", {"name": "Hot", "state": "/o/lead?edited=1&f.rating=cold"})
    assert len(ids_in(boss.get(path).text)) == 1
    boss.post(f"/o/lead/views/{view}/delete")
    assert "Hot" not in re.sub(r"<[^>]+>", "", boss.get("/o/lead").text.split("gx-tabs")[1].split("</nav>")[0])


GROUPS = [
    ("opportunity", {"all": [{"field": "amount", "op": "ge", "values": ["9万"]}]}),
    ("opportunity", {"all": [{"field": "close_on", "op": "in_period", "values": ["this_quarter"]},
                             {"any": [{"field": "type", "op": "in", "values": ["new", "repeat"]},
                                      {"field": "account.industry", "op": "is_empty", "values": []},
                                      {"field": "owner", "op": "is_me", "values": []}]}]}),
    ("lead", {"any": [{"field": "tags", "op": "has_any", "values": ["a", "b"]},
                      {"field": "name", "op": "contains", "values": ["陈"]}]}),
    ("lead", {"all": [{"field": "budget", "op": "between", "values": ["1", "2.5"]}, {"text": "created_at < now()"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "groups"), GROUPS)
def test_the_builder_reads_what_it_wrote(space: Space, sign_in: SignIn, name: str, groups: dict[str, Any]) -> None:
    boss = sign_in("boss")
    with space.read(boss.user) as work:
        target = work.catalog.object(name)
        text = builder.expression_of(work, target, groups)
        again = builder.groups_in(work, target, text)
        assert unparse(parse(builder.expression_of(work, target, again))) == text
        offered = {f["name"] for f in builder.offers(work, target, Locale("en"))}
        assert "owner" in offered
    answer = boss.post(f"/o/{name}/estimate", {"groups": json.dumps(groups), "query": ""}).json()
    assert answer["errors"] == {}
    assert answer["text"] == text
    assert boss.get(answer["url"]).status_code == 200


def test_faults_of_lines_are_told_by_place(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    groups = {"all": [{"field": "amount", "op": "ge", "values": ["lots"], "takes": "value"},
                      {"field": "name", "op": "contains", "values": [""], "takes": "text"}]}  # fmt: skip
    answer = boss.post("/o/opportunity/estimate", {"groups": json.dumps(groups), "query": ""}).json()
    assert list(answer["errors"]) == ["0"]
    text = boss.post("/o/opportunity/estimate", {"mode": "text", "text": "amuont > 3", "query": ""}).json()
    assert "^" in text["errors"]["0"]["excerpt"]


def test_a_card_moves_or_is_asked_what_lacks(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    (account,) = make(space, boss.user, "account", accounts(1))
    (ident,) = make(space, boss.user, "opportunity", [{"name": "Deal", "amount": "100"}])
    with space.read(boss.user) as work:
        stages = {row["name_en"]: row["id"] for row in work.catalog.config["stage"].values()}
    html = boss.get("/o/opportunity/board").text
    assert f'data-id="{ident}"' in html
    url = f"/o/opportunity/board/{ident}/move"
    gate = boss.post(url, {"to": str(stages["Proposal"]), "version": "1"})
    assert gate.status_code == 422
    assert set(re.findall(r'name="v\.([a-z_]+)"', gate.text)) == {"account", "close_on"}
    filled = {"to": str(stages["Proposal"]), "version": "1", "gate": "1", "v.account": str(account)}
    again = boss.post(url, {**filled, "v.close_on": "never"})
    assert again.status_code == 422
    assert "gx-error" in again.text
    done = boss.post(url, {**filled, "v.close_on": "2026-12-10"})
    assert done.status_code == 204
    assert value(space, boss.user, "opportunity", ident, "stage") == stages["Proposal"]
    back = boss.post(url, {"to": str(stages["Prospecting"]), "version": "2"})
    assert back.status_code == 200
    assert f'hx-target="#col-{stages["Prospecting"]}"' in back.text
    assert back.headers["X-Version"] == "3"
    assert boss.post(url, {"to": str(stages["Prospecting"]), "version": "1"}).status_code == 409
    lost = boss.post(url, {"to": str(stages["Lost"]), "version": "3"})
    assert 'name="v.close_reason"' in lost.text
    assert sign_in("rep").post(url, {"to": str(stages["Proposal"])}).status_code == 404


def test_a_board_by_choice_moves_by_edit(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    (ident,) = make(space, boss.user, "lead", leads(1))
    assert f'data-id="{ident}"' in boss.get("/o/lead/board").text
    assert boss.post(f"/o/lead/board/{ident}/move", {"to": "contacted", "version": "1"}).status_code in (200, 422)


def test_a_pasted_block_is_shown_and_saved(space: Space, sign_in: SignIn) -> None:
    boss = sign_in("boss")
    ids = make(space, boss.user, "account", accounts(2))
    phones = [{"id": str(i), "version": "1", "values": {"phone": f"0512-6288123{n}"}} for n, i in enumerate(ids)]
    changes = json.dumps(phones)
    assert "62881231" in boss.post("/o/account/paste", {"changes": changes}).text
    assert boss.post("/o/account/paste/apply", {"changes": changes, "back": "/o/account"}).status_code == 204
    assert value(space, boss.user, "account", ids[1], "phone") == "+8651262881231"
    assert boss.post("/o/account/paste", {"changes": "[1]"}).status_code == 400


def test_the_file_holds_what_the_list_shows(space: Space, sign_in: SignIn) -> None:
    boss, looker = sign_in("boss"), sign_in("looker")
    ids = make(space, boss.user, "account", [*accounts(3), {"name": "=1+1"}])
    text = boss.get(f"/o/account/export.csv?ids={ids[0]},{ids[3]}").text
    lines = text.lstrip("\ufeff").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("Id,Name")
    assert "'=1+1" in text
    with space.read(looker.user) as work:
        scope = work.actor.rights.scope("account", "export")
    assert looker.get("/o/account/export.csv").status_code == (403 if scope == "none" else 200)
