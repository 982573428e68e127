"""Puts drafts into the tables and writes their entries for the log."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.kernel.catalog.system import SYSTEM_BY_ID
from guanxi.kernel.changes.log import Entry
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.grants import keep_grants
from guanxi.kernel.records.match_keys import add_keys, renew_keys
from guanxi.kernel.records.shape import SET_TYPES, FieldShape, Shape
from guanxi.kernel.records.types import Row
from guanxi.kernel.storage.session import Duplicate, Tuple

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

SYSTEM_IDS = {field.name: ident for ident, field in SYSTEM_BY_ID.items()}
LOGGED_SYSTEM = {name: str(SYSTEM_IDS[name]) for name in ("owner", "team", "source", "trashed_at", "merged_into")}
"""System columns whose change is history, and their keys in the log."""
BACK_DATING = frozenset({"demo", "whole"})  # kinds of operations whose rows say themselves when they were made
MANY = 500  # rows from which on it pays to look which columns are empty in all of them


def link_table(shape: Shape, known: FieldShape) -> str:
    return f"m_{shape.object.table}_{known.field.column}"


@contextmanager
def naming_the_field(work: Work, shape: Shape, columns: Sequence[str]) -> Iterator[None]:
    """Two writers at once may both pass the check for uniqueness; the index stops one, who is told the field."""
    try:
        yield
        if any(name in columns for s in shape.stored if s.field.unique for name in s.names):
            work.session.settle()
    except Duplicate as error:
        detail = str(error.extra.get("detail"))
        taken = next((s.field for s in shape.stored if s.field.unique and s.field.column in detail), None)
        if taken is None:
            raise
        message = msg("{field}: this value is taken by another record.", field=taken.label)
        raise Invalid(message, errors=(FieldError(taken.name, "not_unique", message),)) from error


def insert(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    """New rows, their link rows and their log entries."""
    columns, rows = shape.columns, list(map(itemgetter(*shape.columns), (d.new for d in drafts)))
    if len(rows) >= MANY:
        columns, rows = _without_empty(columns, rows)
    with naming_the_field(work, shape, columns):
        work.session.insert(shape.object.table, columns, rows)
    for known in shape.stored:
        if known.field.type in SET_TYPES and known.names[0] in columns:
            pairs = [(d.id, member) for d in drafts for member in members(known, d.new)]
            if pairs:
                work.session.insert(link_table(shape, known), ("a", "b"), pairs)
    add_keys(work, shape.object, drafts)
    keep_grants(work, shape, drafts)
    log_new = _logger_of_new(shape, frozenset(columns))
    work.log([_entry(shape, d, "create", None, log_new(d.new) | _back_dated(work, d.new)) for d in drafts])


def _back_dated(work: Work, row: Row) -> dict[str, Any]:
    """Who and when, where it is not said by the operation: rows that come in with their own past."""
    if work.kind not in BACK_DATING:
        return {}
    usual = {"created_at": work.now, "created_by": work.person, "updated_at": work.now, "updated_by": work.person}
    return {str(SYSTEM_IDS[name]): row[name] for name, value in usual.items() if row[name] != value}


def _without_empty(columns: Sequence[str], rows: Sequence[Tuple]) -> tuple[tuple[str, ...], list[Tuple]]:
    """An import fills a few columns of many; those that are empty in all rows need not be sent."""
    by_column = zip(columns, zip(*rows, strict=True), strict=True)
    filled = [(name, values) for name, values in by_column if values.count(None) < len(rows)]
    return tuple(name for name, _ in filled), list(zip(*(values for _, values in filled), strict=True))


def update(work: Work, shape: Shape, drafts: Sequence[Draft], op: str = "edit") -> None:
    """Changed columns only, one statement per set of columns; drafts without a difference are left alone."""
    by_columns: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        columns = tuple(draft.differences())
        if not columns:
            draft.done = "same"
            continue
        draft.version += 1
        draft.new["version"] = draft.version
        draft.new["updated_at"], draft.new["updated_by"] = work.now, work.person
        by_columns.setdefault(columns, []).append(draft)
    table = work.session.table(shape.object.table)
    for columns, group in by_columns.items():
        written = (*(c for c in columns if c not in _STAMPS), *_STAMPS)
        sets = ", ".join(f'"{c}" = ?' for c in written)
        sql = f'UPDATE {table} SET {sets} WHERE "id" = ?'
        with naming_the_field(work, shape, written):
            work.session.many(sql, [(*(d.new[c] for c in written), d.id) for d in group])
        keep_grants(work, shape, group, columns)
    changed = [d for group in by_columns.values() for d in group]
    _update_links(work, shape, changed)
    renew_keys(work, shape.object, changed)
    work.log([_difference(shape, d, op) for d in changed])


_STAMPS = ("version", "updated_at", "updated_by")


def _update_links(work: Work, shape: Shape, drafts: Sequence[Draft]) -> None:
    for known in shape.stored:
        if known.field.type not in SET_TYPES:
            continue
        gone: list[tuple[int, Any]] = []
        come: list[tuple[int, Any]] = []
        for draft in drafts:
            if draft.changed(known.names[0]):
                before, after = set(members(known, draft.old or {})), set(members(known, draft.new))
                gone += [(draft.id, m) for m in before - after]
                come += [(draft.id, m) for m in after - before]
        name = link_table(shape, known)
        if gone:
            work.session.many(f'DELETE FROM {work.session.table(name)} WHERE "a" = ? AND "b" = ?', gone)
        if come:
            work.session.insert(name, ("a", "b"), come)


def members(known: FieldShape, row: Mapping[str, Any]) -> list[Any]:
    """The elements of a set field, as the link table keeps them."""
    text = row.get(known.names[0])
    if not text:
        return []
    found = msgspec.json.decode(text)
    return [int(m) for m in found] if SET_TYPES[known.field.type] == "INT" else list(found)


def _logger_of_new(shape: Shape, filled: Container[str]) -> Callable[[Row], dict[str, Any]]:
    """What the log keeps of a new row: whatever is not empty. Made once for many rows with these columns."""
    own = [k for k in shape.stored if k.field.rollup is None]
    single = [(k.logged[0], k.key) for k in own if len(k.logged) == 1 and k.logged[0] in filled]
    single += [(name, key) for name, key in LOGGED_SYSTEM.items() if name in shape.blank and name in filled]
    several = [(k.logged, k.key) for k in own if len(k.logged) > 1 and any(n in filled for n in k.logged)]

    def logged(row: Row) -> dict[str, Any]:
        kept = {key: row[name] for name, key in single if row[name] is not None}
        for names, key in several:
            values = [row[name] for name in names]
            if any(v is not None for v in values):
                kept[key] = values
        return kept

    return logged


def _logged(shape: Shape, row: Row, only: set[str]) -> dict[str, Any]:
    """What the log keeps of those columns, empty ones too."""
    kept: dict[str, Any] = {}
    for known in shape.stored:
        names = known.logged
        if only.intersection(names):
            kept[known.key] = row.get(names[0]) if len(names) == 1 else [row.get(n) for n in names]
    for name, key in LOGGED_SYSTEM.items():
        if name in row and name in only:
            kept[key] = row[name]
    return kept


def _difference(shape: Shape, draft: Draft, op: str) -> Entry:
    only = set(draft.differences())
    return _entry(shape, draft, op, _logged(shape, draft.old or {}, only), _logged(shape, draft.new, only))


def _entry(shape: Shape, draft: Draft, op: str, old: dict[str, Any] | None, new: dict[str, Any]) -> Entry:
    return Entry(object=shape.object.id, record=draft.id, version=draft.version, op=op, old=old, new=new)
