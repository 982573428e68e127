"""What stands in the way of an undo: records that others point at, unique values that others hold by now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object, Unique
from guanxi.kernel.records.checks import holders, uniques_of
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.shape import Shape
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

After = Callable[[int], Row | None]
"""A record as this undo leaves it, if the undo touches it."""


def sort_out(
    work: Work, shape: Shape, drafts: Sequence[Draft], after: After
) -> tuple[list[Draft], list[Draft], list[Draft]]:
    """
    Drafts to store first, those to store after them (a value of theirs is freed by one of the first), and those that
    cannot be stored because another live record has their value.
    """
    waiting: set[int] = set()
    refused: set[int] = set()
    while True:  # one that is refused frees nothing: whoever waited for it is refused too
        before = len(refused)
        waiting.clear()
        for unique in uniques_of(shape):
            _sort_by(work, shape, unique, drafts, after, waiting, refused)
        if len(refused) == before:
            break
    good = [d for d in drafts if d.id not in refused]
    first = [d for d in good if d.id not in waiting]
    return first, [d for d in good if d.id in waiting], [d for d in drafts if d.id in refused]


def _sort_by(
    work: Work,
    shape: Shape,
    unique: Unique,
    drafts: Sequence[Draft],
    after: After,
    waiting: set[int],
    refused: set[int],
) -> None:
    columns = [shape.fields[name].compared for name in unique.fields]
    claims: dict[tuple[Any, ...], Draft] = {}
    for draft in drafts:
        values = tuple(draft.new[c] for c in columns)
        alive = draft.new["trashed_at"] is None
        comes_back = draft.changed("trashed_at") or any(draft.changed(c) for c in columns)
        if draft.id in refused or None in values or not (alive and comes_back):
            continue
        if values in claims:
            refused.add(draft.id)
        else:
            claims[values] = draft
    if not claims:
        return
    for ident, values in holders(work, shape, columns, list(claims)):
        draft = claims[values]
        if ident == draft.id:
            continue
        other = None if ident in refused else after(ident)
        kept = other is None or (other["trashed_at"] is None and tuple(other[c] for c in columns) == values)
        (refused if kept else waiting).add(draft.id)


def in_use(work: Work, target: Object, ids: Sequence[int], operation: int) -> set[int]:
    """Created records that live records from outside the operation point at."""
    if not ids:
        return set()
    used: set[int] = set()
    changes, sets = work.session.table("change"), work.session.table("change_set")
    for other, link in work.catalog.referrers(target.name):
        if link.type == "links":
            continue
        several = len(link.options.get("to", ())) > 1
        kind = f'x."{link.column}__o" = ? AND ' if several else ""
        for start in range(0, len(ids), 512):
            some = pad(ids[start : start + 512])
            marks = ", ".join("?" * len(some))
            sql = (
                f'SELECT DISTINCT x."{link.column}" FROM {work.session.table(other.table)} x WHERE {kind}'
                f'x."{link.column}" IN ({marks}) AND x."trashed_at" IS NULL AND NOT EXISTS (SELECT 1 FROM {changes} c'
                f" JOIN {sets} s ON s.id = c.set_id WHERE c.record = x.id AND c.op = 'create' AND s.operation = ?)"
            )
            head = [target.name] if several else []
            used.update(r[0] for r in work.session.rows(sql, [*head, *some, operation]))
    return used
