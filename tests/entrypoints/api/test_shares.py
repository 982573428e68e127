"""Shares over REST: given, listed, taken back; nothing for whom the record does not exist."""

from __future__ import annotations

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.api.conftest import Client


def test_a_share_is_given_listed_and_taken_back(space: Space, client: Client) -> None:
    with space.write(system("test")) as work:
        east, west = save(work, [Change("create", "team", {"name": n}) for n in ("east", "west")]).ids
    li, wang = make.person(space, "sales", name="Li", team=east), make.person(space, "sales", name="Wang", team=west)
    owner, other = client(user=li), client(user=wang)
    ident = owner.post("/account", json={"name": "禾木"}).json()["id"]
    wish = {"to": {"object": "user", "id": str(wang)}, "level": "edit", "until": "2999-01-01", "role": "方案"}
    assert other.get(f"/account/{ident}/shares").status_code == 404
    assert other.post(f"/account/{ident}/shares", json=wish).status_code == 404
    made = owner.post(f"/account/{ident}/shares", json=wish)
    assert made.status_code == 201, made.text
    assert made.json()["to"]["name"] == "Wang"
    assert other.patch(f"/account/{ident}", json={"name": "by wang", "version": 1}).status_code == 200
    listed = other.get(f"/account/{ident}/shares").json()["data"]
    assert [(s["role"], s["level"], s["by"], s["ended"]) for s in listed] == [("方案", "edit", str(li), False)]
    assert other.post(f"/account/{ident}/shares", json=wish).status_code == 403, "what one was given one cannot give on"
    assert other.patch(f"/account/{ident}", json={"owner": str(wang), "version": 2}).status_code == 422
    assert owner.post(f"/account/{ident}/shares", json={**wish, "level": "all"}).status_code in (400, 422)
    assert owner.delete(f"/account/{ident}/shares/{made.json()['id']}").status_code == 204
    assert other.get(f"/account/{ident}").status_code == 404
    assert "/account/{id}/shares" in owner.get("/openapi.json").json()["paths"]
