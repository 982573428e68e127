"""Backups by plan: when, where, how many are kept; each run is noted, and administrators hear of one that failed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from guanxi.base.errors import Invalid, Message, msg
from guanxi.kernel.access.actors import system
from guanxi.kernel.context import Space, Work
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.jobs.schedule import Schedule, next_time
from guanxi.kernel.storage.backup import Manifest, backup
from guanxi.kernel.storage.backups import Run, good_runs, kept, name_of, put_run, runs, superfluous
from guanxi.kernel.storage.crypt import Key, read_key
from guanxi.kernel.storage.engine import Database

KIND, SETTING, SCHEDULE = "backup", "backup", "kernel.backup"
STALE = 900  # seconds without a byte after which an unfinished archive belongs to nobody
LEASE_BEAT = 15.0  # seconds between two signs of life
PROGRAM = Path(__file__).resolve().parents[2]
Tell = Callable[[Work, str], None]
log = structlog.get_logger("guanxi.backup")


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The setting `backup`. An empty folder is `backups` beside the workspace's own; no key file: not encrypted."""

    on: bool = False
    at: str = "02:30"
    folder: str = ""
    key_file: str = ""
    daily: int = 7
    weekly: int = 5
    monthly: int = 12


def plan_of(settings: Mapping[str, Any]) -> Plan:
    """The plan as stored; one that cannot be read is off."""
    try:
        return msgspec.convert(settings.get(SETTING) or {}, Plan)
    except msgspec.ValidationError:
        return Plan()


def check_plan(value: Any) -> Message | None:
    """What is wrong with a plan, in one sentence."""
    try:
        plan = msgspec.convert(value, Plan)
    except msgspec.ValidationError:
        return msg("The plan for backups cannot be read.")
    hour, _, minute = plan.at.partition(":")
    if not (len(plan.at) == 5 and hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60):
        return msg("Write the time as hours and minutes, such as 02:30.")
    for number in (plan.daily, plan.weekly, plan.monthly):
        if not 0 <= number <= 1000:
            return msg("Write how many to keep, from 0 to 1000.")
    if plan.daily + plan.weekly + plan.monthly == 0:
        return msg("Keep at least one backup.")
    for place in (plan.folder, plan.key_file):
        if place and not Path(place).is_absolute():
            return msg("Write the whole path, beginning with a slash.")
    return None


def folder_of(space: Space, plan: Plan) -> Path:
    return Path(plan.folder) if plan.folder else space.folder.parent / "backups"


def key_of(plan: Plan) -> Key | None:
    return read_key(Path(plan.key_file)) if plan.key_file else None


def backup_schedules(space: Space) -> list[Schedule]:
    """At its time of day in the workspace's zone, if it is on."""
    with space.read(system("schedules")) as work:
        plan = plan_of(work.catalog.settings)
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
    if not plan.on:
        return []
    return [Schedule(SCHEDULE, cron_of(plan), KIND, zone, queue="bulk")]


def cron_of(plan: Plan) -> str:
    hour, _, minute = plan.at.partition(":")
    return f"{int(minute)} {int(hour)} * * *"


def ask_for_backup(work: Work) -> int:
    """Now, by the worker; one that waits is enough."""
    return enqueue(work.session, KIND, {}, queue="bulk", dedupe=KIND, max_attempts=3)


def run_backup(tell: Tell, space: Space, run: JobRun) -> None:
    """The job: a backup by the plan, then what is superfluous goes. A failure is noted, told, and tried again."""
    try:
        make_backup(space, beat=_beat(run))
    except Exception as error:
        with space.write(system("backup"), entry="automation", kind="backup") as work:
            if run.attempts <= 1:
                tell(work, str(error)[:200])
        raise


