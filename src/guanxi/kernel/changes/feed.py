"""The feed: sealed change-sets in an order that misses nothing, and the followers that read it (KD 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from guanxi.kernel.changes.log import Entry, chain_of, decode, last_seal
from guanxi.kernel.storage.database import Database
from guanxi.kernel.storage.session import Session, lock_key

SEAL_BATCH = 500
ROWS_BATCH = 5_000  # a batch of sets ends early when it holds this many changes


@dataclass(frozen=True, slots=True)
class SealedSet:
    """One committed change-set at its place in the feed."""

    pos: int
    set_id: int
    operation: int
    at: int
    actor: int
    entry: str
    changes: tuple[Entry, ...]
    kind: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Follower:
    """Something that turns changes into effects. `handle` works in the transaction that moves `pos`."""

    name: str
    handle: Callable[[Session, Sequence[SealedSet]], None]
    batch: int = 200


def seal(database: Database) -> int:
    """Give committed sets their places, under a lease that ends with the transaction."""
    with database.read() as session:
        if session.value(f"SELECT 1 FROM {session.table('unsealed')} LIMIT 1") is None:
            return 0
    done = 0
    while sealed := _seal_batch(database):
        done += sealed
        if sealed < SEAL_BATCH:
            break
    return done


def _seal_batch(database: Database) -> int:
    with database.write(bulk=True) as session:
        # Alone in its statement: the next one must see all that the sealer before us committed.
        if session.schema and not session.value(
            "SELECT pg_try_advisory_xact_lock(?)", (lock_key("sealer", session.schema),)
        ):
            return 0
        waiting = session.rows(
            f"SELECT set_id, digest, size FROM {session.table('unsealed')} ORDER BY seq LIMIT ?", (SEAL_BATCH,)
        )
        if not waiting:
            return 0
        pos, chain = last_seal(session)
        sealed = []
        for set_id, digest, size in waiting:
            pos, chain = pos + 1, chain_of(chain, digest)
            sealed.append((pos, set_id, size, digest, chain))
        session.insert("seal", ("pos", "set_id", "size", "digest", "chain"), sealed)
        session.many(
            f"DELETE FROM {session.table('unsealed')} WHERE set_id = ?", [(set_id,) for set_id, _, _ in waiting]
        )
        database.notify(session)
        return len(sealed)


def read_feed(session: Session, since: int, limit: int = 200) -> list[SealedSet]:
    """Sets after position `since`, whole, in order."""
    heads = session.rows(
        f"SELECT l.pos, l.set_id, l.size, s.operation, s.at, o.actor, o.entry, o.kind, s.depth"
        f" FROM {session.table('seal')} l JOIN {session.table('change_set')} s ON s.id = l.set_id"
        f" LEFT JOIN {session.table('operation')} o ON o.id = s.operation WHERE l.pos > ? ORDER BY l.pos LIMIT ?",
        (since, limit),
    )
    total = 0
    for n, head in enumerate(heads):
        total += head[2]
        if total > ROWS_BATCH:
            heads = heads[: max(n, 1)]
            break
    changes = _changes(session, [head[1] for head in heads])
    return [
        SealedSet(pos, set_id, op, at, actor or 0, entry or "", tuple(changes.get(set_id, ())), kind or "", depth)
        for pos, set_id, _, op, at, actor, entry, kind, depth in heads
    ]


def _changes(session: Session, sets: Sequence[int]) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = {}
    if not sets:
        return found
    marks = ", ".join("?" * len(sets))
    for set_id, kind, record, version, op, old, new in session.rows(
        f"SELECT set_id, object, record, version, op, old, new FROM {session.table('change')}"
        f" WHERE set_id IN ({marks}) ORDER BY set_id, n",
        sets,
    ):
        found.setdefault(set_id, []).append(Entry(kind, record, version, op, decode(old), decode(new)))
    return found


def head(session: Session) -> int:
    """The newest position; a page that must show its own change waits for its follower to reach it."""
    return last_seal(session)[0]


def position(session: Session, name: str) -> int:
    """How far a follower has read."""
    return session.value(f"SELECT pos FROM {session.table('follower')} WHERE name = ?", (name,)) or 0


def follow(database: Database, follower: Follower) -> int:
    """Let a follower catch up; gives the number of sets handled. An error leaves `pos` before the failing batch."""
    seal(database)
    with database.read() as session:
        if position(session, follower.name) >= head(session):
            return 0
    done = 0
    while handled := _follow_batch(database, follower):
        done += handled
    return done


def _follow_batch(database: Database, follower: Follower) -> int:
    with database.write(bulk=True) as session:
        table = session.table("follower")
        session.run(f"INSERT INTO {table} (name, pos) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", (follower.name,))
        lock = " FOR UPDATE" if session.dialect == "postgresql" else ""
        pos = session.value(f"SELECT pos FROM {table} WHERE name = ?{lock}", (follower.name,))
        sets = read_feed(session, pos, follower.batch)
        if sets:
            follower.handle(session, sets)
            session.run(f"UPDATE {table} SET pos = ? WHERE name = ?", (sets[-1].pos, follower.name))
        return len(sets)
