"""Both databases behave alike behind one session."""

import threading
import time

import pytest

from guanxi.base.errors import TooSlow
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.session import Cancelled, Duplicate
from guanxi.kernel.storage.tables import create_kernel_tables, existing_columns

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def ready(database: Database) -> Database:
    with database.write(catalog_change=True) as session:
        create_kernel_tables(session)
    return database


def test_creating_tables_twice_changes_nothing(ready: Database) -> None:
    with ready.read() as session:
        before = existing_columns(session)
    with ready.write(catalog_change=True) as session:
        create_kernel_tables(session)
    with ready.read() as session:
        assert existing_columns(session) == before
        assert {"id", "queue", "token"} <= before["job"]


def test_insert_small_and_large_then_read_in_byte_order(ready: Database) -> None:
    names = ["张", "a", "B", "é", "Z", None]
    for size in (6, 3000):
        with ready.write() as session:
            session.run(f"DELETE FROM {session.table('meta_field')}")
            rows = [(i, 7, f"{names[i % 6]}", "c", "text", None, 2**62 + i, None) for i in range(size)]
            columns = ("id", "object", "name", "column_name", "type", "custom", "retired", "spec")
            session.insert("meta_field", columns, rows)
            assert session.statements <= 3
        with ready.read() as session:
            table = session.table("meta_field")
            found = session.rows(f"SELECT DISTINCT name FROM {table} ORDER BY name")
            assert [n for (n,) in found] == ["B", "None", "Z", "a", "é", "张"]
            assert session.value(f"SELECT sum(id) FROM {table}") == size * (size - 1) // 2
            assert type(session.value(f"SELECT sum(id) FROM {table}")) is int
            assert session.one(f"SELECT retired FROM {table} WHERE id = ?", (3,)) == (2**62 + 3,)
            streamed = [
                row for chunk in session.stream(f"SELECT id FROM {table} WHERE id >= ?", (0,), 100) for row in chunk
            ]
            assert len(streamed) == size


def test_rollback_on_error_and_duplicate_is_a_problem(ready: Database) -> None:
    for fault in (RuntimeError, KeyError):
        with pytest.raises(fault), ready.write() as session:  # noqa: PT012
            session.insert("setting", ("name", "value"), [("a", "1")])
            raise fault
    with ready.write() as session:
        session.insert("setting", ("name", "value"), [("a", "1")])
    with pytest.raises(Duplicate), ready.write() as session:
        session.insert("setting", ("name", "value"), [("b", "1"), ("a", "2")])
    with ready.read() as session:
        assert session.rows(f"SELECT name FROM {session.table('setting')}") == [("a",)]


def test_a_read_is_one_snapshot(ready: Database) -> None:
    with ready.read() as reader:
        count = f"SELECT count(*) FROM {reader.table('setting')}"
        assert reader.value(count) == 0
        with ready.write() as session:
            session.insert("setting", ("name", "value"), [("a", "1")])
        assert reader.value(count) == 0
    with ready.read() as reader:
        assert reader.value(count) == 1


def test_reads_cannot_write(ready: Database) -> None:
    with pytest.raises(Exception), ready.read() as session:  # noqa: B017 - each driver has its own error
        session.insert("setting", ("name", "value"), [("a", "1")])
    with ready.read() as session:
        assert session.value(f"SELECT count(*) FROM {session.table('setting')}") == 0


def test_slow_question_is_stopped_and_the_next_one_works(ready: Database) -> None:
    started = time.monotonic()
    with pytest.raises(TooSlow) as caught, ready.read(timeout=0.1) as session:
        session.value(SLOW)
    assert not isinstance(caught.value, Cancelled)
    assert time.monotonic() - started < 2
    with ready.read() as session:
        assert session.value("SELECT 1") == 1


def test_count_can_be_cancelled_from_another_thread(ready: Database) -> None:
    threading.Timer(0.1, lambda: ready.cancel("count-1")).start()
    with pytest.raises(Cancelled), ready.read(timeout=20, token="count-1") as session:
        session.value(SLOW)
    assert not ready.cancel("count-1")


def test_pipeline_sends_and_reports_errors(ready: Database) -> None:
    with ready.write() as session:
        with session.pipeline():
            session.run(f"INSERT INTO {session.table('setting')} (name, value) VALUES (?, ?)", ("a", "1"))
            session.insert("setting", ("name", "value"), [(f"n{i}", None) for i in range(700)])
        assert session.value(f"SELECT count(*) FROM {session.table('setting')}") == 701
    with pytest.raises(Duplicate), ready.write() as session, session.pipeline():
        session.insert("setting", ("name", "value"), [("a", "2")])


def test_short_lived_rows_do_not_take_the_writers_turn(ready: Database) -> None:
    with ready.write() as session:
        session.insert("setting", ("name", "value"), [("a", "1")])
        with ready.ephemeral() as short:
            short.insert("throttle", ("key", "count", "until"), [("ip", 1, 5)])
    with ready.ephemeral(write=False) as short:
        assert short.rows(f"SELECT count FROM {short.table('throttle')}") == [(1,)]


def test_ten_thousand_short_reads_are_never_taken_for_slow(ready: Database) -> None:
    for _ in range(10_000 if ready.dialect == "sqlite" else 500):
        with ready.read(timeout=1.0) as session:
            session.value("SELECT 1")
