"""The access log: who signed in, looked at what, took what away. Chained by batch, beside the log of changes (KD 3)."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any, Protocol

import msgspec
import structlog

from guanxi.kernel.changes.log import START, chain_of
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.session import Session, lock_key

COLUMNS = ("pos", "n", "at", "kind", "actor", "object", "record", "count", "entry", "address", "detail", "leaf")
GATHER = 0.5  # seconds in which acts join one batch
BATCH = 2_000  # rows a transaction
FULL = 100_000  # acts kept while the database is away; then acts are refused, never lost
LONGEST_WAIT = 30.0  # seconds until the database is tried again

log = structlog.get_logger("guanxi.access_log")
_encode = msgspec.json.Encoder(order="deterministic").encode


class Act(msgspec.Struct, frozen=True, array_like=True):
    """One act of one person, as it will be stored; `detail` is JSON with names of fields and numbers, never values."""

    at: int
    kind: str
    actor: int
    object: str = ""
    record: int | None = None
    count: int = 1
    entry: str = ""
    address: str = ""
    detail: str | None = None


class Logged(Protocol):
    """What `note` needs of a workspace."""

    clock: Callable[[], int]

    @property
    def accesses(self) -> Accesses: ...


def note(
    space: Logged,
    kind: str,
    actor_id: int,
    *,
    object: str = "",
    record: int | None = None,
    count: int = 1,
    detail: Mapping[str, Any] | None = None,
    entry: str = "",
    address: str = "",
    at_once: bool = False,
) -> None:
    """
    Keeps one act. It is written within a second by a thread; with `at_once` before this returns, in a transaction of
    its own (never call that inside `space.write`). No personal values in `detail`: names of fields, ids, counts.
    """
    said = _encode(detail).decode() if detail else None
    act = Act(space.clock(), kind, actor_id, object, record, count, entry, address, said)
    if at_once:
        space.accesses.write([act])
    else:
        space.accesses.add(act)


class Accesses:
    """The acts of one workspace in this process that are not written yet, and the thread that writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Act] = []
        self._changed = Condition()
        self._writing = Lock()  # one batch at a time keeps the order
        self._thread: Thread | None = None
        self._closed = self._looked = False
        database.closing.append(self.close)

    def add(self, act: Act) -> None:
        """Costs a lock and an append; the first one starts the thread."""
        if len(self._waiting) >= FULL:
            self.flush()  # raises if the database is away: who cannot be noted must not look
        with self._changed:
            self._waiting.append(act)
            if self._thread is None and not self._closed:
                self._thread = Thread(target=self._run, name="guanxi-access-log", daemon=True)
                self._thread.start()
            self._changed.notify()

    def write(self, acts: Sequence[Act]) -> None:
        """In the database when this returns."""
        with self._database.write() as session:
            append_acts(session, acts)

    def flush(self) -> int:
        """Writes what waits, now; gives how many. What could not be written goes on waiting."""
        done = 0
        with self._writing:
            self._take_up()
            while batch := self._waiting[:BATCH]:
                self.write(batch)
                with self._changed:
                    del self._waiting[: len(batch)]
                done += len(batch)
        return done

    def close(self) -> None:
        """The last ones are written; if that fails they wait in a file for the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=10.0)
        try:
            self.flush()
        except Exception:  # noqa: BLE001 - whatever the database says: the acts must survive
            self._put_down()

    def _run(self) -> None:
        pause = GATHER
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._waiting))
                if self._changed.wait_for(lambda: self._closed, timeout=pause):
                    return
            try:
                self.flush()
                pause = GATHER
            except Exception as error:  # noqa: BLE001 - the database may come back; nothing is dropped meanwhile
                log.warning("acts wait to be written", waiting=len(self._waiting), error=type(error).__name__)
                pause = min(pause * 2, LONGEST_WAIT)

    def _put_down(self) -> None:
        with self._changed:
            acts, self._waiting = self._waiting, []
        if acts:
            path = self._database.folder / f"access-{secrets.token_hex(8)}.unwritten"
            with path.open("wb") as file:
                file.write(msgspec.json.encode(acts))
                file.flush()
                os.fsync(file.fileno())

    def _take_up(self) -> None:
        """Acts that a process could not write before it ended; renamed first, so that two cannot both take them."""
        if self._looked:
            return
        for path in sorted(self._database.folder.glob("access-*.unwritten")):
            taken = path.with_suffix(".taken")
            try:
                path.rename(taken)
            except FileNotFoundError:
                continue  # another process was faster
            try:
                self.write(msgspec.json.decode(taken.read_bytes(), type=list[Act]))
            except msgspec.MsgspecError:
                log.exception("a file of acts cannot be read", path=str(taken))  # it stays, for somebody to look at
                continue
            except Exception:
                taken.rename(path)
                raise
            taken.unlink()
        self._looked = True


def append_acts(session: Session, acts: Sequence[Act]) -> int:
    """One sealed batch; on PostgreSQL processes take turns, on SQLite the writer has the turn anyway."""
    if session.schema is not None:
        session.value("SELECT pg_advisory_xact_lock(?)", (lock_key("access_log", session.schema),))
    before, chain = last_access_seal(session)
    pos, at = before + 1, acts[-1].at
    rows = [(pos, n, *act_row(act), leaf_of_act(act)) for n, act in enumerate(acts)]
    digest = digest_of(pos, at, [row[-1] for row in rows])
    session.insert("access_log", COLUMNS, rows)
    seal = (pos, at, len(rows), digest, chain_of(chain, digest))
    session.insert("access_seal", ("pos", "at", "size", "digest", "chain"), [seal])
    return pos


def act_row(act: Act) -> tuple[Any, ...]:
    """The columns of an act after `pos, n`, before `leaf`."""
    return (act.at, act.kind, act.actor, act.object, act.record, act.count, act.entry, act.address, act.detail)


def leaf_of_act(act: Act) -> str:
    return hashlib.sha256(_encode(act)).hexdigest()


def digest_of(pos: int, at: int, leaves: Sequence[str]) -> str:
    return hashlib.sha256(f"{pos}:{at}:{''.join(leaves)}".encode()).hexdigest()


def last_access_seal(session: Session) -> tuple[int, str]:
    """Position and chain of the newest batch."""
    found = session.one(f"SELECT pos, chain FROM {session.table('access_seal')} ORDER BY pos DESC LIMIT 1")
    return (0, START) if found is None else (found[0], found[1])


@dataclass(frozen=True, slots=True)
class AccessVerdict:
    """`broken` is the first batch that does not fit (0 = all fit), `why` says what is wrong there."""

    batches: int
    acts: int
    dropped: int  # batches whose rows went after their time
    broken: int = 0
    why: str = ""


def verify_access(session: Session) -> AccessVerdict:
    """Recompute leaves, digests and chain of the whole access log."""
    chain, batches, acts, dropped = START, 0, 0, 0
    upto = session.value(f"SELECT upto FROM {session.table('retention')} WHERE name = 'access'") or 0
    seals = session.rows(
        f"SELECT pos, at, size, digest, chain, dropped_at FROM {session.table('access_seal')} ORDER BY pos"
    )
    for pos, at, size, digest, link, gone in seals:
        chain = chain_of(chain, digest)
        why = "a batch is missing" if pos != batches + 1 else "the chain is broken" if chain != link else ""
        batches, dropped = batches + 1, dropped + (gone is not None)
        if not why and gone is None:
            acts += size
            why = _check_batch(session, pos, at, size, digest)
        elif not why and pos > upto:
            why = "rows are gone before their time"
        if why:
            return AccessVerdict(batches, acts, dropped, pos, why)
    stray = session.value(f"SELECT MAX(pos) FROM {session.table('access_log')}") or 0
    if stray > batches:
        return AccessVerdict(batches, acts, dropped, stray, "rows without a seal")
    return AccessVerdict(batches, acts, dropped)


def _check_batch(session: Session, pos: int, at: int, size: int, digest: str) -> str:
    names = ", ".join(COLUMNS[2:])
    rows = session.rows(f"SELECT {names} FROM {session.table('access_log')} WHERE pos = ? ORDER BY n", (pos,))
    if len(rows) != size or digest_of(pos, at, [row[-1] for row in rows]) != digest:
        return f"batch {pos} was altered"
    for n, row in enumerate(rows):
        if leaf_of_act(Act(*row[:-1])) != row[-1]:
            return f"row {n} of batch {pos} was altered"
    return ""


def unwritten(folder: Path) -> list[Path]:
    """Files with acts that could not be written when a process ended."""
    return sorted(folder.glob("access-*.unwritten"))
