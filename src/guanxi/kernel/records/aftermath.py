"""What an operation led to that its undo does not reach: work that followed by itself, data that was taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guanxi.kernel.records.operations import OperationInfo

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

DEPTH = 5
MOST = 20


@dataclass(frozen=True, slots=True)
class FollowUp:
    """An operation that reacted to this one; it is undone on its own."""

    operation: int
    cause: str
    changes: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Exports of an object since: how many, of how many records together, the last one's time (µs)."""

    object: str
    times: int
    records: int
    last: int


def follow_ups(work: Work, operation: int) -> list[FollowUp]:
    """Operations whose change-sets descend from this one's, nearest first; at most `MOST`."""
    sets, changes, table = (work.session.table(t) for t in ("change_set", "change", "operation"))
    found: dict[int, FollowUp] = {}
    parents = [operation]
    for _ in range(DEPTH):
        marks = ", ".join("?" * len(parents))
        rows = work.session.rows(
            f"SELECT o.id, o.cause, count(c.n) FROM {sets} p JOIN {sets} s ON s.parent = p.id"
            f" JOIN {table} o ON o.id = s.operation LEFT JOIN {changes} c ON c.set_id = s.id"
            f" WHERE p.operation IN ({marks}) GROUP BY o.id, o.cause ORDER BY o.id LIMIT ?",
            (*parents, MOST),
        )
        new = {r[0]: FollowUp(r[0], r[1] or "", r[2]) for r in rows if r[0] not in found and r[0] != operation}
        found |= new
        parents = list(new)
        if not parents or len(found) >= MOST:
            break
    return list(found.values())[:MOST]


def taken_since(work: Work, info: OperationInfo) -> list[Taken]:
    """Exports of the objects the operation touched, made after it."""
    sets, changes, acts = (work.session.table(t) for t in ("change_set", "change", "access_log"))
    ids = [
        row[0]
        for row in work.session.rows(
            f"SELECT DISTINCT c.object FROM {sets} s JOIN {changes} c ON c.set_id = s.id WHERE s.operation = ?",
            (info.id,),
        )
    ]
    names = [known.name for i in ids if (known := work.catalog.objects_by_id.get(i)) is not None]
    if not names:
        return []
    rows = work.session.rows(
        f"SELECT object, count(*), sum(count), max(at) FROM {acts} WHERE kind = 'export' AND at >= ?"
        f" AND object IN ({', '.join('?' * len(names))}) GROUP BY object ORDER BY object",
        (info.at, *names),
    )
    return [Taken(*row) for row in rows]
