"""Jobs run at least once, effects with `finish` exactly once; a killed worker's job is run again; cron knows DST."""

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from guanxi.base.errors import BadInput, NotFound
from guanxi.kernel.jobs import queue
from guanxi.kernel.jobs.queue import JobRun, Stale, claim, dead, enqueue, next_due, revive, run_due, sweep
from guanxi.kernel.jobs.schedule import Schedule, next_time, tick
from guanxi.kernel.storage.database import Database, open_database
from guanxi.kernel.storage.tables import create_kernel_tables

MINUTE = 60_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def ready(database: Database) -> Database:
    with database.write(catalog_change=True) as session:
        create_kernel_tables(session)
    return database


@pytest.fixture
def clock(ready: Database) -> Clock:
    ready.clock = Clock()
    return ready.clock


def status(database: Database, job: int) -> tuple[object, ...]:
    with database.read() as session:
        found = session.one(f"SELECT status, attempts, error FROM {session.table('job')} WHERE id = ?", (job,))
        assert found
        return found


def put(database: Database, kind: str = "k", **options: object) -> int:
    with database.write() as session:
        return enqueue(session, kind, {"张": 1}, **options)  # type: ignore[arg-type]


def test_a_job_runs_only_if_its_transaction_commits(ready: Database) -> None:
    with pytest.raises(KeyError), ready.write() as session:  # noqa: PT012
        enqueue(session, "k")
        raise KeyError
    seen: list[object] = []
    assert run_due(ready, {"k": seen.append}, worker="w") == 0
    put(ready)
    assert run_due(ready, {"k": lambda run: seen.append(run.args)}, worker="w") == 1
    assert seen == [{"张": 1}]
    assert run_due(ready, {"k": seen.append}, worker="w") == 0


def test_order_is_priority_then_time_and_future_waits(ready: Database, clock: Clock) -> None:
    later = put(ready, at=clock.now + MINUTE)
    ids = [put(ready), put(ready, priority=5), put(ready, at=clock.now - 1)]
    seen: list[int] = []
    run_due(ready, {"k": lambda run: seen.append(run.id)}, worker="w")
    assert seen == [ids[1], ids[2], ids[0]]
    with ready.read() as session:
        assert next_due(session) == clock.now + MINUTE
    clock.now += MINUTE
    run_due(ready, {"k": lambda run: seen.append(run.id)}, worker="w")
    assert seen[-1] == later


def test_one_waiting_job_is_enough(ready: Database) -> None:
    first = put(ready, dedupe="scores")
    assert put(ready, dedupe="scores") == first
    runs = claim(ready, "w", 10, ["default"])
    second = put(ready, dedupe="scores")  # the first is running: what changed since needs another run
    assert second != first
    assert len(runs) == 1


def test_failing_job_backs_off_dies_and_can_be_revived(ready: Database, clock: Clock) -> None:
    job = put(ready, max_attempts=3, dedupe="d")

    def fail(run: JobRun) -> None:
        raise OSError("no route to host")

    waits = []
    for attempt in (1, 2, 3):
        assert run_due(ready, {"k": fail}, worker="w") == 1
        assert run_due(ready, {"k": fail}, worker="w") == 0
        assert status(ready, job)[1] == attempt
        with ready.read() as session:
            due = session.value(f"SELECT run_at FROM {session.table('job')}")
        waits.append(due - clock.now)
        clock.now = due
    assert 2_500_000 <= waits[0] <= 7_500_000
    assert 5_000_000 <= waits[1] <= 15_000_000
    assert status(ready, job)[0] == "dead"
    with ready.write() as session:
        assert "OSError: no route to host (test_queue.py:" in dead(session)[0][3]
        revive(session, job)
    assert run_due(ready, {"k": lambda run: None}, worker="w") == 1
    assert status(ready, job)[0] == "done"
    with pytest.raises(NotFound), ready.write() as session:
        revive(session, job)
    clock.now += queue.KEEP_DONE + 1
    with ready.write() as session:
        assert sweep(session) == 1


