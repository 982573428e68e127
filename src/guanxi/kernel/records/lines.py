"""The owned lines of documents in the tables: read, written and trashed with their document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.store import insert, update
from guanxi.kernel.records.types import Change, Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def live_lines(
    work: Work, line: Object, documents: Sequence[int], trashed_at: int | None = None
) -> dict[int, dict[int, Row]]:
    """Lines of the documents that live (or were trashed at that moment): document id -> line id -> row."""
    found: dict[int, dict[int, Row]] = {}
    shape = shape_of(work.catalog, line)
    parent = shape.fields[line.parent or ""].field.column
    names = ", ".join(f'"{c}"' for c in shape.columns)
    state, when = ('"trashed_at" IS NULL', []) if trashed_at is None else ('"trashed_at" = ?', [trashed_at])
    for start in range(0, len(documents), 256):
        some = pad(documents[start : start + 256])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {names} FROM {work.session.table(line.table)} WHERE "{parent}" IN ({marks}) AND {state}'
        for values in work.session.rows(sql + ' ORDER BY "id"', [*some, *when]):
            row = dict(zip(shape.columns, values, strict=True))
            found.setdefault(row[parent], {})[row["id"]] = row
    return found


def store_lines(work: Work, target: Object, op: str, documents: Sequence[Draft]) -> None:
    """Writes drafted lines; trashing or restoring a document takes its lines along."""
    for line_name in target.lines:
        line = work.catalog.object(line_name)
        shape = shape_of(work.catalog, line)
        drafts = [d for document in documents for d in document.lines.get(line_name, ())]
        kept = [d for d in drafts if d.new["trashed_at"] is None]
        if new := [d for d in kept if d.old is None]:
            insert(work, shape, new)
        update(work, shape, [d for d in kept if d.old is not None])
        update(work, shape, [d for d in drafts if d.old is not None and d.new["trashed_at"] is not None], "trash")
        if op in ("trash", "restore"):
            _follow(work, line, op, documents)


def _follow(work: Work, line: Object, op: str, documents: Sequence[Draft]) -> None:
    by_moment: dict[int | None, list[int]] = {}
    for document in documents:
        moment = None if op == "trash" else (document.old or {}).get("trashed_at")
        by_moment.setdefault(moment, []).append(document.id)
    drafts: list[Draft] = []
    for moment, ids in by_moment.items():
        for rows in live_lines(work, line, ids, moment).values():
            for row in rows.values():
                draft = Draft(work, line, Change("trash", line.name, id=row["id"]), 0, row, dict(row))
                draft.new["trashed_at"] = work.now if op == "trash" else None
                drafts.append(draft)
    update(work, shape_of(work.catalog, line), drafts, op)
