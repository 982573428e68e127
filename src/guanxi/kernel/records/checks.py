"""Declared constraints: required, limits, unique, cap, on_delete; checked in SQL under the writer's lock (KD 9)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import Message, msg
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Cap, Object, Unique
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.filters import condition_sql, test_of
from guanxi.kernel.records.grants import check_grants
from guanxi.kernel.records.shape import FieldShape, Shape
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def check(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """All declared constraints on drafts about to be stored."""
    bounded = [k for k in shape.stored if k.field.required or k.field.options.keys() & {"min", "max"}]
    for draft in drafts:
        _check_values(bounded, draft)
    for unique in uniques_of(shape):
        _check_unique(work, shape, unique, [d for d in drafts if not d.errors])
    for cap in shape.object.caps:
        _check_cap(work, shape, cap, [d for d in drafts if not d.errors])
    check_grants(work, shape, drafts)


def check_restored(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """Records out of the trash count again: whatever was taken or filled up meanwhile refuses them."""
    for unique in uniques_of(shape):
        _check_unique(work, shape, unique, [d for d in drafts if not d.errors], back=True)
    for cap in shape.object.caps:
        _check_cap(work, shape, cap, [d for d in drafts if not d.errors], back=True)


def _check_values(bounded: Sequence[FieldShape], draft: Draft) -> None:
    for known in bounded:
        field, value = known.field, draft.new[known.names[0]]
        if value is None:
            if field.required and (draft.old is None or draft.changed(known.names[0])):
                draft.error(field.name, msg("{field} is required.", field=field.label), "required")
            continue
        options = field.options
        if not options or isinstance(value, str):
            continue
        low, high = options.get("min"), options.get("max")
        if low is not None and value < low:
            draft.error(field.name, msg("{field} is too small.", field=field.label), "too_small")
        if high is not None and value > high:
            draft.error(field.name, msg("{field} is too large.", field=field.label), "too_large")


def uniques_of(shape: Shape) -> tuple[Unique, ...]:
    """Unique fields and declared groups of fields."""
    singles = tuple(Unique((s.field.name,)) for s in shape.stored if s.field.unique)
    return singles + shape.object.unique


def _check_unique(work: Work, shape: Shape, unique: Unique, drafts: Sequence[Draft], *, back: bool = False) -> None:
    columns = [shape.fields[name].compared for name in unique.fields]
    wanted: dict[tuple[Any, ...], Draft] = {}
    for draft in drafts:
        values = tuple(draft.new[c] for c in columns)
        if None in values or not (back or any(draft.changed(c) for c in columns)):
            continue
        if wanted.setdefault(values, draft) is not draft:  # the first one may have it, if nobody else does
            _not_unique(shape, unique, draft, None)
    if not wanted:
        return
    for ident, values in holders(work, shape, columns, list(wanted)):
        if ident != wanted[values].id:
            _not_unique(shape, unique, wanted[values], ident)


def holders(
    work: Work, shape: Shape, columns: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Live records that hold one of these values (or groups of values), with the value."""
    table, names = work.session.table(shape.object.table), ", ".join(f'"{c}"' for c in columns)
    for start in range(0, len(keys), 256):
        some = pad(list(keys[start : start + 256]))
        one = "(" + ", ".join("?" * len(columns)) + ")"
        left = f"({names})" if len(columns) > 1 else names
        marks = ("VALUES " if len(columns) > 1 else "") + ", ".join([one if len(columns) > 1 else "?"] * len(some))
        sql = f'SELECT "id", {names} FROM {table} WHERE {left} IN ({marks}) AND "trashed_at" IS NULL'
        for row in work.session.rows(sql, [v for key in some for v in key]):
            yield row[0], tuple(row[1:])


def _not_unique(shape: Shape, unique: Unique, draft: Draft, _other: int | None) -> None:
    first = shape.fields[unique.fields[0]].field
    message: Message = msg("{field}: this value is taken by another record.", field=first.label)
    if unique.message is not None:
        message = msg("{text}", text=unique.message)
    draft.error(first.name, message, "not_unique")


