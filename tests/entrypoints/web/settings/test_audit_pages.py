"""The audit, limits and erasure pages: what an administrator sees and does there; to others they do not exist."""

from __future__ import annotations

import re
from typing import Any

import pytest

from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.watch import Alert, _store, alerts
from guanxi.kernel.records.read import get
from tests import make

PAGES = ("/settings/audit", "/settings/audit/report", "/settings/limits", "/settings/erasures")


def test_the_time_line_shows_a_read_and_who_has_read(space: Any, admin: Any) -> None:
    known = make.record(space, "contact", name="Wang Fang", mobile="13800001234")
    assert admin.get(f"/o/contact/{known}").status_code == 200
    space.accesses.flush()
    page = admin.get(f"/settings/audit?object=contact&record={known}").text
    assert "Who has read this record" in page
    assert "1 time" in page
    assert "Wang Fang" in page
    assert "13800001234" not in page
    assert "Read" in admin.get("/settings/audit?kind=read").text
    assert "Nothing found" in admin.get("/settings/audit?kind=export").text
    assert "Nothing found" in admin.get("/settings/audit?to=2024-01-01").text
    for odd in ("person=x", "record=9&object=nothing", "from=soon", "cursor=1-2-3", "kind=%00"):
        assert admin.get(f"/settings/audit?{odd}").status_code in (200, 400)


def test_an_export_is_counted_in_the_report(space: Any, admin: Any) -> None:
    make.record(space, "contact", admin.user, name="Wang Fang")
    assert admin.get("/o/contact/export.csv").status_code == 200
    page = admin.get("/settings/audit/report").text
    assert "Exported" in page
    told = admin.get("/settings/audit/report?format=csv")
    assert told.headers["content-type"].startswith("text/csv")
    assert ",export,access,1,1" in told.text


def test_an_alert_is_looked_into(space: Any, admin: Any) -> None:
    now = space.clock()
    with space.db.write() as session:
        _store(session, Alert("export", admin.user, 20_000, now, 9_000, 5_000))
    page = admin.get("/settings/audit").text
    assert "9,000" in page
    given = {"rule": "export", "actor": str(admin.user), "day": "20000"}
    assert admin.post("/settings/audit/alerts", given, follow_redirects=False).status_code == 303
    assert "9,000" not in admin.get("/settings/audit").text
    with space.db.read() as session:
        assert alerts(session)[0].seen_by == admin.user


def test_limits_are_kept_and_checked(space: Any, admin: Any) -> None:
    page = admin.get("/settings/limits").text
    given = dict(re.findall(r'name="((?:alerts|keep)\.\w+)"[^>]*value="(\d+)"', page))
    assert given["keep.access"] == "730"
    assert admin.post("/settings/limits", {**given, "alerts.export": "77"}, follow_redirects=False).status_code == 303
    with space.read(system("test")) as work:
        assert work.catalog.settings["alerts"]["export"] == 77
    refused = admin.post("/settings/limits", {**given, "alerts.export": "many"})
    assert refused.status_code == 422
    assert "whole number" in refused.text
    swept = admin.post("/settings/limits", {**given, "keep.access": "1"})
    assert swept.status_code == 422, "an administrator cannot let their own traces go overnight"
    assert "180" in swept.text


def test_a_person_is_erased_from_the_page(space: Any, admin: Any) -> None:
    known = make.record(space, "contact", name="Wang Fang", email="wang@example.com")
    other = make.record(space, "lead", name="Wang F.", email="wang@example.com")
    assert f"record={known}" in admin.get(f"/o/contact/{known}").text
    page = admin.get(f"/settings/erasures/new?object=contact&record={known}").text
    assert "Erase Wang Fang" in page
    assert f'value="lead:{other}"' in page
    given = {"object": "contact", "record": str(known), "asked_by": "person", "texts": "1", "also": f"lead:{other}"}
    done = admin.post("/settings/erasures", given, follow_redirects=False)
    assert done.status_code == 303
    shown = admin.get(done.headers["location"]).text
    assert "SHA-256" in shown
    assert "Wang" not in shown
    assert admin.get(done.headers["location"] + "?format=json").json()["asked_by"] == "person"
    assert "At the wish of" in admin.get("/settings/erasures").text
    with space.read(system("test")) as work:
        assert get(work, "contact", known, trashed=True)["email"] is None
        assert get(work, "lead", other, trashed=True)["email"] is None


@pytest.mark.parametrize("path", [*PAGES, "/settings/erasures/new?object=contact&record=1", "/settings/erasures/1"])
def test_to_others_there_is_nothing(sales: Any, path: str) -> None:
    assert sales.get(path).status_code == 404


def test_odd_addresses_are_not_found(admin: Any) -> None:
    for path in ("new?object=contact&record=1", "new?object=product&record=1", "new", "new?object=x&record=y", "77"):
        assert admin.get(f"/settings/erasures/{path}").status_code in (400, 404)
