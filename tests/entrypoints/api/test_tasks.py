"""Long work over REST: begun, watched, paused, fetched; another's does not exist."""

from __future__ import annotations

from functools import partial

import pytest

from guanxi.bootstrap import JOBS
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import run_due
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save
from tests import make
from tests.entrypoints.api.conftest import Client


@pytest.fixture
def sam(space: Space) -> int:
    user = make.person(space, "sales")
    with space.write(user) as work:
        save(work, [Change("create", "account", {"name": f"Mill {n}"}) for n in range(30)])
    return user


def work_off(space: Space) -> None:
    handlers = {kind: partial(handler, space) for kind, handler in JOBS.items()}
    run_due(space.db, handlers, worker="t", queues=("bulk",))


def test_an_export_is_begun_paused_and_fetched(space: Space, client: Client, sam: int) -> None:
    mine, other = client(user=sam), client("administrator")
    begun = mine.post("/exports", json={"object": "account", "fields": ["name"], "filter": 'name != "Mill 3"'})
    assert begun.status_code == 202, begun.text
    place = begun.headers["location"].removeprefix("/api/v1")
    assert mine.post(f"{place}/pause").json()["status"] == "paused"
    work_off(space)
    assert mine.get(f"{place}/file").status_code == 404
    assert mine.post(f"{place}/go-on").json()["status"] == "ready"
    work_off(space)
    done = mine.get(place).json()
    assert (done["status"], done["done"], done["total"]) == ("done", 29, 29)
    lines = mine.get(f"{place}/file").text.splitlines()
    assert lines[0] == "name"
    assert len(lines) == 30
    assert "Mill 3" not in lines
    assert [task["id"] for task in mine.get("/tasks").json()["data"]] == [done["id"]]
    assert other.get(place).status_code == other.get(f"{place}/file").status_code == 404
    assert other.post(f"{place}/cancel").status_code == 404
    assert mine.post(f"{place}/pause").status_code == 409
    assert mine.post(f"{place}/burn").status_code == 404


def test_all_that_match_change_and_what_was_left_is_told(space: Space, client: Client, sam: int) -> None:
    mine = client(user=sam)
    body = {"object": "account", "filter": 'name != "Mill 3"', "values": {"website": "https://mill.example"}}
    begun = mine.post("/bulk", json=body)
    assert begun.status_code == 202, begun.text
    work_off(space)
    task = mine.get(f"/tasks/{begun.json()['id']}").json()
    assert (task["status"], task["done"], task["failed"]) == ("done", 29, 0)
    assert mine.get(f"/tasks/{task['id']}/left").json() == {"data": []}
    with space.read(sam) as work:
        assert len(find(work, Query("account", 'website = "https://mill.example"', limit=100)).rows) == 29
    undone = mine.post(f"/operations/{task['operation']}/undo", json={})
    assert undone.json()["restored"] == 29
    looker = client("service")
    assert looker.post("/bulk", json=body).status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/exports", {"object": "nothing"}, 404),
        ("/exports", {"object": "account", "fields": ["secret"]}, 400),
        ("/exports", {"object": "account", "filter": "name ="}, 400),
        ("/exports", {"object": "account", "format": "pdf"}, 400),
        ("/exports", {"object": "account", "colour": 1}, 400),
        ("/bulk", {"object": "account", "values": []}, 400),
        ("/bulk", {"object": "account", "op": "burn"}, 400),
        ("/bulk", {"object": 5}, 400),
    ],
)
def test_wrong_wishes_are_told(client: Client, sam: int, path: str, body: dict[str, object], status: int) -> None:
    answer = client(user=sam).post(path, json=body)
    assert answer.status_code == status, answer.text
