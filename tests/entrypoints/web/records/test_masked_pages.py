"""Masked fields on pages: the mask and the eye, never the value, wherever the record appears."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from guanxi.entrypoints.web.app import create_web
from guanxi.entrypoints.web.home import gather_home
from guanxi.entrypoints.web.reports.pages import ROUTES as REPORTS
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests.entrypoints.web.records.conftest import BROWSER, PASSWORD, OneSpace

SECRETS = ("13812345678", "1234 5678", "12345678", "wangwei@", "987654", "987,654", "98.8", "secretname", "1971")
ALL = {"*": dict.fromkeys(("create", "read", "edit", "delete", "export", "bulk"), "all")}


@pytest.fixture
def ids(space: Space, users: dict[str, int]) -> dict[str, int]:
    """Records of an administrator, and a seller who sees their tender fields masked (clear on their own)."""
    own = {"level": "masked", "better": [["owner = me", "edit"]]}
    fields = dict.fromkeys(("contact.email", "contact.birthday", "opportunity.amount"), "masked")
    rights = {"objects": ALL, "fields": {**fields, "contact.mobile": own, "account.name": "masked"},
              "abilities": ["reveal", "undo_others"]}  # fmt: skip
    with space.write(system("test")) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == "sales")
        save(work, [Change("edit", "role", {"rights": msgspec.json.encode(rights).decode()}, id=role)])
    owner = {"owner": str(users["admin"])}
    with space.write(users["admin"]) as work:
        account = save(work, [Change("create", "account", {"name": "Secretname Ltd", **owner})]).id
        values = {"name": "王伟", "mobile": "13812345678", "email": "wangwei@example.com", "birthday": "1971-02-03"}
        contact = save(work, [Change("create", "contact", {**values, "account": str(account), **owner})]).id
        deal = {"name": "Line", "account": str(account), "contact": str(contact), "amount": "987654", **owner}
        opportunity = save(work, [Change("create", "opportunity", deal)]).id
        save(work, [Change("create", "contact_role", {"contact": str(contact), "role": "user",
                           "about": {"object": "opportunity", "id": str(opportunity)}})])  # fmt: skip
    with space.write(users["seller"]) as work:
        mine = save(work, [Change("create", "contact", {"name": "李四", "mobile": "13900000001"})]).id
    return {"account": account, "contact": contact, "opportunity": opportunity, "mine": mine}


def test_no_page_shows_a_masked_value(ids: dict[str, int], seller: Any) -> None:
    paths = ["/o/contact", "/o/contact?view=all", "/o/opportunity", "/o/opportunity/board", "/o/account?view=all",
             "/options/contact?q=", "/options/contact?q=1381", "/options/account?q=", "/options/account,contact?q=",
             "/o/contact?view=all&q=13812345678", "/o/contact?view=all&columns=name,mobile,email,birthday"]  # fmt: skip
    for name in ("account", "contact", "opportunity"):
        paths += [f"/o/{name}/{ids[name]}{part}" for part in ("", "/peek", "/edit", "/timeline", "/history", "/who",
                                                              "/values")]  # fmt: skip
    for path in paths:
        answer = seller.get(path)
        assert answer.status_code in (200, 404), (path, answer.status_code)
        found = [secret for secret in SECRETS if secret in answer.text.lower()]
        assert not found, (path, found)
    for name, field in (("contact", "email"), ("contact", "mobile"), ("opportunity", "amount")):
        assert seller.get(f"/o/{name}/{ids[name]}/cell/{field}").status_code in (403, 404)
        sent = {"value": "1", "version": "1"}
        assert seller.post(f"/o/{name}/{ids[name]}/cell/{field}", sent).status_code in (403, 404)


def test_the_start_page_leaves_sums_out_and_reports_say_why(space: Space, ids: dict[str, int], users: Any) -> None:
    with space.read(users["seller"]) as work:
        told = gather_home(work, {})
    assert not [secret for secret in SECRETS if secret in str(told).lower()]
    assert "won_amount" not in {goal.key for goal in told.get("goals", ())}
    web = TestClient(create_web(OneSpace(space), REPORTS), follow_redirects=False)
    entered = web.post("/sign-in", data={"email": "seller@example.com", "password": PASSWORD}, headers=BROWSER)
    assert entered.status_code == 303
    for path in ("/reports", "/reports/results", "/reports/results?format=csv"):
        answer = web.get(path, headers=BROWSER)
        assert answer.status_code == 403
        assert "add up amounts" in answer.text
    assert web.get("/reports/sources", headers=BROWSER).status_code == 200


def test_what_a_condition_opens_is_edited_on_its_rows(ids: dict[str, int], seller: Any) -> None:
    assert "138****5678" in seller.get(f"/o/contact/{ids['contact']}").text
    assert 'name="mobile"' not in seller.get(f"/o/contact/{ids['contact']}/edit").text
    assert 'name="mobile"' in seller.get(f"/o/contact/{ids['mine']}/edit").text
    assert 'name="mobile"' in seller.get("/o/contact/new").text
    assert "139 0000 0001" in seller.get(f"/o/contact/{ids['mine']}").text


def test_the_eye_reveals_one_value_and_says_so(space: Space, ids: dict[str, int], users: Any, sign_in: Any) -> None:
    seller = sign_in("seller")
    page = seller.get(f"/o/contact/{ids['contact']}").text
    assert f'hx-post="/o/contact/{ids["contact"]}/reveal/mobile"' in page
    answer = seller.post(f"/o/contact/{ids['contact']}/reveal/mobile", hx=True)
    assert answer.status_code == 200
    assert "138 1234 5678" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "987,654" in seller.post(f"/o/opportunity/{ids['opportunity']}/reveal/amount", hx=True).text
    with space.read(system("look")) as work:
        log = work.session.rows(f"SELECT actor, record FROM {work.session.table('access_log')} WHERE kind = 'reveal'")
    assert sorted(log) == sorted([(users["seller"], ids["contact"]), (users["seller"], ids["opportunity"])])
    for path in (f"/o/contact/{ids['contact']}/reveal/nonsense", "/o/contact/5/reveal/mobile"):
        assert seller.post(path, hx=True).status_code in (400, 404)
    for _ in range(28):
        seller.post(f"/o/contact/{ids['contact']}/reveal/mobile", hx=True)
    over = seller.post(f"/o/contact/{ids['contact']}/reveal/mobile", hx=True)
    assert over.status_code == 429
    assert "138" not in over.text
    assert int(over.headers["retry-after"]) > 0
