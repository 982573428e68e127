"""Taking a whole workspace in, and taking it out by a job whose file lies ready for a day."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from guanxi.kernel.access.actors import system
from guanxi.kernel.admin.packs import apply_pack
from guanxi.kernel.admin.settings import store_setting
from guanxi.kernel.catalog.pack import decode
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.context import Space, Work
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.records.whole import Contents, export_whole
from guanxi.kernel.records.whole_in import (
    clear,
    contents_of,
    import_files,
    import_records,
    import_series,
    opened,
    refuse_used,
)

KIND = "whole_export"
KEPT = 86_400  # seconds that a finished file can be fetched
STRIDE = 2.0  # seconds between two signs of life


def import_whole(space: Space, source: Path) -> Contents:
    """Everything in one transaction; the workspace must be as new."""
    with opened(source) as find:
        contents = contents_of(find)
        with find("catalogue.json") as part:
            pack = decode(part.read())
        with find("settings.json") as part:
            settings = msgspec.json.decode(part.read(), type=dict[str, object])
        with find("series.json") as part:
            series = msgspec.json.decode(part.read(), type=dict[str, int])
        with space.write(system("whole workspace"), entry="cli", kind="whole", bulk=True, catalog_change=True) as work:
            refuse_used(work)
            apply_pack(work, pack)
            work.finish()
            clear(work)
            work.operation, work.operation_is_open = 0, False
            for name, value in settings.items():
                store_setting(work, name, value)
            import_series(work, series)
            import_records(work, find, contents)
            import_files(work, find)
            work.settings_changed = True
    return contents


def ask_for_export(work: Work) -> int:
    """The worker writes it; one that waits is enough."""
    args = {"person": str(work.actor.user), "name": f"guanxi-{work.space.name}-{secrets.token_urlsafe(18)}.zip"}
    return enqueue(work.session, KIND, args, queue="bulk", dedupe=KIND, max_attempts=2)


def run_export(space: Space, run: JobRun) -> None:
    """The job: with the rights of the one who asked, as they are now."""
    person, target = int(run.args["person"]), folder_of(space) / Path(run.args["name"]).name
    sweep(space)
    target.unlink(missing_ok=True)
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > STRIDE:
            run.progress(done, total)
            last = time.monotonic()

    with space.read(person, timeout=3_600.0) as work:
        contents = export_whole(work, target, progress)
    rows = sum(part.rows for part in contents.objects.values())
    note(space, "export", person, object="*", count=rows, entry="automation")
    run.progress(rows, rows)


def folder_of(space: Space) -> Path:
    return space.folder / "exports"


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that can be fetched until then (seconds since 1970)."""

    name: str
    size: int
    until: int


def ready(space: Space) -> list[Ready]:
    """Newest first."""
    now = time.time()
    found = []
    for place in folder_of(space).glob("guanxi-*.zip"):
        state = place.stat()
        if state.st_mtime + KEPT > now:
            found.append(Ready(place.name, state.st_size, int(state.st_mtime + KEPT)))
    return sorted(found, key=lambda r: -r.until)


def sweep(space: Space) -> None:
    """Takes away what nobody may fetch any more."""
    kept = {one.name for one in ready(space)}
    for place in folder_of(space).glob("*guanxi-*.zip*"):
        if place.name not in kept and place.stat().st_mtime + KEPT < time.time():
            place.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """The export at work."""

    status: str
    done: int
    total: int
    error: str | None


def progress_of(space: Space) -> Progress | None:
    """The newest export that is not done; None if there is none."""
    with space.db.read() as session:
        found = session.one(
            f"SELECT status, done, total, error FROM {session.table('job')} WHERE kind = ? ORDER BY id DESC LIMIT 1",
            (KIND,),
        )
    if found is None or found[0] == "done":
        return None
    return Progress(found[0], found[1] or 0, found[2] or 0, found[3])


@dataclass(frozen=True, slots=True)
class Places:
    """Where the workspace's data lie; without passwords."""

    dialect: str
    database: str
    size: int
    folder: str
    files: int
    files_size: int


def places_of(space: Space) -> Places:
    """Asked of the database and the file table: no walk over the disk."""
    with space.db.read() as session:
        count, size = session.rows(f"SELECT count(*), COALESCE(sum(size), 0) FROM {session.table('file')}")[0]
        if session.dialect == "sqlite":
            sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            where = str(session.value("SELECT file FROM pragma_database_list WHERE name = 'main'"))
        else:
            sql = "SELECT pg_database_size(current_database())"
            where = f"{session.value('SELECT current_database()')} · {session.schema}"
        held = int(session.value(sql))
    return Places(space.db.dialect, where, held, str(space.folder), int(count), int(size))
