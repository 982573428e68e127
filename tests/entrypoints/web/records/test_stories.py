"""A salesperson's day over HTTP: convert a lead, move a deal, comment, restore a value, and what others may not see."""

from __future__ import annotations

import html
import re
from functools import partial
from typing import Any

from guanxi.kernel.access import why
from guanxi.kernel.access.actors import load_actor, system
from guanxi.kernel.changes.feed import follow
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.reactions import react_handler, reactions_follower
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def add(space: Space, user: int, name: str, /, **values: Any) -> int:
    with space.write(user) as work:
        return save(work, [Change("create", name, values)]).id


def row(space: Space, name: str, ident: int) -> dict[str, Any]:
    with space.read(system("test")) as work:
        return get(work, name, ident, trashed=True)


def test_a_lead_becomes_a_customer_and_known_ones_are_offered(space: Space, seller: Any) -> None:
    known = add(space, seller.user, "account", name="禾木装备")
    lead = add(space, seller.user, "lead", name="刘建国", company="禾木装备", mobile="13812345678", budget="500000")
    url = f"/o/lead/{lead}/do/convert_lead"
    assert "Convert" in seller.get(url, **{"HX-Request": "true"}).text
    sent = {"opportunity": "1", "_has_opportunity": "1", "opportunity_name": "三号线改造"}
    asked = seller.post(url, sent, hx=True)
    assert asked.status_code == 422
    assert f'value="{known}"' in asked.text
    done = seller.post(url, {**sent, "account": str(known)}, hx=True)
    assert done.status_code == 204
    deal = int(done.headers["hx-redirect"].rpartition("/")[2])
    assert row(space, "opportunity", deal)["account"] == known
    assert row(space, "opportunity", deal)["name"] == "三号线改造"
    assert row(space, "lead", lead)["state"] == "converted"
    assert seller.get(f"/o/lead/{lead}/do/convert_lead").status_code == 404, "converted once"


def test_the_gate_asks_only_what_the_stage_lacks(space: Space, seller: Any, users: Any) -> None:
    deal = add(space, seller.user, "opportunity", name="三号线")
    with space.read(system("test")) as work:
        pipeline = row(space, "opportunity", deal)["pipeline"]
        stages = [s for s in work.catalog.config["stage"].values() if s["pipeline"] == pipeline]
        strict = next(s for s in stages if s["kind"] == "open" and s["id"] != row(space, "opportunity", deal)["stage"])
    with space.write(users["admin"]) as work:
        save(work, [Change("edit", "stage", {"requires": ["amount", "close_on"]}, id=strict["id"])])
    sent = {"to": str(strict["id"]), "version": str(row(space, "opportunity", deal)["version"])}
    gate = seller.post(f"/o/opportunity/{deal}/step", sent, hx=True)
    assert gate.status_code == 422
    assert re.findall(r'name="_gate" value="(\w+)"', gate.text) == ["amount", "close_on"]
    filled = {**sent, "_gate": ["amount", "close_on"], "amount": "86.5万", "close_on": "2026-12-18"}
    assert seller.post(f"/o/opportunity/{deal}/step", filled, hx=True).status_code == 204
    assert row(space, "opportunity", deal)["stage"] == strict["id"]
    lost = seller.post(f"/o/opportunity/{deal}/do/lose_opportunity", {}, hx=True)
    assert lost.status_code == 422
    assert "gx-error" in lost.text
    sent = {"close_reason": "price"}
    assert seller.post(f"/o/opportunity/{deal}/do/lose_opportunity", sent, hx=True).status_code == 204
    assert row(space, "opportunity", deal)["state"] == "lost"


def test_a_follow_up_is_one_tap_and_shows_on_the_account(space: Space, seller: Any) -> None:
    account = add(space, seller.user, "account", name="禾木")
    deal = add(space, seller.user, "opportunity", name="三号线", account=str(account))
    sent = {"kind": "call", "result": "progress", "text": "型号定了", "next_on": "2026-12-18"}
    assert seller.post(f"/o/opportunity/{deal}/do/log_follow_up_opportunity", sent, hx=True).status_code == 204
    page = seller.get(f"/o/account/{account}").text
    assert "型号定了" in page
    assert "三号线" in page
    only = seller.get(f"/o/account/{account}/timeline?kind=task").text
    assert "型号定了" in only
    assert only.count("<li") == 1
    nothing = seller.post(f"/o/opportunity/{deal}/do/log_follow_up_opportunity", {"kind": "call"}, hx=True)
    assert nothing.status_code == 422


def test_a_comment_with_a_mention_notifies(space: Space, admin: Any, users: Any) -> None:
    account = add(space, users["seller"], "account", name="禾木")
    answer = admin.post(f"/o/account/{account}/comment", {"body": "@李薇 你来跟"})
    assert answer.status_code == 303
    for _ in range(2):
        follow(space.db, reactions_follower(space))
        while run_due(space.db, {"reaction": partial(react_handler, space)}, worker="t"):
            pass
    with space.read(users["seller"]) as work:
        told = find(work, Query("notification", where="owner = me()")).rows
    assert [t["kind"] for t in told] == ["mention"]


