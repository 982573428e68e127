"""Duplicates on pages: beside the form, on save, out of sight, in the queue, in the settings."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.context import Space
from tests import make

FORM = {"_fields": "name,phone,credit_code", "name": "上海远山自动化有限公司", "phone": "", "_token": "t1"}


def test_typing_tells_and_saving_asks(space: Space, admin: Any) -> None:
    there = make.record(space, "account", admin.user, name="远山自动化", phone="")
    page = admin.get("/o/account/new").text
    assert 'hx-post="/duplicates/account/check"' in page
    assert "#f-name" in page
    assert "#f-credit_code" in page
    told = admin.post("/duplicates/account/check", FORM, hx=True).text
    assert f'href="/o/account/{there}"' in told
    assert "Name almost the same" in told
    assert "Create anyway" in told
    assert "gx-like" not in admin.post("/duplicates/account/check", {**FORM, "name": "海纳物流"}, hx=True).text
    stopped = admin.post("/o/account/new", FORM)
    assert stopped.status_code == 409
    assert "This may be there already" in stopped.text
    assert "上海远山自动化有限公司" in stopped.text  # what was typed is still there
    made = admin.post("/o/account/new", {**FORM, "_duplicates": "allow"})
    assert made.status_code == 303
    assert made.headers["location"].startswith("/o/account/")


def test_the_record_that_is_there_can_be_used_where_one_is_picked(space: Space, admin: Any) -> None:
    there = make.record(space, "account", admin.user, name="远山自动化", phone="")
    quick = admin.post("/o/account/new?quick=1&pick=1", {**FORM, "_pick": "1"}, hx=True)
    assert quick.status_code == 409
    assert "Use this one" in quick.text
    used = admin.post("/o/account/new?quick=1", {**FORM, "_pick": "1", "_use": str(there)}, hx=True)
    assert used.status_code == 204
    assert str(there) in used.headers["hx-trigger"]


def test_what_is_somebody_elses_can_be_asked_for(space: Space, admin: Any, seller: Any, other: Any) -> None:
    person = {"_fields": "name,mobile", "name": "赵敏", "mobile": "13900001111"}
    make.record(space, "contact", admin.user, name="赵敏", mobile="13900001111")
    told = seller.post("/duplicates/contact/check", person, hx=True).text
    assert "There is one" in told
    assert "/o/contact/" not in told
    assert "赵敏" not in told
    assert "The owner was asked" in seller.post("/duplicates/contact/ask", person, hx=True).text
    assert (
        "Nobody can be asked"
        in seller.post("/duplicates/contact/ask", {**person, "mobile": "13911112222"}, hx=True).text
    )
