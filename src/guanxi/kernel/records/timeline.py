"""One timeline of a record: what was done about it and its children, and how its fields changed, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.branches import pad
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.log import Entry, Past, decode
from guanxi.kernel.records.aliases import family
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.history import Step, step_of
from guanxi.kernel.records.masks import levels_for_log, shown, veils
from guanxi.kernel.records.read import get, rows_of
from guanxi.kernel.records.types import Row
from guanxi.kernel.records.visibility import condition, seen

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

CHANGES = "changes"
CAP = 999
ROUNDS = 3  # further looks when a page holds little but changes of fields that keep no history
Place = tuple[int, int]
"""Moment and id of the last item: where the next page begins."""


@dataclass(frozen=True, slots=True)
class Source:
    """An object whose records show on the timeline: the SQL of its moment, and which rows belong."""

    object: Object
    moment: str
    text: str
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: a record (`row`) or a change of the record's own fields (`step`)."""

    at: int
    id: int
    object: str
    row: Row | None = None
    step: Step | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page; `next` is None at the end."""

    items: tuple[Item, ...]
    next: Place | None


def timeline(
    work: Work, target: Object, ident: int, *, kinds: Sequence[str] = (), before: Place | None = None, limit: int = 20
) -> Timeline:
    """
    A page of the timeline. The caller has read the record (`get`); everything else is judged here. Statements: one
    for the page, one per kind of record in it, two for the changes, however long the timeline is. What was merged
    into the record brings its history along.
    """
    found: list[Item] = []
    whole = family(work, target, ident)
    for _ in range(ROUNDS):
        places = _places(work, target, ident, whole, kinds, before, limit + 1)
        found += _load(work, target, ident, whole, places[:limit])
        before = (places[limit - 1][2], places[limit - 1][1]) if len(places) > limit else None
        if before is None or len(found) * 2 >= limit:
            break
    return Timeline(tuple(found), before)


def counts(work: Work, target: Object, ident: int) -> dict[str, int]:
    """How many records of each kind stand on the timeline, counted up to CAP: one statement."""
    parts, params = [], []
    for source in sources(work, target, ident):
        text, values = _from(work, source)
        parts.append(f"SELECT {source.object.id} AS k, count(*) AS n FROM (SELECT 1 {text} LIMIT {CAP}) AS c")
        params += values
    if not parts:
        return {}
    rows = work.session.rows(" UNION ALL ".join(parts), params)
    return {work.catalog.objects_by_id[k].name: n for k, n in rows if n}


def sources(work: Work, target: Object, ident: int) -> Iterator[Source]:
    """Objects that show on this record's timeline and that the caller may read."""
    for other in work.catalog.objects.values():
        if other.timeline is None or work.actor.rights.scope(other.name, "read") == "none":
            continue
        allowed = readable(work, other)
        about = allowed.get(other.timeline)
        if about is None:
            continue
        parts = list(_links(work, target, ident, other, about, allowed))
        if parts:
            text = " OR ".join(f"({part})" for part, _ in parts)
            yield Source(other, _moment(other), text, tuple(p for _, values in parts for p in values))


