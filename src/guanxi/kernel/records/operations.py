"""Operations, and what they did, told in few statements: by object and kind of change; who touched records last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import NotFound
from guanxi.kernel.access.branches import pad

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """One line of the undo page."""

    id: int
    kind: str
    state: str
    actor: int
    entry: str
    cause: str
    undo_of: int | None
    at: int
    undone_by: int | None = None
    changes: int = 0


def operations(
    work: Work,
    *,
    actor: int | None = None,
    before: int | None = None,
    limit: int = 50,
    kinds: Sequence[str] = (),
    entries: Sequence[str] = (),
    without: Sequence[str] = (),
    cause: str = "",
) -> list[OperationInfo]:
    """
    Newest operations first: one's own, or everybody's with the ability to undo others'. `kinds` and `entries`
    (how it came in) limit the list, `without` leaves kinds out, `cause` is a part of what brought it about.
    """
    if not work.actor.rights.can("undo_others"):
        actor = work.actor.user
    table, sets, changes = (work.session.table(t) for t in ("operation", "change_set", "change"))
    conditions: list[str] = ["1 = 1"]
    params: list[Any] = []
    if actor is not None:
        conditions.append("o.actor = ?")
        params.append(actor)
    if before is not None:
        conditions.append("o.id < ?")
        params.append(before)
    if cause:
        conditions.append("lower(o.cause) LIKE ? ESCAPE '!'")
        params.append("%" + re.sub("[%_!]", r"!\g<0>", cause.lower()) + "%")
    for column, values, negation in (("kind", kinds, ""), ("entry", entries, ""), ("kind", without, "NOT ")):
        if values:
            conditions.append(f"o.{column} {negation}IN ({', '.join('?' * len(values))})")
            params += values
    sql = (
        f"SELECT o.id, o.kind, o.state, o.actor, o.entry, o.cause, o.undo_of, o.at,"
        f" (SELECT max(u.id) FROM {table} u WHERE u.undo_of = o.id AND u.id > o.id),"
        f" (SELECT count(*) FROM {sets} s JOIN {changes} c ON c.set_id = s.id WHERE s.operation = o.id)"
        f" FROM {table} o WHERE {' AND '.join(conditions)} ORDER BY o.id DESC LIMIT ?"
    )
    return [
        OperationInfo(r[0], r[1], r[2], r[3] or 0, r[4] or "", r[5] or "", r[6], r[7], r[8], r[9])
        for r in work.session.rows(sql, [*params, limit])
    ]


def operation_info(work: Work, ident: int) -> OperationInfo:
    """One operation the caller may see; NotFound otherwise."""
    found = operations(work, before=ident + 1, limit=1)
    if not found or found[0].id != ident:
        raise NotFound
    return found[0]


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