def make_backup(space: Space, *, beat: Callable[[], None] = lambda: None) -> tuple[Path, Manifest]:
    """A backup into the planned folder, noted from its beginning to its end."""
    with space.read(system("backup")) as work:
        plan = plan_of(work.catalog.settings)
    folder, begun = folder_of(space, plan), space.clock()
    target = folder / name_of(space.name, begun, sealed=bool(plan.key_file))
    run = Run(space.ids.next(), "running", begun, None, str(target), None, None, None, None, int(bool(plan.key_file)),
              None)  # fmt: skip
    with space.db.write() as session:
        put_run(session, run)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that is there keeps its mode: it may be anybody's
        _clear_interrupted(space, folder, run.id)
        manifest = backup(space.db, target, key=key_of(plan), beat=beat)
    except Exception as error:
        _note(space.db, run, state="failed", ended_at=space.clock(), error=_sentence(error))
        raise
    _note(space.db, run, state="good", ended_at=space.clock(), size=target.stat().st_size, tables=len(manifest.tables),
          total=manifest.rows, files=manifest.files)  # fmt: skip
    prune(space, plan)
    return target, manifest


def _clear_interrupted(space: Space, folder: Path, now: int) -> None:
    """Runs whose process was killed: what they had written goes, and they are told as failed."""
    for part in folder.glob(f".guanxi-{space.name}-*.part"):
        if time.time() - part.stat().st_mtime > STALE:
            part.unlink(missing_ok=True)
    with space.db.read() as session:
        running = [r for r in runs(session, 100) if r.state == "running" and r.id != now and r.file]
    for run in running:
        place = Path(str(run.file))
        if not place.with_name(f".{place.name}.part").exists():
            _note(space.db, run, state="failed", ended_at=space.clock(), error="interrupted")


def _note(database: Database, run: Run, **found: Any) -> None:
    with database.write() as session:
        put_run(session, Run(**{name: found.get(name, getattr(run, name)) for name in Run.__slots__}))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return str(error)[:500]


def prune(space: Space, plan: Plan) -> list[Path]:
    """Removes archives that the plan does not keep; only those that a run of this workspace made and found good."""
    folder = folder_of(space, plan)
    with space.db.read() as session:
        good = {Path(run.file).name for run in good_runs(session) if run.file}
    gone = superfluous(kept(folder, space.name), plan.daily, plan.weekly, plan.monthly, good)
    for archive in gone:
        archive.path.unlink(missing_ok=True)
    return [archive.path for archive in gone]


class State(msgspec.Struct, frozen=True):
    """What the page shows."""

    plan: Plan
    folder: str
    free: int | None  # bytes on that disk
    total: int  # bytes of the archives there
    last: Run | None
    recent: list[Run]
    archives: int
    next_at: int | None
    waiting: bool


def state_of(space: Space, settings: Mapping[str, Any]) -> State:
    """Plan, last good backup, the newest runs, what comes next."""
    plan = plan_of(settings)
    folder = folder_of(space, plan)
    there = kept(folder, space.name)
    with space.db.read() as session:
        recent, good = runs(session), good_runs(session)
        sql = f"SELECT count(*) FROM {session.table('job')} WHERE kind = ? AND status IN ('ready', 'running')"
        waiting = bool(session.value(sql, (KIND,)))
    zone = str(settings.get("zone", "Asia/Shanghai"))
    following = next_time(cron_of(plan), zone, space.clock()) if plan.on else None
    return State(plan, str(folder), _free(folder), sum(k.size for k in there), good[0] if good else None, recent,
                 len(there), following, waiting)  # fmt: skip


def _free(folder: Path) -> int | None:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None


def try_folder(plan: Plan, space: Space) -> None:
    """Before a plan is stored: the folder can be written to and the key can be read."""
    folder = folder_of(space, plan)
    if folder.resolve().is_relative_to(PROGRAM):
        raise Invalid(msg("Backups cannot lie in the folder of the program: what is there is served to everybody."))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".guanxi-probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise Invalid(msg("The server cannot write to {folder}: {reason}", folder=str(folder),
                          reason=error.strerror or str(error))) from error  # fmt: skip
    key_of(plan)


def _beat(run: JobRun) -> Callable[[], None]:
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > LEASE_BEAT:
            run.heartbeat()
            last = time.monotonic()

    return beat
