"""One transaction on the raw driver connection: SQL text in, tuples out, the same on both databases."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from guanxi.base.errors import BadInput, Conflict, Problem, TooSlow, msg

Dialect = Literal["sqlite", "postgresql"]
Tuple = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with its parameters, to be sent by somebody else; SQL with `?`."""

    sql: str
    params: tuple[Any, ...] = ()


class Busy(Problem):
    """Others hold what this transaction needs; nothing was changed, trying again is safe."""

    status, code = 503, "busy"

    def __init__(self, message: str = "Others are changing the same data. Please try again.", **extra: Any) -> None:
        super().__init__(message, **extra)


class Unavailable(Problem):
    """The database cannot be reached; the pool reconnects by itself."""

    status, code = 503, "unavailable"

    def __init__(self, message: str = "The database cannot be reached. Please try again in a moment.") -> None:
        super().__init__(message)


class Full(Problem):
    """The disk takes no more; what was asked has not been done, reading goes on, and it heals by itself with space."""

    status, code = 507, "disk_full"

    def __init__(self) -> None:
        super().__init__("The server's disk is full: nothing was saved. Reading goes on; tell your administrator.")


class Duplicate(Conflict):
    """A key is taken. `extra['detail']` is the driver's text, for logs and for mapping to a field."""

    code = "duplicate"

    def __init__(self, detail: str = "") -> None:
        super().__init__("This value is already in use.", detail=detail)


class Cancelled(TooSlow):
    """The caller cancelled the question."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The question was cancelled.")


def too_slow() -> TooSlow:
    return TooSlow("This took too long and was stopped. Narrow it down with a filter and try again.")


def out_of_range() -> BadInput:
    """A number from outside that no column can hold: no entry point has to think of it."""
    return BadInput(msg("The number is too large."))


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def lock_key(*names: str) -> int:
    """A 63-bit advisory lock number for a thing of a workspace."""
    return int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:8], "big") >> 1


class Session(ABC):
    """One transaction. Only `Database` makes one; only its context manager commits or rolls back."""

    dialect: Dialect

    def __init__(self, schema: str | None, clock: Callable[[], int]) -> None:
        self.schema = schema
        self.statements = 0  # how many statements were sent
        self.trips = 0  # how often somebody waited for the network (PG)
        self.answer: list[Tuple] | None = None  # to the question that went out with BEGIN
        self.now = clock  # µs UTC
        self.notes: dict[str, Any] = {}  # state that lives as long as this transaction

    def table(self, name: str) -> str:
        """The quoted, schema-qualified name of a table."""
        return quote(name) if self.schema is None else f"{quote(self.schema)}.{quote(name)}"

    def one(self, sql: str, params: Sequence[Any] = ()) -> Tuple | None:
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        found = self.rows(sql, params)
        return found[0][0] if found else None

    @abstractmethod
    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Tuple]: ...

    @abstractmethod
    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run a statement; gives the number of rows touched (-1 inside `pipeline`)."""

    @abstractmethod
    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """
        Run one statement for each tuple of parameters. On PostgreSQL a few rows wait for the next question or the
        COMMIT and go out with it: what is wrong with them is told then, or by `settle`.
        """

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert tuples by the fastest way for their number; `table` is the plain name. Waits like `many`."""

    @abstractmethod
    def stream(self, sql: str, params: Sequence[Any] = (), size: int = 1000) -> Iterator[list[Tuple]]:
        """Rows in lists of `size`, never all in memory."""

    @abstractmethod
    def pipeline(self) -> AbstractContextManager[None]:
        """Statements inside are sent together (PG); read no results inside."""

    @abstractmethod
    def settle(self) -> None:
        """Sends what waits and raises what is wrong with it, for a caller who can say more about it."""

    def insert_sql(self, table: str, columns: Sequence[str]) -> str:
        return _insert_sql(self.table(table), tuple(columns))


@lru_cache(maxsize=1024)
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(quote(c) for c in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
