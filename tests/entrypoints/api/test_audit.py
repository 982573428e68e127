"""The audit and erasures over REST."""

from __future__ import annotations

from typing import Any

from tests import make
from tests.entrypoints.api.conftest import Client


def test_reads_and_first_use_of_a_token_are_on_the_line(space: Any, client: Client) -> None:
    known = make.record(space, "contact", name="Wang Fang", mobile="13800001234")
    reader = make.person(space)
    speaks = client(user=reader)
    assert speaks.get(f"/contact/{known}").status_code == 200
    assert speaks.get("/contact?fields=name,mobile").status_code == 200
    assert speaks.get("/contact?fields=name").status_code == 200
    space.accesses.flush()
    admin = client()
    found = admin.get("/audit", params={"actor": str(reader), "source": "access"}).json()["data"]
    assert sorted((t["kind"], t["object"], t["record"]) for t in found) == [
        ("list", "contact", None),
        ("read", "contact", str(known)),
        ("token_used", "", None),
    ]
    assert {str(t["detail"]) for t in found if t["object"]} == {"{'fields': ['mobile']}"}
    about = admin.get("/audit", params={"object": "contact", "record": str(known)}).json()["data"]
    assert {t["source"] for t in about} == {"access", "change"}


def test_history_and_feed_are_reading_too(space: Any, client: Client) -> None:
    known = make.record(space, "contact", name="Wang Fang", mobile="13800001234")
    reader = make.person(space)
    speaks = client(user=reader)
    assert speaks.get(f"/contact/{known}/history").status_code == 200
    assert speaks.get("/changes?limit=500").status_code == 200
    space.accesses.flush()
    found = (
        client().get("/audit", params={"actor": str(reader), "object": "contact", "source": "access"}).json()["data"]
    )
    assert sorted((t["kind"], t["record"]) for t in found) == [("list", None), ("read", str(known))]


def test_nobody_else_learns_that_there_is_an_audit(space: Any, client: Client) -> None:
    seller = client("sales")
    assert seller.get("/audit").status_code == 404
    assert seller.get("/erasures/5").status_code == 404
    answer = seller.post("/erasures", json={"object": "contact", "id": "5", "dry_run": True})
    assert answer.status_code == 404
    assert "/audit" not in seller.get("/openapi.json").json()["paths"]


def test_a_person_is_erased_with_a_certificate(space: Any, client: Client) -> None:
    known = make.record(space, "contact", name="Wang Fang", email="wang.fang@example.com")
    admin = client()
    wish = {"object": "contact", "id": str(known)}
    shown = admin.post("/erasures", json={**wish, "dry_run": True})
    assert shown.status_code == 200
    assert shown.json()["changes"] == 1
    done = admin.post("/erasures", json={**wish, "asked_by": "person"})
    assert done.status_code == 201
    kept = admin.get(f"/erasures/{done.json()['id']}").json()
    assert kept["sha256"] == done.json()["sha256"]
    assert "Wang" not in str(kept)
    assert admin.get(f"/contact/{known}").status_code == 404
    trashed = admin.get(f"/contact/{known}?trashed=true").json()
    assert trashed["email"] is None
    assert admin.post("/erasures", json={**wish, "x": 1}).status_code == 400
