"""What points at records that are merged away: counted for the page, and moved to the winner in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from guanxi.kernel.catalog.model import Field, Object, Unique
from guanxi.kernel.records.checks import holders, uniques_of
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.fill import run_rules
from guanxi.kernel.records.shape import Shape, shape_of
from guanxi.kernel.records.store import link_table, update
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.visibility import condition_by_id, reached

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CHUNK = 2_000  # links per transaction: other writers get their turn in between
CAP = 1_000


@dataclass(frozen=True, slots=True)
class Party:
    """Who is merged: the winner and the records that become part of it."""

    object: Object
    winner: int
    losers: tuple[int, ...]


def ways(work: Work, target: Object) -> dict[str, list[Field]]:
    """By object, the fields that may point at such a record; lines belong to their document and are not asked."""
    found: dict[str, list[Field]] = {}
    for other, field in work.catalog.referrers(target.name):
        if not (other.name in target.lines and field.name == other.parent):
            found.setdefault(other.name, []).append(field)
    return found


def pointing(work: Work, other: Object, fields: Sequence[Field], party: Party) -> tuple[str, list[Any]]:
    """Condition on alias `r` for rows that point at a loser; the merged records' own fields are left out."""
    marks = ", ".join("?" * len(party.losers))
    parts: list[str] = []
    params: list[Any] = []
    for field in fields:
        if field.type == "links":
            shape = shape_of(work.catalog, other)
            through = work.session.table(link_table(shape, shape.fields[field.name]))
            parts.append(f'r."id" IN (SELECT m."a" FROM {through} m WHERE m."b" IN ({marks}))')
        elif len(field.options.get("to", ())) > 1:
            parts.append(f'(r."{field.column}__o" = ? AND r."{field.column}" IN ({marks}))')
            params.append(party.object.name)
        else:
            parts.append(f'r."{field.column}" IN ({marks})')
        params += party.losers
    text = f"({' OR '.join(parts)})"
    if other.name == party.object.name:
        everyone = (party.winner, *party.losers)
        text += f' AND r."id" NOT IN ({", ".join("?" * len(everyone))})'
        params += everyone
    return text, params


def count_links(work: Work, party: Party) -> dict[str, int]:
    """How many records of each object would move, as far as the caller sees them: one statement."""
    parts: list[str] = []
    params: list[Any] = []
    for name, fields in ways(work, party.object).items():
        other = work.catalog.object(name)
        if other.kind == "config" or work.actor.rights.scope(other.name, "read") == "none":
            continue
        text, values = pointing(work, other, fields, party)
        reach, more = condition_by_id(work, other, reached(work, other))
        also = f" AND {reach}" if reach else ""
        inner = f'SELECT 1 FROM {work.session.table(other.table)} r WHERE {text} AND r."trashed_at" IS NULL{also}'
        parts.append(f"SELECT {other.id} AS k, count(*) AS n FROM ({inner} LIMIT {CAP}) AS c")
        params += [*values, *more]
    if not parts:
        return {}
    rows = work.session.rows(" UNION ALL ".join(parts), params)
    return {work.catalog.objects_by_id[number].name: n for number, n in rows if n}


def move_links(work: Work, party: Party, room: int = 0) -> int:
    """Moves at most `room` links (0: a chunk) to the winner, as the system; gives how many. Fewer: that was all."""
    moved, room = 0, room or CHUNK
    for name, fields in ways(work, party.object).items():
        if moved >= room:
            break
        shape = shape_of(work.catalog, work.catalog.object(name))
        drafts = _drafts(work, shape, fields, party, room - moved)
        if not drafts:
            continue
        for draft in drafts:
            for field in fields:
                _point(draft, shape, field, party)
        kept, folded = _sort_out(work, shape, drafts)
        for draft in folded:
            draft.new["trashed_at"] = work.now
        update(work, shape, folded, "trash")
        update(work, shape, kept)
        if shape.object.kind == "config":
            work.settings_changed = True
        moved += len(drafts)
    return moved


def _drafts(work: Work, shape: Shape, fields: Sequence[Field], party: Party, room: int) -> list[Draft]:
    text, params = pointing(work, shape.object, fields, party)
    names = ", ".join(f'r."{c}"' for c in shape.columns)
    lock = " FOR NO KEY UPDATE" if work.session.dialect == "postgresql" else ""
    sql = f"SELECT {names} FROM {work.session.table(shape.object.table)} r WHERE {text} LIMIT {room}{lock}"
    rows = [dict(zip(shape.columns, values, strict=True)) for values in work.session.rows(sql, params)]
    change = Change("edit", shape.object.name)
    return [Draft(work, shape.object, change, n, row, dict(row)) for n, row in enumerate(rows)]


def _point(draft: Draft, shape: Shape, field: Field, party: Party) -> None:
    names = shape.fields[field.name].names
    if field.type != "links":
        several = len(field.options.get("to", ())) > 1
        if draft.new[names[0]] in party.losers and (not several or draft.new[names[1]] == party.object.name):
            draft.new[names[0]] = party.winner
        return
    members = {int(i) for i in msgspec.json.decode(draft.new[names[0]] or "[]")}
    if members.intersection(party.losers):
        left = sorted((members - set(party.losers)) | {party.winner})
        draft.new[names[0]] = msgspec.json.encode([str(i) for i in left]).decode()


def _sort_out(work: Work, shape: Shape, drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """Those that can move, and those the winner has already (a follower, a role, a tie to itself): they are folded."""
    folded: set[int] = set()
    for unique in uniques_of(shape):
        folded |= _doubles(work, shape, unique, [d for d in drafts if d.id not in folded])
    folded |= _ties_to_itself(work, shape, [d for d in drafts if d.id not in folded])
    return [d for d in drafts if d.id not in folded], [d for d in drafts if d.id in folded]


def _doubles(work: Work, shape: Shape, unique: Unique, drafts: Sequence[Draft]) -> set[int]:
    columns = [shape.fields[name].names[0] for name in unique.fields]
    folded: set[int] = set()
    claims: dict[tuple[Any, ...], int] = {}
    for draft in drafts:
        key = tuple(draft.new[c] for c in columns)
        if draft.new["trashed_at"] is None and None not in key and any(map(draft.changed, columns)):
            if key in claims:
                folded.add(draft.id)
            else:
                claims[key] = draft.id
    for ident, key in holders(work, shape, columns, list(claims)) if claims else ():
        if ident != claims[key]:
            folded.add(claims[key])
    return folded


def _ties_to_itself(work: Work, shape: Shape, drafts: Sequence[Draft]) -> set[int]:
    """Rows that now name the winner twice, where the object's own rules forbid it."""
    lookups = [s.names for s in shape.stored if s.field.type == "lookup"]
    twice = [d for d in drafts if d.new["trashed_at"] is None and _names_twice(d, lookups)]
    if not twice:
        return set()
    run_rules(work, shape.object.rules, "check", twice)
    bad = {d.id for d in twice if d.errors}
    for draft in twice:
        draft.errors.clear()
    return bad


def _names_twice(draft: Draft, lookups: Sequence[tuple[str, ...]]) -> bool:
    """Whether two lookups of the same kind hold the same record since it moved."""
    seen: set[tuple[Any, ...]] = set()
    for names in lookups:
        value = tuple(draft.new[c] for c in names)
        if value[0] is not None and value in seen and any(map(draft.changed, names)):
            return True
        seen.add(value)
    return False
