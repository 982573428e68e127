"""KD 1 and 3: followers miss nothing, no version goes back, a killed sealer loses nothing, tampering shows."""

import itertools
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from guanxi.kernel.changes import feed, log
from guanxi.kernel.changes.audit import verify
from guanxi.kernel.changes.feed import Follower, SealedSet, follow, read_feed, seal
from guanxi.kernel.changes.log import Entry, append, entries_of, history, open_operation, sets_of
from guanxi.kernel.storage.database import Database, open_database
from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import create_kernel_tables

ids = itertools.count(1000)


@pytest.fixture
def ready(database: Database) -> Database:
    with database.write(catalog_change=True) as session:
        create_kernel_tables(session)
        session.insert("number_series", ("name", "next"), [(f"r{i}", 0) for i in range(4)])
    return database


def store(session: Session, entries: list[Entry], set_id: int = 0, operation: int = 1) -> int:
    set_id = set_id or next(ids)
    append(session, set_id=set_id, operation=operation, at=5, entries=entries)
    return set_id


def bump(session: Session, record: int) -> Entry:
    """A record with a version, changed under its row lock (number_series stands in for a record table)."""
    table = session.table("number_series")
    session.run(f"UPDATE {table} SET next = next + 1 WHERE name = ?", (f"r{record}",))
    version = session.value(f"SELECT next FROM {table} WHERE name = ?", (f"r{record}",))
    return Entry(7, record, version, "edit", {"3": version - 1}, {"3": version})


class Seen:
    def __init__(self) -> None:
        self.sets: list[SealedSet] = []

    def handle(self, session: Session, sets: Sequence[SealedSet]) -> None:
        self.sets.extend(sets)


def test_eight_writers_follower_sees_every_commit_in_order(ready: Database) -> None:
    committed: list[int] = []
    running = threading.Event()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(25):
            set_id = next(ids)  # taken before the transaction, as the real ones are
            time.sleep(rng.random() * 0.004)
            try:
                with ready.write() as session:
                    entries = [bump(session, rng.randrange(4))]
                    time.sleep(rng.random() * 0.003)
                    store(session, entries, set_id)
                    if rng.random() < 0.1:
                        raise KeyError
                committed.append(set_id)
            except KeyError:
                pass

    seen = Seen()
    writers = [threading.Thread(target=work, args=(n,)) for n in range(8)]

    def read() -> None:
        while not running.is_set():
            follow(ready, Follower("test", seen.handle, batch=7))

    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    running.set()
    reader.join()
    follow(ready, Follower("test", seen.handle))
    assert Counter(s.set_id for s in seen.sets) == Counter(committed)
    assert [s.pos for s in seen.sets] == list(range(1, len(committed) + 1))
    last: dict[int, int] = {}
    for entry in (e for s in seen.sets for e in s.changes):
        assert entry.version == last.get(entry.record, 0) + 1
        last[entry.record] = entry.version
    with ready.read() as session:
        verdict = verify(session)
        assert (verdict.sets, verdict.broken, verdict.why) == (len(committed), 0, "")


def _seal_and_hang(url: str, folder: str, ready_file: str) -> None:
    database = open_database(url, Path(folder))
    real = log.last_seal

    def hang(session: Session) -> tuple[int, str]:
        found = real(session)
        Path(ready_file).touch()
        time.sleep(60)
        return found

    vars(feed)["last_seal"] = hang
    seal(database)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_killed_sealer_leaves_its_lease_and_nothing_is_lost(ready: Database, database_url: str, tmp_path: Path) -> None:
    for n in range(20):
        with ready.write() as session:
            store(session, [Entry(7, n, 1, "create", None, {"1": "张"})])
    flag = tmp_path / "hanging"
    process = multiprocessing.get_context("spawn").Process(
        target=_seal_and_hang, args=(database_url, str(tmp_path), str(flag))
    )
    process.start()
    while not flag.exists():
        time.sleep(0.02)
    assert seal(ready) == 0  # the other one holds the lease
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    deadline = time.monotonic() + 3
    while seal(ready) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    seen = Seen()
    assert follow(ready, Follower("test", seen.handle)) == 20
    assert len({s.set_id for s in seen.sets}) == 20


def test_a_failing_effect_moves_nothing(ready: Database) -> None:
    with ready.write() as session:
        store(session, [Entry(7, 1, 1, "create", None, {"1": 1})])

    def fail(session: Session, sets: object) -> None:
        session.insert("setting", ("name", "value"), [("effect", "1")])
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        follow(ready, Follower("f", fail))
    with ready.read() as session:
        assert feed.position(session, "f") == 0
        assert session.value(f"SELECT count(*) FROM {session.table('setting')}") == 0


def test_batches_end_early_when_sets_are_large(ready: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "ROWS_BATCH", 10)
    for size in (4, 4, 4, 30, 1):
        with ready.write() as session:
            store(session, [Entry(7, n, 1, "create", None, {}) for n in range(size)])
    seal(ready)
    sizes, pos = [], 0
    with ready.read() as session:
        while batch := read_feed(session, pos):
            sizes.append([len(s.changes) for s in batch])
            pos = batch[-1].pos
    assert sizes == [[4, 4], [4], [30], [1]]


def test_history_pages_newest_first_with_who_and_how(ready: Database) -> None:
    with ready.write() as session:
        open_operation(session, id=1, kind="edit", actor=42, entry="form", at=5)
        for version in range(1, 8):
            store(session, [Entry(7, 9, version, "edit", {"1": version - 1}, {"1": version}), Entry(8, 9, 1, "x")])
    with ready.read() as session:
        page = history(session, 7, 9, limit=3)
        assert [p.entry.version for p in page] == [7, 6, 5]
        assert [p.entry.version for p in history(session, 7, 9, before=5)] == [4, 3, 2, 1]
        assert (page[0].actor, page[0].way, page[0].entry.new) == (42, "form", {"1": 7})
        assert len(entries_of(session, sets_of(session, 1)[0])) == 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE {change} SET new = '{{\"1\":666}}' WHERE record = 3",
        "UPDATE {change} SET leaf = 'f' WHERE record = 3",
        "DELETE FROM {change} WHERE record = 3",
        "DELETE FROM {seal} WHERE pos = 3",
        "UPDATE {change_set} SET at = 6 WHERE id = (SELECT set_id FROM {seal} WHERE pos = 3)",
    ],
)
def test_tampering_shows(ready: Database, damage: str) -> None:
    for record in range(1, 6):
        with ready.write() as session:
            store(session, [Entry(7, record, 1, "create", None, {"1": record})])
    seal(ready)
    with ready.write() as session:
        session.run(f"UPDATE {session.table('change')} SET old = NULL, new = NULL, salt = NULL WHERE record = 5")
        session.insert("erasure_record", ("object", "record", "erasure"), [(7, 5, 77)])
    with ready.read() as session:
        fine = verify(session)
        assert (fine.sets, fine.changes, fine.erased, fine.broken, fine.requests) == (5, 5, 1, 0, (77,))
    with ready.write() as session:
        names = {name: session.table(name) for name in ("change", "seal", "change_set")}
        session.run(damage.format(**names))
    with ready.read() as session:
        assert verify(session).broken == 3
