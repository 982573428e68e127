"""What every database offers: read snapshots, write turns, short-lived tables, cancelling."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock

from guanxi.kernel.storage.keyring import Ring
from guanxi.kernel.storage.session import Dialect, Question, Session, quote


def wall_clock() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class Database(ABC):
    """The engines and turns of one workspace. Safe to use from many threads."""

    dialect: Dialect

    def __init__(self, folder: Path, schema: str | None) -> None:
        self.folder = folder
        self.schema = schema
        self.ring = Ring(folder.parent / "keys" / f"{folder.name}.json")  # keys of encrypted fields: beside, not inside
        self.clock: Callable[[], int] = wall_clock  # replaced by a fixed one in tests
        self._shut = False
        self.closing: list[Callable[[], None]] = []  # what must still be written is written by these
        self._running: dict[str, Callable[[], None]] = {}
        self._running_lock = Lock()

    def table(self, name: str) -> str:
        """The quoted, schema-qualified name of a table."""
        return quote(name) if self.schema is None else f"{quote(self.schema)}.{quote(name)}"

    @abstractmethod
    def read(
        self, timeout: float | None = 3.0, *, token: str = "", ask: Question | None = None
    ) -> AbstractContextManager[Session]:
        """
        A read-only snapshot. A statement over `timeout` seconds raises TooSlow; `cancel(token)` raises Cancelled.
        `ask` goes out together with BEGIN; its rows are in `session.answer`.
        """

    @abstractmethod
    def write(
        self, *, bulk: bool = False, catalog_change: bool = False, ask: Question | None = None
    ) -> AbstractContextManager[Session]:
        """A write transaction: commits on clean exit, rolls back on any exception. `ask` as in `read`."""

    @abstractmethod
    def ephemeral(self, *, write: bool = True) -> AbstractContextManager[Session]:
        """A transaction on the short-lived tables (`web_session`, `throttle`, `last_seen`, `draft`)."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Sleep until something was sealed or enqueued, or `seconds` have passed."""

    def notify(self, session: Session) -> None:  # noqa: B027 - a commit wakes this process anyway
        """Wake those who `wait` when this transaction commits; called by the sealer only (KD 1)."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the main file (SQLite); called by a job."""

    @abstractmethod
    def shred(self) -> None:
        """Overwrite what deleted and changed rows left behind in the files; takes as long as copying them."""

    def close(self) -> None:
        """Writes what waits in this process, then closes; a second time does nothing."""
        if self._shut:
            return
        self._shut = True
        while self.closing:
            self.closing.pop()()
        self._close()

    @abstractmethod
    def _close(self) -> None: ...

    def cancel(self, token: str) -> bool:
        """Stop the read that runs under `token`; False if there is none."""
        with self._running_lock:
            stop = self._running.get(token)
            if stop is not None:
                stop()
        return stop is not None

    def _register(self, token: str, stop: Callable[[], None]) -> None:
        if token:
            with self._running_lock:
                self._running[token] = stop

    def _unregister(self, token: str) -> None:
        if token:
            with self._running_lock:
                self._running.pop(token, None)
