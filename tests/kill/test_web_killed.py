"""The server is killed while people save: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import random
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from guanxi.bootstrap import Site
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.records.read import get
from guanxi.settings import read_settings
from tests import postgres
from tests.operate.server import prepare, served

CLIENTS = 4


@dataclass
class Client:
    """Saves one thing after the other; what got no answer is sent again with the same key, until there is one."""

    number: int
    bearer: str
    place: dict[str, str]
    halt: threading.Event
    said: dict[str, str] = field(default_factory=dict)  # name -> id, as acknowledged
    titles: dict[str, str] = field(default_factory=dict)  # id -> title of the newest acknowledged edit
    bad: list[str] = field(default_factory=list)
    again: int = 0
    http: httpx.Client = field(init=False)

    def run(self) -> None:
        with httpx.Client(timeout=20) as self.http:
            self.save()

    def save(self) -> None:
        chance, n = random.Random(self.number), 0
        while not self.halt.is_set():
            n += 1
            name = f"w{self.number}-{n}"
            answer = self.send("POST", "/api/v1/contact", {"name": name})
            if answer is None:
                return
            ident = self.said[name] = answer["id"]
            if chance.random() < 0.5:
                changed = self.send("PATCH", f"/api/v1/contact/{ident}", {"title": name})
                if changed is None:
                    return
                self.titles[ident] = changed["title"]

    def send(self, method: str, path: str, body: dict[str, str]) -> dict[str, str] | None:
        key = uuid.uuid4().hex
        headers = {"Authorization": f"Bearer {self.bearer}", "Idempotency-Key": key, "If-Match": "*"}
        while True:
            address = self.place.get("address", "")
            try:
                answer = self.http.request(method, address + path, json=body, headers=headers, timeout=20)
            except (httpx.TransportError, httpx.UnsupportedProtocol):
                self.again += 1
                time.sleep(0.05)
                continue
            if answer.status_code in (200, 201):
                return dict(answer.json())
            if answer.status_code == 503:
                time.sleep(0.05)
                continue
            self.bad.append(f"{answer.status_code} {answer.text[:300]}")
            return None


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    if engine == "sqlite":
        yield None
        return
    with postgres.fresh_database(request.getfixturevalue("pg_server")) as made:
        yield made


@pytest.mark.parametrize("kills", [pytest.param(1, id="short"), pytest.param(15, id="long", marks=pytest.mark.slow)])
def test_the_server_is_killed_while_people_save(kills: int, url: str | None, tmp_path: Path) -> None:
    home, seed = tmp_path / "home", random.randrange(10**6)
    print("seed", seed)
    chance, bearer = random.Random(seed), prepare(home, url)
    place: dict[str, str] = {}
    halt = threading.Event()
    clients = [Client(n, bearer, place, halt) for n in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for kill in range(kills + 1):
        with served(home, url) as (address, process):
            place["address"] = address
            if not kill:
                for thread in threads:
                    thread.start()
            wanted = sum(len(client.said) for client in clients) + chance.randrange(5, 40)
            deadline = time.monotonic() + 60
            while sum(len(client.said) for client in clients) < wanted:
                assert time.monotonic() < deadline
                assert [client.bad for client in clients] == [[]] * CLIENTS
                time.sleep(chance.uniform(0, 0.03))
            if kill < kills:
                process.send_signal(signal.SIGKILL)
            else:
                halt.set()
                for thread in threads:
                    thread.join(60)
    judge(home, url, clients)
    print("saved", sum(len(c.said) for c in clients), "sent again", sum(c.again for c in clients))


def judge(home: Path, url: str | None, clients: list[Client]) -> None:
    assert [client.bad for client in clients] == [[]] * CLIENTS
    said = {name: ident for client in clients for name, ident in client.said.items()}
    site = Site(read_settings({}, home=home, database_url=url))
    try:
        space = site.open()
        seal(space.db)
        with space.read(system("judge"), timeout=60) as work:
            session = work.session
            found = session.rows(f'SELECT "name", "id" FROM {session.table("contact")}')
            assert sorted(found) == sorted((name, int(ident)) for name, ident in said.items())
            for client in clients:
                for ident, title in client.titles.items():
                    assert get(work, "contact", int(ident))["title"] == title
            assert session.value(f'SELECT max("version") FROM {session.table("contact")}') <= 2
            assert not verify(session).broken
    finally:
        site.close()
