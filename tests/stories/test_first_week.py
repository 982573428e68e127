"""
The first week of a small machine maker. Ada sets up, Sam sells, Mona leads the team, Otto works for another team.

Monday: teams, people, a stage that asks for something, an own field and an own object. Tuesday to Thursday: a lead
is followed up, becomes a customer, gets three people with roles, and is won. Friday: Mona looks at the figures.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from tests.stories.conftest import Office, Person


@pytest.fixture
def monday(office: Office) -> dict[str, Any]:
    """What Ada does before anybody else comes in."""
    sales = office.team("Sales")
    east, west = office.team("East", sales), office.team("West", sales)
    people = {
        "sam": office.invite("Sam", "sales", east),
        "sue": office.invite("Sue", "sales", west),
        "mona": office.invite("Mona", "sales_manager", sales),
        "otto": office.invite("Otto", "sales", None),
    }
    ada, stage = office.ada, office.ids("stage", "name_en")["Proposal"]
    pipeline = office.ids("pipeline")["标准销售"]
    asks = {"name": "方案报价", "name_en": "Proposal", "kind": "open", "probability": "50", "rotting_days": "21",
            "requires": ["account", "amount", "close_on"], "resource": "Application engineer",
            "tasks": "Send proposal and price together.", "active": "1"}  # fmt: skip
    ada.sent(f"/settings/pipelines/{pipeline}/stages/{stage}", asks)
    voltage = {
        "type": "choice",
        "label_zh": "电压",
        "label_en": "Voltage",
        "more": "低压 = Low\n高压 = High",
        "section": "0",
    }
    ada.sent("/settings/objects/account/fields", voltage)
    ada.sent("/settings/objects/account/publish")
    ada.sent("/settings/objects", {"label_zh": "设备", "label_en": "Machine", "icon": "tool"})
    owner = {"type": "lookup", "label_zh": "客户", "label_en": "Customer", "to": "account", "section": "0"}
    ada.sent("/settings/objects/machine/fields", owner)
    ada.sent("/settings/objects/machine/publish")
    return {**people, "office": office, "east": east, "west": west, "stages": office.ids("stage", "name_en")}


def converted(sam: Person) -> tuple[int, dict[str, int]]:
    """A lead with tags, a file, a note and two follow-ups becomes account, contact and opportunity."""
    lead = sam.fill("lead", name="刘建国", company="禾木装备", mobile="13812345678",
                    origin="exhibition", budget="500000", tags="压铸,苏州")  # fmt: skip
    sam.sent(f"/o/lead/{lead}/files", files={"file": ("需求.txt", "三号线".encode(), "text/plain")})
    sam.add("note", about={"object": "lead", "id": str(lead)}, body="展会上聊过，三号线要改造")
    for text in ("打了电话，约周三", "发了样本"):
        sam.sent(f"/o/lead/{lead}/do/log_follow_up_lead", {"kind": "call", "result": "progress", "text": text}, hx=True)
    seen = sam.read("lead", lead)
    assert (seen["state"], seen["follow_ups"], seen["source"]) == ("contacted", 2, "form")
    sent = {"opportunity": "1", "_has_opportunity": "1", "opportunity_name": "三号线改造"}
    sam.sent(f"/o/lead/{lead}/do/convert_lead", sent, hx=True)
    after = sam.read("lead", lead)
    assert after["state"] == "converted"
    return lead, {name: int(after[f"converted_{name}"]) for name in ("account", "contact", "opportunity")}


def test_a_lead_is_followed_up_and_becomes_a_customer_with_all_that_hung_on_it(monday: dict[str, Any]) -> None:
    sam: Person = monday["sam"]
    lead, made = converted(sam)
    deal, contact, account = (sam.read(n, made[n]) for n in ("opportunity", "contact", "account"))
    assert account["name"] == "禾木装备"
    assert (contact["name"], contact["mobile"], contact["account"]) == ("刘建国", "+8613812345678", account["id"])
    assert (deal["name"], deal["amount"]["amount"]) == ("三号线改造", "500000.00")
    assert {row["origin"] for row in (account, contact, deal)} == {"exhibition"}
    assert all(sorted(row["tags"]) == sorted(["压铸", "苏州"]) for row in (account, contact, deal))
    assert len(contact["files"]) == len(deal["files"]) == 1
    for page in (f"/o/opportunity/{deal['id']}", f"/o/account/{account['id']}"):
        html = sam.get(page)
        for text in ("展会上聊过", "打了电话", "发了样本"):
            assert text in html, (page, text)
    assert sam.count("note", f"about = {deal['id']}") == 1
    assert sam.count("call", f"about = {deal['id']}") == 2
    assert f"/o/account/{account['id']}" in sam.get(f"/o/lead/{lead}"), "the link back is kept"


def test_three_people_with_roles_and_each_talk_shows_who_took_part(monday: dict[str, Any]) -> None:
    sam: Person = monday["sam"]
    _, made = converted(sam)
    parts = {"陈厂长": ("decision_maker", "生产"), "周经理": ("purchasing", "采购"), "吴工": ("user", "工艺")}
    people = {name: sam.fill("contact", name=name, account=str(made["account"])) for name in parts}
    for name, (role, department) in parts.items():
        for where in ("account", "opportunity"):
            about = {"object": where, "id": str(made[where])}
            sam.add("contact_role", contact=str(people[name]), about=about, role=role, department=department)
    twice = {"contact": str(people["吴工"]), "about": {"object": "account", "id": str(made["account"])}, "role": "user"}
    assert sam.call("POST", "/contact_role", twice).status_code in (409, 422), "nobody has the same role twice"
    for where in ("account", "opportunity"):
        page = sam.get(f"/o/{where}/{made[where]}")
        for text in (*parts, "Decision maker", "Purchasing"):
            assert text in page, (where, text)
    for name in parts:
        form = {"kind": "call", "result": "progress", "text": f"第{people[name]}次", "contact": str(people[name])}
        sam.sent(f"/o/opportunity/{made['opportunity']}/do/log_follow_up_opportunity", form, hx=True)
    talks = sam.api("GET", "/call", params={"filter": f"account = {made['account']}", "names": "true"})
    by_person = {row["body"]: row["contact"] for row in talks["data"] if row["body"].startswith("第")}
    assert by_person == {f"第{ident}次": str(ident) for ident in people.values()}
    assert sam.count("call", f'contact = {people["陈厂长"]} and contact.name = "陈厂长"') == 1
    entries = sam.get(f"/o/account/{made['account']}/timeline").split("<li")
    for name, ident in people.items():
        entry = next(e for e in entries if f"第{ident}次" in e)
        assert name in entry, "the entry names who took part"
    shown = {"陈厂长": "Decision maker", "周经理": "Purchasing", "吴工": "User"}
    for where in ("account", "opportunity"):
        entries = sam.get(f"/o/{where}/{made[where]}/timeline").split("<li")
        for name, ident in people.items():
            entry = next(e for e in entries if f"第{ident}次" in e)
            assert re.search(rf'{name}</b> <span class="gx-badge[^"]*">{shown[name]}<', entry), "with the role there"


def test_the_deal_passes_its_gate_with_products_and_is_won(monday: dict[str, Any]) -> None:
    sam, stages = monday["sam"], monday["stages"]
    _, made = converted(sam)
    deal = made["opportunity"]
    product = monday["office"].ada.add("product", name="机械臂 R5", price={"amount": "120000", "currency": "CNY"})
    lines = [{"product": str(product), "quantity": "4", "discount": "10"}]
    sam.change("opportunity", deal, opportunity_line=lines)
    assert sam.read("opportunity", deal)["amount"]["amount"] == "432000.00"
    gate = sam.post(f"/o/opportunity/{deal}/step", {"to": str(stages["Proposal"])}, hx=True)
    assert gate.status_code == 422
    assert re.findall(r'name="_gate" value="(\w+)"', gate.text) == ["close_on"], "only what the stage lacks"
    refused = sam.call("POST", "/actions/move_stage", {"id": str(deal), "stage": str(stages["Proposal"])})
    assert [e["field"] for e in refused.json()["errors"]] == ["close_on"], "the API asks for the same"
    filled = {"to": str(stages["Proposal"]), "_gate": ["close_on"], "close_on": "2027-01-29"}
    sam.sent(f"/o/opportunity/{deal}/step", filled, hx=True)
    board = sam.get("/o/opportunity/board")
    assert f'data-id="{deal}"' in board
    assert "Application engineer" in sam.get(f"/o/opportunity/{deal}"), "the stage calls for a resource"
    won = {"close_reason": "product_fit", "close_note": "样机说服了他们"}
    sam.sent(f"/o/opportunity/{deal}/do/win_opportunity", won, hx=True)
    row = sam.read("opportunity", deal)
    assert (row["state"], row["probability"], row["close_reason"]) == ("won", "100", "product_fit")
    history = sam.api("GET", f"/opportunity/{deal}/history")["data"]
    assert len(history) >= 4
    assert "三号线改造" in sam.get(f"/o/opportunity/{deal}/history") or history


def test_the_own_field_and_the_own_object_are_everywhere_at_once(monday: dict[str, Any]) -> None:
    sam: Person = monday["sam"]
    account = sam.fill("account", name="禾木装备", voltage="high")
    assert sam.read("account", account)["voltage"] == "high"
    machine = sam.fill("machine", name="三号压铸机", customer=str(account))
    monday["office"].work()
    assert "三号压铸机" in sam.get("/o/machine?where=" + f"customer = {account}")
    assert "三号压铸机" in sam.get(f"/o/account/{account}"), "related to its account"
    assert "三号压铸机" in sam.words("/palette?q=sanhao"), "found by pinyin"
    assert sam.read("machine", machine)["customer"] == str(account)
    assert sam.count("account", 'voltage = "high"') == 1
    document = sam.api("GET", "/openapi.json")
    assert "/machine/{id}" in document["paths"]
    groups = sam.api("GET", "/account/group", params={"by": "voltage"})
    assert "high" in str(groups)
    exported = sam.client.get("/o/machine/export.csv").text
    assert "三号压铸机" in exported


def test_a_colleague_without_rights_sees_nothing_anywhere(monday: dict[str, Any]) -> None:
    sam, otto = monday["sam"], monday["otto"]
    lead, made = converted(sam)
    monday["office"].work()
    secret = ("禾木装备", "刘建国", "三号线改造", "13812345678", "展会上聊过")
    records = {"lead": lead, **made}
    for name, ident in records.items():
        otto.get(f"/o/{name}/{ident}", 404)
        otto.get(f"/o/{name}/{ident}/history", 404)
        for method, path in (("GET", ""), ("GET", "/history"), ("DELETE", "")):
            answer = otto.call(method, f"/{name}/{ident}{path}")
            assert answer.status_code == 404, (method, name, path)
        sent = otto.call("PATCH", f"/{name}/{ident}", {"name": "mine"}, headers={"If-Match": "*"})
        assert sent.status_code == 404
        assert otto.count(name) == 0
    places = [f"/o/{name}" for name in records]
    places += ["/", "/o/opportunity/board", "/o/note", "/o/call", "/palette?q=禾木", "/search?q=hemu",
               "/options/account?q=禾木", "/reports",
               "/reports/results?period=all", "/operations", "/trash", "/notifications"]  # fmt: skip
    for place in places:
        html = otto.get(place)
        shown = html.replace("q=禾木", "").replace('value="禾木"', "")
        assert not [word for word in secret if word in shown], place
    for path in ("/search?q=禾木", "/changes?since=0&limit=200", "/lead", "/account", "/opportunity/group?by=owner"):
        assert not [word for word in secret if word in otto.call("GET", path).text], path
    for name in records:
        exported = otto.client.get(f"/o/{name}/export.csv")
        assert exported.status_code == 403 or not [w for w in secret if w in exported.text]
    file = sam.read("opportunity", made["opportunity"])["files"][0]
    assert otto.client.get(f"/files/{file}").status_code == 404
    assert otto.call("GET", f"/files/{file}").status_code == 404
    act = otto.call("POST", "/actions/win_opportunity", {"id": str(made["opportunity"])})
    assert act.status_code == 404


def test_a_field_that_a_role_may_not_read_is_nowhere(monday: dict[str, Any]) -> None:
    office, sam = monday["office"], monday["sam"]
    account = office.ada.fill("account", name="禾木装备", revenue="98765432", owner=str(sam.user))
    role = office.role("sales")
    everything = {f"scope.*.{verb}": "all" for verb in ("create", "read", "edit", "delete", "export")}
    form = {
        "name": "Sales",
        **everything,
        "abilities": ["api"],
        "fields_of": "account",
        "field.account.revenue": "none",
    }
    office.ada.sure(f"/settings/roles/{role}", form)
    for path in (f"/o/account/{account}", "/o/account?columns=name,revenue", f"/o/account/{account}/edit",
                 f"/o/account/{account}/history", "/o/account/export.csv"):  # fmt: skip
        html = sam.get(path)
        assert not re.search(r"98[,.]?765", html), path
    assert "revenue" not in sam.read("account", account)
    for params in ({"filter": "revenue > 1"}, {"sort": "-revenue"}, {"fields": "name,revenue"}):
        answer = sam.call("GET", "/account", params=params)
        assert answer.status_code == 400, params
    assert sam.call("GET", "/account/group", params={"by": "origin", "sum": "revenue"}).status_code == 400


@pytest.fixture
def friday(monday: dict[str, Any]) -> dict[str, Any]:
    """Fourteen deals of two sellers: won, lost in the proposal, and open; two products, two regions."""
    office, stages = monday["office"], monday["stages"]
    ada = office.ada
    products = [ada.add("product", name=n, price={"amount": "1000", "currency": "CNY"}) for n in ("R5", "R9")]
    regions = [ada.add("region", name=n) for n in ("华东", "华西")]
    for seller, number in ((monday["sam"], 8), (monday["sue"], 6)):
        account = seller.add("account", name=f"{seller.email} 客户")
        for n in range(number):
            deal = seller.add("opportunity", name=f"D{n}", account=str(account), product=str(products[n % 2]),
                              amount={"amount": str(1000 * (n + 1)), "currency": "CNY"}, close_on="2027-03-01",
                              region=str(regions[n % 2]))  # fmt: skip
            steps = ("Qualification", "Proposal") if n else ("Qualification",)
            for name in steps:
                seller.api("POST", "/actions/move_stage", {"id": str(deal), "stage": str(stages[name])})
            if n in (1, 2):
                seller.api("POST", "/actions/win_opportunity", {"id": str(deal)})
            elif n in (3, 4, 5):
                lost = {"id": str(deal), "close_reason": "price"}
                seller.api("POST", "/actions/lose_opportunity", lost)
    return monday


def table(person: Person, path: str) -> list[list[str]]:
    """A report as the file of its table, without the header."""
    answer = person.client.get(path + "&format=csv")
    assert answer.status_code == 200, answer.text[:500]
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]


def test_the_manager_sees_results_that_add_up_and_each_seller_their_own(friday: dict[str, Any]) -> None:
    mona, sam = friday["mona"], friday["sam"]
    won = mona.api("GET", "/opportunity", params={"filter": 'state = "won"', "limit": "100"})["data"]
    assert len(won) == 4
    value = sum(float(row["amount"]["amount"]) for row in won)
    for by in ("owner", "team", "product", "region", "month"):
        rows = table(mona, f"/reports/results?period=all&owner=all&by={by}")
        assert sum(int(row[1]) for row in rows[:-1]) == int(rows[-1][1]) == 4, by
        assert sum(float(row[2]) for row in rows[:-1]) == float(rows[-1][2]) == value, by
        page = mona.get(f"/reports/results?period=all&owner=all&by={by}")
        links = re.findall(r'href="(/o/opportunity\?[^"]*where=[^"]+)"[^>]*>\s*(\d+)\s*<', page)
        assert links, "each figure leads to its records"
        for url, shown in links:
            assert mona.behind(url) == int(shown), (by, url)
    own = table(sam, "/reports/results?period=all&by=owner")
    assert [row[0] for row in own[:-1]] == ["Sam"]
    assert int(own[-1][1]) == 2


def test_the_funnel_names_its_weakest_step(friday: dict[str, Any]) -> None:
    mona: Person = friday["mona"]
    rows = table(mona, "/reports/funnel?period=all&owner=all")
    page = mona.get("/reports/funnel?period=all&owner=all")
    figures = mona.api("GET", "/opportunity/group", params={"by": "state"})
    assert int(rows[0][1]) == 14, "all deals reached the first stage"
    assert {g["keys"]["state"]: g["count"] for g in figures["groups"]} == {"won": 4, "lost": 6, "open": 4}
    assert re.search(r"Proposal|方案报价", page.split("<h1")[-1].split("<table")[0]), (
        "the finding names the weakest step"
    )
    narrowed = table(friday["sam"], "/reports/funnel?period=all")
    assert int(narrowed[0][1]) == 8, "for any filter: a seller's own"


def test_deals_without_activity_are_listed(friday: dict[str, Any]) -> None:
    mona, office = friday["mona"], friday["office"]
    listed = re.compile(r"/o/opportunity/(\d+)")
    assert not listed.findall(mona.get("/reports/rotting?owner=all"))
    with office.later(40):
        page = Person(office.visitor(), mona.email).get("/reports/rotting?owner=all")
    assert len(set(listed.findall(page))) == 4, "the four open ones"
