"""Live records that point at any of some others, by id: for judgements over many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guanxi.kernel.access.branches import pad
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.visibility import condition_by_id, reached

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CHUNK = 4_096  # ids a statement


def rows_pointing(
    work: Work, object_name: str, field_name: str, to: str, ids: Sequence[int], columns: Sequence[str]
) -> list[Row]:
    """Stored columns of the records whose lookup points at one of `ids` of object `to`, as far as one sees them."""
    target = work.catalog.object(object_name)
    field = work.catalog.field(target, field_name)
    reach, params = condition_by_id(work, target, reached(work, target))
    texts = ", ".join(f'r."{c}"' for c in columns)
    also = f' AND r."{field.column}__o" = ?' if len(targets_of(field)) > 1 else ""
    kind = [to] if also else []
    also += f" AND {reach}" if reach else ""
    found: list[Row] = []
    for start in range(0, len(ids), CHUNK):
        some = pad(ids[start : start + CHUNK])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {texts} FROM {work.session.table(target.table)} r WHERE r."{field.column}" IN ({marks})'
        sql += f' AND r."trashed_at" IS NULL{also}'
        found += [dict(zip(columns, v, strict=True)) for v in work.session.rows(sql, [*some, *kind, *params])]
    return found
