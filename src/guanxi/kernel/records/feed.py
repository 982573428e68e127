"""The sealed feed as one caller may see it: changes of visible records, in the fields one may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.access.rights import may_ask
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.feed import SealedSet, read_feed
from guanxi.kernel.changes.log import Entry
from guanxi.kernel.records.aliases import ALIAS
from guanxi.kernel.records.masks import hide, levels_for_log, shown
from guanxi.kernel.records.output import json_value
from guanxi.kernel.records.sealing import open_value
from guanxi.kernel.records.store import LOGGED_SYSTEM

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MERGED = LOGGED_SYSTEM[ALIAS]  # its key in the log


@dataclass(frozen=True, slots=True)
class SeenChange:
    """One change: where in the feed, who, which record, and its fields before and after as JSON values."""

    pos: int
    operation: int
    at: int
    actor: int
    entry: str
    kind: str
    object: str
    id: int
    version: int
    op: str
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None


def read_changes(work: Work, since: int, limit: int = 200) -> tuple[list[SeenChange], int, bool]:
    """Changes after a position, the position to go on from, and whether there is more. Sets stay whole."""
    sets = read_feed(work.session, since, limit + 1)
    more = len(sets) > limit
    sets = sets[:limit]
    allowed = _visible(work, sets)
    found = [
        _seen(work, known, item, target)
        for known in sets
        for item in known.changes
        if (target := work.catalog.objects_by_id.get(item.object)) is not None
        and item.record in allowed.get(item.object, ())
    ]
    return found, sets[-1].pos if sets else since, more


def _visible(work: Work, sets: Sequence[SealedSet]) -> dict[int, set[int]]:
    """Ids by object number that the caller may see, those in the trash included: one statement per object."""
    wanted: dict[int, set[int]] = {}
    for known in sets:
        for item in known.changes:
            wanted.setdefault(item.object, set()).add(item.record)
    return {number: _of_object(work, number, ids) for number, ids in wanted.items()}


def _of_object(work: Work, number: int, ids: set[int]) -> set[int]:
    target = work.catalog.objects_by_id.get(number)
    if target is None or target.name not in work.catalog.objects:
        return set()  # settings of the catalogue itself, and retired objects
    rights = work.actor.rights
    if not may_ask(rights, target.name, target.access):
        return set()
    condition, params = reach(work.session, work.catalog, work.actor, target, "read", work.now).condition()
    also = f" AND {condition}" if condition else ""
    found: set[int] = set()
    ordered = sorted(ids)
    for start in range(0, len(ordered), 512):
        some = pad(ordered[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({marks}){also}'
        found.update(row[0] for row in work.session.rows(sql, [*some, *params]))
    return found


def _seen(work: Work, known: SealedSet, item: Entry, target: Object) -> SeenChange:
    return SeenChange(
        pos=known.pos,
        operation=known.operation,
        at=known.at,
        actor=known.actor,
        entry=known.entry,
        kind=known.kind,
        object=target.name,
        id=item.record,
        version=item.version,
        op=item.op,
        old=_fields(work, target, item.record, item.old),
        new=_fields(work, target, item.record, item.new),
    )


def _fields(work: Work, target: Object, ident: int, logged: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if logged is None:
        return None
    key = ("logged fields", target.name, work.actor.user, work.actor.rights.admin)
    known = work.catalog.memo.get(key)
    if known is None:
        levels = levels_for_log(work, target)  # what a condition allows on some rows stays masked here
        fields = shown(work, target).values()
        known = {str(f.id): (f, levels.get(f.name, "read")) for f in fields if not f.hidden}
        work.catalog.memo[key] = known
    told: dict[str, Any] = {}
    for number, value in logged.items():
        if number in known:
            field, level = known[number]
            values = open_value(work, target, field, ident, value if isinstance(value, list) else (value,))
            told[field.name] = json_value(work.catalog, field, hide(field, values, level))
        elif number == MERGED and value is not None:
            told[ALIAS] = str(value)  # where to look for it from now on
    return told
