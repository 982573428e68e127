"""A round of the doctor: all checks, kept with its date; every night and by `guanxi doctor`."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import msgspec
import structlog

from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space
from guanxi.kernel.doctor import derived, feed, records, rollups
from guanxi.kernel.doctor.finding import Finding
from guanxi.kernel.jobs.queue import JobRun
from guanxi.kernel.jobs.schedule import Schedule

KIND = "doctor.round"
SAMPLE = 500
KEPT = 60  # rounds
CHECKS: tuple[Callable[[Space, int], Finding], ...] = (
    records.log_check,
    records.key_check,
    records.sealed_check,
    records.reference_check,
    records.search_check,
    derived.grant_check,
    derived.match_check,
    rollups.recheck,
    records.file_check,
    feed.seal_check,
    feed.job_check,
)
log = structlog.get_logger("guanxi.doctor")


def doctor_schedules(space: Space) -> list[Schedule]:
    """At half past three, in the workspace's zone."""
    with space.read(system("schedules")) as work:
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
    return [Schedule("kernel.doctor", "30 3 * * *", KIND, zone, queue="bulk")]


def run_doctor(space: Space, run: JobRun) -> None:
    """The nightly round."""
    examine(space, beat=run.heartbeat)


def examine(space: Space, sample: int = SAMPLE, beat: Callable[[], None] = lambda: None) -> list[Finding]:
    """All checks on samples; the result is kept. A check that fails itself is a finding, not an end."""
    found = []
    for check in CHECKS:
        beat()
        started = monotonic()
        try:
            found.append(check(space, sample))
        except Exception as error:  # the other checks may still tell something
            log.exception("check failed", check=check.__name__)
            found.append(Finding(check.__name__.removesuffix("_check"), 0, (f"failed: {type(error).__name__}",)))
        log.info("checked", check=found[-1].check, well=found[-1].well, seconds=round(monotonic() - started, 2))
    _keep(space, found)
    return found


def _keep(space: Space, found: list[Finding]) -> None:
    body = [{"check": f.check, "looked": f.looked, "wrong": f.wrong, "more": f.more} for f in found]
    with space.db.write() as session:
        table = session.table("doctor_round")
        session.insert("doctor_round", ("at", "body"), [(space.clock(), msgspec.json.encode(body).decode())])
        session.run(f"DELETE FROM {table} WHERE at NOT IN (SELECT at FROM {table} ORDER BY at DESC LIMIT {KEPT})")


def last_round(space: Space) -> tuple[int, list[Finding]] | None:
    """When the doctor last looked (µs), and what was found."""
    with space.db.read() as session:
        row = session.one(f"SELECT at, body FROM {session.table('doctor_round')} ORDER BY at DESC LIMIT 1")
    if row is None:
        return None
    parts = msgspec.json.decode(row[1])
    return row[0], [Finding(p["check"], p["looked"], tuple(p["wrong"]), p["more"]) for p in parts]
