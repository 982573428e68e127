"""Duplicates by API: 409 with candidates, taken anyway, checked without writing."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.api.conftest import Client

PERSON = {"name": "赵敏", "mobile": "13900001111"}


def test_a_record_that_looks_like_another_is_refused_with_candidates(client: Client) -> None:
    admin = client()
    made = admin.post("/contact", json=PERSON)
    assert made.status_code == 201
    told = admin.post("/contact", json={**PERSON, "title": "经理"})
    assert told.status_code == 409
    assert told.json()["code"] == "duplicate"
    (candidate,) = told.json()["candidates"]
    assert candidate["id"] == made.json()["id"]
    assert candidate["score"] >= 90
    assert told.json()["errors"][0]["code"] == "looks_like"
    assert admin.post("/contact", params={"duplicates": "allow"}, json=PERSON).status_code == 201
    assert admin.post("/contact", params={"duplicates": "maybe"}, json=PERSON).status_code == 400


def test_a_check_writes_nothing_and_gives_reasons(client: Client) -> None:
    admin = client()
    admin.post("/contact", json=PERSON)
    before = admin.get("/contact/count").json()
    found = admin.post("/contact/duplicates", json={"name": "Zhao Min", "mobile": "+86 139 0000 1111"}).json()["data"]
    assert found[0]["title"] == "赵敏"
    assert any("Mobile" in r for r in found[0]["reasons"])
    assert admin.get("/contact/count").json() == before
    assert admin.post("/contact/duplicates", json={"name": "谁也不像"}).json() == {"data": []}
    assert client("analyst").post("/contact/duplicates", json=PERSON).status_code == 403


def test_what_is_out_of_sight_gives_no_id_and_no_name(space: Space, client: Client) -> None:
    with space.write(system("test")) as work:
        teams = save(work, [Change("create", "team", {"name": n}) for n in ("East", "West")]).ids
    li, wang = (make.person(space, "sales", team=t) for t in teams)
    client(user=li).post("/contact", json=PERSON)
    for answer in (client(user=wang).post("/contact", json=PERSON).json()["candidates"],
                   client(user=wang).post("/contact/duplicates", json=PERSON).json()["data"]):  # fmt: skip
        assert [{k: v for k, v in one.items() if k != "reasons"} for one in answer] == [
            {"hidden": True, "team": "East", "refused": False}
        ]
        assert answer[0].get("reasons", []) == []