def _links(
    work: Work, target: Object, ident: int, other: Object, about: Field, allowed: Mapping[str, Field]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Ways in which rows of `other` belong: pointing at the record, or at one of its children."""
    names = about.options.get("to", ())
    several = len(names) > 1
    if target.name in names:
        kind, head = (f'r."{about.column}__o" = ? AND ', (target.name,)) if several else ("", ())
        yield f'{kind}r."{about.column}" = ?', (*head, ident)
    if other.access != "parent":
        return
    for field in allowed.values():
        if field.type == "lookup" and field.name != about.name and field.options.get("to") == (target.name,):
            yield f'r."{field.column}" = ?', (ident,)
    for name in names:
        child = work.catalog.objects.get(name)
        if child is None or child.timeline is None or child.access == "parent" or name == target.name:
            continue
        up = work.catalog.field(child, child.timeline)
        if up.options.get("to") == (target.name,) and up.name in readable(work, child):
            table = work.session.table(child.table)
            inner = f'SELECT c."id" FROM {table} c WHERE c."{up.column}" = ? AND c."trashed_at" IS NULL'
            kind, head = (f'r."{about.column}__o" = ? AND ', (name,)) if several else ("", ())
            yield f'{kind}r."{about.column}" IN ({inner})', (*head, ident)


def _moment(other: Object) -> str:
    """When it happened, if the object says so by its own order; else when it was entered."""
    name = other.sort.lstrip("-")
    known = {f.name: f for f in other.fields}.get(name)
    happened = known is not None and known.type == "datetime" and other.sort.startswith("-")
    return f'COALESCE(r."{known.column}", r."created_at")' if known is not None and happened else 'r."created_at"'


def _from(work: Work, source: Source) -> tuple[str, list[Any]]:
    reach, params = condition(work, source.object, seen(work, source.object, form="most"))
    also = f" AND {reach}" if reach else ""
    table = work.session.table(source.object.table)
    return f'FROM {table} r WHERE r."trashed_at" IS NULL AND ({source.text}){also}', [*source.params, *params]


def _places(
    work: Work, target: Object, ident: int, whole: Sequence[int], kinds: Sequence[str], before: Place | None, limit: int
) -> list[tuple[int, int, int]]:
    """(object number or 0, id, moment) of one page, newest first, in one statement."""
    parts: list[str] = []
    params: list[Any] = []
    for source in sources(work, target, ident):
        if not kinds or source.object.name in kinds:
            text, values = _from(work, source)
            after, more = _after(source.moment, 'r."id"', before)
            select = f'SELECT {source.object.id} AS k, r."id" AS id, {source.moment} AS moment {text}{after}'
            parts.append(f"{select} ORDER BY 3 DESC, 2 DESC LIMIT {limit}")
            params += [*values, *more]
    if not kinds or CHANGES in kinds:
        moment, marks = _change_moment(work, target), ", ".join("?" * len(some := pad(whole)))
        after, more = _after(moment, "s.id", before)
        change, sets = work.session.table("change"), work.session.table("change_set")
        select = f"SELECT DISTINCT 0 AS k, s.id AS id, {moment} AS moment FROM {change} c"
        select += f" JOIN {sets} s ON s.id = c.set_id"
        select += f" WHERE c.record IN ({marks}) AND c.object = ?{after}"
        parts.append(f"{select} ORDER BY 3 DESC, 2 DESC LIMIT {limit}")
        params += [*some, target.id, *more]
    if not parts:
        return []
    union = " UNION ALL ".join(f"SELECT * FROM ({part}) AS t{n}" for n, part in enumerate(parts))
    sql = f"SELECT k, id, moment FROM ({union}) AS u ORDER BY moment DESC, id DESC LIMIT {limit}"
    return [(row[0], row[1], row[2]) for row in work.session.rows(sql, params)]


def _change_moment(work: Work, target: Object) -> str:
    """When a change happened; a record that was brought in with its own date was created then, not when it came in."""
    born = f'SELECT r."created_at" FROM {work.session.table(target.table)} r WHERE r."id" = c.record'
    return f"(CASE WHEN c.op = 'create' THEN COALESCE(({born}), s.at) ELSE s.at END)"


def _after(moment: str, ident: str, before: Place | None) -> tuple[str, tuple[int, ...]]:
    if before is None:
        return "", ()
    return f" AND ({moment} < ? OR ({moment} = ? AND {ident} < ?))", (before[0], before[0], before[1])


def _load(
    work: Work, target: Object, ident: int, whole: Sequence[int], places: Sequence[tuple[int, int, int]]
) -> list[Item]:
    wanted: dict[int, list[int]] = {}
    for number, other, _ in places:
        wanted.setdefault(number, []).append(other)
    steps = _steps(work, target, ident, whole, wanted.pop(0, []))
    rows = {n: rows_of(work, work.catalog.objects_by_id[n].name, ids) for n, ids in wanted.items()}
    found: list[Item] = []
    for number, other, at in places:
        if number == 0:
            found += [Item(at, other, CHANGES, step=step) for step in steps.get(other, ())]
        elif other in rows[number]:
            found.append(Item(at, other, work.catalog.objects_by_id[number].name, rows[number][other]))
    return found


def _steps(work: Work, target: Object, ident: int, whole: Sequence[int], sets: Sequence[int]) -> dict[int, list[Step]]:
    """Changes of the record in those change-sets; only fields that may be read and keep a history."""
    if not sets:
        return {}
    known = {str(f.id): f for f in shown(work, target).values()}
    levels = levels_for_log(work, target, get(work, target.name, ident, trashed=True) if veils(work, target) else None)
    before = levels_for_log(work, target)  # what was merged in was another record: its conditions allow nothing here
    marks = ", ".join("?" * len(padded := pad(sets)))
    mine = ", ".join("?" * len(some := pad(whole)))
    found = work.session.rows(
        f"SELECT c.object, c.record, c.version, c.op, c.old, c.new, s.id, s.operation, s.at, o.actor, o.entry, o.kind,"
        f" o.cause FROM {work.session.table('change')} c JOIN {work.session.table('change_set')} s ON s.id = c.set_id"
        f" LEFT JOIN {work.session.table('operation')} o ON o.id = s.operation"
        f" WHERE c.record IN ({mine}) AND c.object = ? AND s.id IN ({marks}) ORDER BY c.version DESC",
        (*some, target.id, *padded),
    )
    steps: dict[int, list[Step]] = {}
    for row in found:
        entry = Entry(row[0], row[1], row[2], row[3], decode(row[4]), decode(row[5]))
        past = Past(entry, row[6], row[7], row[8], row[9] or 0, row[10] or "", row[11] or "", row[12])
        step = step_of(work, target, past, known, levels if row[1] == ident else before)
        told = tuple(f for f in step.fields if f.field.history and not f.field.hidden)
        if told or step.op in ("create", "trash", "restore"):
            steps.setdefault(row[6], []).append(replace(step, fields=told))
    return steps


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a record was in one step: since, until (None: still there)."""

    value: Any
    since: int
    until: int | None


def stays(work: Work, target: Object, ident: int, field: Field, limit: int = 60) -> list[Stay]:
    """The values one field went through, oldest first, from the log: one statement."""
    key = f'%"{field.id}":%'
    rows = work.session.rows(
        f"SELECT c.new, s.at FROM {work.session.table('change')} c JOIN {work.session.table('change_set')} s"
        " ON s.id = c.set_id WHERE c.record = ? AND c.object = ? AND c.new LIKE ?"
        f" ORDER BY s.at DESC, c.version DESC LIMIT {limit}",
        (ident, target.id, key),
    )
    found: list[Stay] = []
    until: int | None = None
    for new, at in rows:
        values = decode(new) or {}
        if str(field.id) in values:
            found.append(Stay(values[str(field.id)], at, until))
            until = at
    return found[::-1]
