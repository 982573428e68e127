"""How long things are kept: nightly, in small transactions that go on where a killed night ended (KD 3)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import Message, msg
from guanxi.base.ids import COUNTER_BITS, EPOCH_MS, NODE_BITS
from guanxi.kernel.access.actors import system
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.changes.anchors import drop_anchor
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.changes.log import decode
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.storage import files, idempotency

if TYPE_CHECKING:
    from guanxi.kernel.context import Space
    from guanxi.kernel.jobs.queue import JobRun
    from guanxi.kernel.storage.session import Session

KIND = "keeping"
DAY = 86_400_000_000
MOST_DAYS = 36_500
CHUNK = 200  # change-sets or batches a transaction
DAYS: Mapping[str, int] = {
    "log": 90,  # values of fields without history; who, when and which record stay for ever
    "access": 730,  # rows of the access log; the seals of their batches stay
    "imports": 90,  # files and faulty rows of imports that ended
    "jobs": 90,  # jobs that ended in an error; others go after a week
}
LEAST: Mapping[str, int] = {"access": 180}
"""Who looked at what cannot be forgotten sooner, not by an administrator either (China: network logs, six months)."""
ENDED = ("done", "failed")
_encode = msgspec.json.Encoder(order="deterministic").encode


def days_of(settings: Mapping[str, Any]) -> dict[str, int]:
    """The periods of the workspace."""
    wanted = {**DAYS, **settings.get("keep", {})}
    return {name: max(days, LEAST.get(name, 1)) for name, days in wanted.items()}


def fault_of(value: Any) -> Message | None:
    """What is wrong with periods somebody wants to set."""
    if not isinstance(value, dict) or not value.keys() <= DAYS.keys():
        return msg("There is no such setting.")
    for name, days in value.items():
        least = LEAST.get(name, 1)
        if not isinstance(days, int) or isinstance(days, bool) or not least <= days <= MOST_DAYS:
            return msg("Write a number from {least} to {most}.", least=least, most=MOST_DAYS)
    return None


def keep(space: Space, beat: Callable[[], None] = lambda: None) -> dict[str, int]:
    """One night's work; what went, by tier. Safe to run at any time and to be killed; `beat` keeps a lease."""
    with space.read(system("keeping")) as work:
        days, now = days_of(work.catalog.settings), work.now
        plain = _without_history(work.catalog.objects_by_id)
    gone = {
        "log": _shrink_log(space, plain, now - days["log"] * DAY, beat),
        "access": _drop_accesses(space, now - days["access"] * DAY, beat),
        "imports": _drop_imports(space, now - days["imports"] * DAY),
        "jobs": _drop_jobs(space, now - days["jobs"] * DAY),
    }
    for name, count in gone.items():
        if count:
            note(space, "retention", 0, count=count, detail={"tier": name, "days": days[name]})
    return gone


def _without_history(objects: Mapping[int, Any]) -> frozenset[str]:
    """Keys of the log that shrink: fields whose past is of no use after a while."""
    return frozenset(str(f.id) for o in objects.values() for f in o.fields if not f.history)


def _shrink_log(space: Space, plain: frozenset[str], before: int, beat: Callable[[], None]) -> int:
    """Goes through old sets once; how far it came is stored with what it did."""
    done = 0
    while True:
        beat()
        with space.db.write(bulk=True) as session:
            upto = session.value(f"SELECT upto FROM {session.table('retention')} WHERE name = 'log'") or 0
            sets = [i for (i,) in session.rows(
                f"SELECT id FROM {session.table('change_set')} WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
                (upto, _first_id(before), CHUNK),
            )]  # fmt: skip
            if not sets:
                return done
            done += _shrink_sets(session, sets, plain)
            _came_to(session, "log", sets[-1], space.clock())


def _shrink_sets(session: Session, sets: Sequence[int], plain: frozenset[str]) -> int:
    change, marks = session.table("change"), ", ".join("?" * len(sets))
    changed = []
    for set_id, n, old, new in session.rows(
        f"SELECT set_id, n, old, new FROM {change} WHERE set_id IN ({marks}) AND salt IS NOT NULL", sets
    ):
        sides = [_shorter(old, plain), _shorter(new, plain)]
        if sides != [old, new]:
            changed.append((*sides, set_id, n))
    session.many(f"UPDATE {change} SET old = ?, new = ?, salt = NULL WHERE set_id = ? AND n = ?", changed)
    return len(changed)


