"""The first records of each lane of a board, in one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, msg
from guanxi.kernel.records import sorting
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.masks import veil_rows, veils_among
from guanxi.kernel.records.read import _page_sql, _selected, chosen, target_of
from guanxi.kernel.records.sealing import open_rows
from guanxi.kernel.records.types import Query, Row
from guanxi.kernel.records.visibility import seen
from guanxi.kernel.records.walks import index_hint
from guanxi.kernel.records.where import Where, where_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

LONG = 500  # records of a lane


def first_of_each(
    work: Work, query: Query, by: str, keys: Sequence[Any], size: int, sizes: Mapping[Any, int] | None = None
) -> dict[Any, list[Row]]:
    """
    For each value of the field `by` its first `size` records in the query's order: one UNION ALL (two where the
    sort key may be empty and some lanes are short). `sizes`: how many there are of each, if known; a long lane is
    read along the order's index until it has enough, a short one is read whole and sorted.
    """
    target = target_of(work, query.object)
    allowed = readable(work, target)
    if by not in allowed:
        raise BadInput(msg("There is no field «{name}».", name=by[:80]))
    column, fields = allowed[by].column, chosen(work, target, query.fields)
    sort = sorting.keys_of(work.catalog, target, query.sort, lambda f: f.name in allowed)
    view, where = seen(work, target, query.verb), where_of(work, target, query)
    columns, texts, before = _selected(work, target, fields, sort)
    lanes: dict[Any, list[Row]] = {key: [] for key in keys}
    hint = index_hint(work, target, view, sort[0]) if max((sizes or {}).values(), default=0) > LONG else ""
    for phase in sorting.phases_of(sort, None, False):
        parts: list[str] = []
        params: list[Any] = []
        for key, rows in lanes.items():
            if len(rows) < size:
                lane = Where(f'{where.text} AND r."{column}" = ?', [*where.params, key])
                sql, values = _page_sql(
                    work, target, view, lane, sort, phase, None, False, texts, before, size - len(rows),
                    hint if not phase and sizes is not None and sizes.get(key, 0) > LONG else "",
                )  # fmt: skip
                parts.append(f"SELECT * FROM ({sql}) AS l{len(parts)}")
                params += values
        if not parts:
            break
        for found in work.session.rows(" UNION ALL ".join(parts), params):
            row = dict(zip(columns, found, strict=True))
            lanes[row[column]].append(row)
    open_rows(work, target, fields, [row for rows in lanes.values() for row in rows])
    veil_rows(veils_among(work, target, fields), [row for rows in lanes.values() for row in rows])
    return lanes
