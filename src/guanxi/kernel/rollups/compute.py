"""The figures of some parents, from one grouped question over their children, and putting them into the parents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guanxi.base.money import half_up
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.columns import LINKED, field_columns, link_table
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.catalog.rollups import OwnFields, field_named, value_column
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.expr import Bind, compile_sql, parse, zone
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.rollups.plan import Group, groups_of
from guanxi.kernel.storage.session import Session

CHUNK = 512
LARGEST = 2**63 - 1
Figures = dict[str, Any]
"""Columns of the parent and their values."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a roll-up asks for: result columns with their parameters."""

    field: Field
    texts: tuple[str, ...]
    params: tuple[Any, ...]


def columns_of(fields: Iterable[Field]) -> tuple[str, ...]:
    """The parent's columns that hold these roll-ups."""
    return tuple(name for f in fields for name, _ in field_columns(f))


def renew(session: Session, catalog: Catalog, group: Group, ids: Iterable[int], only: Sequence[Field] = ()) -> int:
    """
    Works out the roll-ups of these parents and stores what differs; gives how many did. Neither version nor time of
    the parent moves, nothing is logged. The parents are locked before their children are read: of two that work on
    the same parent the later one sees what the earlier one saw, and more.
    """
    fields = tuple(only) or group.fields
    columns, changed = columns_of(fields), 0
    table, ordered = session.table(group.parent.table), sorted(set(ids))
    sets = ", ".join(f'"{c}" = ?' for c in columns)
    for start in range(0, len(ordered), CHUNK):
        held = stored(session, group, ordered[start : start + CHUNK], columns, lock=True)
        if not held:
            continue
        figures = computed(session, catalog, group, list(held), fields)
        differ = [i for i, values in held.items() if values != tuple(figures[i][c] for c in columns)]
        if differ:
            rows = [(*(figures[i][c] for c in columns), i) for i in differ]
            session.many(f'UPDATE {table} SET {sets} WHERE "id" = ?', rows)
        changed += len(differ)
    return changed


def renew_all(session: Session, catalog: Catalog) -> None:
    """Every roll-up of every record, in this one transaction."""
    for group in groups_of(catalog):
        sql = f'SELECT "id" FROM {session.table(group.parent.table)} WHERE "id" > ? ORDER BY "id" LIMIT {CHUNK}'
        after = 0
        while ids := [row[0] for row in session.rows(sql, (after,))]:
            renew(session, catalog, group, ids)
            after = ids[-1]


def stored(
    session: Session, group: Group, ids: Sequence[int], columns: Sequence[str], *, lock: bool = False
) -> dict[int, tuple[Any, ...]]:
    """What the parents hold, by id; those in the trash as well."""
    some = pad(ids)
    names = ", ".join(f'"{c}"' for c in columns)
    sql = f'SELECT "id", {names} FROM {session.table(group.parent.table)} WHERE "id" IN ({_marks(some)})'
    if lock and session.dialect == "postgresql":
        sql += ' ORDER BY "id" FOR NO KEY UPDATE'
    return {row[0]: row[1:] for row in session.rows(sql, some)}


def computed(
    session: Session, catalog: Catalog, group: Group, ids: Sequence[int], fields: Sequence[Field]
) -> dict[int, Figures]:
    """The figures of at most `CHUNK` parents, as they should be: one statement, however many children there are."""
    parts = _parts(session, catalog, group, fields)
    some = pad(ids)
    via = f'r."{group.via.column}"'
    typed, kind = (f'{via[:-1]}__o" = ? AND ', [group.parent.name]) if group.typed else ("", [])
    selected = ", ".join(text for part in parts for text in part.texts)
    sql = (
        f"SELECT {via}, {selected} FROM {session.table(group.child.table)} r"
        f' WHERE {typed}{via} IN ({_marks(some)}) AND r."trashed_at" IS NULL GROUP BY {via}'
    )
    params = [p for part in parts for p in part.params]
    rows = {row[0]: row[1:] for row in session.rows(sql, [*params, *kind, *some])}
    base = str(catalog.settings.get("currency", "CNY"))
    return {ident: _figures(group, parts, rows.get(ident), base) for ident in ids}


def _figures(group: Group, parts: Sequence[Part], row: Sequence[Any] | None, base: str) -> Figures:
    found: Figures = {}
    at = 0
    for part in parts:
        value = None if row is None else _value(group, part.field, row[at : at + len(part.texts)])
        if value is None and part.field.rollup is not None and part.field.rollup.measure == "count":
            value = 0
        at += len(part.texts)
        column = part.field.column
        found[column] = value
        if part.field.type == "money":
            found[f"{column}__c"], found[f"{column}__b"] = (None, None) if value is None else (base, value)
    return found


def _value(group: Group, field: Field, got: Sequence[Any]) -> int | None:
    if got[0] is None or field.rollup is None:
        return None
    measure = field.rollup.measure
    if measure in ("count", "min", "max"):
        return int(got[0])
    total, number = (int(got[0]) << 24) + int(got[1]), 1
    if measure == "avg":
        source = field_named(group.child, field.rollup.field)
        number = int(got[2])
        here = TYPES[field.type].scale(field)
        there = TYPES[source.type].scale(source) if source is not None else here
        total, number = total * 10 ** max(0, here - there), number * 10 ** max(0, there - here)
        total = half_up(total, number)
    return max(-LARGEST, min(LARGEST, total))


def _parts(session: Session, catalog: Catalog, group: Group, fields: Sequence[Field]) -> tuple[Part, ...]:
    key = ("rollup parts", session.dialect, *((f.id, f.rollup) for f in fields))
    known: tuple[Part, ...] | None = catalog.memo.get(key)
    if known is None:
        known = catalog.memo[key] = tuple(_part(session, catalog, group, f) for f in fields)
    return known


def _part(session: Session, catalog: Catalog, group: Group, field: Field) -> Part:
    made_of = field.rollup
    assert made_of is not None
    condition, params = _condition(session, catalog, group, made_of.where)
    if made_of.measure == "count":
        text = f"count(CASE WHEN {condition} THEN 1 END)" if condition else "count(*)"
        return Part(field, (text,), params)
    source = field_named(group.child, made_of.field)
    assert source is not None
    column = f'r."{value_column(source)}"'
    value = f"CASE WHEN {condition} THEN {column} END" if condition else column
    if made_of.measure in ("min", "max"):
        return Part(field, (f"{made_of.measure}({value})",), params)
    # in halves of 24 bits each, so that no database overflows (KD 11)
    texts = (f"sum(({value}) >> 24)", f"sum(({value}) & 16777215)")
    if made_of.measure == "avg":
        return Part(field, (*texts, f"count({value})"), params * 3)
    return Part(field, texts, params * 2)


def _condition(session: Session, catalog: Catalog, group: Group, where: str) -> tuple[str, tuple[Any, ...]]:
    if not where.strip():
        return "", ()
    there = zone(str(catalog.settings.get("zone", "Asia/Shanghai")))
    links: Mapping[str, str] = {
        f.name: session.table(link_table(group.child, f)) for f in group.child.fields if f.type in LINKED
    }
    compiled = compile_sql(parse(where), OwnFields(group.child, links), session.dialect, there)
    return compiled.text, tuple(compiled.bind(Bind(today=0, now=0, zone=there)))


def _marks(some: Sequence[Any]) -> str:
    return ", ".join("?" * len(some))