def _shorter(side: str | None, plain: frozenset[str]) -> str | None:
    known = decode(side)
    if known is None or plain.isdisjoint(known):
        return side
    return _encode({key: value for key, value in known.items() if key not in plain}).decode()


def _drop_accesses(space: Space, before: int, beat: Callable[[], None]) -> int:
    done = 0
    while True:
        beat()
        with space.db.write(bulk=True) as session:
            seals = session.table("access_seal")
            found = [p for (p,) in session.rows(
                f"SELECT pos FROM {seals} WHERE at < ? AND dropped_at IS NULL ORDER BY pos LIMIT ?", (before, CHUNK)
            )]  # fmt: skip
            if not found:
                return done
            session.many(f"DELETE FROM {session.table('access_log')} WHERE pos = ?", [(p,) for p in found])
            session.many(f"UPDATE {seals} SET dropped_at = ? WHERE pos = ?", [(space.clock(), p) for p in found])
            _came_to(session, "access", found[-1], space.clock())
            done += len(found)


def _came_to(session: Session, name: str, upto: int, at: int) -> None:
    sql = f"{session.insert_sql('retention', ('name', 'upto', 'at'))} ON CONFLICT (name) DO UPDATE"
    session.run(f"{sql} SET upto = excluded.upto, at = excluded.at", (name, upto, at))


def _drop_imports(space: Space, before: int) -> int:
    """Uploaded files and rows that nobody mended; what the import did stays."""
    with space.db.read() as session:
        marks = ", ".join("?" * len(ENDED))
        runs = [i for (i,) in session.rows(
            f"SELECT id FROM {session.table('import_run')} WHERE state IN ({marks}) AND ended_at < ?", (*ENDED, before)
        )]  # fmt: skip
    done = 0
    for run in runs:
        folder = space.folder / "imports" / str(run)
        with space.db.write(bulk=True) as session:
            rows = sum(session.run(f"DELETE FROM {session.table(name)} WHERE run = ?", (run,))
                       for name in ("import_fault", "import_patch"))  # fmt: skip
        done += bool(rows or folder.exists())
        shutil.rmtree(folder, ignore_errors=True)
    return done


def _drop_jobs(space: Space, before: int) -> int:
    with space.db.write(bulk=True) as session:
        sql = f"DELETE FROM {session.table('job')} WHERE status IN ('done', 'dead') AND finished_at < ?"
        return session.run(sql, (before,))


def _first_id(moment: int) -> int:
    return max(moment // 1000 - EPOCH_MS, 0) << (NODE_BITS + COUNTER_BITS)


def run_keeping(space: Space, run: JobRun) -> None:
    """The nightly job: what is due goes, then both heads are anchored."""
    keep(space, run.heartbeat)
    clean(space, run.heartbeat)
    anchor(space)
    with space.db.write() as session:
        run.finish(session)


def clean(space: Space, beat: Callable[[], None] = lambda: None) -> None:
    """Yesterday's answers to repeated requests; files of uploads that were killed before any row named them."""
    with space.db.write(bulk=True) as session:
        idempotency.sweep(session)
    for part in sorted((space.folder / "files").glob("??")):  # one after the other: no reader stays open for long
        with space.db.read(timeout=60) as session:
            files.sweep(session, space.folder, part.name)
        beat()


def anchor(space: Space) -> None:
    """Writes the heads of both chains to their second place."""
    space.accesses.flush()
    seal(space.db)
    with space.db.read() as session:
        drop_anchor(session, space.anchors, space.clock())


def keeping_schedules(space: Space) -> Sequence[Schedule]:
    """At night, in the workspace's zone."""
    with space.read(system("schedules")) as work:
        zone = str(work.catalog.settings.get("zone", "Asia/Shanghai"))
    return (Schedule(KIND, "40 2 * * *", KIND, zone, queue="bulk"),)