def test_what_is_not_yours_is_not_found(space: Space, seller: Any, other: Any, users: Any) -> None:
    with space.write(users["admin"]) as work:
        save(work, [Change("edit", "user", {"team": None}, id=users["other"])])
    account = add(space, seller.user, "account", name="禾木")
    for path in ("", "/edit", "/peek", "/timeline", "/history", "/who", "/values", "/cell/name"):
        assert other.get(f"/o/account/{account}{path}").status_code == 404, path
    for path in ("/edit", "/trash", "/follow", "/comment", "/step", "/cell/name", "/put-back"):
        sent = {"value": "x", "body": "x", "to": "x", "field": "name", "version": "1"}
        assert other.post(f"/o/account/{account}{path}", sent).status_code == 404, path
    contact = add(space, other.user, "contact", name="王")
    page = other.get("/options/account?q=禾木").text
    assert "data-value" not in page
    assert other.get(f"/o/contact/{contact}").status_code == 200


def test_hidden_and_fixed_fields(space: Space, users: Any, sign_in: Any) -> None:
    with space.write(system("test")) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == "sales")
        rights = '{"objects":{"*":{"create":"all","read":"all","edit":"all","delete":"own","export":"own"}},'
        rights += '"fields":{"account.revenue":"none","account.phone":"read"}}'
        save(work, [Change("edit", "role", {"rights": rights}, id=role)])
    account = add(space, users["admin"], "account", name="禾木", revenue="123456", phone="0512-62881234")
    seller = sign_in("seller")
    for path in ("", "/edit", "/peek"):
        page = seller.get(f"/o/account/{account}{path}").text
        assert "123,456" not in page
        assert "123456" not in page
        assert "6288" in page or path == "/peek"
    assert seller.get(f"/o/account/{account}/cell/revenue").status_code == 404
    assert seller.get(f"/o/account/{account}/cell/phone").status_code == 403
    assert 'data-edit="phone"' not in seller.get(f"/o/account/{account}").text


def test_nasty_texts_stay_texts(space: Space, admin: Any) -> None:
    body = f"{NASTY} [x](javascript:alert(3)) <iframe src=//evil>\n\n**bold** [y](javascript:alert(4))"
    account = add(
        space, admin.user, "account", name=NASTY, description=body, website="https://example.com", tags=[NASTY[:40]]
    )
    admin.post(
        f"/o/account/{account}/comment", {"body": body}, files={"file": (NASTY, b"<script>1</script>", "text/html")}
    )
    for path in ("", "/edit", "/peek", "/history", "/who"):
        page = admin.get(f"/o/account/{account}{path}").text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<iframe" not in page
        assert 'href="javascript' not in page
    assert "<strong>bold</strong>" in admin.get(f"/o/account/{account}").text
    shown = admin.get(f"/options/account?q={'alert'}").text
    assert "<script>alert" not in shown


def test_files_are_fetched_by_those_who_see_the_record(space: Space, admin: Any, other: Any) -> None:
    account = add(space, admin.user, "account", name="禾木")
    sent = {"file": ("合同.html", b"<script>1</script>", "text/html")}
    assert admin.post(f"/o/account/{account}/files", files=sent).status_code == 303
    found = re.search(r'href="(/files/\d+)"', admin.get(f"/o/account/{account}").text)
    assert found
    file = admin.get(found[1] + "?inline=1")
    assert file.content == b"<script>1</script>"
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]
    assert other.get(found[1]).status_code == 404
    alone = admin.post("/files", files={"file": ("a.txt", b"a", "text/plain")}).json()[0]["id"]
    stolen = add(space, other.user, "account", name="乙")
    page = other.get(f"/o/account/{stolen}/edit").text
    opened = {n: html.unescape(re.search(rf'name="{n}" value="([^"]*)"', page)[1]) for n in ("_was", "_version")}  # type: ignore[index]  # it is there
    answer = other.post(f"/o/account/{stolen}/edit", {**opened, "_fields": "files", "files": alone})
    assert answer.status_code == 404


def test_a_value_is_put_back_and_what_does_not_clash_is_merged(space: Space, admin: Any) -> None:
    account = add(space, admin.user, "account", name="禾木", payment_terms="月结 30 天")
    page = admin.get(f"/o/account/{account}/edit").text
    opened = {n: html.unescape(re.search(rf'name="{n}" value="([^"]*)"', page)[1]) for n in ("_was", "_version")}  # type: ignore[index]  # it is there
    admin.post(f"/o/account/{account}/cell/payment_terms?at=page", {"value": "月结 45 天", "version": "1"}, hx=True)
    version = row(space, "account", account)["version"]
    sent = {**opened, "_fields": "payment_terms,short_name", "payment_terms": "月结 30 天", "short_name": "禾"}
    clash = admin.post(f"/o/account/{account}/edit", sent)
    assert clash.status_code == 409
    assert "Merged" in clash.text
    assert "pick__" not in clash.text
    back = {"field": "payment_terms", "version": str(version)}
    assert admin.post(f"/o/account/{account}/put-back", back).status_code == 303
    assert row(space, "account", account)["payment_terms"] == "月结 30 天"


def test_why_says_what_reading_does(space: Space, users: Any) -> None:
    account = add(space, users["seller"], "account", name="禾木")
    call = add(space, users["seller"], "call", about={"object": "account", "id": str(account)}, body="x")
    with space.read(system("test")) as work:
        for name, ident in (("account", account), ("call", call)):
            target = work.catalog.object(name)
            told = {w.user for w in why.people(work.session, work.catalog, target, ident, work.now)}
            for user in users.values():
                with space.read(load_actor(work.catalog, user)) as own:
                    seen = bool(find(own, Query(name, where=f"id = {ident}")).rows)
                assert (user in told) == seen, (name, user)
