"""Whether roll-ups hold the newest changes: a short wait for one's own, and since when others are waiting."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, sleep

from guanxi.kernel.context import Space, Work
from guanxi.kernel.records.rollup_fill import states
from guanxi.kernel.records.rollup_follower import NAME
from guanxi.kernel.rollups.plan import groups_of, rolled

PATIENCE = 0.3  # seconds a page waits for its reader's own change
LOOK_EVERY = 0.02
TOLD_AFTER = 2_000_000  # µs: younger changes arrive before anybody has read the sentence


@dataclass(frozen=True, slots=True)
class Freshness:
    """
    `complete`: every committed change is in. `since`: time of the oldest change that is not (µs), once it is worth
    telling. `filling`: roll-ups of the object that are still worked out for the first time, by label.
    """

    complete: bool = True
    since: int | None = None
    filling: tuple[str, ...] = ()


def wait_for_own(space: Space, user: int, name: str) -> None:
    """Before a page of the object `name`: waits at most 300 ms until this person's last change is added up."""
    note = space.own_writes.get(user)
    if note is None or name not in note[1]:
        return
    until = monotonic() + PATIENCE
    while not _arrived(space, note[0]) and (left := until - monotonic()) > 0:
        sleep(min(LOOK_EVERY, left))
    if space.own_writes.get(user) is note:  # once: the pages after this one tell how fresh they are
        del space.own_writes[user]


def _arrived(space: Space, set_id: int) -> bool:
    with space.db.read() as session:
        sql = (
            f"SELECT 1 FROM {session.table('seal')} l JOIN {session.table('follower')} f ON f.pos >= l.pos"
            " WHERE l.set_id = ? AND f.name = ?"
        )
        return session.value(sql, (set_id, NAME)) is not None


def freshness(work: Work, name: str, language: str = "en") -> Freshness | None:
    """How fresh the roll-ups of an object are; None if it has none. One statement, a second one while one is filled."""
    groups = rolled(work.catalog, name)
    if not groups:
        return None
    session, table = work.session, work.session.table
    pos = f"COALESCE((SELECT pos FROM {table('follower')} WHERE name = ?), 0)"
    oldest = (
        f"SELECT s.at FROM {table('seal')} l JOIN {table('change_set')} s ON s.id = l.set_id"
        f" WHERE l.pos > {pos} ORDER BY l.pos LIMIT 1"
    )
    unsealed = f"SELECT s.at FROM {table('unsealed')} u JOIN {table('change_set')} s ON s.id = u.set_id LIMIT 1"
    walks = f'SELECT count(*) FROM {table("rollup_state")} WHERE "upto" IS NULL'
    waiting, loose, finished = session.rows(f"SELECT ({oldest}), ({unsealed}), ({walks})", (NAME,))[0]
    times = [at for at in (waiting, loose) if at is not None]
    since = min(times) if times and work.now - min(times) > TOLD_AFTER else None
    filling: tuple[str, ...] = ()
    if finished < sum(len(g.fields) for g in groups_of(work.catalog)):
        done = {field for field, (_, upto) in states(session).items() if upto is None}
        filling = tuple(f.label.in_(language) for g in groups for f in g.fields if f.id not in done)
    return Freshness(not times and not filling, since, filling)
