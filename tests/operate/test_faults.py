"""The disk is full, the database restarts: said clearly, nothing half-written, and it heals without a restart."""

from __future__ import annotations

import resource
import shlex
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from guanxi.bootstrap import Site
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.audit import verify as verify_log
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Query
from guanxi.settings import read_settings
from tests import postgres
from tests.operate.server import prepare, served


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def create(client: httpx.Client, name: str) -> httpx.Response:
    return client.post("/api/v1/contact", json={"name": name})


def client_of(address: str, bearer: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {bearer}"}, timeout=30)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not heal"
        time.sleep(0.2)


def judge(home: Path, url: str | None, names: set[str]) -> None:
    """What was acknowledged is there, nothing else; the log agrees."""
    site = Site(read_settings({}, home=home, database_url=url))
    try:
        space = site.open()
        seal(space.db)
        with space.read(system("test"), timeout=60) as work:
            found = {n for (n,) in work.session.rows(f"SELECT name FROM {work.session.table('contact')}")}
            assert names <= found
            assert count(work, Query("contact"))[0] == len(found)
            logged = work.session.value(
                f"SELECT count(*) FROM {work.session.table('change')} WHERE op = 'create' AND object = ?",
                (work.catalog.object("contact").id,),
            )
            assert logged == len(found)
            assert not verify_log(work.session).broken
    finally:
        site.close()


def refused(answer: httpx.Response) -> None:
    assert answer.status_code == 507, answer.text
    assert answer.json()["code"] == "disk_full"
    assert any(words in answer.json()["detail"] for words in ("disk is full", "磁盘满了"))
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.sqlite
def test_a_full_disk_on_sqlite(home: Path) -> None:
    """A limit on the size of files: every write fails in the operating system, as on a full disk."""
    bearer = prepare(home, None)
    with served(home, None) as (address, process), client_of(address, bearer) as client:
        known = {f"先{n}" for n in range(3) if create(client, f"先{n}").status_code == 201}
        assert len(known) == 3
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, hard))
        for n in range(5):
            refused(create(client, f"满{n}"))
            read = client.get("/api/v1/contact")
            assert read.status_code == 200
            assert len(read.json()["data"]) == 3
        assert client.get("/sign-in").status_code == 200
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        until(lambda: create(client, "后").status_code == 201)
        known.add("后")
        assert len(client.get("/api/v1/contact").json()["data"]) == 4
    judge(home, None, known)


@pytest.mark.postgresql
def test_a_full_disk_on_postgresql(home: Path, pg_server: str) -> None:
    """The server's own error for a full disk, raised where rows are written."""
    with postgres.fresh_database(pg_server) as url:
        bearer = prepare(home, url)
        with served(home, url) as (address, _), client_of(address, bearer) as client:
            assert create(client, "先").status_code == 201
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute(
                    "CREATE FUNCTION guanxi_main.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
                    " 'could not extend file' USING ERRCODE = '53100'; END $$"
                )
                for table in ("contact", "change", "operation"):
                    admin.execute(
                        f"CREATE TRIGGER full_{table} BEFORE INSERT ON guanxi_main.{table}"
                        " EXECUTE FUNCTION guanxi_main.full()"
                    )
            for n in range(3):
                refused(create(client, f"满{n}"))
                assert len(client.get("/api/v1/contact").json()["data"]) == 1
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute("DROP FUNCTION guanxi_main.full() CASCADE")
            until(lambda: create(client, "后").status_code == 201)
        judge(home, url, {"先", "后"})


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A PostgreSQL that only this test uses, and that acknowledges only what is written."""
    monkeypatch.setitem(postgres.SPEED, "synchronous_commit", "on")
    folder = Path(tempfile.mkdtemp(prefix="guanxi-pg-"))
    try:
        yield postgres.start(folder), folder
    finally:
        postgres.stop(folder)


def control(folder: Path, *words: str) -> None:
    binaries = postgres.find_binaries()
    assert binaries is not None
    postgres._run(folder, binaries / "pg_ctl", "-D", folder / "data", *words)


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", ["fast", pytest.param("immediate", marks=pytest.mark.slow)])
def test_a_database_that_restarts_under_load(home: Path, own_server: tuple[str, Path], mode: str) -> None:
    server, folder = own_server
    with postgres.fresh_database(server) as url:
        bearer = prepare(home, url)
        options = shlex.join(shlex.split((folder / "data" / "postmaster.opts").read_text())[3:])
        saved: set[str] = set()
        answers: Counter[int] = Counter()
        bad: list[str] = []
        halt = threading.Event()

        def load(number: int, address: str) -> None:
            with client_of(address, bearer) as client:
                n = 0
                while not halt.is_set():
                    n += 1
                    name = f"w{number}-{n}"
                    for answer in (create(client, name), client.get("/api/v1/contact?limit=1")):
                        answers[answer.status_code] += 1
                        if answer.status_code not in (200, 201, 503):
                            bad.append(f"{answer.status_code} {answer.text[:300]}")
                        if answer.status_code == 503 and not answer.headers.get("Retry-After"):
                            bad.append("no Retry-After")
                        if answer.status_code == 201:
                            saved.add(name)

        with served(home, url) as (address, process), httpx.Client(base_url=address, timeout=30) as page:
            threads = [threading.Thread(target=load, args=(n, address)) for n in range(3)]
            for thread in threads:
                thread.start()
            until(lambda: len(saved) > 10)
            control(folder, "-m", mode, "-w", "stop")
            until(lambda: answers[503] > 10)
            shown = page.get("/", headers={"Cookie": "guanxi_session=x" * 4})
            assert shown.status_code in (303, 503)
            control(folder, "-l", str(folder / "server.log"), "-w", "-t", "60", "-o", options, "start")
            before = len(saved)
            until(lambda: len(saved) > before + 20)
            halt.set()
            for thread in threads:
                thread.join()
            assert bad == []
            assert process.poll() is None
            with client_of(address, bearer) as client:  # the worker seals again: the feed has the newest record
                assert create(client, "最后").status_code == 201
                saved.add("最后")
                until(lambda: "最后" in client.get("/api/v1/search?q=最后").text)
        judge(home, url, saved)  # more may be there: an answer can be lost on the way although the commit was not
