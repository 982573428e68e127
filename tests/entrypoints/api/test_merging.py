"""Merging by API: one request, old ids answer with the new one, the undo of the operation un-merges."""

from __future__ import annotations

from guanxi.kernel.context import Space
from tests import make
from tests.entrypoints.api.conftest import Client


def test_merge_follow_and_unmerge(space: Space, client: Client) -> None:
    one, two, three = (make.record(space, "account", name=n) for n in ("One", "Two", "Three"))
    contact = make.record(space, "contact", account=str(three))
    http = client()
    body = {
        "winner": str(one),
        "losers": [str(two), str(three)],
        "values": {"name": "All"},
        "from": {"phone": str(two)},
    }
    answer = http.post("/account/merge", json=body, headers={"Idempotency-Key": "m-1"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["moved"] == 1
    again = http.post("/account/merge", json=body, headers={"Idempotency-Key": "m-1"})
    assert again.json() == answer.json()
    old = http.get(f"/account/{three}", follow_redirects=False)
    assert old.status_code == 301
    assert old.json() == {"merged_into": str(one)}
    assert http.get(f"/account/{three}").json()["name"] == "All"
    made = http.post("/contact", json={"name": "By the old id", "account": str(two)})
    assert made.json()["account"] == str(one)
    assert http.post(f"/account/{two}/restore").status_code == 422
    undone = http.post(f"/operations/{answer.json()['operation']}/undo")
    assert undone.json()["skipped"] == 0
    assert http.get(f"/account/{three}", follow_redirects=False).json()["name"] == "Three"
    assert http.get(f"/contact/{contact}").json()["account"] == str(three)


def test_refusals(space: Space, client: Client) -> None:
    one, two = make.record(space, "account"), make.record(space, "account")
    http = client()
    for body in (
        {"winner": str(one), "losers": []},
        {"winner": str(one), "losers": [str(one)]},
        {"winner": "x", "losers": [str(two)]},
        {"winner": str(one), "losers": [str(two)], "more": 1},
        {"winner": str(one), "losers": [str(two)], "from": {"name": str(one + 1)}},
        {"winner": str(one), "losers": [str(two)], "values": {"nothing": "x"}},
    ):
        assert http.post("/account/merge", json=body).status_code in (400, 422), body
    assert http.post("/account/merge", json={"winner": str(one), "losers": [str(two + 1)]}).status_code == 404
    versions = {str(one): 1, str(two): 7}
    asked = {"winner": str(one), "losers": [str(two)], "versions": versions}
    assert http.post("/account/merge", json=asked).status_code == 409
    stranger = client("service")
    assert stranger.post("/account/merge", json={"winner": str(one), "losers": [str(two)]}).status_code in (403, 404)
