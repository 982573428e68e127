"""Background work: reactions exactly once in effect, also when the worker is killed half-way; faults stay apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from guanxi.bootstrap import Site, main
from guanxi.entrypoints.worker.loops import Worker
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.feed import Follower
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save
from guanxi.settings import read_settings

CALLS = 60


@pytest.fixture
def place(engine: str, database_url: str, tmp_path: Path) -> list[str]:
    return ["--home", str(tmp_path / "home"), *(["--database", database_url] if engine == "postgresql" else [])]


def open_site(place: list[str]) -> Site:
    return Site(read_settings({}, home=place[1], database_url=place[3] if len(place) > 2 else None))


def start(place: list[str], *argv: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "GUANXI_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "guanxi", *place, *argv]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def jobs(space: Any, status: str) -> int:
    with space.db.read() as session:
        sql = f"SELECT count(*) FROM {session.table('job')} WHERE status = ?"
        return int(session.value(sql, (status,)))


def test_a_killed_worker_is_followed_by_one_that_goes_on(place: list[str]) -> None:
    site = open_site(place)
    space = site.open(create=True)
    with space.write(system("test")) as work:
        accounts = save(work, [Change("create", "account", {"name": f"Firm {n}"}) for n in range(CALLS)]).ids
    for account in accounts:
        call = {"subject": "Hello", "about": {"object": "account", "id": str(account)}, "at": "2026-01-05T08:00:00Z"}
        with space.write(system("test")) as work:
            save(work, [Change("create", "call", call)])
    worker = start(place, "work")
    deadline = time.monotonic() + 60
    while jobs(space, "done") < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert worker.stdout is not None
    worker.stdout.close()
    assert 5 <= jobs(space, "done") < CALLS
    with space.db.write() as session:  # the killed worker's lease runs out
        session.run(f"UPDATE {session.table('job')} SET lease_until = 1 WHERE status = 'running'")
    site.close()
    assert main([*place, "work", "--once"]) == 0
    site = open_site(place)
    space = site.open()
    assert jobs(space, "done") >= CALLS
    assert jobs(space, "ready") == jobs(space, "running") == jobs(space, "dead") == 0
    with space.read(system("test")) as work:
        for account in accounts:
            assert get(work, "account", account)["last_activity_at"] is not None
            assert len(steps(work, "account", account)) == 2  # made, then touched once
    site.close()


def test_a_broken_part_does_not_stop_the_others(space: Any) -> None:
    def broken(_session: Any, _sets: Any) -> None:
        raise RuntimeError("on purpose")

    seen: list[int] = []
    followers = (
        lambda _space: Follower("broken", broken),
        lambda _space: Follower("fine", lambda _session, sets: seen.append(len(sets))),
    )
    with space.write(system("test")) as work:
        save(work, [Change("create", "account", {"name": "Firm"})])
    worker = Worker(lambda: [space], {}, followers)
    assert worker.round() > 0
    assert sum(seen) >= 1
    assert worker.round() == 0  # the broken one is left alone for a while


def test_commits_wake_the_worker_and_it_stops_when_told(space: Any) -> None:
    seen: list[int] = []
    follower = Follower("fine", lambda _session, sets: seen.append(len(sets)))
    worker = Worker(lambda: [space], {}, (lambda _space: follower,))
    worker.start()
    with space.write(system("test")) as work:
        save(work, [Change("create", "account", {"name": "Firm"})])
    deadline = time.monotonic() + 10
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    before = time.monotonic()
    worker.stop()
    assert seen
    assert time.monotonic() - before < 5


def test_run_serves_and_ends_cleanly(place: list[str]) -> None:
    server = start(place, "run", "--port", "0")
    try:
        assert server.stdout is not None
        said = ""
        while "listens on" not in (line := server.stdout.readline()):
            assert line, said
            said += line
        address = line.split()[-1]
        sign_in = server.stdout.readline().split()
        email, password = sign_in[3], sign_in[7]
        with httpx2.Client(base_url=address) as client:
            answer = client.post("/sign-in", data={"email": email, "password": password})
            assert answer.status_code == 303
            assert client.get("/profile").status_code == 200
    finally:
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=30)
    assert server.returncode == 0, rest
    assert "Traceback" not in rest
