"""Records that were merged into others: whoever asks for one by its old id is led to what it became (KD 14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.filters import right_of
from guanxi.kernel.records.masks import hide
from guanxi.kernel.records.shape import OWNED, FieldShape, Shape, pointed_at

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

ALIAS = "merged_into"
STEPS = 32  # merges of merges; longer chains are nobody's wish


@dataclass(frozen=True, slots=True)
class Past:
    """A record that became part of another, and the merge that did it."""

    id: int
    title: str
    operation: int


def winners(work: Work, target: Object, ids: Iterable[int]) -> dict[int, int]:
    """For those of the ids that were merged away: what they are now. One question per step of a chain."""
    if target.kind not in OWNED:
        return {}
    steps: dict[int, int] = {}
    asked = set(ids)
    wanted = set(asked)
    for _ in range(STEPS):
        step = _one_step(work, target, asked)
        steps.update(step)
        asked = set(step.values()) - steps.keys()
        if not asked:
            break
    found: dict[int, int] = {}
    for ident in wanted & steps.keys():
        now = steps[ident]
        while now in steps:
            now = steps[now]
        found[ident] = now
    return found


def _one_step(work: Work, target: Object, ids: Iterable[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), 512):
        some = pad(ordered[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT "id", "{ALIAS}" FROM {work.session.table(target.table)} WHERE "id" IN ({marks})'
        found.update((row[0], row[1]) for row in work.session.rows(f'{sql} AND "{ALIAS}" IS NOT NULL', some))
    return found


def winner_of(work: Work, target: Object, ident: int) -> int | None:
    """What a merged record is now; None for every other id."""
    return winners(work, target, (ident,)).get(ident)


def family(work: Work, target: Object, ident: int) -> list[int]:
    """The record and everything that was ever merged into it and still is: its history is theirs too."""
    if target.kind not in OWNED:
        return [ident]
    key = f"family:{target.id}:{ident}"  # a page asks for it twice
    known: list[int] | None = work.session.notes.get(key)
    if known is not None:
        return known
    table = work.session.table(target.table)
    sql = (
        f'WITH RECURSIVE f(id) AS (SELECT CAST(? AS BIGINT) UNION SELECT t."id" FROM {table} t'
        f' JOIN f ON t."{ALIAS}" = f.id WHERE t."trashed_at" IS NOT NULL) SELECT id FROM f'
    )
    found = sorted(row[0] for row in work.session.rows(sql, (ident,)))
    if work.entry == "read":
        work.session.notes[key] = found
    return found


def merged_here(work: Work, target: Object, ident: int) -> list[Past]:
    """Records merged into this one itself, newest merge first."""
    if len(family(work, target, ident)) == 1:
        return []
    column = work.catalog.field(target, target.title).column
    named = f't."{column}"' if column in work.catalog.columns(target) else "NULL"
    table, change, sets, operation = (
        work.session.table(n) for n in (target.table, "change", "change_set", "operation")
    )
    last = (
        f"SELECT max(s.operation) FROM {change} c JOIN {sets} s ON s.id = c.set_id JOIN {operation} o"
        " ON o.id = s.operation WHERE c.record = t.\"id\" AND c.op = 'trash' AND o.kind = 'merge'"
    )
    sql = (
        f'SELECT t."id", {named}, ({last}) FROM {table} t WHERE t."{ALIAS}" = ? AND t."trashed_at" IS NOT NULL'
        " ORDER BY 3 DESC, 1"
    )
    field = work.catalog.field(target, target.title)
    level = right_of(work.actor.rights, target, field).level
    rows = work.session.rows(sql, (ident,))
    return [Past(row[0], str(hide(field, (row[1],), level)[0] or f"#{row[0]}"), row[2] or 0) for row in rows]


def lead_on(work: Work, shape: Shape, drafts: Sequence[Draft]) -> bool:
    """Lookups in drafts that name a merged record name what it became instead; whether there were any."""
    led = False
    for known in shape.stored:
        if known.field.type not in ("lookup", "links"):
            continue
        wanted: dict[str, list[Draft]] = {}
        for draft in drafts:
            if any(map(draft.changed, known.names)):
                found = pointed_at(known, draft.new)
                if found is not None and found[0] in work.catalog.objects:
                    wanted.setdefault(found[0], []).append(draft)
        for name, some in wanted.items():
            ids = {i for d in some for i in (pointed_at(known, d.new) or ("", ()))[1]}
            become = winners(work, work.catalog.object(name), ids)
            for draft in some if become else ():
                led = _led(draft, known, become) or led
    return led


def _led(draft: Draft, known: FieldShape, become: dict[int, int]) -> bool:
    _, ids = pointed_at(known, draft.new) or ("", ())
    if not become.keys() & set(ids):
        return False
    now = [become.get(i, i) for i in ids]
    text = msgspec.json.encode([str(i) for i in sorted(set(now))]).decode() if known.field.type == "links" else None
    draft.new[known.names[0]] = text or now[0]
    return True
