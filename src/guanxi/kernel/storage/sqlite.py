"""SQLite: write-ahead log, a fair writer turn, a pool of readers, a second file for short-lived rows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.session import (
    Busy,
    Cancelled,
    Duplicate,
    Full,
    Question,
    Session,
    Tuple,
    out_of_range,
    too_slow,
)
from guanxi.kernel.storage.tables import EPHEMERAL, create_tables
from guanxi.kernel.storage.turn import Turn
from guanxi.kernel.storage.vacuum import vacuum_sqlite

READERS = 6
STEPS = 20_000  # virtual machine steps between two looks at the clock: about a millisecond
NORMAL_CHECKPOINT, BULK_CHECKPOINT = 1_000, 20_000  # pages


class SqliteSession(Session):
    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], int], timeout: float | None = None) -> None:
        super().__init__(None, clock)
        self._connection = connection
        self._timeout = timeout
        self._deadline = time.monotonic() + (timeout or 0.0)
        self.cancelled = False

    def _execute(self, sql: str, params: Sequence[Any]) -> sqlite3.Cursor:
        self._start()
        try:
            return self._connection.execute(sql, params)
        except (sqlite3.Error, OverflowError) as error:
            raise self._problem(error) from error

    def _start(self) -> None:
        self.statements += 1
        if self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout

    def _problem(self, error: sqlite3.Error | OverflowError) -> Exception:
        if isinstance(error, OverflowError):
            return out_of_range()
        text = str(error)
        if "interrupted" in text:
            return Cancelled() if self.cancelled else too_slow()
        return translate(error)

    def overdue(self) -> bool:
        """Called by SQLite every few thousand steps; true stops the statement."""
        return self.cancelled or (self._timeout is not None and time.monotonic() > self._deadline)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Tuple]:
        cursor = self._execute(sql, params)
        try:
            return cursor.fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise self._problem(error) from error

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._execute(sql, params).rowcount

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        self._start()
        try:
            self._connection.executemany(sql, rows)
        except (sqlite3.Error, OverflowError) as error:
            raise self._problem(error) from error

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.many(self.insert_sql(table, columns), rows)

    def stream(self, sql: str, params: Sequence[Any] = (), size: int = 1000) -> Iterator[list[Tuple]]:
        cursor = self._execute(sql, params)
        try:
            while True:
                if self._timeout is not None:
                    self._deadline = time.monotonic() + self._timeout
                chunk = cursor.fetchmany(size)
                if not chunk:
                    return
                yield chunk
        except (sqlite3.Error, OverflowError) as error:
            raise self._problem(error) from error
        finally:
            cursor.close()

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        yield

    def settle(self) -> None:
        """Nothing waits."""


def translate(error: sqlite3.Error) -> Exception:
    """A driver's error as a `Problem` where a caller can do something about it."""
    if isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error):
        return Duplicate(str(error))
    if isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error)):
        return Busy()
    if isinstance(error, sqlite3.OperationalError) and ("disk is full" in str(error) or "disk I/O" in str(error)):
        return Full()  # a quota or a limit of the file's size shows as an I/O error
    return error


def connect(path: Path, *, cache_kib: int, synchronous: str, mmap: int = 256 << 20) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    for pragma in (
        "busy_timeout=5000",
        "journal_mode=WAL",
        f"synchronous={synchronous}",
        f"cache_size=-{cache_kib}",
        f"mmap_size={mmap}",
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


class SqliteDatabase(Database):
    dialect = "sqlite"

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(folder, None)
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turn = Turn(path)
        self._writer = self._connect_writer()
        self._checkpoint_pages = NORMAL_CHECKPOINT
        self._readers = QueuePool(self._connect_reader, pool_size=READERS, max_overflow=2, timeout=10, use_lifo=True)
        self._short: tuple[Turn, sqlite3.Connection] | None = None
        self._short_lock = Lock()
        self._wake = Event()

    def _connect_writer(self) -> sqlite3.Connection:
        return connect(self.path, cache_kib=16_000, synchronous="FULL")

    def _connect_reader(self) -> Any:  # Any: the pool's type knows no driver
        connection = connect(self.path, cache_kib=4_000, synchronous="FULL")
        connection.execute("PRAGMA query_only=ON").close()
        return connection

    @contextmanager
    def read(self, timeout: float | None = 3.0, *, token: str = "", ask: Question | None = None) -> Iterator[Session]:
        try:
            pooled = self._readers.connect()
        except PoolTimeout as error:
            raise Busy("All readers are busy. Please try again.") from error
        raw = pooled.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        session = SqliteSession(raw, self.clock, timeout)

        def stop() -> None:
            session.cancelled = True

        self._register(token, stop)
        try:
            raw.execute("BEGIN")
            raw.set_progress_handler(session.overdue, STEPS)
            if ask is not None:
                session.answer = session.rows(ask.sql, ask.params)
            yield session
        finally:
            self._unregister(token)
            raw.set_progress_handler(None, 0)
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            pooled.close()

    @contextmanager
    def write(
        self,
        *,
        bulk: bool = False,
        catalog_change: bool = False,  # noqa: ARG002 - there is one writer anyway
        ask: Question | None = None,
    ) -> Iterator[Session]:
        with self._turn.take(bulk=bulk, patience=120.0 if bulk else 20.0):
            pages = BULK_CHECKPOINT if bulk else NORMAL_CHECKPOINT
            if pages != self._checkpoint_pages:
                self._writer.execute(f"PRAGMA wal_autocheckpoint={pages}").close()
                self._checkpoint_pages = pages
            with _transaction(self._writer, self.clock) as session:
                if ask is not None:
                    session.answer = session.rows(ask.sql, ask.params)
                yield session
        self._wake.set()

    @contextmanager
    def ephemeral(self, *, write: bool = True) -> Iterator[Session]:  # noqa: ARG002 - one connection for both
        turn, connection = self._open_short()
        with turn.take(patience=5.0), _transaction(connection, self.clock) as session:
            yield session

    def _open_short(self) -> tuple[Turn, sqlite3.Connection]:
        with self._short_lock:
            if self._short is None:
                path = self.path.with_name(f"{self.path.stem}-short.db")
                turn = Turn(path)
                connection = connect(path, cache_kib=2_000, synchronous="NORMAL", mmap=0)
                with turn.take(), _transaction(connection, self.clock) as session:
                    create_tables(session, EPHEMERAL)
                self._short = turn, connection
            return self._short

    def wait(self, seconds: float) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def checkpoint(self) -> None:
        with self._turn.take(bulk=True, patience=120.0):
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").close()

    def shred(self) -> None:
        """Indexes of grams keep old segments and pages keep old rows until they are written anew."""
        with self._turn.take(bulk=True, patience=120.0):
            vacuum_sqlite(self._writer, "INSERT INTO search_gram (search_gram) VALUES ('optimize')")
        turn, connection = self._open_short()
        with turn.take(patience=30.0):
            vacuum_sqlite(connection)

    def _close(self) -> None:
        self._readers.dispose()
        with self._turn.take():  # a connection closed under a running statement would crash the process
            self._writer.close()
            self._turn.refuse()
        self._turn.close()
        if self._short is not None:
            turn, connection = self._short
            with turn.take():
                connection.close()
                turn.refuse()
            turn.close()


@contextmanager
def _transaction(connection: sqlite3.Connection, clock: Callable[[], int]) -> Iterator[Session]:
    """One BEGIN IMMEDIATE … COMMIT; the caller holds the turn."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield SqliteSession(connection, clock)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise translate(error) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
