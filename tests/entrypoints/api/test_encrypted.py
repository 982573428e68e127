"""Encrypted fields over REST: values in answers, equality as the only question, clashes and repeated requests."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.context import Space

NUMBER = "11010519491231002X"


def test_values_questions_and_clashes(space: Space, client: Any) -> None:
    caller = client("administrator")
    made = caller.post("/contact", json={"name": "李一", "id_number": NUMBER}, headers={"Idempotency-Key": "e-1"})
    assert made.status_code == 201, made.text
    ident = made.json()["id"]
    assert made.json()["id_number"] == NUMBER
    again = caller.post("/contact", json={"name": "李一", "id_number": NUMBER}, headers={"Idempotency-Key": "e-1"})
    assert (again.json()["id"], again.json()["id_number"]) == (ident, NUMBER)
    assert caller.get(f"/contact/{ident}").json()["id_number"] == NUMBER
    found = caller.get("/contact", params={"filter": f'id_number = "{NUMBER.lower()}"', "fields": "name,id_number"})
    assert [row["id_number"] for row in found.json()["data"]] == [NUMBER], found.text
    for params in ({"filter": 'contains(id_number, "1101")'}, {"sort": "id_number"}, {"filter": "id_number > name"}):
        refused = caller.get("/contact", params=params)
        assert refused.status_code == 400, refused.text
    clash = caller.patch(f"/contact/{ident}", json={"title": "CTO", "version": 9})
    assert (clash.status_code, clash.json()["current"]["id_number"]) == (409, NUMBER)
    wrong = caller.patch(f"/contact/{ident}", json={"id_number": "110105194912310021", "version": 1})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "not_an_identity_number")
    history = caller.get(f"/contact/{ident}/history")
    assert NUMBER in history.text
    with space.db.read() as session:
        kept = str(session.rows(f"SELECT * FROM {session.table('idempotency')}"))
    assert NUMBER not in kept


def test_without_the_keys_it_says_so(space: Space, client: Any) -> None:
    caller = client("administrator")
    ident = caller.post("/contact", json={"name": "李一", "id_number": NUMBER}).json()["id"]
    space.db.ring.place.unlink()
    assert caller.get(f"/contact/{ident}").json()["id_number"] == "（无法解密）"
    refused = caller.patch(f"/contact/{ident}", json={"id_number": "E7654321", "version": 1})
    assert refused.status_code == 503
    assert "guanxi keys recover" in refused.text
