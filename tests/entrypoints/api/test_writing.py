"""Writing over REST: versions, repeated requests, batches, and what a refusal says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from starlette.testclient import TestClient

from guanxi.kernel.context import Space
from tests.entrypoints.api.conftest import Client

NAME = {"name": "禾木智能装备"}


@pytest.fixture
def admin(client: Client) -> TestClient:
    return client()


def total(admin: TestClient, name: str = "account") -> int:
    return int(admin.get(f"/{name}/count", params={"exact": "true"}).json()["count"])


def test_an_edit_names_its_version(admin: TestClient) -> None:
    made = admin.post("/account", json=NAME)
    url, tag = f"/account/{made.json()['id']}", made.headers["etag"]
    assert admin.patch(url, json={"phone": "0512 6288 0000"}).status_code == 428
    assert admin.patch(url, json={"name": "A"}, headers={"If-Match": tag}).status_code == 200
    stale = admin.patch(url, json={"name": "B"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert stale.json()["current"]["name"] == "A"
    assert stale.json()["current"]["id"] == made.json()["id"]
    assert admin.patch(url, json={"name": "B", "version": 1}).status_code == 409
    assert admin.patch(url, json={"name": "B"}, headers={"If-Match": "*"}).json()["name"] == "B"
    assert admin.delete(url, headers={"If-Match": tag}).status_code == 412
    assert admin.get(url).json()["name"] == "B"


def test_the_same_key_has_one_effect(admin: TestClient) -> None:
    key = {"Idempotency-Key": "order-1"}
    first, again = admin.post("/account", json=NAME, headers=key), admin.post("/account", json=NAME, headers=key)
    assert first.json() == again.json()
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    other = admin.post("/account", json={"name": "other"}, headers=key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["code"] == "key_reused"
    assert total(admin) == 1
    ident = first.json()["id"]
    admin.patch(f"/account/{ident}", json={"name": "renamed", "version": 1})
    assert admin.post("/account", json=NAME, headers=key).json()["name"] == "renamed", "rendered anew"


def test_a_failed_request_leaves_its_key_free(admin: TestClient) -> None:
    key = {"Idempotency-Key": "k"}
    assert admin.post("/account", json={"name": ""}, headers=key).status_code == 422
    assert admin.post("/account", json=NAME, headers=key).status_code == 201


def test_two_at_once_with_one_key_have_one_effect(admin: TestClient) -> None:
    start = Barrier(4)

    def post(_: int) -> tuple[int, str]:
        start.wait()
        answer = admin.post("/account", json=NAME, headers={"Idempotency-Key": "at once"})
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(post, range(4)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert total(admin) == 1


def test_a_batch_is_all_or_nothing(admin: TestClient) -> None:
    good = {"op": "create", "object": "account", "ref": "a", "values": NAME}
    person = {"op": "create", "object": "contact", "values": {"name": "李雷", "account": {"$ref": "a"}}}
    bad = {"op": "create", "object": "contact", "values": {"name": "", "email": "nobody"}}
    refused = admin.post("/batch", json=[good, person, bad])
    assert refused.status_code == 422
    assert {(e["row"], e["field"]) for e in refused.json()["errors"]} >= {(2, "email")}
    assert total(admin) == 0
    done = admin.post("/batch", json=[good, person])
    assert done.status_code == 200, done.text
    account, contact = (o["id"] for o in done.json()["outcomes"])
    assert admin.get(f"/contact/{contact}").json()["account"] == account
    edit = {"op": "edit", "object": "account", "id": account, "version": 1, "values": {"name": "x"}}
    assert admin.post("/batch", json=[edit, {**edit, "version": 7}]).status_code in (409, 422)
    assert admin.get(f"/account/{account}").json()["name"] == NAME["name"]
    undone = admin.post(f"/operations/{done.json()['operation']}/undo")
    assert undone.json()["trashed"] == 2
    assert total(admin) == 0


def test_undo_is_rehearsed_then_done_once(admin: TestClient) -> None:
    made = admin.post("/account", json=NAME)
    operation = made.headers["guanxi-operation"]
    rehearsal = admin.post(f"/operations/{operation}/undo", json={"dry_run": True})
    assert rehearsal.json()["trashed"] == 1
    assert total(admin) == 1
    assert admin.post(f"/operations/{operation}/undo", json={}).status_code == 200
    assert total(admin) == 0
    assert admin.post(f"/operations/{operation}/undo", json={}).status_code == 409
    assert admin.get(f"/operations/{operation}").json()["undone_by"] is not None


def test_a_document_comes_and_goes_with_its_lines(admin: TestClient) -> None:
    line = {"name": "传感器", "quantity": "2", "price": "100"}
    fields = {f["name"] for f in admin.get("/objects/opportunity_line").json()["fields"]}
    line = {key: value for key, value in line.items() if key in fields}
    product = admin.post("/product", json={"name": "传感器", "price": "100"}).json()["id"]
    body = {"name": "产线改造", "opportunity_line": [{**line, "product": product}]}
    made = admin.post("/opportunity", json=body)
    assert made.status_code == 201, made.text
    (kept,) = made.json()["opportunity_line"]
    url = f"/opportunity/{made.json()['id']}"
    changed = admin.patch(
        url,
        json={"version": 1, "opportunity_line": [{"id": kept["id"], "quantity": "3"}, {**line, "product": product}]},
    )
    assert changed.status_code == 200, changed.text
    assert len(changed.json()["opportunity_line"]) == 2
    gone = {"version": changed.json()["version"], "opportunity_line": [{"id": kept["id"], "_op": "trash"}]}
    assert len(admin.patch(url, json=gone).json()["opportunity_line"]) == 1


@pytest.mark.parametrize("language", ["en", "zh-CN,zh;q=0.9"])
def test_problems_speak_the_callers_language(admin: TestClient, language: str) -> None:
    made = admin.post("/account", json=NAME)
    url = f"/account/{made.json()['id']}"
    admin.patch(url, json={"name": "A", "version": 1})
    answer = admin.patch(url, json={"name": "B", "version": 1}, headers={"Accept-Language": language})
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["field"] == "version"
    assert answer.headers["content-language"] == language[:5].rstrip(",")
    han = any("\u4e00" <= c <= "\u9fff" for c in answer.json()["detail"] + answer.json()["title"])
    assert han == language.startswith("zh")


def test_every_fault_is_named(admin: TestClient) -> None:
    answer = admin.post("/contact", json={"name": "", "email": "nobody", "colour": "red"})
    assert answer.status_code == 422
    assert {e["field"] for e in answer.json()["errors"]} >= {"email", "colour"}
    assert answer.json()["type"] == "urn:guanxi:problem:invalid"
    wrong = admin.get("/account", params={"filter": "name =="})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_expression")
    assert wrong.json()["at"] >= 0
    assert admin.get("/account", params={"filtre": "x"}).json()["detail"].endswith("«filter»?")


def test_the_feed_misses_nothing(space: Space, admin: TestClient) -> None:
    start = admin.get("/changes").json()
    while start["more"]:
        start = admin.get("/changes", params={"since": start["next"]}).json()
    made = admin.post("/account", json=NAME).json()
    admin.patch(f"/account/{made['id']}", json={"name": "A", "version": 1})
    admin.delete(f"/account/{made['id']}")
    seen = admin.get("/changes", params={"since": start["next"]}).json()
    assert [c["op"] for c in seen["changes"]] == ["create", "edit", "trash"]
    assert seen["changes"][1]["old"]["name"] == NAME["name"]
    assert seen["changes"][1]["new"]["name"] == "A"
    assert admin.get("/changes", params={"since": seen["next"]}).json()["changes"] == []


def test_an_action_by_name(admin: TestClient) -> None:
    actions = {a["name"]: a for a in admin.get("/actions").json()["data"]}
    assert actions["win_opportunity"]["input"]["properties"]["id"]["type"] == ["integer", "string"]
    made = admin.post("/opportunity", json={"name": "产线改造", "amount": "100"}).json()
    fault = admin.post("/actions/win_opportunity", json={"id": made["id"], "colour": 1})
    assert fault.json()["errors"][0]["field"] == "colour"
    assert admin.post("/actions/win_opportunity", json={"id": "x"}).status_code == 422
    assert admin.post("/actions/fly", json={}).status_code == 404
    reasons = admin.get("/objects/opportunity").json()["fields"]
    reason = next(f for f in reasons if f["name"] == "close_reason")["choices"][0]["key"]
    done = admin.post("/actions/win_opportunity", json={"id": made["id"], "close_reason": reason})
    assert done.status_code == 200, done.text


def test_a_file_goes_in_and_comes_out(client: Client, admin: TestClient) -> None:
    sent = admin.post("/files", params={"name": "合同.pdf"}, content=b"%PDF-1.7", headers={"Content-Type": "a/b"})
    assert sent.status_code == 201
    got = admin.get(f"/files/{sent.json()['id']}")
    assert got.content == b"%PDF-1.7"
    assert got.headers["content-disposition"].startswith("attachment")
    assert client().get(f"/files/{sent.json()['id']}").status_code == 404


def test_work_is_bounded(admin: TestClient, space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements per request, the token's own among them."""
    from guanxi.kernel import context

    used: list[int] = []
    original = context.Work.__init__

    def counting(self: context.Work, *args: object, **more: object) -> None:
        original(self, *args, **more)  # type: ignore[arg-type]  # passes on what it was given
        sessions.append(self.session)

    sessions: list[object] = []
    monkeypatch.setattr(context.Work, "__init__", counting)

    def statements() -> int:
        used[:] = [s.statements for s in sessions]  # type: ignore[attr-defined]  # sessions count
        sessions.clear()
        return sum(used)

    admin.get("/account")
    statements()
    admin.get("/account")
    assert 0 < statements() <= 4
    made = admin.post("/contact", json={"name": "李雷", "mobile": "13800001234"})
    assert made.status_code == 201
    assert 0 < statements() <= 12


def test_the_answer_to_a_save_is_what_a_reader_gets(client: Client) -> None:
    """The saved row is not asked for again; it must read the same, formulas included."""
    seller = client("sales")
    made = seller.post("/contact", json={"name": "沈若兰", "birthday": "1990-02-28", "interests": ["sport"]})
    url = f"/contact/{made.json()['id']}"
    assert made.json() == seller.get(url).json()
    assert made.json()["age"] >= 36
    changed = seller.patch(url, json={"version": 1, "birthday": "2001-01-01"})
    assert changed.json() == seller.get(url).json()
