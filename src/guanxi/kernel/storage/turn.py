"""The fair turn of writers to one SQLite file: first come first served, interactive before bulk (KD 7)."""

from __future__ import annotations

import fcntl
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, get_ident

from guanxi.kernel.storage.session import Busy

BULK_PATIENCE = 0.5  # seconds without a bulk turn, after which one goes before the interactive ones


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A place in the queue."""

    since: float


class Turn:
    """
    One file, many threads and processes. Threads queue in memory. Processes pass two locks: whoever holds the
    gate is next for the turn, so a bulk writer that comes back at once stands behind those who already wait.
    """

    def __init__(self, path: Path) -> None:
        self._gate = os.open(f"{path}.gate", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._turn = os.open(f"{path}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._changed = Condition(Lock())
        self._waiting: tuple[deque[Ticket], deque[Ticket]] = (deque(), deque())  # interactive, bulk
        self._holder: int | None = None
        self._last_bulk = 0.0
        self._closed = False

    @contextmanager
    def take(self, *, bulk: bool = False, patience: float = 20.0) -> Iterator[None]:
        deadline = time.monotonic() + patience
        self._enter(bulk, deadline)
        try:
            _lock(self._gate, deadline)
            try:
                _lock(self._turn, deadline)
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(self._turn, fcntl.LOCK_UN)
        finally:
            self._leave()

    def _enter(self, bulk: bool, deadline: float) -> None:
        me = get_ident()
        with self._changed:
            if self._holder == me:
                raise RuntimeError("a write transaction was opened inside another one of the same thread")
            ticket, queue = Ticket(time.monotonic()), self._waiting[bulk]
            queue.append(ticket)
            try:
                while self._holder is not None or self._first() is not ticket:
                    left = deadline - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        raise Busy
                if self._closed:
                    raise Busy("The workspace is being closed.")
                self._holder = me
                if bulk:
                    self._last_bulk = time.monotonic()
            finally:
                queue.remove(ticket)
                if self._holder != me:
                    self._changed.notify_all()

    def _first(self) -> Ticket | None:
        interactive, bulk = self._waiting
        if bulk and time.monotonic() - max(bulk[0].since, self._last_bulk) > BULK_PATIENCE:
            return bulk[0]
        return interactive[0] if interactive else bulk[0] if bulk else None

    def _leave(self) -> None:
        with self._changed:
            self._holder = None
            self._changed.notify_all()

    def refuse(self) -> None:
        """From now on nobody gets the turn."""
        with self._changed:
            self._closed = True

    def close(self) -> None:
        os.close(self._gate)
        os.close(self._turn)


def _lock(fd: int, deadline: float) -> None:
    """Poll instead of blocking in the kernel, so that a stopped process cannot hang this one for ever."""
    pause = 0.0003
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Busy from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.005)
