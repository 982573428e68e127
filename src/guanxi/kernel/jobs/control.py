"""A person's own long work: how far it is, pausing, going on, ending it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.base.errors import Conflict, NotFound, msg
from guanxi.kernel.storage.session import Session

NAMES = ("id", "kind", "status", "args", "person", "done", "total", "wish", "created_at", "started_at",
         "started_with", "finished_at", "operation", "error", "keep")  # fmt: skip
ALIVE = ("ready", "running", "paused")


@dataclass(frozen=True, slots=True)
class Task:
    """
    One job of a person. `status`: ready, running, paused, cancelled, done, dead; `wish`: pause or cancel, asked but not
    yet heard; times in µs; `rate`: things a second in this run, `left`: seconds until it is through.
    """

    id: int
    kind: str
    status: str
    args: Mapping[str, Any]
    person: int
    done: int
    total: int
    wish: str | None
    created_at: int
    finished_at: int | None
    operation: int | None
    error: str
    keep: Mapping[str, Any]
    rate: float
    left: int | None

    @property
    def alive(self) -> bool:
        """It goes on, or may."""
        return self.status in ALIVE


def tasks(session: Session, person: int | None, *, limit: int = 50, kinds: tuple[str, ...] = ()) -> list[Task]:
    """Newest first: of that person, or of everybody."""
    names = ", ".join(NAMES)
    whose = "person = ?" if person is not None else "person IS NOT NULL"
    also = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    params = [*([person] if person is not None else []), *kinds, limit]
    sql = f"SELECT {names} FROM {session.table('job')} WHERE {whose}{also} ORDER BY id DESC LIMIT ?"
    return [_task(session, row) for row in session.rows(sql, params)]


def task(session: Session, ident: int, person: int | None) -> Task:
    """One job of that person (of anybody with None); NotFound otherwise."""
    row = session.one(f"SELECT {', '.join(NAMES)} FROM {session.table('job')} WHERE id = ?", (ident,))
    found = _task(session, row) if row is not None and row[NAMES.index("person")] is not None else None
    if found is None or (person is not None and found.person != person):
        raise NotFound
    return found


def _task(session: Session, row: tuple[Any, ...]) -> Task:
    r = dict(zip(NAMES, row, strict=True))
    done, total = r["done"] or 0, r["total"] or 0
    seconds = (session.now() - (r["started_at"] or 0)) / 1_000_000
    rate = (done - (r["started_with"] or 0)) / seconds if r["status"] == "running" and seconds > 0 else 0.0
    left = int((total - done) / rate) if rate > 0 and total > done else None
    return Task(
        r["id"], r["kind"], r["status"], msgspec.json.decode(r["args"]), r["person"], done, total, r["wish"],
        r["created_at"], r["finished_at"], r["operation"], r["error"] or "",
        msgspec.json.decode(r["keep"]) if r["keep"] else {}, rate, left,
    )  # fmt: skip


def pause(session: Session, ident: int) -> None:
    """A running job stops after the chunk at hand, a waiting one at once."""
    job = session.table("job")
    waiting = f"UPDATE {job} SET status = 'paused', dedupe = NULL WHERE id = ? AND status = 'ready'"
    running = f"UPDATE {job} SET wish = 'pause' WHERE id = ? AND status = 'running'"
    if not session.run(waiting, (ident,)) and not session.run(running, (ident,)):
        raise Conflict(msg("This work is over or paused already."))


def go_on(session: Session, ident: int) -> None:
    """A paused job waits for its turn again; a pause not yet heard is taken back."""
    job, now = session.table("job"), session.now()
    paused = f"UPDATE {job} SET status = 'ready', run_at = ?, wish = NULL WHERE id = ? AND status = 'paused'"
    running = f"UPDATE {job} SET wish = NULL WHERE id = ? AND status = 'running' AND wish = 'pause'"
    if not session.run(paused, (now, ident)) and not session.run(running, (ident,)):
        raise Conflict(msg("This work is not paused."))


def cancel(session: Session, ident: int) -> None:
    """Ends it; what was done so far stays and can be undone."""
    job, now = session.table("job"), session.now()
    resting = (
        f"UPDATE {job} SET status = 'cancelled', finished_at = ?, dedupe = NULL WHERE id = ?"
        " AND status IN ('ready', 'paused')"
    )
    running = f"UPDATE {job} SET wish = 'cancel' WHERE id = ? AND status = 'running'"
    if not session.run(resting, (now, ident)) and not session.run(running, (ident,)):
        raise Conflict(msg("This work is over already."))


def add_faults(session: Session, job: int, faults: Sequence[tuple[int, str]]) -> None:
    """Records the job could not change and why, in its person's words."""
    if faults:
        session.insert("job_fault", ("job", "record", "message"), [(job, *fault) for fault in faults])


def faults(session: Session, job: int, after: int = 0, limit: int = 1_000) -> list[tuple[int, str]]:
    """(record, why) in the order of records, above `after`."""
    table = session.table("job_fault")
    sql = f"SELECT record, message FROM {table} WHERE job = ? AND record > ? ORDER BY record LIMIT ?"
    return [(row[0], row[1]) for row in session.rows(sql, (job, after, limit))]
