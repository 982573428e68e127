"""
Mistakes taken back, a day's work, and one record on two devices: nobody loses what they or somebody else has typed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from tests.stories.conftest import Office, Person

FILE = (
    "公司名称,行业,员工数,电话\n"
    "甲厂,technology,60,0512-62881234\n乙厂,teknology,abc,\n丙厂,retail,900,\n甲厂,finance,10,\n"
)


@pytest.fixture
def sam(office: Office) -> Person:
    return office.invite("Sam", "sales", office.team("East"))


def test_a_spreadsheet_comes_in_with_its_faults_named_and_goes_out_again(office: Office, sam: Person) -> None:
    before = sam.count("account")
    where = sam.sent("/import/account", files={"file": ("客户.csv", FILE.encode("gb18030"), "text/csv")})
    page = sam.get(where)
    assert "公司名称" in page, "GB18030 is read"
    mapped = {f"field-{n}": field for n, field in enumerate(("name", "industry", "employees", "phone"))}
    sam.sent(f"{where}/columns", {**mapped, "key": "name", "existing": "update", "go": "1"})
    office.work()
    mending = sam.get(where)
    for text in ("teknology", "abc"):
        assert text in mending, text
    sam.sent(f"{where}/run", {})
    office.work()
    assert sam.get(where)
    assert {r["name"] for r in sam.api("GET", "/account")["data"]} == {"甲厂", "丙厂"}
    failed = sam.client.get(f"{where}/failed.csv").content.decode("utf-8-sig")
    assert "乙厂" in failed, "the file of failed rows can be had back"
    assert sam.count("account") == before + 2, "totals before and after agree"
    newest = next(op for op in sam.api("GET", "/operations")["data"] if op["kind"] == "import")
    sam.sent(f"/operations/{newest['id']}/undo", {"edited": "skip"})
    assert sam.count("account") == before


def test_a_bulk_edit_is_undone_except_what_somebody_changed_since_and_the_undo_is_undone(
    office: Office, sam: Person
) -> None:
    ids = [sam.add("account", name=f"客户 {n}", payment_terms="月结 30 天") for n in range(4)]
    picked = {"ids": ",".join(map(str, ids)), "field": "payment_terms", "value": "款到发货", "back": "/o/account"}
    sam.sent("/o/account/bulk/edit/apply", picked, hx=True)
    sam.change("account", ids[0], payment_terms="预付 30%")
    bulk = next(op for op in sam.api("GET", "/operations")["data"] if op["kind"] == "bulk")
    page = sam.get(f"/operations/{bulk['id']}")
    for text in ("月结 30 天", "款到发货", "预付 30%"):
        assert text in page, "the preview says what was, what became, and what it is now"
    undone = sam.sent(f"/operations/{bulk['id']}/undo", {"edited": "skip"})

    def terms() -> list[str]:
        return [sam.read("account", i)["payment_terms"] for i in ids]

    assert terms() == ["预付 30%", "月结 30 天", "月结 30 天", "月结 30 天"]
    sam.sent(f"{undone}/undo", {"edited": "skip"})
    assert terms() == ["预付 30%", "款到发货", "款到发货", "款到发货"]


def test_the_day_has_tasks_visits_and_deals_that_stand_still_and_done_items_write_follow_ups(
    office: Office, sam: Person
) -> None:
    firm = sam.add("account", name="禾木装备")
    deal = sam.add("opportunity", name="三号线", account=str(firm), amount={"amount": "1000", "currency": "CNY"})
    soon = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    past = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {"object": "opportunity", "id": str(deal)}
    task = sam.add("task", subject="给陈厂长回电", due_at=past, about=about)
    visit = sam.add("visit", subject="看样机", at=soon, about={"object": "account", "id": str(firm)})
    home = sam.get("/")
    for text in ("给陈厂长回电", "看样机"):
        assert text in home, text
    form = {"about": "opportunity", "id": str(deal), "task": str(task), "how": "call", "result": "progress",
            "text": "型号定了"}  # fmt: skip
    sam.sent("/home/follow-up", form, hx=True)
    assert sam.read("task", task)["done"] is True
    calls = sam.api("GET", "/call", params={"filter": f"about = {deal}"})["data"]
    assert [(c["body"], c["result"]) for c in calls] == [("型号定了", "progress")]
    form = {
        "about": "account",
        "id": str(firm),
        "visit": str(visit),
        "how": "visit",
        "result": "again",
        "text": "下周再看",
    }
    sam.sent("/home/follow-up", form, hx=True)
    assert (sam.read("visit", visit)["state"], sam.read("visit", visit)["body"]) == ("done", "下周再看")
    home = sam.get("/")
    assert "给陈厂长回电" not in home.split("</main>")[0].split("gx-queue")[-1] or "型号定了" in home
    with office.later(30):
        later = Person(office.visitor(), sam.email).get("/?kind=rotting")
    assert "三号线" in later
    assert re.search(r"\d+ days without progress", later), "and says why it is on the list"


def opened(html: str) -> dict[str, str]:
    """What the form knows of the record as it was when it was opened."""
    found = {n: re.search(rf'name="{n}" value="([^"]*)"', html) for n in ("_was", "_version")}
    return {n: unescape(m[1]) for n, m in found.items() if m}


def test_one_record_on_two_devices_loses_nothing(office: Office, sam: Person) -> None:
    firm = sam.add("account", name="禾木装备", payment_terms="月结 30 天", short_name="禾木")
    raw = sam.client.get(f"/o/account/{firm}/edit").text
    desk = {
        **opened(raw),
        "_fields": "payment_terms,short_name",
        "payment_terms": "月结 60 天",
        "short_name": "禾木智能",
    }
    version = str(sam.read("account", firm)["version"])
    phone = {"value": "款到发货", "version": version}
    sam.sent(f"/o/account/{firm}/cell/payment_terms?at=page", phone, hx=True)
    clash = sam.post(f"/o/account/{firm}/edit", desk)
    assert clash.status_code == 409
    page = unescape(clash.text)
    for text in ("月结 30 天", "款到发货", "月结 60 天"):
        assert text in page, "opened, now and mine stand side by side"
    assert sam.read("account", firm)["payment_terms"] == "款到发货", "nothing was overwritten"
    tablet = sam.call("PATCH", f"/account/{firm}", {"payment_terms": "现金"}, headers={"If-Match": f'"{version}"'})
    assert tablet.status_code == 412
    assert tablet.json()["current"]["payment_terms"] == "款到发货"
    fields = {n: unescape(v) for n, v in re.findall(r'name="(_[a-z]+)" value="([^"]*)"', clash.text)}
    chosen: dict[str, Any] = {**fields, "pick__payment_terms": "mine", "pick__short_name": "mine"}
    answer = sam.post(f"/o/account/{firm}/edit", chosen)
    assert answer.status_code == 303, answer.text[:500]
    row = sam.read("account", firm)
    assert (row["payment_terms"], row["short_name"]) == ("月结 60 天", "禾木智能")
    values = [str(step) for step in sam.api("GET", f"/account/{firm}/history")["data"]]
    assert any("款到发货" in v for v in values), "what was overwritten on purpose is in the history"
