"""Taking a merge back: what an undo must know beyond the log, and what stays with the winner (KD 14)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guanxi.base.errors import Conflict, msg
from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.log import decode
from guanxi.kernel.records.aliases import ALIAS, lead_on
from guanxi.kernel.records.attachments import hand_back
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.merge_links import Party, pointing, ways
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shape import Shape, shape_of
from guanxi.kernel.records.store import LOGGED_SYSTEM
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.visibility import condition_by_id, reached

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

KIND = "merge"
OFFERED = 20
_ALIAS_KEY = LOGGED_SYSTEM[ALIAS]


@dataclass(frozen=True, slots=True)
class MergeOf:
    """What a merge did: the object, the winner and the records that became part of it."""

    object: Object
    winner: int
    losers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Newer:
    """A record that came to the winner after the merge: it stays there, unless somebody moves it."""

    object: str
    id: int
    title: str


def merge_of(work: Work, operation: int) -> MergeOf | None:
    """The merge an operation was; None for any other."""
    session = work.session
    rows = session.rows(
        f"SELECT c.object, c.record, c.new FROM {session.table('change')} c JOIN {session.table('change_set')} s"
        f" ON s.id = c.set_id JOIN {session.table('operation')} o ON o.id = s.operation"
        f" WHERE s.operation = ? AND o.kind = '{KIND}' AND c.op = 'trash'",
        (operation,),
    )
    found = [(o, r, (decode(new) or {}).get(_ALIAS_KEY)) for o, r, new in rows]
    merged = [(o, r, into) for o, r, into in found if into is not None]
    if not merged or merged[0][0] not in work.catalog.objects_by_id:
        return None
    target = work.catalog.objects_by_id[merged[0][0]]
    return MergeOf(target, int(merged[0][2]), tuple(sorted(r for _, r, _ in merged)))


def check_unmerge(work: Work, operation: int, kind: str, undo_of: int | None) -> None:
    """The last merge first; and a merge that was taken back is made again by merging, not by undoing the undo."""
    if kind == "undo" and undo_of is not None:
        if work.session.value(f"SELECT kind FROM {work.session.table('operation')} WHERE id = ?", (undo_of,)) == KIND:
            raise Conflict(msg("This took a merge back. Merge the records again instead."))
    if kind != KIND:
        return
    known = merge_of(work, operation)
    if known is None:
        return
    table = work.session.table(known.object.table)
    now = work.session.value(f'SELECT "{ALIAS}" FROM {table} WHERE "id" = ?', (known.winner,))
    if now is not None:
        raise Conflict(msg("The record was merged again since. Undo the later merge first."))


def finish_unmerge(work: Work, operation: int) -> None:
    """Files that the restored records name are theirs again."""
    known = merge_of(work, operation)
    if known is None:
        return
    shape = shape_of(work.catalog, known.object)
    hand_back(work, shape, [r for r in _rows(work, shape, known.losers) if r["trashed_at"] is None])


def _rows(work: Work, shape: Shape, ids: tuple[int, ...]) -> list[Row]:
    some = pad(ids)
    columns = ", ".join(f'"{c}"' for c in shape.columns)
    sql = f'SELECT {columns} FROM {work.session.table(shape.object.table)} WHERE "id" IN ({", ".join("?" * len(some))})'
    return [dict(zip(shape.columns, values, strict=True)) for values in work.session.rows(sql, some)]


def lead_undone(work: Work, shape: Shape, drafts: list[Draft], operation: int) -> None:
    """An undo of something older than a merge puts references back: to what the record is now."""
    pointing = [d for d in drafts if any(d.changed(k.names[0]) for k in shape.stored if k.field.type == "lookup")]
    if pointing and merge_of(work, operation) is None:
        lead_on(work, shape, pointing)


def newer(work: Work, operation: int, at: int) -> list[Newer]:
    """Records that point at the winner and were made after the merge, as far as the caller sees them."""
    known = merge_of(work, operation)
    if known is None:
        return []
    found: list[Newer] = []
    party = Party(known.object, known.winner, (known.winner,))
    for name, fields in ways(work, known.object).items():
        other = work.catalog.object(name)
        if other.kind == "config" or work.actor.rights.scope(name, "read") == "none":
            continue
        text, params = pointing(work, other, fields, party)
        reach, more = condition_by_id(work, other, reached(work, other))
        also = f" AND {reach}" if reach else ""
        table = work.session.table(other.table)
        sql = f'SELECT r."id" FROM {table} r WHERE {text} AND r."created_at" > ? AND r."trashed_at" IS NULL{also}'
        ids = [row[0] for row in work.session.rows(f"{sql} LIMIT {OFFERED}", [*params, at, *more])]
        titles = names(work, name, ids)
        found += [Newer(name, i, titles.get(i) or f"#{i}") for i in ids]
    return found[:OFFERED]
