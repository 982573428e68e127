"""An import over REST: sent, mapped, checked, run, undone; strangers see nothing of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.testclient import TestClient

from guanxi.bootstrap import JOBS
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from tests.entrypoints.api.conftest import Client

FILE = b"Company,Sector\nAcme Works,technolgy\nBeta Tools,software\nBeta Tools,finance\n"
MAPPING: dict[str, Any] = {
    "fields": [{"field": "name", "column": "Company"}, {"field": "industry", "column": "Sector"}],
    "key": "name",
}


def work(space: Space) -> None:
    """What the worker does."""
    run_due(
        space.db, {kind: partial(do, space) for kind, do in JOBS.items()}, worker="test", queues=("default", "bulk")
    )


def send(api: TestClient, name: str = "accounts.csv", data: bytes = FILE) -> str:
    answer = api.post("/imports", params={"object": "account", "name": name}, content=data)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_from_file_to_records_and_back(space: Space, client: Client) -> None:
    api = client()
    ident = send(api)
    assert api.put(f"/imports/{ident}/mapping", json=MAPPING).json()["mapping"]["columns"] == ["Company", "Sector"]
    assert api.post(f"/imports/{ident}/check").status_code == 202
    work(space)
    checked = api.get(f"/imports/{ident}").json()
    assert checked["state"] == "checked"
    assert checked["counts"] == {"created": 1, "updated": 0, "same": 0, "failed": 1, "duplicates": 1}
    assert checked["kinds"] == [{"code": "unknown_choice", "field": "industry", "count": 1}]
    fault = api.get(f"/imports/{ident}/faults").json()["data"][0]
    assert (fault["row"], fault["near"], fault["errors"][0]["field"]) == (2, "technology", "industry")
    assert api.get("/account/count").json()["count"] == 0
    mended = {
        **MAPPING,
        "fields": [MAPPING["fields"][0], {**MAPPING["fields"][1], "values": {"technolgy": "technology"}}],
    }
    api.put(f"/imports/{ident}/mapping", json=mended)
    assert api.post(f"/imports/{ident}/run").json()["state"] == "running"
    assert api.post(f"/imports/{ident}/run").status_code == 409
    work(space)
    done = api.get(f"/imports/{ident}").json()
    assert (done["state"], done["counts"]["created"], done["counts"]["failed"]) == ("done", 2, 0)
    assert api.get("/account/count").json()["count"] == 2
    assert "Beta Tools,finance" in api.get(f"/imports/{ident}/failed.csv").text
    assert api.post(f"/operations/{done['operation']}/undo").json()["trashed"] == 2
    assert api.get("/account/count").json()["count"] == 0


def test_bad_files_and_maps_are_refused(client: Client) -> None:
    api = client()
    refused = api.post("/imports", params={"object": "account", "name": "a.csv"}, content=b"")
    assert (refused.status_code, refused.json()["detail"]) == (400, "a.csv is empty.")
    assert api.get("/imports").json()["data"] == []
    ident = send(api)
    wrong = {"fields": [{"field": "name", "column": "Firm"}]}
    assert "no column «Firm»" in api.put(f"/imports/{ident}/mapping", json=wrong).json()["detail"]
    assert api.put(f"/imports/{ident}/mapping", json={"fields": 3}).status_code == 400
    assert api.post(f"/imports/{ident}/pause").status_code == 409


def test_imports_are_ones_own(client: Client) -> None:
    ident = send(client())
    other = client()
    for path in ("", "/faults", "/failed.csv"):
        assert other.get(f"/imports/{ident}{path}").status_code == 404
    assert other.post(f"/imports/{ident}/run").status_code == 404
    assert other.get("/imports").json()["data"] == []
    assert client(scopes=("read",)).post("/imports", params={"object": "account"}, content=FILE).status_code == 403
    assert client("analyst").post("/imports", params={"object": "account"}, content=FILE).status_code == 403


def test_consents_come_from_a_file_with_the_person_by_id_mail_or_kind_and_id(space: Space, client: Client) -> None:
    api = client()
    person = api.post("/contact", json={"name": "Ann", "email": "ann@example.com"}).json()["id"]
    lead = api.post("/lead", json={"name": "Bob", "mobile": "13912345678"}).json()["id"]
    rows = f"Who,What,Answer,By,When\n{person},Marketing,given,sms,2026-01-05\n"
    rows += f"ann@example.com,Marketing,given,sms,2026-01-06\nlead:{lead},Marketing,refused,,2026-01-05\n"
    rows += "lead:Ann,Marketing,given,sms,2026-01-05\nAnn,Nonsense,given,sms,2026-01-05\n"
    answer = api.post("/imports", params={"object": "consent", "name": "consents.csv"}, content=rows.encode())
    ident = answer.json()["id"]
    pairs = (("person", "Who"), ("purpose", "What"), ("answer", "Answer"), ("channels", "By"), ("at", "When"))
    api.put(f"/imports/{ident}/mapping", json={"fields": [{"field": f, "column": c} for f, c in pairs]})
    assert api.post(f"/imports/{ident}/run").status_code == 202
    work(space)
    done = api.get(f"/imports/{ident}").json()
    assert (done["state"], done["counts"]["created"], done["counts"]["failed"]) == ("done", 3, 2)
    made = api.get("/consent", params={"sort": "at"}).json()["data"]
    assert {(m["person"]["object"], m["person"]["id"], m["answer"]) for m in made} == {
        ("contact", person, "given"),
        ("lead", lead, "refused"),
    }
