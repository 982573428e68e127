"""The one way to read records for a user: reach + filter + sort → one SELECT, keyset pages, capped counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.kernel.access.branches import pad
from guanxi.kernel.access.rights import may_ask
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records import sorting
from guanxi.kernel.records.filters import formula_sql, readable
from guanxi.kernel.records.masks import selects, shown, veil_rows, veils_among
from guanxi.kernel.records.sealing import open_rows
from guanxi.kernel.records.shape import pointed_at, shape_of, targets_of
from guanxi.kernel.records.types import Page, Query, Row
from guanxi.kernel.records.visibility import (
    Seen,
    condition,
    condition_by_id,
    condition_of_count,
    condition_of_page,
    reached,
    seen,
    spread,
)
from guanxi.kernel.records.walks import index_hint, is_bounded, narrow_hint
from guanxi.kernel.records.where import Where, where_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MAX_LIMIT = 1_000


def find(work: Work, query: Query, *, most: int = MAX_LIMIT) -> Page:
    """One page of live (or trashed) records the caller may see; BadInput names an unknown field or bad filter."""
    target = target_of(work, query.object)
    fields = chosen(work, target, query.fields)
    allowed = readable(work, target)
    keys = sorting.keys_of(work.catalog, target, query.sort, lambda f: f.name in allowed)
    cursor = sorting.unpack(query.cursor, query.sort, keys) if query.cursor else None
    backwards = cursor is not None and cursor.backwards
    limit = min(max(query.limit, 1), most)
    view = seen(work, target, query.verb)
    where = where_of(work, target, query)
    columns, texts, before = _selected(work, target, fields, keys)
    rows: list[Row] = []
    bounded = is_bounded(work, target, query, keys[0])
    hint = index_hint(work, target, view, keys[0]) if bounded else ""
    for phase in sorting.phases_of(keys, cursor, backwards):
        if bounded and phase:
            continue  # without a value there is nothing to compare
        wanted = limit + 1 - len(rows)
        sql, params = _page_sql(work, target, view, where, keys, phase, cursor, backwards, texts, before, wanted, hint)
        rows += [dict(zip(columns, values, strict=True)) for values in work.session.rows(sql, params)]
        if len(rows) > limit:
            break
    open_rows(work, target, fields, rows)
    veil_rows(veils_among(work, target, fields), rows)
    return _page(work, query, keys, rows, limit, cursor, fields)


def _page(
    work: Work,
    query: Query,
    keys: Sequence[sorting.Key],
    rows: list[Row],
    limit: int,
    cursor: sorting.Cursor | None,
    fields: Sequence[Field],
) -> Page:
    backwards = cursor is not None and cursor.backwards
    more = len(rows) > limit
    rows = rows[:limit]
    if backwards:
        rows.reverse()
    after = more or backwards
    before = (cursor is not None and not backwards) or (backwards and more)
    version = work.catalog.version
    following = sorting.pack(query.sort, keys, rows[-1], False, version) if rows and after else None
    previous = sorting.pack(query.sort, keys, rows[0], True, version) if rows and before else None
    return Page(rows, following, previous, tuple(f.name for f in fields))


def target_of(work: Work, name: str) -> Object:
    """The object, if the caller may read any of its records; else the same answer as for an unknown one."""
    target = work.catalog.objects.get(name)
    if target is None or not may_ask(work.actor.rights, name, target.access):
        raise NotFound
    return target


def chosen(work: Work, target: Object, names: Sequence[str]) -> tuple[Field, ...]:
    """The fields asked for, or all one is shown; an unknown and a forbidden field get the same answer."""
    allowed = shown(work, target)
    if not names:
        return tuple(f for f in allowed.values() if not f.hidden)
    for name in names:
        if name not in allowed:
            raise BadInput(msg("There is no field «{name}».", name=name[:80]))
    return tuple(allowed[name] for name in dict.fromkeys(names))


def _selected(
    work: Work, target: Object, fields: Sequence[Field], keys: Sequence[sorting.Key]
) -> tuple[tuple[str, ...], str, list[Any]]:
    """Result columns, their SELECT texts, and parameters of virtual formulas among them."""
    shape = shape_of(work.catalog, target)
    names: dict[str, str] = {"id": 'r."id"', "version": 'r."version"'}
    params: list[Any] = []
    for field in fields:
        if field.type == "formula":
            text, values = formula_sql(work, target, field)
            names[field.column] = f'{text} AS "{field.column}"'
            params += values
            continue
        known = shape.fields.get(field.name)
        for column in known.logged if known is not None else (field.column,):
            names[column] = f'r."{column}"'
    texts, values = selects(work, target, veils_among(work, target, fields))
    names |= texts
    params += values
    for key in keys:
        names.setdefault(key.column, f'r."{key.column}"')
    return tuple(names), ", ".join(names.values()), params


def _page_sql(
    work: Work,
    target: Object,
    view: Seen,
    where: Where,
    keys: Sequence[sorting.Key],
    phase: int,
    cursor: sorting.Cursor | None,
    backwards: bool,
    texts: str,
    before: list[Any],
    limit: int,
    hint: str = "",
) -> tuple[str, list[Any]]:
    after, after_params = sorting.after_sql(keys, phase, cursor)
    head = f"SELECT {texts} FROM {work.session.table(target.table)} r{hint} WHERE {where.text}"
    head += f" AND {after}" if after else ""
    params = [*before, *where.params, *after_params]
    order = f" ORDER BY {sorting.order_sql(keys, phase, backwards)} LIMIT {limit}"
    if view.form == "some":
        sql, params = spread(view, lambda branch: f"{head} AND {branch}{order}", params)
        outer = sorting.order_sql(keys, phase, backwards, "u")
        return f"SELECT * FROM ({sql}) AS u ORDER BY {outer} LIMIT {limit}", params
    text, reach_params = condition_of_page(work, target, view)
    return head + (f" AND {text}" if text else "") + order, [*params, *reach_params]


def count(work: Work, query: Query, cap: int = 1_000) -> tuple[int, bool]:
    """How many records match, counted up to `cap`: (n, there are more). cap=0 counts exactly."""
    target = target_of(work, query.object)
    view = seen(work, target, query.verb)
    where = where_of(work, target, query)
    table = work.session.table(target.table)
    head = f'SELECT r."id" FROM {table} r{narrow_hint(work, target, view, query.where)} WHERE {where.text}'
    limit = f" LIMIT {cap + 1}" if cap else ""
    if view.form == "some" and cap:
        sql, params = spread(view, lambda branch: f"{head} AND {branch}{limit}", where.params)
        sql = f"SELECT * FROM ({sql}) AS u{limit}"
    else:
        text, extra = (condition if cap else condition_of_count)(work, target, view)
        sql, params = head + (f" AND {text}" if text else "") + limit, [*where.params, *extra]
    found = int(work.session.value(f"SELECT count(*) FROM ({sql}) AS c", params))
    return (cap, True) if cap and found > cap else (found, False)


def ids_of(work: Work, query: Query, size: int = 1_000, after: int = 0) -> Iterator[list[int]]:
    """All matching ids above `after` in ascending order, in slices; for exports and bulk work of any size."""
    target = target_of(work, query.object)
    where = where_of(work, target, query)
    text, extra = condition(work, target, seen(work, target, query.verb))
    also = f" AND {text}" if text else ""
    sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE {where.text}{also} AND r."id" > ?'
    last = after
    while True:
        ids = [
            row[0] for row in work.session.rows(f'{sql} ORDER BY r."id" LIMIT {size}', [*where.params, *extra, last])
        ]
        if not ids:
            return
        yield ids
        last = ids[-1]


def get(work: Work, object_name: str, ident: int, *, trashed: bool = False) -> Row:
    """One record with all fields the caller is shown; NotFound if unknown or not theirs."""
    target = target_of(work, object_name)
    fields = tuple(shown(work, target).values())
    columns, texts, before = _selected(work, target, fields, ())
    text, params = condition_by_id(work, target, reached(work, target))
    also = f" AND {text}" if text else ""
    live = "" if trashed else ' AND r."trashed_at" IS NULL'
    sql = f'SELECT {texts} FROM {work.session.table(target.table)} r WHERE r."id" = ?{live}{also}'
    row = work.session.one(sql, [*before, ident, *params])
    if row is None:
        raise NotFound
    found = dict(zip(columns, row, strict=True))
    open_rows(work, target, fields, [found])
    veil_rows(veils_among(work, target, fields), [found])
    return found


def rows_of(work: Work, object_name: str, ids: Sequence[int], fields: Sequence[str] = ()) -> dict[int, Row]:
    """Several visible live records by id."""
    target = target_of(work, object_name)
    wanted = chosen(work, target, fields)
    columns, texts, before = _selected(work, target, wanted, ())
    text, params = condition_by_id(work, target, reached(work, target))
    also = f" AND {text}" if text else ""
    found: dict[int, Row] = {}
    for start in range(0, len(ids), 512):
        some = pad(ids[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {texts} FROM {work.session.table(target.table)} r WHERE r."id" IN ({marks})'
        sql += f' AND r."trashed_at" IS NULL{also}'
        for values in work.session.rows(sql, [*before, *some, *params]):
            row = dict(zip(columns, values, strict=True))
            found[row["id"]] = row
    open_rows(work, target, wanted, found.values())
    veil_rows(veils_among(work, target, wanted), list(found.values()))
    return found


def names(work: Work, object_name: str, ids: Iterable[int]) -> dict[int, str]:
    """Titles of those records the caller may see; the others are left out (KD 19)."""
    wanted = sorted(set(ids))
    target = work.catalog.objects.get(object_name)
    if not wanted or target is None:
        return {}
    if target.kind == "config":
        rows = work.catalog.config[object_name]
        title = work.catalog.field(target, target.title).column
        return {i: str(rows[i][title]) for i in wanted if i in rows}
    if not may_ask(work.actor.rights, object_name, target.access):
        return {}
    if target.title not in shown(work, target):
        return dict.fromkeys(rows_of(work, object_name, wanted, ("id",)), "…")
    column = work.catalog.field(target, target.title).column
    return {i: str(row[column] or "") for i, row in rows_of(work, object_name, wanted, (target.title,)).items()}


def references(work: Work, target: Object, rows: Sequence[Row], fields: Sequence[str]) -> dict[str, dict[int, str]]:
    """Titles of everything the rows point at, by object name; one question per target."""
    wanted = pointers(work, target, rows, fields)
    return {object_name: names(work, object_name, ids) for object_name, ids in wanted.items()}


def pointers(work: Work, target: Object, rows: Sequence[Row], fields: Sequence[str]) -> dict[str, set[int]]:
    """Ids of everything the rows point at, by object name."""
    shape = shape_of(work.catalog, target)
    wanted: dict[str, set[int]] = {}
    for name in fields:
        known = shape.fields.get(name)
        if known is None:
            if name in ("owner", "created_by", "updated_by", "team"):
                field = work.catalog.field(target, name)
                wanted.setdefault(targets_of(field)[0], set()).update(r[name] for r in rows if r.get(name) is not None)
            continue
        if known.field.type not in ("lookup", "user", "team", "links"):
            continue
        if len(known.names) == 1 and known.field.type != "links":
            column = known.names[0]
            ids = {ident for row in rows if (ident := row.get(column)) is not None}
            if ids:
                wanted.setdefault(targets_of(known.field)[0], set()).update(ids)
            continue
        for row in rows:
            found = pointed_at(known, row)
            if found is not None:
                wanted.setdefault(found[0], set()).update(found[1])
    return wanted
