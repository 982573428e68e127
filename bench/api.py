"""The API over loopback beside the bare driver: a list page, one create, one update, and what HTTP alone costs."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from bench.data import Company, token_for
from bench.measure import Line, Report, at, compare
from bench.raw import Raw
from guanxi.entrypoints.api.app import create_api
from guanxi.kernel.context import Space

REPEATS = 200


class OneSpace:
    """A site with the data set as its only workspace."""

    def __init__(self, space: Space) -> None:
        self.one = space

    def space(self, request: Request) -> Space:  # noqa: ARG002 - the one for every request
        return self.one


class Client:
    """One kept connection with a token; a plain class: it holds the connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; anything but success ends the measurement."""
        data = json.dumps(body) if body is not None else None
        self.connection.request(method, f"/api/v1{path}", data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, (answer.status, text[:500])
        return json.loads(text)


@contextmanager
def serving(company: Company) -> Iterator[int]:
    """The API on a free port of this machine."""
    app = Starlette(routes=[Mount("/api/v1", create_api(OneSpace(company.space)))])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join()


def run(company: Company) -> Report:
    """All calls of one data set."""
    report, raw = Report("api", company.database, company.rows), Raw(company)
    with serving(company) as port:
        client = Client(port, token_for(company, company.callers["all"]))
        try:
            _measure(report, client, raw)
        finally:
            client.connection.close()
            raw.close()
    return report


def _measure(report: Report, client: Client, raw: Raw) -> None:
    select = "SELECT * FROM contact WHERE trashed_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT 51"
    floor = compare("who am I (HTTP, thread, token)", lambda: client.ask("GET", "/me"), lambda: raw.rows("SELECT 1"))
    report.add(floor)
    goal = "≤ 1.2 ms over"
    page = compare("list of 50 contacts", lambda: client.ask("GET", "/contact"), lambda: raw.rows(select),
                   repeats=REPEATS, goal=goal)  # fmt: skip
    report.add(page)
    numbers = count(1)

    def create() -> None:
        client.ask("POST", "/contact", {"name": "基准 李雷", "mobile": f"138{time.time_ns() // 1000 % 10**8:08d}"})

    def insert() -> None:
        ident = -(time.time_ns() + next(numbers))
        raw.run("INSERT INTO contact (id, version, name, created_at, created_by, updated_at, updated_by)"
                " VALUES (?, 1, 'x', 0, 0, 0, 0)", (ident,))  # fmt: skip

    goal = "≤ 4×" if report.database == "postgresql" else "≤ 6×"
    report.add(compare("create a contact", create, insert, repeats=REPEATS, goal=goal))
    made = client.ask("POST", "/contact", {"name": "基准", "mobile": "13800001234"})
    state = {"version": made["version"]}

    def update() -> None:
        body = {"version": state["version"], "title": f"经理 {next(numbers)}"}
        state["version"] = client.ask("PATCH", f"/contact/{made['id']}", body)["version"]

    def set_title() -> None:
        raw.run("UPDATE contact SET title = ? WHERE id = ?", (str(next(numbers)), int(made["id"])))

    report.add(compare("change a contact", update, set_title, repeats=REPEATS, goal=goal))
    took = [_took(client, "/contact/count") for _ in range(20)]
    report.add(Line("capped count", at(took, 0.5), p95=at(took, 0.95)))
    raw.run("DELETE FROM contact WHERE id < 0")


def _took(client: Client, path: str) -> float:
    start = time.perf_counter()
    client.ask("GET", path)
    return (time.perf_counter() - start) * 1000
