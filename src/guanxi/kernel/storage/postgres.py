"""PostgreSQL: a pool of psycopg connections, tables named with their schema, binary COPY, pipelines."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.numeric import Int8Dumper
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.pg_errors import translate
from guanxi.kernel.storage.session import (
    Busy,
    Cancelled,
    Question,
    Session,
    Tuple,
    Unavailable,
    lock_key,
)
from guanxi.kernel.storage.vacuum import vacuum_postgres

FEW = 100  # rows that may wait for the next question; more are sent at once
COPY_FROM = 500  # rows; below, executemany is faster than asking for a COPY
POOL, OVERFLOW = 8, 8
CATALOG_PATIENCE = 60.0  # seconds that a catalogue change waits for running writers

type_names = {"bigint": "int8", "text": "text", "integer": "int4"}


@lru_cache(maxsize=4096)
def placeholders(sql: str) -> bytes:
    """`?` → `$1`, `$2` …, kept per text. SQL text never contains a literal question mark."""
    first, *others = sql.split("?")
    return "".join((first, *(f"${n}{text}" for n, text in enumerate(others, 1)))).encode()


class NumericLoader(Loader):
    """`sum(bigint)` is numeric on PostgreSQL: give integers as int, as SQLite does."""

    def load(self, data: Buffer) -> int | Decimal:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)


class PostgresSession(Session):
    dialect = "postgresql"

    def __init__(self, database: PostgresDatabase, connection: psycopg.Connection[Tuple], *, lazy: bool) -> None:
        super().__init__(database.schema, database.clock)
        self._database = database
        self._connection = connection
        self._lazy = lazy  # few rows wait for company
        self._waiting: psycopg.Pipeline | None = None
        self._ending = ExitStack()
        self.trips = 1  # BEGIN
        self.cancelled = False

    def stop(self) -> None:
        """Called from another thread."""
        self.cancelled = True
        self._connection.cancel_safe(timeout=2)

    @contextmanager
    def _sent(self) -> Iterator[None]:
        self.statements += 1
        try:
            yield
        except psycopg.Error as error:
            raise self._problem(error) from error

    def _problem(self, error: psycopg.Error) -> Exception:
        if isinstance(error, errors.QueryCanceled) and self.cancelled:
            return Cancelled()
        return translate(error, self._connection)

    def _execute(self, sql: str, params: Sequence[Any]) -> psycopg.Cursor[Tuple]:
        with self._sent():
            if not params:
                return self._connection.execute(sql.encode())
            return self._connection.execute(placeholders(sql), params)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Tuple]:
        cursor = self._execute(sql, params)
        self.trips += 1
        try:
            return cursor.fetchall()
        except psycopg.Error as error:
            raise self._problem(error) from error

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        cursor = self._execute(sql, params)
        self.trips += self._waiting is None
        self.settle()
        return cursor.rowcount

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._queue(len(rows))
        if len(rows) == 1:
            self._execute(sql, rows[0])  # executemany would set up and end a pipeline for it
        elif rows:
            with self._sent(), self._connection.cursor() as cursor:
                cursor.executemany(placeholders(sql), rows)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self._queue(len(rows))
        if len(rows) < COPY_FROM or self._connection.info.pipeline_status != pq.PipelineStatus.OFF:
            self.many(self.insert_sql(table, columns), rows)
            return
        types = self._database.column_types(self, table, columns)
        names = self.insert_sql(table, columns).removeprefix("INSERT INTO ").partition(" VALUES ")[0]
        with (
            self._sent(),
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {names} FROM STDIN (FORMAT binary)".encode()) as copy,
        ):
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def stream(self, sql: str, params: Sequence[Any] = (), size: int = 1000) -> Iterator[list[Tuple]]:
        self._flush()
        with self._sent():
            cursor = self._connection.cursor(name=f"s{self.statements}")
            cursor.execute(placeholders(sql) if params else sql.encode(), params or None)
        try:
            while chunk := cursor.fetchmany(size):
                yield chunk
        except psycopg.Error as error:
            raise self._problem(error) from error
        finally:
            with suppress(psycopg.Error):
                cursor.close()

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        try:
            with self._connection.pipeline():
                yield
        except psycopg.Error as error:
            raise self._problem(error) from error

    def _queue(self, rows: int) -> None:
        """Lets a few rows wait; many rows go their own, faster way."""
        if rows > FEW or not self._lazy:
            self._flush()
            self.trips += 1
        elif self._waiting is None and self._connection.info.pipeline_status == pq.PipelineStatus.OFF:
            self._waiting = self._ending.enter_context(self._connection.pipeline())

    def _flush(self) -> None:
        """Ends the waiting, if there is any."""
        if self._waiting is not None:
            self._waiting = None
            self.trips += 1
            try:
                self._ending.close()
            except psycopg.Error as error:
                raise self._problem(error) from error

    def settle(self) -> None:
        if self._waiting is not None:
            self.trips += 1
            try:
                self._waiting.sync()
            except psycopg.Error as error:
                raise self._problem(error) from error

    def commit(self) -> None:
        """Once, by `Database`; waits for the answers of everything that was sent along."""
        self.trips += 1
        try:
            with self._ending:
                self._connection.execute("COMMIT")
        except psycopg.Error as error:
            raise translate(error, self._connection) from error

    def abandon(self) -> None:
        """Leaves the pipeline after a fault; whatever its statements say does not count any more."""
        with suppress(psycopg.Error):
            self._ending.close()


def _open(connection: psycopg.Connection[Tuple], begin: Sequence[str], ask: Question | None) -> list[Tuple] | None:
    """BEGIN and what belongs to it in one trip, the first question too."""
    if ask is None:
        connection.execute("; ".join(begin).encode())
        return None
    with connection.pipeline():
        for text in begin:
            connection.execute(text.encode())
        cursor = connection.execute(placeholders(ask.sql), ask.params)
    return cursor.fetchall()


class PostgresDatabase(Database):
    dialect = "postgresql"

    def __init__(self, url: str, folder: Path, schema: str) -> None:
        super().__init__(folder, schema)
        self.url = url
        self.schema: str = schema
        self.catalog_key = lock_key("catalog", schema)
        self.channel = f"guanxi_{lock_key('feed', schema):x}"
        self._pool = QueuePool(self._connect, pool_size=POOL, max_overflow=OVERFLOW, timeout=10, use_lifo=True)
        self._types: dict[tuple[str, str], str] = {}
        self._listener: psycopg.Connection[Tuple] | None = None
        self._listener_lock = Lock()

    def _connect(self) -> Any:  # Any: the pool's type knows no driver
        connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5, application_name="guanxi")
        # placeholders as the server knows them: psycopg's own are taken apart anew for each long statement
        connection.cursor_factory = psycopg.RawCursor
        connection.server_cursor_factory = psycopg.RawServerCursor
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_loader("numeric", NumericLoader)
        return connection

    @contextmanager
    def read(self, timeout: float | None = 3.0, *, token: str = "", ask: Question | None = None) -> Iterator[Session]:
        limit = 0 if timeout is None else max(1, int(timeout * 1000))
        begin = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f"SET LOCAL statement_timeout = {limit}")
        with self._begin(begin, ask) as session:
            self._register(token, session.stop)
            try:
                yield session
            finally:
                self._unregister(token)

    @contextmanager
    def write(
        self, *, bulk: bool = False, catalog_change: bool = False, ask: Question | None = None
    ) -> Iterator[Session]:
        if catalog_change:
            with self._begin_exclusive() as session:
                if ask is not None:
                    session.answer = session.rows(ask.sql, ask.params)
                yield session
                self._types.clear()
            return
        # The lock first and by itself: a later statement of the same trip sees what its last holder committed (KD 4).
        patience = "120s" if bulk else "20s"
        lock = (
            f"SELECT set_config('lock_timeout', '{patience}', true), pg_advisory_xact_lock_shared({self.catalog_key})"
        )
        with self._begin(("BEGIN", lock), ask, lazy=not bulk) as session:
            yield session

    @contextmanager
    def ephemeral(self, *, write: bool = True) -> Iterator[Session]:
        begin = ("BEGIN", "SET LOCAL synchronous_commit = off") if write else ("BEGIN READ ONLY",)
        with self._begin(begin) as session:
            yield session

    @contextmanager
    def _begin(
        self, begin: Sequence[str], ask: Question | None = None, *, lazy: bool = False
    ) -> Iterator[PostgresSession]:
        pooled, connection, answer = self._checkout(begin, ask)
        session = PostgresSession(self, connection, lazy=lazy)
        session.answer = answer
        try:
            yield session
            session.commit()
        finally:
            session.abandon()
            self._give_back(pooled, connection)

    @contextmanager
    def _begin_exclusive(self) -> Iterator[PostgresSession]:
        """Ask for at most 300 ms at a time, so that writers behind us never wait longer (KD 4)."""
        lock = f"SELECT pg_advisory_xact_lock({self.catalog_key})"
        begin = ("BEGIN", "SET LOCAL lock_timeout = 300", lock)
        deadline, pause = time.monotonic() + CATALOG_PATIENCE, 0.05
        while True:
            try:
                pooled, connection, _ = self._checkout(begin)
                break
            except Busy:
                if time.monotonic() > deadline:
                    raise Busy("Others are saving without a pause. Please try again in a minute.") from None
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, keeps no secret
                pause = min(pause * 2, 1.0)
        try:
            connection.execute("SET LOCAL lock_timeout = '20s'")
            session = PostgresSession(self, connection, lazy=False)
            try:
                yield session
                session.commit()
            finally:
                session.abandon()
        except psycopg.Error as error:
            raise translate(error, connection) from error
        finally:
            self._give_back(pooled, connection)

    def _checkout(
        self, begin: Sequence[str], ask: Question | None = None
    ) -> tuple[PoolProxiedConnection, psycopg.Connection[Tuple], list[Tuple] | None]:
        """
        A connection with the transaction begun, and the answer to what was asked in the same trip. Dead ones are
        thrown away: nothing has happened on them yet.
        """
        for attempt in range(POOL + OVERFLOW + 1):
            try:
                pooled = self._pool.connect()
            except PoolTimeout as error:
                raise Busy("All connections are busy. Please try again.") from error
            except psycopg.OperationalError as error:
                raise Unavailable from error
            connection = pooled.driver_connection
            assert isinstance(connection, psycopg.Connection)
            try:
                return pooled, connection, _open(connection, begin, ask)
            except psycopg.Error as error:
                problem = translate(error, connection)
                self._give_back(pooled, connection)
                if not isinstance(problem, Unavailable) or attempt == POOL + OVERFLOW:
                    raise problem from error
        raise Unavailable

    @staticmethod
    def _give_back(pooled: PoolProxiedConnection, connection: psycopg.Connection[Tuple]) -> None:
        if not connection.closed and connection.info.transaction_status != pq.TransactionStatus.IDLE:
            try:
                connection.execute("ROLLBACK")
            except psycopg.Error:
                connection.close()
        if connection.closed:
            pooled.invalidate()
        pooled.close()

    def column_types(self, session: Session, table: str, columns: Sequence[str]) -> list[str]:
        """Types for a binary COPY, asked once per table."""
        if any((table, column) not in self._types for column in columns):
            for column, kind in session.rows(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = ? AND table_name = ?",
                (self.schema, table),
            ):
                self._types[table, column] = type_names.get(kind, "text")
        return [self._types[table, column] for column in columns]

    def wait(self, seconds: float) -> None:
        """Waits for the sealer's or an enqueuer's NOTIFY on a connection of its own."""
        with self._listener_lock:
            try:
                if self._listener is None or self._listener.closed:
                    self._listener = self._connect()
                    self._listener.execute(f"LISTEN {self.channel}".encode())
                for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                    return
            except psycopg.Error:
                if self._listener is not None:
                    self._listener.close()
                time.sleep(min(seconds, 1.0))

    def notify(self, session: Session) -> None:
        session.rows("SELECT pg_notify(?, '')", (self.channel,))

    def checkpoint(self) -> None:
        """PostgreSQL does this by itself."""

    def shred(self) -> None:
        vacuum_postgres(self._connect(), self.schema, self.table)

    def _close(self) -> None:
        self._pool.dispose()
        if self._listener is not None:
            self._listener.close()
