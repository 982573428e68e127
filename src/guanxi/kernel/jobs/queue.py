"""Jobs: rows put in the record's own transaction, claimed under a lease, finished only by who still holds it."""

from __future__ import annotations

import random
import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from guanxi.base.errors import Conflict, NotFound, msg
from guanxi.base.watching import span
from guanxi.kernel.storage.engine import Database
from guanxi.kernel.storage.session import Session, Tuple

LEASE = 60_000_000  # µs; a handler that runs longer calls `heartbeat`
FIRST_WAIT, LONGEST_WAIT = 5_000_000, 3_600_000_000
KEEP_DONE, KEEP_DEAD = 7 * 86_400_000_000, 90 * 86_400_000_000

_encode = msgspec.json.Encoder(order="deterministic").encode
COLUMNS = ("queue", "kind", "args", "status", "run_at", "attempts", "max_attempts", "dedupe", "priority",
           "created_at", "operation", "person")  # fmt: skip


class Interrupted(Exception):
    """Its person asked the job to pause or to end; what it did so far stays."""

    def __init__(self, wish: str) -> None:
        super().__init__(wish)
        self.wish = wish


class Stale(Conflict):
    """This worker lost its lease: another one has the job now; what it did here must not be kept."""

    code = "stale_job"

    def __init__(self) -> None:
        super().__init__("Another worker has taken over this job.")


def enqueue(
    session: Session,
    kind: str,
    args: Mapping[str, Any] | None = None,
    *,
    at: int | None = None,
    queue: str = "default",
    dedupe: str | None = None,
    priority: int = 0,
    max_attempts: int = 8,
    operation: int | None = None,
    person: int | None = None,
) -> int:
    """
    Add a job; runs only if this transaction commits. With `dedupe`, one that still waits is enough. A job of a
    `person` is shown to them and may be paused (`jobs.control`).
    """
    now = session.now()
    text = _encode(args or {}).decode()
    row = (queue, kind, text, "ready", now if at is None else at, 0, max_attempts, dedupe, priority, now, operation,
           person)  # fmt: skip
    sql = f"{session.insert_sql('job', COLUMNS)} ON CONFLICT DO NOTHING RETURNING id"
    made = session.value(sql, row)
    if made is None:
        waiting = f"SELECT id FROM {session.table('job')} WHERE status = 'ready' AND dedupe = ?"
        made = session.value(waiting, (dedupe,)) or 0
    return int(made)


@dataclass(slots=True)
class JobRun:
    """What a handler is given."""

    id: int
    kind: str
    args: dict[str, Any]
    attempts: int
    database: Database
    token: int
    operation: int | None = None
    keep: dict[str, Any] = field(default_factory=dict)  # where an earlier run of the job had come to
    lease: int = LEASE
    lease_until: int = 0
    finished: bool = field(default=False)

    def heartbeat(self) -> None:
        """Prolong the lease; `Stale` if it is lost."""
        with self.database.write() as session:
            self.fence(session)

    def progress(self, done: int, total: int) -> None:
        """Say how far it is (shown to the user); also a heartbeat. `Interrupted` if it is to pause or end."""
        with self.database.write() as session:
            wish = self.advance(session, done, total)
        if wish:
            raise Interrupted(wish)

    def advance(self, session: Session, done: int, total: int, keep: Mapping[str, Any] | None = None) -> str | None:
        """
        As `progress`, in the transaction of the effect; `keep` is given back to a later run of the same job. Gives
        what its person wishes: raise `Interrupted` with it after the commit.
        """
        self.fence(session)
        job = session.table("job")
        if keep is None:
            session.run(f"UPDATE {job} SET done = ?, total = ? WHERE id = ?", (done, total, self.id))
        else:
            self.keep = dict(keep)
            values = (done, total, _encode(keep).decode(), self.id)
            session.run(f"UPDATE {job} SET done = ?, total = ?, keep = ? WHERE id = ?", values)
        wish: str | None = session.value(f"SELECT wish FROM {job} WHERE id = ?", (self.id,))
        return wish

    def fence(self, session: Session) -> None:
        """Call inside a transaction with effects: it goes through only while the lease is ours."""
        until = session.now() + self.lease
        if not self._update(session, "lease_until = ?", (until,)):
            raise Stale
        self.lease_until = until

    def finish(self, session: Session) -> None:
        """Mark the job done in the transaction of its effect: exactly once."""
        if not self._update(session, "status = 'done', finished_at = ?, error = NULL", (session.now(),)):
            raise Stale
        self.finished = True

    def _update(self, session: Session, what: str, params: Sequence[Any]) -> bool:
        sql = f"UPDATE {session.table('job')} SET {what} WHERE id = ? AND token = ? AND status = 'running'"
        return session.run(sql, (*params, self.id, self.token)) == 1


