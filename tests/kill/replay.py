"""Rebuilds tables from the log alone and compares them, row by row, with what the database holds (KD 2)."""

from __future__ import annotations

from typing import Any

from guanxi.base.text import sort_key
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.changes.log import decode
from guanxi.kernel.records.shape import SET_TYPES, Shape, shape_of
from guanxi.kernel.records.store import LOGGED_SYSTEM, link_table, members
from guanxi.kernel.storage.session import Session

Rows = dict[int, dict[str, Any]]


def rebuilt(session: Session, catalog: Catalog, target: Object) -> Rows:
    """Every record as its changes say: logged columns and the version."""
    columns = logged_columns(shape_of(catalog, target))
    rows: Rows = {}
    for record, version, new in session.rows(
        f"SELECT record, version, new FROM {session.table('change')} WHERE object = ? ORDER BY record, version",
        (target.id,),
    ):
        row = rows.setdefault(record, {c: None for names in columns.values() for c in names} | {"version": 0})
        assert version == row["version"] + 1, f"{target.name} {record}: version {version} after {row['version']}"
        row["version"] = version
        for key, value in (decode(new) or {}).items():
            names = columns[key]
            row.update(zip(names, value if len(names) > 1 and value is not None else [value] * len(names), strict=True))
    return rows


def logged_columns(shape: Shape) -> dict[str, tuple[str, ...]]:
    """Key in the log → columns."""
    there = set(shape.columns)
    system = {key: (name,) for name, key in LOGGED_SYSTEM.items() if name in there}
    return {known.key: known.logged for known in shape.stored if known.field.rollup is None} | system


def faults(session: Session, catalog: Catalog, target: Object, before: Rows) -> list[str]:
    """What the table and the log do not agree on; `before` are rows from the time without a log (seeds)."""
    shape = shape_of(catalog, target)
    expected = before | rebuilt(session, catalog, target)
    names = ["id", *dict.fromkeys(c for row in expected.values() for c in row)]
    if len(names) == 1:
        return []
    texts = ", ".join(f'"{name}"' for name in names)
    held = {r[0]: dict(zip(names[1:], r[1:], strict=True)) for r in session.rows(
        f"SELECT {texts} FROM {session.table(target.table)}")}  # fmt: skip
    found = [f"{target.name} {i}: only in the {'log' if i in expected else 'table'}" for i in expected.keys() ^ held]
    for ident in expected.keys() & held.keys():
        wrong = {c: (v, held[ident][c]) for c, v in expected[ident].items() if held[ident][c] != v}
        if wrong:
            found.append(f"{target.name} {ident}: log and table differ in {wrong}")
    return found + _derived_faults(session, shape)


def _derived_faults(session: Session, shape: Shape) -> list[str]:
    """Sort keys and link tables must follow the values they are made of."""
    found = []
    for known in shape.stored:
        column = known.names[0]
        rows = session.rows(f'SELECT "id", {", ".join(f"{chr(34)}{n}{chr(34)}" for n in known.names)} '
                            f"FROM {session.table(shape.object.table)}")  # fmt: skip
        if f"{column}__k" in known.names:
            place = 1 + known.names.index(f"{column}__k")
            found += [f"{shape.object.name} {r[0]}: stale sort key of {column}" for r in rows
                      if r[place] != (sort_key(r[1]) if r[1] else None)]  # fmt: skip
        if known.field.type in SET_TYPES:
            links = set(session.rows(f'SELECT "a", "b" FROM {session.table(link_table(shape, known))}'))
            wanted = {(r[0], m) for r in rows for m in members(known, {column: r[1]})}
            found += [f"{shape.object.name}: links of {column} differ: {links ^ wanted}"] if links != wanted else []
    return found
