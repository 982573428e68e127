"""Which value each field of a merged record takes: united sets, the chosen record's value, else the newest there is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.text import fold
from guanxi.kernel.access.rights import CLEAR
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.masks import level_on, veils
from guanxi.kernel.records.read import rows_of
from guanxi.kernel.records.sealing import move_value
from guanxi.kernel.records.shape import OWNED, FieldShape, Shape, shape_of
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

UNITED = ("tags", "multi_choice", "links", "files")
OWNER = "owner"


def fixed(known: FieldShape) -> bool:
    """Fields that are never drawn from another record: numbers of series, and what rules work out."""
    return known.field.read_only or known.field.retired or known.field.type == "auto_number"


def choosable(work: Work, target: Object) -> list[FieldShape]:
    """Fields the caller may decide about."""
    rights = work.actor.rights
    shape = shape_of(work.catalog, target)
    open_ = [k for k in shape.stored if not fixed(k) and not k.field.hidden]
    return [k for k in open_ if rights.level(target.name, k.field.name) == "edit"]


def may_choose_owner(work: Work, target: Object) -> bool:
    """Whether the caller may say whose the merged record is."""
    rights = work.actor.rights
    may = target.kind in OWNED and rights.level(target.name, OWNER) == "edit"
    return may and rights.scope(target.name, "transfer") != "none"


def out_of_sight(work: Work, target: Object, winner: int, losers: Sequence[int]) -> frozenset[str]:
    """Fields that the caller knows on the winner and not on all of the others: there the winner's value stays."""
    found = [veil for veil in veils(work, target).values() if veil.tests]
    if not found:
        return frozenset()
    rows = rows_of(work, target.name, [winner, *losers])

    def knows(ident: int, field: Field) -> bool:
        return ident in rows and level_on(work, target, field, rows[ident]) in CLEAR

    fields = [v.field for v in found if knows(winner, v.field)]
    return frozenset(f.name for f in fields if not all(knows(i, f) for i in losers))


def fullest(known: Sequence[FieldShape], rows: Sequence[Row]) -> int:
    """The record to keep, if nobody says: the one with most values, then the one that changed last."""
    names = [k.names[0] for k in known]
    best = max(rows, key=lambda r: (sum(r.get(n) is not None for n in names), r["updated_at"], -r["id"]))
    return int(best["id"])


def best(known: FieldShape, rows: Sequence[Row]) -> Row:
    """Whose value to take by default; `rows` begins with the winner, the others follow newest first."""
    if known.field.type == "address":  # the one with most parts
        return max(rows, key=lambda r: len(msgspec.json.decode(r[known.names[0]] or "{}")))
    return next((r for r in rows if r[known.names[0]] is not None), rows[0])


def in_order(rows: Sequence[Row], winner: int) -> list[Row]:
    """The winner first, then the others, newest first."""
    return sorted(rows, key=lambda r: (r["id"] != winner, -r["updated_at"], r["id"]))


def drawn(work: Work, shape: Shape, rows: Sequence[Row], chosen: Mapping[str, int], kept: Collection[str] = ()) -> Row:
    """
    Columns of the result, by the rules above; `rows` in order (the winner first), `chosen`: field -> record, `kept`:
    fields of which the winner's value stays.
    """
    by_id = {row["id"]: row for row in rows}
    result: Row = {}
    for known in shape.stored:
        source = by_id.get(chosen.get(known.field.name, 0))
        if fixed(known) or known.field.name in kept:
            continue
        if source is None and known.field.type in UNITED:
            result[known.names[0]] = united(known, rows, shape.object.name, by_id)
            continue
        row = source if source is not None else best(known, rows)
        values = [row[n] for n in known.names]
        if known.field.type == "lookup" and _is_one_of_them(known, row, shape.object.name, by_id):
            values = [None] * len(values)  # a record is not its own parent
        if known.field.encrypted and row["id"] != rows[0]["id"]:
            values = move_value(work, shape.object, known.field, row["id"], rows[0]["id"], values)
        result.update(zip(known.names, values, strict=True))
    owner = by_id.get(chosen.get(OWNER, 0))
    if owner is not None and shape.owned:
        result["owner"], result["team"] = owner["owner"], owner["team"]
    return result


def _is_one_of_them(known: FieldShape, row: Row, name: str, merged: Mapping[int, Row]) -> bool:
    targets = known.field.options.get("to", ())
    points_here = row[known.names[1]] == name if len(targets) > 1 else name in targets
    return points_here and row[known.names[0]] in merged


def united(known: FieldShape, rows: Sequence[Row], name: str, merged: Mapping[int, Row]) -> str | None:
    """All members of all records, in the order the type keeps."""
    column = known.names[0]
    members = list(dict.fromkeys(m for row in rows for m in msgspec.json.decode(row[column] or "[]")))
    kind, options = known.field.type, known.field.options
    if kind == "tags":
        members = sorted({fold(m): m for m in reversed(members)}.values(), key=fold)
    elif kind == "links":
        own = name in options.get("to", ())
        members = sorted((m for m in members if not (own and int(m) in merged)), key=int)
    elif kind == "multi_choice":
        order = {c.key: n for n, c in enumerate(options.get("choices", ()))}
        members.sort(key=lambda m: order.get(m, len(order)))
    return msgspec.json.encode(members).decode() if members else None


def line_source(lines: Mapping[int, Any], rows: Sequence[Row]) -> int:
    """Whose lines a merged document has by default: the winner's, else the newest that has any."""
    return int(next((r for r in rows if lines.get(r["id"])), rows[0])["id"])
