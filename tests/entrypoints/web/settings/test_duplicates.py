"""The queue of possible duplicates and the page of their rules."""

from __future__ import annotations

import re
from typing import Any

from guanxi.kernel.context import Space
from guanxi.kernel.duplicates.search import search_object
from tests import make


def test_the_queue_shows_them_side_by_side_and_remembers(space: Space, admin: Any) -> None:
    with space.read(make.person(space)) as work:
        owner = work.actor.user
    one = make.record(space, "contact", owner, name="李雷", email="li.lei@e.com", mobile="")
    two = make.record(space, "contact", owner, name="Lei Li", email="li.lei@e.com", mobile="")
    search_object(space, "contact")
    page = admin.get("/duplicates/contact").text
    assert f'href="/o/contact/{one}"' in page
    assert f"/merge/contact?ids={one},{two}" in page
    assert re.search(r"<th scope=\"row\"[^>]*>(E-mail|邮箱)", page)
    answer = admin.post("/duplicates/contact/apart", {"ids": [str(one), str(two)]})
    assert answer.status_code == 303
    assert f'href="/o/contact/{one}"' not in admin.get("/duplicates/contact").text
    assert admin.post("/duplicates/contact/search").status_code == 303
    assert admin.get("/duplicates/product").status_code == 404


def test_rules_are_changed_added_and_refused(space: Space, admin: Any) -> None:
    assert "credit_code: code" in admin.get("/settings/duplicates").text
    block = {"key": "credit_code", "parts": "credit_code: code", "strength": "98", "action": "block"}
    assert admin.post("/settings/duplicates/account", block).status_code == 303
    page = admin.get("/settings/duplicates").text
    assert re.search(r'value="block" selected', page)
    own = {"key": "site", "name": "Website", "parts": "website: code", "strength": "90"}
    assert admin.post("/settings/duplicates/account", own).status_code == 303
    assert "website: code" in admin.get("/settings/duplicates").text
    assert (
        admin.post("/settings/duplicates/account", {**own, "key": "odd", "parts": "revenue: phone"}).status_code == 422
    )
    assert admin.post("/settings/duplicates/account", {"key": "*", "strength": "80"}).status_code == 303
    assert admin.post("/settings/duplicates", {"probes": "5"}).status_code == 303
    with space.read(make.person(space)) as work:
        assert work.catalog.settings["duplicate_hints"] is False
        assert work.catalog.settings["duplicate_probes"] == 5
