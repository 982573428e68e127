"""What must never be a 500 or a half-done write (KD 22): one list of rubbish against every way in."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from tests import make
from tests.entrypoints.api.conftest import Client

RUBBISH: list[Any] = [
    "\0",
    "a\0b",
    2**63,
    -(2**63) - 1,
    10**400,
    1e308,
    -0.0,
    "9" * 400,
    "0001-01-01",
    "10000-01-01",
    "9999-12-31T23:59:59Z",
    "x" * 200_000,
    [[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]],
    {"a": {"b": {}}},
    {},
    [],
    [None, {}],
    True,
    {"amount": "1e999999", "currency": "CNY"},
    {"amount": {}, "currency": []},
    {"object": "role", "id": "1"},
    {"object": [], "id": {}},
    "=1+1",
    "٣",
    "½",
    "NaN",
    "Infinity",
    "\u200b",
]
RAW_BODIES = [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"name": "\\ud800"}',
    b'{"name": "\xed\xa0\x80"}',
    b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"name": 1e400}',
    b'{"name": NaN}',
    b"null",
    b'"text"',
    b"[1]",
]
QUERIES = [
    {"filter": "\0"},
    {"filter": "(" * 500},
    {"filter": "name == '" + "x" * 10_000 + "'"},
    {"filter": "__import__('os')"},
    {"filter": "name == 1"},
    {"filter": "id == 99999999999999999999999"},
    {"filter": "created_at > date('10000-01-01')"},
    {"sort": "-"},
    {"sort": "nothing"},
    {"sort": ",,,"},
    {"fields": "name,secret"},
    {"limit": "-1"},
    {"limit": "١"},
    {"limit": "9" * 50},
    {"cursor": "x"},
    {"cursor": "W10"},
    {"cursor": "\ud7ff"},
    {"cursor": "W1tdLFtdLDAsMV0"},
    {"by": "name:century"},
    {"trashed": "maybe"},
    {"q": "\0"},
]


@pytest.fixture
def admin(client: Client) -> TestClient:
    return client()


def refused(answer: Any) -> bool:
    """A clear 4xx as a problem document."""
    kind = answer.headers.get("content-type", "")
    return 400 <= answer.status_code < 500 and kind == "application/problem+json" and bool(answer.json()["detail"])


@pytest.mark.parametrize("name", ["account", "contact", "opportunity", "task", "product", "user", "stage"])
def test_rubbish_in_every_field(space: Space, admin: TestClient, name: str) -> None:
    """First in all fields at once, then in those alone that took it: what was taken must reach the database whole."""
    fields = [f["name"] for f in admin.get(f"/objects/{name}").json()["fields"] if not f["read_only"]]
    wrong = []
    for value in RUBBISH:
        try:
            first = admin.post(f"/{name}", json=dict.fromkeys([*fields, "nothing"], value))
        except ValueError:
            continue  # Python's own JSON cannot say it
        assert refused(first), (value, first.text[:300])
        named = {error["field"] for error in first.json().get("errors", ())}
        taken = {field: value for field in fields if field not in named} if named else {}
        with space.write(system("test")) as work:
            sent = {**make.values(work, name), **taken}
        answer = admin.post(f"/{name}", json=sent)
        if answer.status_code == 201:
            again = admin.get(f"/{name}/{answer.json()['id']}")
            if again.status_code == 200 and again.json() == answer.json():
                continue
        if not refused(answer):
            wrong.append((repr(value)[:60], answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("body", RAW_BODIES, ids=range(len(RAW_BODIES)))
@pytest.mark.parametrize("path", ["/account", "/batch", "/actions/win_opportunity", "/operations/1/undo"])
def test_bodies_that_are_no_json(admin: TestClient, path: str, body: bytes) -> None:
    answer = admin.post(path, content=body, headers={"Content-Type": "application/json"})
    assert refused(answer), answer.text


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: next(iter(q)))
def test_questions_that_make_no_sense(admin: TestClient, query: dict[str, str]) -> None:
    for path in ("/account", "/account/count", "/account/group", "/changes", "/search"):
        answer = admin.get(path, params=query)
        assert answer.status_code == 200 or refused(answer), (path, answer.text)


@pytest.mark.parametrize("ident", ["0", "-1", "x", "9" * 30, "9223372036854775808", "%00", "..", "1.0", "１"])
def test_ids_that_cannot_be(admin: TestClient, ident: str) -> None:
    for path in (f"/account/{ident}", f"/account/{ident}/history", f"/operations/{ident}", f"/files/{ident}"):
        assert admin.get(path).status_code in (404, 405), path


def test_other_kinds_of_contents_and_sizes(admin: TestClient) -> None:
    assert admin.post("/account", data={"name": "x"}).status_code == 415
    huge = b'{"name": "' + b"x" * 10_000_001 + b'"}'
    assert admin.post("/account", content=huge, headers={"Content-Type": "application/json"}).status_code == 413
    for value in ("", "x" * 300, "é"):
        headers = [(b"Idempotency-Key", value.encode("latin-1"))]
        answer = admin.post("/account", json={"name": "x"}, headers=headers)
        assert answer.status_code == 400
    assert admin.patch("/account/1", json={}, headers={"If-Match": "abc"}).status_code == 400
    assert admin.get("/account/count", params={"exact": "true"}).json()["count"] == 0


BATCHES: list[Any] = [
    [{}],
    [1],
    [{"op": "fly", "object": "account"}],
    [{"op": "create", "object": "x"}],
    [{"op": "edit", "object": "account"}],
    [{"op": "edit", "object": "account", "id": "x"}],
    [{"op": "create", "object": "account", "values": []}],
    [{"op": "create", "object": "account", "values": {"name": {"$ref": "z"}}}],
    [{"op": "create", "object": "opportunity", "lines": {"account": []}}],
    [{"op": "create", "object": "account", "version": "1"}],
]


def test_batches_that_make_no_sense(admin: TestClient) -> None:
    for body in BATCHES:
        assert refused(admin.post("/batch", json=body)), body