def over_caps(work: Work, shape: Shape, drafts: Sequence[Draft]) -> list[Draft]:
    """Of an undo's drafts those for which there is no room any more; what it takes away makes room."""
    while True:
        rest = [d for d in drafts if not d.errors]
        for cap in shape.object.caps:
            _check_cap(work, shape, cap, rest, undone=True)
        if not any(d.errors for d in rest):  # one that stays makes no room: the others are asked again
            return [d for d in drafts if d.errors]


def _check_cap(
    work: Work, shape: Shape, cap: Cap, drafts: Sequence[Draft], *, back: bool = False, undone: bool = False
) -> None:
    columns = [c if c in ("owner", "team") else shape.fields[c].names[0] for c in cap.per]
    counts = test_of(work, shape.object, cap.where) if cap.where else lambda _row: True

    def place(row: Row | None) -> tuple[Any, ...] | None:
        """What the row counts for; None where it does not."""
        if row is None or row.get("trashed_at") is not None or not counts(row):
            return None
        key = tuple(row[c] for c in columns)
        return None if None in key else key

    wanted = [(d, place({**d.new, "trashed_at": None} if back else d.new)) for d in drafts]
    coming = [(d, key) for d, key in wanted if key is not None and key != place(d.old)]
    if not coming:
        return
    left = Counter(old for d, key in wanted if (old := place(d.old)) != key) if undone else Counter[Any]()
    text, params = condition_sql(work, shape.object, cap.where) if cap.where else ("", [])
    also = f" AND {text}" if text else ""
    same = " AND ".join(f'r."{c}" = ?' for c in columns)
    sql = f'SELECT count(*) FROM {work.session.table(shape.object.table)} r WHERE {same} AND r."trashed_at" IS NULL'
    for key in sorted({key for _, key in coming}):
        _lock(work, shape.object, cap, key)
        there = int(work.session.value(sql + also, [*key, *params])) - left[key]
        for draft in [d for d, k in coming if k == key][max(cap.limit - there, 0) :]:
            message = (
                msg("{text}", text=cap.message) if cap.message else msg("The limit of {n} is reached.", n=cap.limit)
            )
            draft.error(cap.per[0], message, "cap")


def _lock(work: Work, target: Object, cap: Cap, key: tuple[Any, ...]) -> None:
    """Two claims at a cap of one must meet: PostgreSQL needs a lock on the counted thing."""
    if work.session.dialect == "postgresql":
        digest = hashlib.blake2b(repr((target.id, cap.per, key)).encode(), digest_size=8).digest()
        work.session.run("SELECT pg_advisory_xact_lock(?)", (int.from_bytes(digest, "big", signed=True),))


def check_trash(work: Work, target: Object, drafts: Sequence[Draft]) -> None:
    """Records others refer to with on_delete="refuse" stay."""
    alive = [d for d in drafts if not d.errors]
    for other, field in work.catalog.referrers(target.name):
        if field.options.get("on_delete") != "refuse" or not alive:
            continue
        several = len(field.options.get("to", ())) > 1
        kind, head = (f'"{field.column}__o" = ? AND ', [target.name]) if several else ("", [])
        for start in range(0, len(alive), 256):
            some = pad([d.id for d in alive[start : start + 256]])
            marks = ", ".join("?" * len(some))
            table = work.session.table(other.table)
            sql = f'SELECT DISTINCT "{field.column}" FROM {table} WHERE {kind}"{field.column}" IN ({marks})'
            held = {row[0] for row in work.session.rows(sql + ' AND "trashed_at" IS NULL', [*head, *some])}
            for draft in alive:
                if draft.id in held:
                    message = msg("{objects} still refer to it; move them first.", objects=other.plural)
                    draft.error("id", message, "in_use")
