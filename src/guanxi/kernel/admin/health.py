"""How a workspace is: is it ready to serve, how far behind is its background work, which jobs failed for good."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field

from guanxi.base.errors import NotFound, Problem, msg
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.feed import head
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import revive
from guanxi.kernel.storage.session import Session
from guanxi.kernel.storage.tables import KERNEL, existing_columns

LEAST_FREE = 200_000_000  # bytes on the disk, below which nothing more should be written
SILENT = 300_000_000  # µs without a sign of the worker
LIMIT = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers only: no names, no values."""

    jobs: dict[tuple[str, str], int]  # (queue, state) -> how many
    lag: dict[str, int]  # follower -> change-sets it has yet to see
    unsealed: int
    head: int
    worker_seen: int | None  # µs
    import_rows: int
    followers_failing: tuple[str, ...] = ()
    oldest_ready: int | None = None  # when the job waiting longest became due


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up, for whoever decides what becomes of it."""

    id: int
    kind: str
    queue: str
    attempts: int
    error: str
    at: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """`faults` are stable words for programs; empty means ready."""

    faults: tuple[str, ...] = ()
    free_bytes: int = 0
    worker_age: float | None = None  # seconds
    checks: tuple[str, ...] = field(default=("database", "schema", "disk", "worker"))


def beat(space: Space) -> None:
    """The worker says that it is alive; beside the records, never in their transactions."""
    with space.db.ephemeral() as session:
        session.run(
            f'INSERT INTO {session.table("heartbeat")} ("name", "at") VALUES (?, ?)'
            ' ON CONFLICT ("name") DO UPDATE SET "at" = excluded."at"',
            ("worker", space.clock()),
        )


def worker_seen(space: Space) -> int | None:
    """When a worker of this workspace was last alive."""
    with space.db.ephemeral(write=False) as session:
        found = session.value(f'SELECT "at" FROM {session.table("heartbeat")} WHERE "name" = ?', ("worker",))
    return int(found) if found is not None else None


def readiness(space: Space, *, needs_worker: bool = True) -> Readiness:
    """Asks everything that must hold before people are sent here; never raises."""
    faults, age, free = [], None, 0
    try:
        with space.read(system("readiness")) as work:
            if not _schema_fits(work.session):
                faults.append("schema")
        seen = worker_seen(space)
        age = (space.clock() - seen) / 1_000_000 if seen is not None else None
        if needs_worker and (seen is None or space.clock() - seen > SILENT):
            faults.append("worker")
    except Problem:
        faults.append("database")
    except Exception:  # noqa: BLE001 - whatever the driver says: not ready, and no word of it to the outside
        faults.append("database")
    try:
        free = shutil.disk_usage(space.folder).free
        if free < LEAST_FREE:
            faults.append("disk")
    except OSError:
        faults.append("disk")
    return Readiness(tuple(faults), free, age)


def _schema_fits(session: Session) -> bool:
    have = existing_columns(session)
    return all(
        made.name in have and {column.name for column in made.columns} <= have[made.name]
        for made in KERNEL.tables.values()
    )


def figures(space: Space) -> Figures:
    """What metrics and the page of administrators show."""
    with space.read(system("health"), timeout=5.0) as work:
        session, top = work.session, head(work.session)
        job = session.table("job")
        jobs = {(q, s): int(n) for q, s, n in session.rows(
            f"SELECT queue, status, count(*) FROM {job} GROUP BY queue, status")}  # fmt: skip
        oldest = session.value(
            f"SELECT min(run_at) FROM {job} WHERE status = 'ready' AND run_at <= ?", (space.clock(),)
        )
        followers = session.rows(f"SELECT name, pos, failures FROM {session.table('follower')}")
        unsealed = int(session.value(f"SELECT count(*) FROM {session.table('unsealed')}"))
        rows = int(session.value(f"SELECT COALESCE(sum(done), 0) FROM {session.table('import_run')}"))
    return Figures(
        jobs=jobs,
        lag={name: max(0, top - int(pos)) for name, pos, _ in followers},
        unsealed=unsealed,
        head=top,
        worker_seen=worker_seen(space),
        import_rows=rows,
        followers_failing=tuple(name for name, _, failures in followers if failures),
        oldest_ready=int(oldest) if oldest is not None else None,
    )


def dead_jobs(session: Session, limit: int = LIMIT) -> list[DeadJob]:
    """Newest first."""
    return [
        DeadJob(ident, kind, queue, attempts, error or "", at or 0)
        for ident, kind, queue, attempts, error, at in session.rows(
            f"SELECT id, kind, queue, attempts, error, finished_at FROM {session.table('job')}"
            " WHERE status = 'dead' ORDER BY finished_at DESC, id DESC LIMIT ?",
            (limit,),
        )
    ]


def retry_jobs(session: Session, ident: int | None = None) -> int:
    """One failed job from the start, or all of them."""
    wanted = [ident] if ident is not None else [job.id for job in dead_jobs(session)]
    for job in wanted:
        revive(session, job)
    return len(wanted)


def discard_job(session: Session, ident: int) -> None:
    """It will not be done. What it was for stays as it is."""
    if not session.run(f"DELETE FROM {session.table('job')} WHERE id = ? AND status = 'dead'", (ident,)):
        raise NotFound(msg("This job is not among the failed ones any more."))
