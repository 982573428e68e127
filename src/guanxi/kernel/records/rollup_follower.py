"""The follower that keeps roll-ups: changes of children say which parents to work out anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.feed import Follower, SealedSet
from guanxi.kernel.changes.log import Entry
from guanxi.kernel.rollups.compute import renew
from guanxi.kernel.rollups.plan import Group, feeding, groups_of
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space

NAME = "rollups"
CHUNK = 512


def rollup_follower(space: Space) -> Follower:
    """For `follow`: each parent is worked out once for all the sets of a batch."""
    return Follower(NAME, partial(_handle, space), batch=50)


def _handle(space: Space, session: Session, sets: Sequence[SealedSet]) -> None:
    catalog = space.catalog(session)
    for group, parents in touched(session, catalog, sets):
        renew(session, catalog, group, parents)


def touched(session: Session, catalog: Catalog, sets: Sequence[SealedSet]) -> list[tuple[Group, set[int]]]:
    """
    Parents whose figures these changes may have moved. A child that moved names its old and its new parent itself; of
    any other the parent it has now is asked for: had it moved since, that move is still to come, and names both.
    """
    fed = feeding(catalog)
    parents: dict[int, set[int]] = {}
    children: dict[int, set[int]] = {}
    for sealed in sets:
        for entry in sealed.changes:
            for group in fed.get(entry.object, ()):
                _look(group, entry, parents.setdefault(id(group), set()), children.setdefault(id(group), set()))
    found = []
    for group in groups_of(catalog):
        ids = parents.get(id(group), set())
        if asked := children.get(id(group)):
            ids |= _parents_of(session, group, sorted(asked))
        if ids:
            found.append((group, ids))
    return found


def _look(group: Group, entry: Entry, parents: set[int], children: set[int]) -> None:
    old, new = entry.old or {}, entry.new or {}
    if group.moves in old or group.moves in new:
        parents.update(p for values in (old, new) if (p := _parent(group, values.get(group.moves))) is not None)
    elif entry.op == "create" and entry.new is not None:
        return  # made without a parent
    elif group.keys is None or not group.keys.isdisjoint({*old, *new}) or entry.new is None:
        children.add(entry.record)  # `new` is None where it was erased: it may have been anything


def _parent(group: Group, value: Any) -> int | None:
    """The parent in a logged lookup: an id, or a list of id and object."""
    if not group.typed:
        return value if isinstance(value, int) else None
    return value[0] if isinstance(value, list) and value[1] == group.parent.name else None


def _parents_of(session: Session, group: Group, children: Sequence[int]) -> set[int]:
    column, table = f'"{group.via.column}"', session.table(group.child.table)
    kind = f' AND {column[:-1]}__o" = ?' if group.typed else ""
    found: set[int] = set()
    for start in range(0, len(children), CHUNK):
        some = pad(children[start : start + CHUNK])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT DISTINCT {column} FROM {table} WHERE "id" IN ({marks}) AND {column} IS NOT NULL{kind}'
        found.update(row[0] for row in session.rows(sql, [*some, *((group.parent.name,) if group.typed else ())]))
    return found
