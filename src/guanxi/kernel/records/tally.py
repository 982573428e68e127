"""Grouped counts and exact sums over everything the caller may see: boards, funnels, totals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.dates import to_day
from guanxi.base.errors import BadInput, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.expr.tree import Name, Tree
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records.filters import readable, value_sql
from guanxi.kernel.records.read import target_of
from guanxi.kernel.records.types import Group, Query
from guanxi.kernel.records.visibility import condition, seen
from guanxi.kernel.records.walks import narrow_hint
from guanxi.kernel.records.where import where_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MAX_GROUPS = 10_000
BUCKETS = ("day", "week", "month", "quarter", "year")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def tally(work: Work, query: Query, by: Sequence[str | Tree] = (), measures: Sequence[str] = ()) -> list[Group]:
    """
    Groups by fields (`stage`, `account.industry`, `close_on:month`, which gives the period's first day) or by an
    expression given as a tree, with the count and the exact sum of each measure (money: in base currency; stored
    scale). One statement.
    """
    target = target_of(work, query.object)
    keys, params = [], []
    for name in by:
        text, values = _key_sql(work, target, name)
        keys.append(text)
        params += values
    sums = [_measure_sql(work, target, name) for name in measures]
    where = where_of(work, target, query)
    view = seen(work, target, query.verb)
    seen_text, seen_params = condition(work, target, view)
    also = f" AND {seen_text}" if seen_text else ""
    hint = narrow_hint(work, target, view, query.where)
    selected = [f"{text} AS k{place}" for place, text in enumerate(keys)] + ["count(*) AS n"]
    selected += [f"sum(({s}) >> 24), sum(({s}) & 16777215)" for s in sums]
    sql = f"SELECT {', '.join(selected)} FROM {work.session.table(target.table)} r{hint} WHERE {where.text}{also}"
    if keys:
        places = ", ".join(str(n + 1) for n in range(len(keys)))
        sql += f" GROUP BY {places} ORDER BY {places} LIMIT {MAX_GROUPS}"
    rows = work.session.rows(sql, [*params, *where.params, *seen_params])
    return _merged([_group(row, by, measures) for row in rows])


def _merged(groups: list[Group]) -> list[Group]:
    """Months of one quarter or year are one group."""
    merged: dict[tuple[Any, ...], Group] = {}
    for group in groups:
        known = merged.get(group.keys)
        if known is None:
            merged[group.keys] = group
            continue
        values = {name: _plus(known.values[name], value) for name, value in group.values.items()}
        merged[group.keys] = Group(group.keys, known.count + group.count, values)
    return list(merged.values())


def _plus(a: int | None, b: int | None) -> int | None:
    return a if b is None else b if a is None else a + b


def _group(row: tuple[Any, ...], by: Sequence[str | Tree], measures: Sequence[str]) -> Group:
    keys = len(by)
    values: dict[str, int | None] = {}
    for place, name in enumerate(measures):
        high, low = row[keys + 1 + 2 * place], row[keys + 2 + 2 * place]
        values[name] = None if high is None else (int(high) << 24) + int(low)
    firsts = tuple(
        _first_day(name.partition(":")[2], key) if isinstance(name, str) else key
        for name, key in zip(by, row[:keys], strict=True)
    )
    return Group(firsts, int(row[keys]), values)


def _key_sql(work: Work, target: Object, name: str | Tree) -> tuple[str, list[Any]]:
    if not isinstance(name, str):
        return value_sql(work, target, name)
    path, _, bucket = name.partition(":")
    if not bucket:
        return value_sql(work, target, Name(path))
    if bucket not in BUCKETS:
        raise BadInput(msg("«{name}» is no period; use day, week, month, quarter or year.", name=bucket))
    if bucket in MONTHS:
        return value_sql(work, target, f"year({path}) * 12 + month({path}) - 1")
    text, params = value_sql(work, target, f"date({path})")
    if bucket == "day":
        return text, params
    return f"(({text}) - (({text}) + 3) % 7)", [*params, *params]  # day 0 was a Thursday: Monday of its week


def _first_day(bucket: str, key: int | None) -> int | None:
    """A group key of months since year 0 as the first day of its period."""
    if key is None or bucket not in MONTHS:
        return key
    month = key - key % MONTHS[bucket]
    return to_day(dt.date(month // 12, month % 12 + 1, 1))


def _measure_sql(work: Work, target: Object, name: str) -> str:
    """The column summed; in halves of 24 bits each, so that no database overflows (KD 11)."""
    field = readable(work, target).get(name)
    if field is None or TYPES[field.type].kind != "number":
        raise BadInput(msg("You cannot add up «{field}».", field=name[:80]))
    if field.type == "formula":
        raise BadInput(msg("You cannot add up «{field}».", field=name[:80]))
    return f'r."{field.column}{"__b" if field.type == "money" else ""}"'
