"""Merging on its page: side by side, merged by the form, old address, banner, undo."""

from __future__ import annotations

import re
from typing import Any

from guanxi.kernel.context import Space
from tests import make


def test_side_by_side_merge_and_old_address(space: Space, admin: Any) -> None:
    one = make.record(space, "account", admin.user, name="North Ltd", tags=["A"], website="https://north.example")
    two = make.record(space, "account", admin.user, name="North Limited", tags=["B"], website="")
    contact = make.record(space, "contact", admin.user, account=str(two))
    page = admin.get(f"/merge/account?ids={one},{two}").text
    assert "North Ltd" in page
    assert "North Limited" in page
    assert "1 Contact" in page
    assert re.search(rf'name="winner" value="{one}" checked', page)  # it is the fuller one
    form = dict(re.findall(r'type="hidden" name="((?:version__|ids)[^"]*)" value="([^"]*)"', page))
    form |= {"winner": str(one), "from__tags": "all", "from__website": str(one), "value__name": "North"}
    answer = admin.post("/merge/account", form)
    assert answer.headers["location"] == f"/o/account/{one}"
    answer = admin.get(f"/o/account/{one}")
    assert "North" in answer.text
    assert "Merged from 1 other record" in answer.text
    assert admin.get(f"/o/account/{two}").headers["location"] == f"/o/account/{one}"
    operation = re.search(r"/operations/(\d+)\"[^>]*>Undo the last merge", answer.text)
    assert operation is not None
    again = admin.post("/merge/account", form)
    assert again.status_code in (404, 409)
    with space.read(admin.user) as work:
        row = work.session.one(f"SELECT account FROM {work.session.table('contact')} WHERE id = ?", (contact,))
    assert row == (one,)


def test_a_record_alone_asks_for_another(space: Space, admin: Any) -> None:
    one = make.record(space, "account", admin.user, name="North Ltd")
    page = admin.get(f"/merge/account?ids={one}").text
    assert 'data-lookup="account"' in page
    assert 'name="winner"' not in page


def test_what_one_may_not_delete_cannot_be_merged_away(space: Space, admin: Any, seller: Any) -> None:
    mine = make.record(space, "account", seller.user, name="Mine")
    hidden = make.record(space, "account", admin.user, name="Not for sellers")
    assert seller.get(f"/merge/account?ids={mine},{hidden}").text.count('name="winner"') == 0
    answer = seller.post("/merge/account", {"ids": f"{mine},{hidden}", "winner": str(mine)})
    assert answer.status_code in (403, 404)
