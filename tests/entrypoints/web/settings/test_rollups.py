"""A roll-up made in the designer: tried on a record, published, filled, shown on pages as everybody may see it."""

from __future__ import annotations

from typing import Any

from guanxi.bootstrap import FOLLOWERS, JOBS
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.context import Space
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query
from tests.make import record

HERE = "/settings/objects/contact"
FORM = {"type": "rollup", "label_zh": "商机数", "label_en": "Deals", "of": "opportunity.contact", "measure": "count",
        "source": "", "where": "amount > 100"}  # fmt: skip


def settle(space: Space) -> None:
    worker = Worker(lambda: [space], JOBS, FOLLOWERS)
    while worker.round():
        pass


def test_it_is_tried_published_filled_and_shown(space: Space, admin: Any) -> None:
    contact = record(space, "contact", name="Ann Lee")
    for amount in ("50", "150", "900"):
        record(space, "opportunity", contact=str(contact), amount=amount)
    form = admin.get(f"{HERE}?add=rollup").text
    assert "opportunity.contact" in form
    tried = admin.post(f"{HERE}/rollup", FORM).text
    assert "Ann Lee" in tried
    assert "<b>2</b>" in tried
    assert "nosuch" in admin.post(f"{HERE}/rollup", {**FORM, "where": "nosuch = 1"}).text
    assert admin.post(f"{HERE}/fields", FORM).status_code == 303
    assert admin.post(f"{HERE}/publish").status_code == 303
    settle(space)
    page = admin.get(f"/o/contact/{contact}").text
    assert "Deals" in page
    assert "Deals" not in admin.get(f"/o/contact/{contact}/edit").text
    listed = admin.get("/o/contact?columns=name,deals&edited=1").text
    assert ">2<" in listed.replace(" ", "")


def test_a_sum_gives_an_amount_and_its_condition_can_be_changed(space: Space, admin: Any) -> None:
    contact = record(space, "contact", name="Ann Lee")
    record(space, "opportunity", contact=str(contact), amount="150")
    wanted = {**FORM, "label_en": "Worth", "measure": "sum", "source": "opportunity.amount", "where": ""}
    assert admin.post(f"{HERE}/fields", {**wanted, "source": "call.starts_at"}).status_code == 422
    assert admin.post(f"{HERE}/fields", wanted).status_code == 303
    admin.post(f"{HERE}/publish")
    settle(space)
    with space.read(admin.user) as work:
        assert work.catalog.field(work.catalog.object("contact"), "worth").type == "money"
        column = work.catalog.field(work.catalog.object("contact"), "worth").column
        sql = f'SELECT "{column}__b" FROM {work.session.table("contact")} WHERE id = ?'
        assert work.session.value(sql, (contact,)) == 1_500_000
    assert "opportunity.amount" in admin.get(f"{HERE}?field=worth").text
    assert admin.post(f"{HERE}/fields/worth", {**wanted, "where": "amount > 200"}).status_code == 303
    admin.post(f"{HERE}/publish")
    settle(space)
    with space.read(admin.user) as work:
        assert work.session.value(sql, (contact,)) is None


def test_head_figures_from_roll_ups_say_what_the_deals_say(space: Space, admin: Any) -> None:
    account = record(space, "account", name="Alder")
    for amount in ("50", "150"):
        record(space, "opportunity", account=str(account), amount=amount)
    before = admin.get(f"/o/account/{account}").text
    settle(space)
    after = admin.get(f"/o/account/{account}").text
    with space.read(admin.user) as work:
        assert tally(work, Query("opportunity", f"account = {account}"), (), ("amount",))[0].count == 2
    for page in (before, after):
        assert "2 deals" in page
        assert "¥200" in page


def test_a_page_says_when_newer_changes_are_waiting(space: Space, admin: Any) -> None:
    account = record(space, "account", name="Alder")
    settle(space)
    record(space, "opportunity", account=str(account))
    real = space.clock
    space.clock = lambda: real() + 60_000_000
    assert "newer changes are being added up" in admin.get(f"/o/account/{account}").text
    settle(space)
    assert "newer changes are being added up" not in admin.get(f"/o/account/{account}").text
