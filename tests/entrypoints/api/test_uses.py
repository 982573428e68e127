"""Asking over REST whom one may address: the verdicts, only of people one sees, and the note of it."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from tests import make
from tests.entrypoints.api.conftest import Client


def test_programs_ask_before_they_send_and_that_is_noted(space: Space, client: Client) -> None:
    sam, other = make.person(space, "sales"), make.person(space, "sales")
    api = client(user=sam)
    ann, bob = (api.post("/contact", json={"name": name}).json()["id"] for name in ("Ann", "Bob"))
    hidden = str(make.record(space, "contact", other))
    with space.read(system("test")) as work:
        marketing = next(i for i, r in work.catalog.config["consent_purpose"].items() if r["code"] == "marketing")
    said = {"person": {"object": "contact", "id": ann}, "purpose": str(marketing), "channels": ["email"]}
    made = api.post("/consent", json=said)
    assert made.json()["how"] == "api"
    asked = {"object": "contact", "ids": [ann, bob, hidden], "purpose": "marketing", "channel": "email"}
    found = api.post("/uses", json=asked).json()
    assert found["allowed"] == [ann]
    assert [r["id"] for r in found["refused"]] == [bob]
    assert found["refused"][0]["reason"]
    space.accesses.flush()
    with space.read(system("test")) as work:
        sql = f"SELECT count, detail FROM {work.session.table('access_log')} WHERE kind = 'use'"
        ((count, detail),) = work.session.rows(sql)
    assert count == 1
    assert '"refused":1' in detail
    for wrong in ({"purpose": "nothing"}, {"channel": "pigeon"}, {"object": "account"}, {"ids": "1"}, {"more": 1}):
        assert api.post("/uses", json={**asked, **wrong}).status_code == 400, wrong