Handlers = Mapping[str, Callable[[JobRun], None]]


def run_due(
    database: Database,
    handlers: Handlers,
    *,
    worker: str,
    limit: int = 10,
    queues: Sequence[str] = ("default",),
    lease: int = LEASE,
) -> int:
    """Claim up to `limit` due jobs in one transaction and run them; gives how many were run."""
    if not is_due(database, queues):
        return 0
    runs = claim(database, worker, limit, queues, lease)
    for run in runs:
        try:
            if database.clock() > run.lease_until - lease // 2:
                run.heartbeat()  # the jobs before it took long
            _run(run, handlers)
        except Stale:
            continue
    return len(runs)


def _run(run: JobRun, handlers: Handlers) -> None:
    try:
        handler = handlers.get(run.kind)
        if handler is None:
            raise NotFound(
                msg("Nothing handles jobs of kind {kind}; the app that put it here may be switched off.", kind=run.kind)
            )
        with span("job", kind=run.kind):
            handler(run)
        if not run.finished:
            with run.database.write() as session:
                run.finish(session)
    except Stale:
        raise
    except Interrupted as asked:
        _rest(run, asked.wish)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is kept with the job and retried
        _fail(run, error)


def _rest(run: JobRun, wish: str) -> None:
    status = "paused" if wish == "pause" else "cancelled"
    with run.database.write() as session:
        sql = (
            f"UPDATE {session.table('job')} SET status = ?, finished_at = ?, attempts = 0, wish = NULL, token = NULL,"
            " lease_until = NULL, dedupe = NULL WHERE id = ? AND token = ? AND status = 'running'"
        )
        session.run(sql, (status, None if status == "paused" else session.now(), run.id, run.token))


def _fail(run: JobRun, error: Exception) -> None:
    text = f"{type(error).__name__}: {error}"[:1000]
    where = traceback.extract_tb(error.__traceback__)
    if where:
        text += f" ({where[-1].filename.rpartition('/')[2]}:{where[-1].lineno})"
    with run.database.write() as session:
        job = session.table("job")
        sql = (
            f"UPDATE {job} SET status = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END,"
            " finished_at = CASE WHEN attempts >= max_attempts THEN ? ELSE NULL END,"
            " run_at = ?, error = ?, token = NULL, lease_until = NULL,"
            f" dedupe = CASE WHEN dedupe IN (SELECT dedupe FROM {job} WHERE status = 'ready') THEN NULL ELSE dedupe END"
            " WHERE id = ? AND token = ? AND status = 'running'"
        )
        now = session.now()
        session.run(sql, (now, now + wait_before(run.attempts), text, run.id, run.token))


