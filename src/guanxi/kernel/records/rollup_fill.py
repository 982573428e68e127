"""Roll-ups of records that were there before: for a new or changed definition all parents are worked out, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from guanxi.kernel.catalog.model import Field
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.rollups.compute import CHUNK, renew
from guanxi.kernel.rollups.plan import Group, definitions, groups_of, made_of
from guanxi.kernel.storage.session import Session

KIND = "rollups.fill"


def rollup_schedules(_space: Space) -> list[Schedule]:
    """Looks every ten minutes whether a roll-up waits for its first values, or was made of something else."""
    return [Schedule("kernel.rollups", "*/10 * * * *", KIND, queue="bulk")]


def run_fill(space: Space, run: JobRun) -> None:
    """Goes on where an earlier run was stopped."""
    fill(space, beat=run.heartbeat)


def ask_for_changed(session: Session, before: Catalog, after: Catalog) -> None:
    """After a change of the catalogue: what is new, different or back again is worked out by a job."""
    old, new = definitions(before), definitions(after)
    stale = [ident for ident in {*old, *new} if old.get(ident) != new.get(ident)]
    if stale:
        forget_state(session, stale)
        enqueue(session, KIND, queue="bulk", dedupe=KIND)


def begin(space: Space, *, fresh: bool) -> None:
    """
    When a workspace opens. A fresh one holds nothing: its roll-ups are complete at once. Else those that came with a
    new version of the program are asked for.
    """
    if fresh:
        fill(space)
        return
    with space.db.read() as session:
        missing = definitions(space.catalog(session)).keys() - states(session).keys()
    if missing:
        with space.db.write() as session:
            enqueue(session, KIND, queue="bulk", dedupe=KIND)


def forget_state(session: Session, fields: Iterable[int]) -> None:
    """These roll-ups are to be worked out from the start."""
    rows = [(ident,) for ident in fields]
    session.many(f'DELETE FROM {session.table("rollup_state")} WHERE "field" = ?', rows)


def states(session: Session) -> dict[int, tuple[str, int | None]]:
    """By field: what its values were made of, and the last parent of an unfinished walk (None: all are done)."""
    rows = session.rows(f'SELECT "field", "made_of", "upto" FROM {session.table("rollup_state")}')
    return {field: (made, upto) for field, made, upto in rows}


def fill(space: Space, *, everything: bool = False, beat: Callable[[], None] = lambda: None) -> int:
    """
    Gives the number of parents whose values changed. People and the follower may write meanwhile: parents are locked
    before their children are read, whoever comes last has the newest values.
    """
    with space.db.read() as session:
        catalog, known = space.catalog(session), states(session)
    _clear(space, known.keys() - definitions(catalog).keys())
    done = 0
    for group in groups_of(catalog):
        waiting: dict[int, list[Field]] = {}
        for f in group.fields:
            made, upto = known.get(f.id, ("", None))
            same = made == made_of(catalog, group, f) and not everything
            if not same or upto is not None:
                waiting.setdefault(upto if same and upto is not None else 0, []).append(f)
        for after, fields in waiting.items():
            done += _walk(space, group, [f.id for f in fields], after, beat)
    return done


def _clear(space: Space, gone: Collection[int]) -> None:
    if gone:
        with space.db.write() as session:
            forget_state(session, gone)


def _walk(space: Space, asked: Group, fields: Collection[int], after: int, beat: Callable[[], None]) -> int:
    changed = 0
    while True:
        beat()
        with space.db.write(bulk=True) as session:
            catalog = space.catalog(session)
            group = _again(catalog, asked)
            some = [f for f in group.fields if f.id in fields] if group is not None else []
            if group is None or len(some) < len(fields):  # changed meanwhile: another job was asked for
                return changed
            sql = f'SELECT "id" FROM {session.table(group.parent.table)} WHERE "id" > ? ORDER BY "id" LIMIT {CHUNK}'
            ids = [row[0] for row in session.rows(sql, (after,))]
            changed += renew(session, catalog, group, ids, some)
            more = len(ids) == CHUNK
            after = ids[-1] if ids else after
            _note(session, catalog, group, some, after if more else None)
        if not more:
            return changed


def _again(catalog: Catalog, asked: Group) -> Group | None:
    """The group in the catalogue as it is now."""
    place = (asked.parent.name, asked.child.name, asked.via.name)
    return next((g for g in groups_of(catalog) if (g.parent.name, g.child.name, g.via.name) == place), None)


def _note(session: Session, catalog: Catalog, group: Group, fields: Iterable[Field], upto: int | None) -> None:
    sql = (
        f'INSERT INTO {session.table("rollup_state")} ("field", "made_of", "upto") VALUES (?, ?, ?)'
        ' ON CONFLICT ("field") DO UPDATE SET "made_of" = excluded."made_of", "upto" = excluded."upto"'
    )
    session.many(sql, [(f.id, made_of(catalog, group, f), upto) for f in fields])
