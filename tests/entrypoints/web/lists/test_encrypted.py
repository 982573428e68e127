"""Encrypted fields on pages: forms, lists, the builder of conditions, saved views."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from guanxi.kernel.context import Space
from tests.entrypoints.web.lists.conftest import make

NUMBER = "11010519491231002X"


def test_lists_conditions_and_views(space: Space, sign_in: Callable[[str], Any]) -> None:
    boss = sign_in("boss")
    make(space, boss.user, "contact", [{"name": "李一", "id_number": NUMBER}])
    listed = boss.get("/o/contact?view=all&columns=name,id_number&where=" + quote(f'id_number = "{NUMBER}"'))
    assert (listed.status_code, listed.text.count(NUMBER) > 0, "李一" in listed.text) == (200, True, True)
    groups = {"all": [{"field": "id_number", "op": "eq", "values": [NUMBER.lower()]}]}
    answer = boss.post("/o/contact/estimate", {"groups": json.dumps(groups), "query": ""}).json()
    assert answer["total"] == [1, False], answer
    assert NUMBER.lower() not in json.dumps(answer).lower()
    again = boss.post("/o/contact/estimate", {"groups": json.dumps(answer["groups"]), "query": ""}).json()
    assert (again["total"], again["text"]) == ([1, False], answer["text"])
    assert "李一" in boss.get(answer["url"]).text
    for where in ('contains(id_number, "1101")', "id_number > name"):
        refused = boss.get("/o/contact?where=" + quote(where)).text
        assert "is encrypted" in refused or "是加密字段" in refused
    state = "/o/contact?edited=1&view=all&where=" + quote(f'id_number = "{NUMBER}"')
    path = boss.post("/o/contact/views", {"name": "One", "state": state}).headers["HX-Redirect"]
    assert "李一" in boss.get(path).text
    with space.db.read() as session:
        assert NUMBER not in str(session.rows(f"SELECT * FROM {session.table('view')}"))
    assert NUMBER not in unquote(path)
