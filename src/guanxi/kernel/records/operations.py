"""What operations did, told in few statements: counts by object and kind of change, and who touched records last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guanxi.kernel.access.branches import pad

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


@dataclass(frozen=True, slots=True)
class Deed:
    """How many records of one object an operation created, edited, trashed …; `record` is one of them."""

    object: int
    op: str
    count: int
    record: int


@dataclass(frozen=True, slots=True)
class Touch:
    """The newest change of a record."""

    record: int
    op: str
    operation: int
    at: int
    actor: int


def deeds(work: Work, operations: Sequence[int]) -> dict[int, list[Deed]]:
    """By operation, largest count first; one statement however many are asked for."""
    if not operations:
        return {}
    some = pad(sorted(operations))
    sets, changes = work.session.table("change_set"), work.session.table("change")
    sql = (
        f"SELECT s.operation, c.object, c.op, count(*) AS n, max(c.record) FROM {sets} s JOIN {changes} c"
        f" ON c.set_id = s.id WHERE s.operation IN ({', '.join('?' * len(some))})"
        " GROUP BY s.operation, c.object, c.op ORDER BY n DESC"
    )
    found: dict[int, list[Deed]] = {}
    for operation, target, op, count, record in work.session.rows(sql, some):
        found.setdefault(operation, []).append(Deed(target, op, count, record))
    return found


def last_touches(work: Work, object_id: int, records: Sequence[int]) -> dict[int, Touch]:
    """Who changed these records last, when, and in which operation."""
    if not records:
        return {}
    some = pad(sorted(set(records)))
    table = work.session.table
    sql = (
        f"SELECT c.record, c.op, s.operation, s.at, o.actor FROM {table('change')} c"
        f" JOIN {table('change_set')} s ON s.id = c.set_id LEFT JOIN {table('operation')} o ON o.id = s.operation"
        f" WHERE c.object = ? AND c.record IN ({', '.join('?' * len(some))}) AND c.version ="
        f" (SELECT max(x.version) FROM {table('change')} x WHERE x.record = c.record AND x.object = c.object)"
    )
    rows = work.session.rows(sql, [object_id, *some])
    return {r[0]: Touch(r[0], r[1], r[2], r[3], r[4] or 0) for r in rows}
