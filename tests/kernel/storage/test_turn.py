"""KD 7 and 4: a bulk writer lets editors through, across processes too; catalogue changes do not disturb."""

import multiprocessing
import random
import threading
import time
from pathlib import Path

import pytest

from guanxi.kernel.storage.database import Database, open_database
from guanxi.kernel.storage.tables import create_kernel_tables

BULK = 0.04  # seconds that one bulk transaction holds the turn


@pytest.fixture
def ready(database: Database) -> Database:
    with database.write(catalog_change=True) as session:
        create_kernel_tables(session)
    return database


def _import(url: str, folder: str, stop: str) -> None:
    database = open_database(url, Path(folder))
    n = 0
    while not Path(stop).exists():
        with database.write(bulk=True) as session:
            n += 1
            session.insert("last_seen_import", ("id", "at"), [(n * 1000 + i, 1) for i in range(200)])
            time.sleep(BULK)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("where", ["thread", "process"])
def test_three_editors_beside_an_import_never_wait_more_than_three_bulk_turns(
    ready: Database, database_url: str, tmp_path: Path, where: str
) -> None:
    with ready.write() as session:
        session.run("CREATE TABLE last_seen_import (id INTEGER PRIMARY KEY, at BIGINT)")
    stop, waits = tmp_path / "stop", list[float]()
    args = (database_url, str(tmp_path), str(stop))
    importer: threading.Thread | multiprocessing.process.BaseProcess
    if where == "process":
        importer = multiprocessing.get_context("spawn").Process(target=_import, args=args)
    else:

        def loop() -> None:
            while not stop.exists():
                with ready.write(bulk=True):
                    time.sleep(BULK)

        importer = threading.Thread(target=loop)
    importer.start()
    if where == "process":
        while not ready_count(ready):
            time.sleep(0.02)

    def edit(seed: int) -> None:
        rng = random.Random(seed)
        for n in range(8):
            time.sleep(rng.random() * 0.08)
            started = time.monotonic()
            with ready.write() as session:
                waits.append(time.monotonic() - started)
                session.insert("setting", ("name", "value"), [(f"{seed}/{n}", None)])

    editors = [threading.Thread(target=edit, args=(n,)) for n in range(3)]
    for thread in editors:
        thread.start()
    for thread in editors:
        thread.join()
    stop.touch()
    importer.join()
    assert len(waits) == 24
    assert max(waits) < 3 * (BULK + 0.03), sorted(waits)[-3:]


def ready_count(database: Database) -> int:
    with database.read() as session:
        return int(session.value("SELECT count(*) FROM last_seen_import"))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_write_inside_a_write_is_a_clear_error(ready: Database) -> None:
    with pytest.raises(RuntimeError, match="inside another"), ready.write(), ready.write():
        pass
    with ready.write() as session:
        assert session.value("SELECT 1") == 1


def test_columns_are_added_and_filled_while_writers_loop(ready: Database) -> None:
    """Back-fill starts after the commit of the catalogue change: no late writer exists, no row stays unfilled."""
    with ready.write(catalog_change=True) as session:
        session.run(f"CREATE TABLE {session.table('thing')} (id BIGINT PRIMARY KEY, a TEXT)")
        session.insert("meta_version", ("version",), [(0,)])
    stop, errors, slowest = threading.Event(), list[BaseException](), [0.0]

    def loop(seed: int) -> None:
        n = 0
        try:
            while not stop.is_set():
                started = time.monotonic()
                with ready.write() as session:
                    version = session.value(f"SELECT version FROM {session.table('meta_version')}")
                    columns = [f"f_{i}" for i in range(1, version + 1)]
                    n += 1
                    row = (seed * 1_000_000 + n, "x", *("set" for _ in columns))
                    time.sleep(0.002)
                    session.insert("thing", ("id", "a", *columns), [row])
                slowest[0] = max(slowest[0], time.monotonic() - started)
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=loop, args=(n,)) for n in range(1, 5)]
    for thread in writers:
        thread.start()
    for field in range(1, 4):
        time.sleep(0.1)
        with ready.write(catalog_change=True) as session:
            session.run(f"ALTER TABLE {session.table('thing')} ADD COLUMN f_{field} TEXT")
            session.run(f"UPDATE {session.table('meta_version')} SET version = ?", (field,))
        with ready.write(bulk=True) as session:
            session.run(f"UPDATE {session.table('thing')} SET f_{field} = 'filled' WHERE f_{field} IS NULL")
        with ready.read() as session:
            unfilled = f"SELECT count(*) FROM {session.table('thing')} WHERE f_{field} IS NULL"
            assert session.value(unfilled) == 0
    stop.set()
    for thread in writers:
        thread.join()
    assert errors == []
    assert slowest[0] < 1.0
    with ready.read() as session:
        for field in range(1, 4):
            assert session.value(f"SELECT count(*) FROM {session.table('thing')} WHERE f_{field} IS NULL") == 0


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_pool_recovers_when_the_server_drops_all_connections(ready: Database) -> None:
    with ready.read() as one, ready.read() as two:
        assert one.value("SELECT 1") == two.value("SELECT 1") == 1
    with ready.write() as session:
        session.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(3):
        with ready.read() as one, ready.read() as two:
            assert one.value("SELECT 1") == two.value("SELECT 1") == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_two_schemas_same_names_other_types_one_server(ready: Database, database_url: str, tmp_path: Path) -> None:
    other = open_database(database_url, tmp_path, "other")
    with other.write(catalog_change=True) as session:
        create_kernel_tables(session)
        session.run(f"CREATE TABLE {session.table('x_1')} (f_1 BIGINT)")
        session.insert("x_1", ("f_1",), [(5,)])
    with ready.write(catalog_change=True) as session:
        session.run(f"CREATE TABLE {session.table('x_1')} (f_1 TEXT)")
        session.insert("x_1", ("f_1",), [("five",)])
    for _ in range(8):  # past psycopg's threshold for prepared statements
        for database, value in ((ready, "five"), (other, 5)):
            with database.read() as session:
                sql = f"SELECT f_1 FROM {session.table('x_1')} WHERE f_1 = ?"
                assert session.rows(sql, (value,)) == [(value,)]
    other.close()