def test_stale_finish_changes_nothing(ready: Database, clock: Clock) -> None:
    job = put(ready)
    (old,) = claim(ready, "slow", 1, ["default"])
    clock.now += queue.LEASE + 1
    (new,) = claim(ready, "quick", 1, ["default"])
    assert (new.id, new.attempts) == (job, 2)

    def effect(run: JobRun) -> None:
        with ready.write() as session:
            run.finish(session)
            session.insert("setting", ("name", "value"), [(f"by {run.attempts}", None)])

    with pytest.raises(Stale):
        old.heartbeat()
    with pytest.raises(Stale):
        effect(old)
    effect(new)
    with pytest.raises(Stale):
        effect(new)
    with ready.read() as session:
        assert session.rows(f"SELECT name FROM {session.table('setting')}") == [("by 2",)]


def test_many_workers_run_each_job_once(ready: Database) -> None:
    with ready.write() as session:
        ids = [enqueue(session, "k") for _ in range(60)]
    seen: list[int] = []

    def work(name: str) -> None:
        while run_due(ready, {"k": lambda run: seen.append(run.id)}, worker=name, limit=3):
            pass

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while run_due(ready, {"k": lambda run: seen.append(run.id)}, worker="last"):
        pass
    assert Counter(seen) == Counter(ids)


def _work_and_hang(url: str, folder: str) -> None:
    def hang(run: JobRun) -> None:
        (Path(folder) / "started").touch()
        time.sleep(60)

    run_due(open_database(url, Path(folder)), {"k": hang}, worker="doomed", lease=1_000_000)


def test_job_of_a_killed_worker_is_run_again(ready: Database, database_url: str, tmp_path: Path) -> None:
    job = put(ready)
    process = multiprocessing.get_context("spawn").Process(target=_work_and_hang, args=(database_url, str(tmp_path)))
    process.start()
    while not (tmp_path / "started").exists():
        time.sleep(0.02)
    seen: list[int] = []
    assert run_due(ready, {"k": lambda run: seen.append(run.id)}, worker="w") == 0
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    deadline = time.monotonic() + 4
    while not seen and time.monotonic() < deadline:
        run_due(ready, {"k": lambda run: seen.append(run.id)}, worker="w")
        time.sleep(0.05)
    assert seen == [job]
    assert status(ready, job)[:2] == ("done", 2)


def test_a_job_that_kills_each_worker_is_buried(ready: Database, clock: Clock) -> None:
    job = put(ready, max_attempts=2)
    for _ in range(2):
        assert len(claim(ready, "w", 1, ["default"])) == 1
        clock.now += queue.LEASE + 1
    assert claim(ready, "w", 1, ["default"]) == []
    assert status(ready, job)[0] == "dead"


def moment(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


def test_schedule_fires_once_per_due_time_and_makes_up_for_missed_ones(ready: Database, clock: Clock) -> None:
    clock.now = moment("2026-11-21T07:00", "Asia/Shanghai")
    daily = Schedule("daily", "0 8 * * *", "digest")
    assert tick(ready, [daily], clock.now) == 0
    assert tick(ready, [daily], clock.now + 59 * MINUTE) == 0
    eight = clock.now + 60 * MINUTE
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(tick(ready, [daily], eight + 5))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 1
    assert tick(ready, [daily], eight + 5 * 24 * 60 * MINUTE) == 1  # five days off: one run, not five
    seen: list[int] = []
    clock.now = eight + 6 * 24 * 60 * MINUTE
    run_due(ready, {"digest": lambda run: seen.append(run.args["due"])}, worker="w")
    assert seen == [eight, eight + 24 * 60 * MINUTE]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("30 2 * * *", "2026-03-08T00:00", "2026-03-08 07:30"),  # 02:30 does not exist: 03:30 EDT
        ("30 2 * * *", "2026-03-08T04:00", "2026-03-09 06:30"),
        ("30 1 * * *", "2026-11-01T00:00", "2026-11-01 05:30"),  # comes twice: the first one
        ("30 1 * * *", "2026-11-01T01:30", "2026-11-02 06:30"),
        ("0 8 * * 1-5", "2026-11-20T08:00", "2026-11-23 13:00"),  # Friday → Monday
    ],
)
def test_clock_changes(cron: str, after: str, expected: str) -> None:
    at = next_time(cron, "America/New_York", moment(after, "America/New_York"))
    assert f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M}" == expected


def test_bad_cron_is_refused() -> None:
    with pytest.raises(BadInput, match="not a valid schedule"):
        next_time("every day", "Asia/Shanghai", 0)
