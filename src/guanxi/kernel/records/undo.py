"""Taking an operation back: preview and execution, field by field, newest change-set first (KD 13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from guanxi.base.errors import Conflict, Forbidden, NotFound, msg
from guanxi.kernel.access.actors import Actor
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.log import Entry, close_operation, entries_of, sets_of
from guanxi.kernel.records.checks import over_caps
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.grants import not_theirs_to_give
from guanxi.kernel.records.masks import hide_triples
from guanxi.kernel.records.operations import OperationInfo, operation_info
from guanxi.kernel.records.parse import refresh_keys
from guanxi.kernel.records.reclaim import in_use, sort_out
from guanxi.kernel.records.sealing import open_triples, same_value
from guanxi.kernel.records.shape import Shape, shape_of
from guanxi.kernel.records.store import LOGGED_SYSTEM, update
from guanxi.kernel.records.types import Change, Row
from guanxi.kernel.records.undo_turns import BACKGROUND, give_back_turn, lock_operation, take_turn
from guanxi.kernel.records.unmerge import check_unmerge, finish_unmerge, lead_undone
from guanxi.kernel.records.visibility import condition_by_id

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

CHUNK = 2_000
SHARE = "share"
EXAMPLES = 50
DAY = 86_400_000_000
Edited = Literal["skip", "take"]


@dataclass(frozen=True, slots=True)
class Clash:
    """A record edited since: per field what the operation found, what it set, what is there now (logged forms)."""

    object: str
    id: int
    fields: Mapping[str, tuple[Any, Any, Any]]
    reason: Literal["edited", "used", "taken", "gone"] = "edited"


@dataclass(slots=True)
class Undone:
    """What an undo does or would do. Counts are of records; a record skipped in part counts as skipped too."""

    operation: int
    undo: int = 0
    restored: int = 0  # values put back, or taken out of the trash
    trashed: int = 0  # created by the operation, now in the trash
    skipped: int = 0
    clashes: list[Clash] = field(default_factory=list)  # the first EXAMPLES


@dataclass(frozen=True, slots=True)
class Asked:
    """How an undo is wished, by whom, and whether the operation was their own."""

    edited: Edited
    actor: Actor
    own: bool
    chosen: Mapping[int, Edited] = field(default_factory=dict)  # records decided one by one


def may_undo(work: Work, ident: int) -> OperationInfo:
    """The operation, if the caller may undo it now; else an error that says why not."""
    info = operation_info(work, ident)
    if info.kind == "seed":
        raise Forbidden(msg("The first rows of a workspace cannot be undone."))
    if info.kind == "forget":
        raise Forbidden(msg("The erasure of a person cannot be undone."))
    if info.actor != work.actor.user and not work.actor.rights.can("undo_others"):
        raise NotFound
    if info.undone_by is not None and info.state == "undone":
        raise Conflict(msg("This was undone already. Undo that undo to have it back."))
    days = int(work.catalog.settings.get("undo_days", 90))
    if info.at < work.now - days * DAY:
        raise Forbidden(msg("This is older than {n} days and can no longer be undone.", n=days))
    check_unmerge(work, ident, info.kind, info.undo_of)
    return info


def preview(
    space: Space, actor: Any, ident: int, *, edited: Edited = "skip", chosen: Mapping[int, Edited] | None = None
) -> Undone:
    """What an undo would do, without doing it."""
    result = Undone(ident)
    with space.read(actor, timeout=60.0) as work:
        asked = Asked(edited, work.actor, may_undo(work, ident).actor == work.actor.user, chosen or {})
        touched: dict[tuple[int, int], Row] = {}
        with work.as_system("preview of an undo"):
            for set_id in reversed(sets_of(work.session, ident)):
                for target, entries in chunks(work, entries_of(work.session, set_id)):
                    take_back(work, target, entries, asked, result, touched)
    return result


def undo(
    space: Space,
    actor: Any,
    ident: int,
    *,
    edited: Edited = "skip",
    chosen: Mapping[int, Edited] | None = None,
    entry: str = "form",
    progress: Callable[[int], None] | None = None,
    background: bool = False,
) -> Undone:
    """
    Takes an operation back as a new operation; one transaction per change-set. `progress` is told after each how
    many records are through. Nobody else undoes it meanwhile; `background`: the queue's job, which goes on where it
    was killed. Of records edited since, `chosen` says by id what becomes of them, `edited` of all others.
    """
    result = Undone(ident)
    cause = BACKGROUND if background else ""
    with space.write(actor, entry=entry, kind="undo", undo_of=ident, cause=cause) as work:
        lock_operation(work, ident)
        info = may_undo(work, ident)
        own = info.actor == work.actor.user
        result.undo = take_turn(work, ident, info.state, info.undone_by, background=background)
        sets = sets_of(work.session, ident)
    try:
        for set_id in reversed(sets):
            with space.write(actor, entry=entry, kind="undo", operation=result.undo, bulk=len(sets) > 1) as work:
                asked = Asked(edited, work.actor, own, chosen or {})
                with work.as_system(f"undo of operation {ident}"):
                    for target, entries in chunks(work, entries_of(work.session, set_id)):
                        take_back(work, target, entries, asked, result, None)
            if progress is not None:
                progress(result.restored + result.trashed + result.skipped)
    except Exception:
        if not background:  # a job is tried again by the queue, perhaps by another worker already
            give_back_turn(space, actor, ident, info.state, result.undo)
        raise
    _close(space, actor, entry, result)
    return result


def _close(space: Space, actor: Any, entry: str, result: Undone) -> None:
    with space.write(actor, entry=entry, kind="undo", operation=result.undo) as work:
        finish_unmerge(work, result.operation)
        close_operation(work.session, result.operation, "undone")
        close_operation(work.session, result.undo)
        undone_before = work.session.value(
            f"SELECT undo_of FROM {work.session.table('operation')} WHERE id = ?", (result.operation,)
        )
        if undone_before is not None:  # the undo of an undo: what it had taken back is there again
            close_operation(work.session, undone_before, "done")


def chunks(work: Work, entries: Sequence[Entry]) -> Iterator[tuple[Object, list[Entry]]]:
    """Entries newest first, in runs of one object and of distinct records."""
    run: list[Entry] = []
    records: set[int] = set()
    for item in reversed(entries):
        if run and (run[0].object != item.object or item.record in records or len(run) >= CHUNK):
            yield from _run(work, run)
            run, records = [], set()
        run.append(item)
        records.add(item.record)
    yield from _run(work, run)


def _run(work: Work, run: list[Entry]) -> Iterator[tuple[Object, list[Entry]]]:
    target = work.catalog.objects_by_id.get(run[0].object) if run else None
    if target is not None:
        yield target, run


def take_back(
    work: Work,
    target: Object,
    entries: Sequence[Entry],
    asked: Asked,
    result: Undone,
    touched: dict[tuple[int, int], Row] | None,
) -> None:
    """
    Reverses one run of entries; with `touched` (a preview's picture of the rows) nothing is stored. What somebody did
    they may take back even where they gave the record away by it, but only as they left it; records of others,
    and settings, only where they may change them now.
    """
    shape = shape_of(work.catalog, target)
    mine = _in_reach(work, target, asked.actor, [e.record for e in entries])
    own = asked.own and target.kind != "config"
    if not own:
        for item in entries:
            if item.record not in mine:
                _clash(result, Clash(target.name, item.record, {}, "gone"))
        entries = [e for e in entries if e.record in mine]
    rows = _rows(work, shape, [e.record for e in entries], locked=touched is None)
    used = in_use(work, target, [e.record for e in entries if e.op == "create"], result.operation)
    drafts: list[Draft] = []
    told = len(result.clashes)
    for item in entries:
        row = (touched or {}).get((target.id, item.record)) or rows.get(item.record)
        edited = asked.chosen.get(item.record, asked.edited) if item.record in mine else "skip"
        draft = _reverse(work, shape, item, row, edited, result, used)
        if draft is not None:
            drafts.append(draft)
            if touched is not None:
                touched[(target.id, item.record)] = draft.new
    if target.name == SHARE:
        drafts = _not_given_again(work, asked.actor, drafts, result)
    result.clashes[told:] = [_veiled(work, c, shape, asked.actor, c.id in mine) for c in result.clashes[told:]]
    _store(work, shape, drafts, result, touched)


def _not_given_again(work: Work, actor: Actor, drafts: list[Draft], result: Undone) -> list[Draft]:
    """A share that was taken back, or was wider before, is not given again by somebody who may not share any more."""
    given = [d for d in drafts if d.new["trashed_at"] is None]
    refused = not_theirs_to_give(work, actor, given)
    for draft in refused:
        result.restored -= 1
        _clash(result, Clash(SHARE, draft.id, {}, "gone"))
    return [d for d in drafts if all(d is not r for r in refused)]


def _store(
    work: Work, shape: Shape, drafts: list[Draft], result: Undone, touched: dict[tuple[int, int], Row] | None
) -> None:
    """All that can be stored; where others have taken a unique value or the last place since, a record is left."""
    target = shape.object
    rows = {d.id: d.new for d in drafts}
    lead_undone(work, shape, drafts, result.operation)
    refresh_keys(shape, drafts)
    first, later, refused = sort_out(
        work, shape, drafts, lambda ident: (touched or {}).get((target.id, ident)) or rows.get(ident)
    )
    refused += over_caps(work, shape, [*first, *later])
    for draft in refused:
        result.restored -= 1
        _clash(result, Clash(target.name, draft.id, {}, "taken"))
        if touched is not None and draft.old is not None:
            touched[(target.id, draft.id)] = draft.old
    if touched is None:
        for some in (first, later):
            update(work, shape, [d for d in some if d.differences() and not d.errors], "undo")
        if target.kind == "config":
            work.settings_changed = True


def _in_reach(work: Work, target: Object, actor: Actor, ids: Sequence[int]) -> set[int]:
    """Those of the records that the person may change now, live or not."""
    found = reach(work.session, work.catalog, actor, target, "edit", work.now)
    if found.all:
        return set(ids)
    condition, params = condition_by_id(work, target, found)
    ordered, mine = sorted(set(ids)), set[int]()
    for start in range(0, len(ordered), 512):
        some = pad(ordered[start : start + 512])
        sql = f'SELECT r."id" FROM {work.session.table(target.table)} r WHERE r."id" IN ({", ".join("?" * len(some))})'
        mine.update(row[0] for row in work.session.rows(f"{sql} AND {condition}", [*some, *params]))
    return mine


def _veiled(work: Work, clash: Clash, shape: Shape, actor: Actor, mine: bool) -> Clash:
    """Without the values of records and fields the person may not read."""
    opened = open_triples(work, shape, clash.id, clash.fields) if mine else {}
    return replace(clash, fields=hide_triples(shape, actor.rights, opened))


def _reverse(
    work: Work, shape: Shape, item: Entry, row: Row | None, edited: Edited, result: Undone, used: set[int]
) -> Draft | None:
    target = shape.object
    if row is None:
        _clash(result, Clash(target.name, item.record, {}, "gone"))
        return None
    draft = Draft(work, target, Change("edit", target.name, id=item.record), 0, row, dict(row))
    if item.op == "create":
        if row["trashed_at"] is not None:
            return None  # it is where an undo would put it
        if item.record in used and edited == "skip":
            _clash(result, Clash(target.name, item.record, {}, "used"))
            return None
        changed = _edited_since(work, shape, item, row)
        if changed and edited == "skip":
            _clash(result, Clash(target.name, item.record, changed))
            return None
        draft.new["trashed_at"] = work.now
        result.trashed += 1
        return draft
    clashes = _put_back(work, shape, item, draft, edited)
    if clashes:
        _clash(result, Clash(target.name, item.record, clashes))
    if draft.differences():
        result.restored += 1
    return draft


def _columns_of(shape: Shape, key: str) -> tuple[str, ...]:
    known = next((s for s in shape.stored if s.key == key), None)
    if known is not None:
        return known.logged
    return tuple(name for name, ident in LOGGED_SYSTEM.items() if ident == key)


def _value(row: Row, columns: Sequence[str]) -> Any:
    values = [row.get(c) for c in columns]
    return values[0] if len(values) == 1 else values


def _same(work: Work, shape: Shape, item: Entry, key: str, one: Any, other: Any) -> bool:
    """Equal values; ciphertexts differ also where only the key was changed."""
    if one == other:
        return True
    field = next((s.field for s in shape.stored if s.key == key and s.field.encrypted), None)
    return field is not None and same_value(work, shape.object, field, item.record, one, other)


def _edited_since(work: Work, shape: Shape, item: Entry, row: Row) -> dict[str, tuple[Any, Any, Any]]:
    found = {}
    for key, new in (item.new or {}).items():
        columns = _columns_of(shape, key)
        now = _value(row, columns) if columns else None
        if columns and not _same(work, shape, item, key, now, new) and columns != ("trashed_at",):
            found[key] = (None, new, now)
    return found


def _put_back(work: Work, shape: Shape, item: Entry, draft: Draft, edited: Edited) -> dict[str, tuple[Any, Any, Any]]:
    clashes = {}
    old = item.old or {}
    for key, new in (item.new or {}).items():
        columns = _columns_of(shape, key)
        if not columns:
            continue  # retired for good: nothing to put it into
        now = _value(draft.new, columns)
        before = old.get(key)
        if _same(work, shape, item, key, now, before):
            continue  # it is as it was: put back by hand, or by an undo that was killed
        same = _same(work, shape, item, key, now, new)
        same = same or (columns == ("trashed_at",) and (now is None) == (new is None))
        if not same:
            clashes[key] = (old.get(key), new, now)
            if edited == "skip":
                continue
        values = before if isinstance(before, list) and len(columns) > 1 else [before] * len(columns)
        draft.new.update(zip(columns, values, strict=True))
    return clashes


def _clash(result: Undone, clash: Clash) -> None:
    result.skipped += 1
    if len(result.clashes) < EXAMPLES:
        result.clashes.append(clash)


def _rows(work: Work, shape: Shape, ids: Sequence[int], *, locked: bool) -> dict[int, Row]:
    lock = " FOR NO KEY UPDATE" if locked and work.session.dialect == "postgresql" else ""
    names = ", ".join(f'"{c}"' for c in shape.columns)
    table = work.session.table(shape.object.table)
    found: dict[int, Row] = {}
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), 512):
        some = pad(ordered[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT {names} FROM {table} WHERE "id" IN ({marks}) ORDER BY "id"{lock}'
        for values in work.session.rows(sql, some):
            found[values[0]] = dict(zip(shape.columns, values, strict=True))
    return found
