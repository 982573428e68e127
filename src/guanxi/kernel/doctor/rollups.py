"""A check of roll-ups: figures of a sample of records, worked out from the records that point at them."""

from __future__ import annotations

from collections.abc import Sequence

from guanxi.base.errors import msg
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.feed import position, read_feed, seal
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.finding import Finding, finding
from guanxi.kernel.records.rollup_fill import states
from guanxi.kernel.records.rollup_follower import NAME, touched
from guanxi.kernel.rollups.compute import CHUNK, columns_of, computed, stored
from guanxi.kernel.rollups.plan import Group, groups_of, made_of
from guanxi.kernel.storage.session import Session

PENDING = 2_000  # change-sets that the follower has yet to see


def recheck(space: Space, sample: int) -> Finding:
    """
    Roll-ups of the newest records and of some drawn by chance are what their children add up to. Left out is what a
    change is on its way to, and what is worked out for the first time.
    """
    seal(space.db)
    looked, wrong = 0, list[str]()
    with space.db.read(timeout=None) as session:
        catalog, known = space.catalog(session), states(session)
        late = _late(session, catalog)
        for group in groups_of(catalog):
            fields = tuple(f for f in group.fields if known.get(f.id) == (made_of(catalog, group, f), None))
            ids = _sample(session, group, sample, space.clock()) if fields else []
            for start in range(0, len(ids), CHUNK):
                some = ids[start : start + CHUNK]
                held = stored(session, group, some, columns_of(fields))
                right = computed(session, catalog, group, some, fields)
                for ident in some:
                    looked += len(fields)
                    figures = dict(zip(columns_of(fields), held.get(ident, ()), strict=False))
                    bad = [f.name for f in fields if any(figures.get(c) != right[ident][c] for c in columns_of((f,)))]
                    if ident not in late.get(id(group), ()):
                        wrong += [f"{group.parent.name} {ident}: {name}" for name in bad]
    return finding("rollups", looked, wrong, msg("Run: guanxi doctor --mend"))


def _late(session: Session, catalog: Catalog) -> dict[int, set[int]]:
    """Records whose figures some sealed change has yet to reach."""
    sets = read_feed(session, position(session, NAME), PENDING)
    return {id(group): ids for group, ids in touched(session, catalog, sets)}


def _sample(session: Session, group: Group, sample: int, moment: int) -> Sequence[int]:
    table = session.table(group.parent.table)
    lowest, highest = session.rows(f'SELECT MIN("id"), MAX("id") FROM {table}')[0]
    if highest is None:
        return []
    middle = lowest + (highest - lowest) * (moment % 997) // 997
    rows = session.rows(f'SELECT "id" FROM {table} ORDER BY "id" DESC LIMIT ?', (sample,))
    rows += session.rows(f'SELECT "id" FROM {table} WHERE "id" >= ? ORDER BY "id" LIMIT ?', (middle, sample))
    return sorted({row[0] for row in rows})
