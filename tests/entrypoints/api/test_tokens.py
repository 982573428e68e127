"""Who may come in: tokens, their scopes, their end, and what a stranger learns (nothing)."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from guanxi.base.errors import NotFound
from guanxi.kernel.access.actors import system
from guanxi.kernel.access.tokens import FAILURES, last_uses, list_tokens, revoke_token
from guanxi.kernel.context import Space
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.api.conftest import Client


def bare(app: Starlette, token: str = "") -> TestClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(app, "http://guanxi.test/api/v1", headers=headers)


def test_without_a_token_nothing_is_told(app: Starlette) -> None:
    for method, path in (("GET", "/account"), ("POST", "/account"), ("GET", "/nothing"), ("GET", "/openapi.json")):
        answer = bare(app).request(method, path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_only_the_hash_is_stored_and_use_is_noted(space: Space, app: Starlette) -> None:
    user = make.person(space)
    secret = make.token(space, user)
    assert bare(app, secret).get("/me").json()["id"] == str(user)
    with space.read(system("test")) as work:
        rows = work.session.rows(f"SELECT * FROM {work.session.table('token')}")
        assert secret not in str(rows)
        (known,) = list_tokens(work.session, user)
    assert secret.startswith(known.prefix)
    assert known.id in last_uses(space.db, [known.id])


def test_ended_and_revoked_tokens_answer_like_unknown_ones(space: Space, app: Starlette) -> None:
    user = make.person(space)
    ended = make.token(space, user, expires_at=space.clock() - 1)
    revoked = make.token(space, user)
    with space.write(system("test")) as work:
        newest = list_tokens(work.session, user)[0]
        with pytest.raises(NotFound):
            revoke_token(work.session, newest.id, work.now, user=user + 1)
        revoke_token(work.session, newest.id, work.now, user=user)
    answers = [bare(app, token).get("/me") for token in (ended, revoked, "gx_unknown")]
    assert {a.status_code for a in answers} == {401}
    assert len({a.text for a in answers}) == 1


def test_who_leaves_leaves_at_once(space: Space, app: Starlette) -> None:
    user = make.person(space)
    client = bare(app, make.token(space, user))
    assert client.get("/me").status_code == 200
    with space.write(system("test")) as work:
        save(work, [Change("edit", "user", {"active": False}, id=user)])
    assert client.get("/me").status_code == 401


def test_scopes_limit_and_the_ability_is_asked_for(client: Client) -> None:
    reader = client(scopes=("read",))
    assert reader.get("/account").status_code == 200
    refused = reader.post("/account", json={"name": "x"})
    assert refused.status_code == 403
    assert "write" in refused.json()["detail"]
    assert client(scopes=("write",)).get("/account").status_code == 200
    assert client(scopes=("import",)).get("/account").status_code == 403
    assert client("service").get("/me").status_code == 403, "service has no ability «api»"


def test_wrong_tokens_are_counted_and_right_ones_still_pass(space: Space, app: Starlette) -> None:
    stranger = bare(app, "gx_0000_wrong")
    first = stranger.get("/me")
    assert first.headers["ratelimit-remaining"] == str(FAILURES - 1)
    for _ in range(FAILURES):
        last = stranger.get("/me")
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) > 0
    assert bare(app, make.token(space, make.person(space))).get("/me").status_code == 200


def test_a_salesperson_cannot_promote_anybody(client: Client) -> None:
    sales = client("sales")
    role = sales.post("/role", json={"key": "boss", "name": "Boss", "rights": '{"admin": true}'})
    person = sales.post("/user", json={"name": "Me", "email": "me2@example.com"})
    assert {role.status_code, person.status_code} == {403}
    me = sales.get("/me").json()["id"]
    assert sales.patch(f"/user/{me}", json={"title": "CEO", "version": 1}).status_code in (403, 404)


def test_unknown_and_forbidden_records_answer_alike(space: Space, client: Client) -> None:
    foreign = make.record(space, "account", make.person(space, "sales"))
    sales = client("sales")
    for path in ("/account/{}", "/account/{}/history"):
        known, unknown = sales.get(path.format(foreign)), sales.get(path.format(12345))
        assert known.status_code == unknown.status_code == 404
        assert known.text == unknown.text
    known = sales.patch(f"/account/{foreign}", json={"name": "x", "version": 1})
    unknown = sales.patch("/account/12345", json={"name": "x", "version": 1})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert sales.get("/account/count").json() == {"count": 0, "more": False}
    assert sales.get("/changes").text.count(str(foreign)) == 0
