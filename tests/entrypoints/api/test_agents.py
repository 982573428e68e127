"""Tokens for AI agents: only with the ability, reading by default, never settings, named in the log."""

from __future__ import annotations

import msgspec
import pytest
from starlette.testclient import TestClient

from guanxi.kernel.access.actors import system
from guanxi.kernel.access.rights import read_spec
from guanxi.kernel.access.tokens import create_token
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make


def agent(space: Space, user: int, *scopes: str) -> dict[str, str]:
    with space.write(system("test")) as work:
        secret, _ = create_token(
            work.session, space.ids, user, name="agent", scopes=scopes or ("read",), now=work.now, agent=True
        )
    return {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}


def allow(space: Space, key: str) -> None:
    with space.write(system("test")) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == key)
        spec = read_spec(work.catalog.config["role"][role]["rights"])
        spec["abilities"] = [*spec["abilities"], "ai"]
        save(work, [Change("edit", "role", {"rights": msgspec.json.encode(spec).decode()}, id=role)])


@pytest.fixture
def http(app: object) -> TestClient:
    return TestClient(app, "http://guanxi.test/api/v1")  # type: ignore[arg-type]  # an ASGI application


def test_only_whoever_may_lets_an_agent_in(space: Space, http: TestClient) -> None:
    user = make.person(space, "sales")
    headers = agent(space, user)
    assert http.get("/account", headers=headers).status_code == 403
    allow(space, "sales")
    assert http.get("/account", headers=headers).status_code == 200
    assert http.post("/account", headers=headers, json={"name": "x"}).status_code == 403, "reading by default"


def test_what_it_writes_bears_its_mark(space: Space, http: TestClient) -> None:
    allow(space, "sales")
    user = make.person(space, "sales")
    made = http.post("/account", headers=agent(space, user, "write"), json={"name": "By an agent"})
    assert made.status_code == 201, made.text
    with space.db.read() as session:
        sql = f'SELECT "entry", "actor" FROM {session.table("operation")} ORDER BY "id" DESC LIMIT 1'
        assert session.one(sql) == ("agent", user)
    assert made.json()["source"] == "agent"


def test_an_administrators_agent_changes_no_settings(space: Space, http: TestClient) -> None:
    user = make.person(space)
    headers = agent(space, user, "write")
    with space.read(user) as work:
        stage = next(iter(work.catalog.config["stage"]))
        role = next(iter(work.catalog.config["role"]))
    assert http.get("/me", headers=headers).json()["admin"] is False
    assert http.get("/stage", headers=headers).status_code == 200
    changed = http.patch(f"/stage/{stage}", headers={**headers, "If-Match": "*"}, json={"name": "Mine"})
    assert changed.status_code in (403, 404), changed.text
    body = {"email": "new@example.com", "name": "New"}
    assert http.post("/user", headers=headers, json=body).status_code in (403, 404, 422)
    assert http.post(f"/role/{role}/preview", headers=headers, json={"rights": {}}).status_code == 404


def test_an_agent_reads_no_setting_that_its_person_may_not(space: Space, http: TestClient) -> None:
    spec = {"objects": {"account": {"read": "all", "create": "all"}}, "abilities": ["api", "ai"]}
    with space.write(system("test")) as work:
        role = save(work, [Change("create", "role", {"name": "few", "rights": msgspec.json.encode(spec).decode()})]).id
        user = save(work, [Change("create", "user", {"name": "F", "email": "f@e.com", "roles": [str(role)]})]).id
    for sent in ({"Authorization": f"Bearer {make.token(space, user)}"}, agent(space, user)):
        assert http.get("/account", headers=sent).status_code == 200
        assert http.get("/sharing_rule", headers=sent).status_code == 404


def test_a_preview_counts_for_programs_too(space: Space, http: TestClient) -> None:
    admin, user = make.person(space), make.person(space, "sales")
    make.record(space, "lead", user)
    with space.read(admin) as work:
        role = next(i for i, r in work.catalog.config["role"].items() if r["key"] == "sales")
        spec = read_spec(work.catalog.config["role"][role]["rights"])
    spec["objects"]["lead"] = {"read": "none"}
    headers = {"Authorization": f"Bearer {make.token(space, admin)}", "Accept-Language": "en"}
    told = http.post(f"/role/{role}/preview", headers=headers, json={"rights": spec})
    assert told.status_code == 200, told.text
    line = next(r for r in told.json()["records"] if r["object"] == "lead" and r["verb"] == "read")
    assert (line["gained"], line["people"], line["records"], line["at_least"]) == (False, 1, 1, False)
    wrong = http.post(f"/role/{role}/preview", headers=headers, json={"rights": {"objects": {"lead": {"read": "x"}}}})
    assert wrong.status_code == 422
    theirs = {"Authorization": f"Bearer {make.token(space, user)}"}
    assert http.post(f"/role/{role}/preview", headers=theirs, json={"rights": spec}).status_code == 404