def wait_before(attempt: int) -> int:
    """Back-off with jitter before try number `attempt` + 1: 5 s, 10 s, 20 s … one hour, each ± 50 %."""
    wait: float = min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT)
    return int(wait * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, keeps no secret


def is_due(database: Database, queues: Sequence[str] = ("default",)) -> bool:
    """One cheap read, so that an idle worker takes no writer's turn."""
    with database.read() as session:
        marks = ", ".join("?" * len(queues))
        now = session.now()
        job = session.table("job")
        found = session.one(
            f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {job} WHERE status = 'ready' AND queue IN ({marks})"
            f" AND run_at <= ?) OR EXISTS (SELECT 1 FROM {job} WHERE status = 'running' AND lease_until < ?)",
            (*queues, now, now),
        )
        return found is not None


def next_due(session: Session) -> int | None:
    """When the next job wants to run (for the house's list of who is due)."""
    job = session.table("job")
    found: int | None = session.value(
        f"SELECT min(t) FROM (SELECT min(run_at) AS t FROM {job} WHERE status = 'ready'"
        f" UNION ALL SELECT min(lease_until) FROM {job} WHERE status = 'running') x"
    )
    return found


def claim(database: Database, worker: str, limit: int, queues: Sequence[str], lease: int = LEASE) -> list[JobRun]:
    """Take due jobs, and those whose worker went silent, under one new token."""
    token = secrets.randbits(62)
    with database.write() as session:
        job, now = session.table("job"), session.now()
        _bury(session, now)
        found = _silent(session, queues, now, limit)
        for queue in queues:
            found += _ready(session, queue, now, limit - len(found))
        session.many(
            f"UPDATE {job} SET status = 'running', lease_until = ?, attempts = attempts + 1, worker = ?, token = ?,"
            " started_at = ?, started_with = done WHERE id = ?",
            [(now + lease, worker, token, now, row[0]) for row in found],
        )
    return [
        JobRun(job_id, kind, msgspec.json.decode(args), attempts + 1, database, token, operation,
               msgspec.json.decode(keep) if keep else {}, lease, now + lease)
        for job_id, kind, args, attempts, operation, keep in found
    ]  # fmt: skip


def _ready(session: Session, queue: str, now: int, limit: int) -> list[Tuple]:
    return session.rows(
        f"SELECT id, kind, args, attempts, operation, keep FROM {session.table('job')}"
        " WHERE status = 'ready' AND queue = ? AND run_at <= ?"
        f" ORDER BY priority DESC, run_at, id LIMIT ?{_lock(session)}",
        (queue, now, limit),
    )


def _silent(session: Session, queues: Sequence[str], now: int, limit: int) -> list[Tuple]:
    """Jobs whose worker has not been heard of since the lease ended."""
    marks = ", ".join("?" * len(queues))
    return session.rows(
        f"SELECT id, kind, args, attempts, operation, keep FROM {session.table('job')}"
        f" WHERE status = 'running' AND lease_until < ? AND queue IN ({marks})"
        f" ORDER BY lease_until LIMIT ?{_lock(session)}",
        (now, *queues, limit),
    )


def _lock(session: Session) -> str:
    return " FOR UPDATE SKIP LOCKED" if session.dialect == "postgresql" else ""


def _bury(session: Session, now: int) -> None:
    """A job that took its worker down with it each time is dead."""
    session.run(
        f"UPDATE {session.table('job')} SET status = 'dead', finished_at = ?, token = NULL,"
        " error = COALESCE(error, 'The worker went silent while it ran this job.')"
        " WHERE status = 'running' AND lease_until < ? AND attempts >= max_attempts",
        (now, now),
    )


def revive(session: Session, job_id: int) -> None:
    """Run a dead job again from the start."""
    sql = (
        f"UPDATE {session.table('job')} SET status = 'ready', attempts = 0, run_at = ?, finished_at = NULL,"
        " token = NULL, lease_until = NULL, dedupe = NULL WHERE id = ? AND status = 'dead'"
    )
    if not session.run(sql, (session.now(), job_id)):
        raise NotFound("This job is not among the failed ones any more.")


def dead(session: Session, limit: int = 100) -> list[tuple[int, str, str, str, int]]:
    """Dead letters, newest first: id, kind, args (JSON), error, when."""
    return [
        (job_id, kind, args, error or "", at)
        for job_id, kind, args, error, at in session.rows(
            f"SELECT id, kind, args, error, finished_at FROM {session.table('job')} WHERE status = 'dead'"
            " ORDER BY finished_at DESC LIMIT ?",
            (limit,),
        )
    ]


def sweep(session: Session) -> int:
    """Forget what ended long ago."""
    now, job = session.now(), session.table("job")
    gone = session.run(
        f"DELETE FROM {job} WHERE (status IN ('done', 'cancelled') AND finished_at < ?)"
        " OR (status = 'dead' AND finished_at < ?)",
        (now - KEEP_DONE, now - KEEP_DEAD),
    )
    if gone:
        session.run(f"DELETE FROM {session.table('job_fault')} WHERE job NOT IN (SELECT id FROM {job})")
    return gone
