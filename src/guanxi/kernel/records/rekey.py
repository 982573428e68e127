"""A change of keys: every stored value of an encrypted field sealed anew with the newest one, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from guanxi.base.errors import Conflict, msg
from guanxi.kernel.access import second_factor
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.records.sealing import about
from guanxi.kernel.storage import keyring
from guanxi.kernel.storage.keyring import CURRENT, LOG, Entry, Unopened, head_of
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space

KIND = "rekey"
CHUNK = 1_000


def start(space: Space) -> Entry:
    """A new key for what is written from now on, and the job that brings all records to it."""
    with space.db.write() as session:
        keyring.ready(space.db.ring, session)
        fresh = keyring.rotate(space.db.ring, session.now())
        enqueue(session, KIND, {}, queue="bulk", dedupe=KIND)
    return fresh


@dataclass(frozen=True, slots=True)
class Place:
    """A column that holds sealed values, the column that numbers its rows, and what each value is bound to."""

    table: str
    key: str
    column: str
    about: Callable[[int], str]


def run_rekey(space: Space, run: JobRun) -> None:
    """
    Goes through all records by id. The values stay, so neither version nor log moves: the log keeps the older
    ciphertext and its key. Values that do not open are left for the doctor to tell. Begun again, it starts over and
    passes what is done.
    """
    done = 0
    for place in _places(space):
        last = 0
        while True:
            with space.db.write(bulk=True) as session:
                run.fence(session)
                ids = _chunk(space, session, place, last)
            done += len(ids)
            run.progress(done, done)
            if len(ids) < CHUNK:
                break
            last = ids[-1]


def _places(space: Space) -> list[Place]:
    with space.db.read() as session:
        known = space.catalog(session).fields_by_id.values()
    fields = [Place(o.table, "id", f.column, partial(about, o, f)) for o, f in known if f.encrypted]
    return [*fields, Place(second_factor.TABLE, "user", "secret", second_factor.about)]


def _chunk(space: Space, session: Session, place: Place, after: int) -> list[int]:
    ring = space.db.ring
    keys = ring.read()
    if keys is None:
        raise ring.missing()
    table, key, column = session.table(place.table), place.key, place.column
    lock = " FOR NO KEY UPDATE" if session.dialect == "postgresql" else ""
    sql = f'SELECT "{key}", "{column}" FROM {table} WHERE "{key}" > ? AND "{column}" IS NOT NULL ORDER BY "{key}"'
    rows = session.rows(f"{sql} LIMIT {CHUNK}{lock}", (after,))
    fresh = []
    for ident, stored in rows:
        if not stored.startswith(head_of(keys.current)):
            with suppress(Unopened):
                fresh.append((ring.seal(ring.open(stored, place.about(ident)), place.about(ident)), ident))
    session.many(f'UPDATE {table} SET "{column}" = ? WHERE "{key}" = ?', fresh)
    return [ident for ident, _ in rows]


def usage(space: Space) -> list[tuple[Entry, int]]:
    """The keys, newest first, and how many stored values each one opens."""
    keys = space.db.ring.read()
    if keys is None:
        return []
    places = _places(space)
    with space.db.read(timeout=None) as session:
        return [(key, sum(_count(session, place, key) for place in places)) for key in keys.keys]


def _count(session: Session, place: Place, key: Entry) -> int:
    head = head_of(key)
    sql = f'SELECT count(*) FROM {session.table(place.table)} WHERE substr("{place.column}", 1, {len(head)}) = ?'
    return int(session.value(sql, (head,)))


def retire(space: Space) -> list[Entry]:
    """Sets aside every older key that no record needs; the log goes on reading with it."""
    found = [key for key, used in usage(space) if key.state not in (CURRENT, LOG) and not used]
    if not found:
        raise Conflict(msg("No key can be retired: older ones still open records, or there are none."))
    keyring.retire(space.db.ring, [key.id for key in found])
    return found
