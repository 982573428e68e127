"""Makes the search index anew where it was made by older rules: other grams, other fields of an object."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from guanxi.base.grams import GRAMS_VERSION
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Space
from guanxi.kernel.jobs.queue import JobRun
from guanxi.kernel.jobs.schedule import Schedule
from guanxi.kernel.records.search_index import index_records, searched, stale
from guanxi.kernel.storage.session import Session

KIND = "search.rebuild"
CHUNK = 1_000  # records a transaction


def search_schedules(_space: Space) -> list[Schedule]:
    """Looks every ten minutes whether an object's rows were made by the rules of today."""
    return [Schedule("kernel.search", "*/10 * * * *", KIND, queue="bulk")]


def run_rebuild(space: Space, run: JobRun) -> None:
    """Goes on where an earlier run was stopped."""
    rebuild(space, beat=run.heartbeat)


def made_of(catalog: Catalog, target: Object) -> str:
    """What an object's rows in the index depend on besides its records."""
    fields = [f"{f.id}:{f.type}:{int(f.sensitive)}" for f in searched(catalog, target)]
    return hashlib.sha256(f"{GRAMS_VERSION} {' '.join(fields)}".encode()).hexdigest()[:16]


def rebuild(space: Space, *, everything: bool = False, beat: Callable[[], None] = lambda: None) -> int:
    """
    Gives the number of records indexed anew. People and the follower may write meanwhile: a record is read and indexed
    in one transaction, whoever comes last has its newest values.
    """
    with space.db.read() as session:
        catalog = space.catalog(session)
        states = {row[0]: (row[1], row[2]) for row in session.rows(_STATES.format(session.table("search_state")))}
    done = 0
    for target in catalog.objects.values():
        if not searched(catalog, target):
            continue
        made, upto = states.get(target.id, ("", None))
        wanted = made_of(catalog, target)
        if made == wanted and upto is None and not everything:
            continue
        after = upto if made == wanted and upto is not None and not everything else 0
        done += _object(space, target.name, wanted, after, beat)
    return done


_STATES = 'SELECT "object", "made_of", "upto" FROM {}'


def _object(space: Space, name: str, wanted: str, after: int, beat: Callable[[], None]) -> int:
    done = 0
    while True:
        beat()
        with space.db.write(bulk=True) as session:
            catalog = space.catalog(session)
            target = catalog.objects.get(name)
            if target is None or made_of(catalog, target) != wanted:  # changed meanwhile: the next look starts anew
                return done
            table = session.table(target.table)
            sql = f'SELECT "id" FROM {table} WHERE "id" > ? AND "trashed_at" IS NULL ORDER BY "id" LIMIT {CHUNK}'
            if session.dialect == "postgresql":
                sql += " FOR SHARE"  # a writer waits, so that the follower sees its change after this
            ids = [row[0] for row in session.rows(sql, (after,))]
            index_records(session, catalog, target, ids)
            more = len(ids) == CHUNK
            after = ids[-1] if ids else after
            _note(session, target.id, wanted, after if more else None)
        done += len(ids)
        if not more:
            return done


def _note(session: Session, object_id: int, wanted: str, upto: int | None) -> None:
    session.run(
        f'INSERT INTO {session.table("search_state")} ("object", "made_of", "upto") VALUES (?, ?, ?)'
        ' ON CONFLICT ("object") DO UPDATE SET "made_of" = excluded."made_of", "upto" = excluded."upto"',
        (object_id, wanted, upto),
    )


def drift(space: Space, sample: int = 200) -> list[tuple[str, int]]:
    """Records among the newest of each object whose row in the index is missing or old: (object, record)."""
    found: list[tuple[str, int]] = []
    with space.db.read() as session:
        catalog = space.catalog(session)
        for target in catalog.objects.values():
            if searched(catalog, target):
                found += [(target.name, ident) for ident in stale(session, catalog, target, sample)]
    return found
