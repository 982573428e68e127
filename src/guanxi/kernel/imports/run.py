"""Checking and running an import in chunks: the same rules as the form, an outcome per row, resumable, undoable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import Message, msg
from guanxi.base.text import nearest
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.log import close_operation
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import ColumnMap, FileMap, cell_of, check_map, importable
from guanxi.kernel.imports.resolve import Unresolved, existing, resolve
from guanxi.kernel.imports.state import Fault, Run
from guanxi.kernel.imports.table import Line, TableFile, open_table
from guanxi.kernel.records.shape import REFERENCES, targets_of
from guanxi.kernel.records.types import Change, Outcome
from guanxi.kernel.records.undo import undo
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

CHUNK = 2_000
MAX_FAULTS = 100_000
Progress = Callable[[Run], bool | None]
"""Called after each chunk; False stops the import (it can go on later)."""

FAULTS: dict[str, Message] = {
    "unfinished": msg("The file ends in the middle of this row."),
    "unreadable": msg("The quotation marks in this row do not match."),
    "too_long": msg("A cell in this row is longer than a million characters."),
    "too_many": msg("This row has more cells than there are columns."),
}


class _Rollback(Exception):
    """Ends a rehearsal's transaction; never leaves this module."""


@dataclass(slots=True)
class Plan:
    """What one pass over the file needs, worked out once."""

    run: Run
    table: TableFile
    map: FileMap
    target: str
    patches: dict[int, dict[str, str]]
    seen: set[Any] = field(default_factory=set)  # key values of this file so far
    promised: set[str] = field(default_factory=set)  # titles in the file: a rehearsal takes them for existing
    last: bool = False  # deferred rows are not deferred again


@dataclass(slots=True)
class Prepared:
    """One row on its way: its change, or why not."""

    line: Line
    cells: tuple[str, ...]
    values: dict[str, Any]
    errors: list[tuple[str, str, Message]] = field(default_factory=list)
    near: str = ""
    key: Any = None
    change: Change | None = None
    state: str = "open"


def open_plan(space: Space, run: Run) -> Plan:
    with space.read(run.actor) as work:
        table = open_table(state.path_of(space, run), run.name)
        check_map(work, work.catalog.object(run.object), run.map, table.header)
        return Plan(run, table, run.map, run.object, state.patches_of(work.session, run.id))


def check(space: Space, run: Run, progress: Progress | None = None, rows: Iterable[int] | None = None) -> Run:
    """
    Rehearses the import (or only some rows, after mending) without writing a record: counts and faults are kept.
    """
    plan = open_plan(space, run)
    only = None if rows is None else set(rows)
    if only is None:
        run.created = run.updated = run.same = run.failed = run.duplicates = run.done = 0
        with space.write(run.actor, entry="import") as work:
            state.forget_faults(work.session, run.id)
    _promise(space, plan)
    for lines in chunked(plan.table.lines(), only):
        found: list[tuple[Prepared, Outcome | None]] = []
        try:
            with space.write(run.actor, entry="import", kind="import", bulk=True) as work:
                found = handle(work, plan, lines, rehearse=True)
                raise _Rollback
        except _Rollback:
            _note(space, run, found)
        if progress is not None and progress(run) is False:
            break
    run.state, run.total = "checked", run.done if only is None else run.total
    with space.write(run.actor, entry="import") as work:
        if only is not None:
            _recount(work, run)
        state.store_run(work.session, run)
    return run


def execute(space: Space, run: Run, progress: Progress | None = None, *, all_or_nothing: bool = False) -> Run:
    """Writes the good rows; goes on where it was if it ran before. The operation can be undone as a whole."""
    if all_or_nothing and run.operation is None:
        check(space, run)
        if run.failed:
            return run
    plan = open_plan(space, run)
    if run.operation is None:
        _begin(space, run, plan)
    elif run.row:
        _recall(space, plan)
    for lines in chunked(plan.table.lines(run.row), None):
        _write_chunk(space, plan, lines, lines[-1].number + 1)
        if progress is not None and progress(run) is False:
            run.state = "paused"
            _store(space, run)
            return run
    _finish_deferred(space, plan)
    if all_or_nothing and run.failed:
        undo(space, run.actor, run.operation or 0, edited="take", entry="import")
        run.created = run.updated = 0
        run.state = "failed"
    else:
        run.state = "done"
    with space.write(run.actor, entry="import", operation=run.operation) as work:
        run.ended_at = work.now
        state.store_run(work.session, run)
        if run.state == "done":
            close_operation(work.session, run.operation or 0)
    return run


def _begin(space: Space, run: Run, plan: Plan) -> None:
    with space.write(run.actor, entry="import", kind="import", cause=run.name) as work:
        run.operation = work.begin_operation()
        run.created = run.updated = run.same = run.failed = run.duplicates = run.done = 0
        run.state, run.row = "running", plan.table.first
        state.forget_faults(work.session, run.id)
        state.store_run(work.session, run)


def _store(space: Space, run: Run) -> None:
    with space.write(run.actor, entry="import") as work:
        state.store_run(work.session, run)


def _write_chunk(space: Space, plan: Plan, lines: Sequence[Line], following: int) -> None:
    run = plan.run
    with space.write(run.actor, entry="import", kind="import", operation=run.operation, bulk=True) as work:
        found = handle(work, plan, lines, rehearse=False)
        _count(run, found)
        state.add_faults(work.session, run.id, _faults(found, run.failed))
        run.row = max(run.row, following)
        state.store_run(work.session, run)


def _finish_deferred(space: Space, plan: Plan) -> None:
    """Rows that point at rows further down are tried again, as long as that brings some of them in."""
    run = plan.run
    while True:
        with space.read(run.actor) as work:
            waiting = {f.row for f in state.faults_of(work.session, run.id, state="deferred", limit=MAX_FAULTS)}
        if not waiting:
            return
        before = run.created + run.updated + run.same
        run.done -= len(waiting)
        for lines in chunked(plan.table.lines(), waiting):
            with space.write(run.actor, entry="import") as work:
                state.forget_faults(work.session, run.id, [line.number for line in lines])
            _write_chunk(space, plan, lines, 0)
        if run.created + run.updated + run.same == before:
            plan.last = True


def chunked(lines: Iterator[Line], only: set[int] | None) -> Iterator[list[Line]]:
    wanted = lines if only is None else (line for line in lines if line.number in only)
    while chunk := list(islice(wanted, CHUNK)):
        yield chunk


def handle(work: Work, plan: Plan, lines: Sequence[Line], *, rehearse: bool) -> list[tuple[Prepared, Outcome | None]]:
    """One chunk: cells → values → references → create or update → save with an outcome per row."""
    target = work.catalog.object(plan.target)
    fields = importable(work, target)
    rows = [_prepare(plan, line) for line in lines]
    _resolve_references(work, target, fields, plan, rows, rehearse)
    _decide(work, target, fields, plan, rows)
    changes = [r.change for r in rows if r.change is not None]
    outcomes = iter(save(work, changes, collect=True, rehearse=rehearse).outcomes) if changes else iter(())
    return [(row, next(outcomes) if row.change is not None else None) for row in rows]


def _prepare(plan: Plan, line: Line) -> Prepared:
    header, cells = plan.table.header, line.cells
    fault = line.fault
    if len(cells) > len(header):
        fault = fault or ("too_many" if any(cells[len(header) :]) else "")
        cells = cells[: len(header)]
    named = dict(zip(header, (*cells, *[""] * (len(header) - len(cells))), strict=True))
    if mends := plan.patches.get(line.number):
        named.update({k: v for k, v in mends.items() if k in named})
    row = Prepared(line, tuple(named.values()), {})
    if fault:
        row.errors.append(("", fault, FAULTS[fault]))
        return row
    for item in plan.map.fields:
        row.values[item.field] = cell_of(item, named)
    row.values.update({name: raw for name, raw in plan.map.fixed.items() if not row.values.get(name)})
    return row


def _resolve_references(
    work: Work, target: Object, fields: dict[str, Field], plan: Plan, rows: Sequence[Prepared], rehearse: bool
) -> None:
    items = {i.field: i for i in plan.map.fields}
    for name in (*items, *plan.map.fixed):
        field_ = fields[name]
        if field_.type not in REFERENCES:
            continue
        item = items.get(name) or ColumnMap(name)
        several = field_.type == "links"
        cells = [part for r in rows for part in _parts(r.values.get(name, ""), several)]
        known = resolve(work, field_, cells, item.match)
        self_made = target.name in targets_of(field_)
        for row in rows:
            parts = _parts(row.values.get(name, ""), several)
            found = [known.get(p) for p in parts]
            bad = next((f for f in found if isinstance(f, Unresolved)), None)
            if bad is None:
                row.values[name] = [str(f) for f in found] if several else (found[0] if found else "")
            elif self_made and bad.code == "unresolved" and not plan.last:
                _wait_for_row(plan, row, name, parts, rehearse, bad)
            else:
                row.errors.append((name, bad.code, bad.message))
                row.near = row.near or bad.near


def _parts(cell: Any, several: bool) -> list[str]:
    text = str(cell or "")
    return [p.strip() for p in text.replace("；", ";").split(";") if p.strip()] if several else [text] if text else []


def _wait_for_row(plan: Plan, row: Prepared, name: str, parts: Sequence[str], rehearse: bool, bad: Unresolved) -> None:
    """It points at a record that this very file may still bring."""
    if not rehearse:
        row.state = "deferred"
        row.errors.append((name, bad.code, bad.message))
    elif all(p in plan.promised for p in parts):
        row.values[name] = ""
    else:
        near = bad.near or nearest(parts[0], plan.promised) or ""
        row.errors.append((name, bad.code, bad.message))
        row.near = row.near or near


def _decide(work: Work, target: Object, fields: dict[str, Field], plan: Plan, rows: Sequence[Prepared]) -> None:
    """Create or update, by the key; a key that came before in the file is a duplicate."""
    known: dict[str, int] = {}
    key = fields.get(plan.map.key)
    if key is not None:
        raws = {str(r.values[key.name]): _stored(work, key, r.values[key.name]) for r in rows if r.values.get(key.name)}
        known = existing(work, target, key, raws)
    for row in rows:
        if row.errors:
            continue
        values = row.values
        ident = None
        if key is not None and (raw := values.get(key.name)):
            row.key = _stored(work, key, raw)
            if row.key in plan.seen:
                row.state = "duplicate"
                row.errors.append((key.name, "duplicate", msg("This row's key came before in the file.")))
                continue
            plan.seen.add(row.key)
            ident = known.get(str(raw))
        row.change = _change(plan, row, target.name, values, ident)


def _change(plan: Plan, row: Prepared, name: str, values: dict[str, Any], ident: int | None) -> Change | None:
    if ident is None:
        if plan.map.mode == "update":
            row.errors.append((plan.map.key, "no_such", msg("No record has this key, and this import only updates.")))
            return None
        return Change("create", name, {k: v for k, v in values.items() if v not in ("", [])})
    if plan.map.mode == "create":
        row.state = "duplicate"
        row.errors.append((plan.map.key, "duplicate", msg("A record with this key is there already.")))
        return None
    kept = values if plan.map.empty == "clear" else {k: v for k, v in values.items() if v not in ("", [])}
    return Change("edit", name, kept, id=ident)


def _stored(work: Work, key: Field, raw: Any) -> Any:
    try:
        return TYPES[key.type].parse(key, raw, work.env)[0]
    except ParseError:
        return None


def _promise(space: Space, plan: Plan) -> None:
    """Titles the file will bring, needed only where its rows point at each other; and nothing seen yet."""
    with space.read(plan.run.actor) as work:
        target = work.catalog.object(plan.target)
        fields = importable(work, target)
    mapped = [fields[i.field] for i in plan.map.fields if fields[i.field].type in REFERENCES]
    if any(target.name in targets_of(f) for f in mapped):
        title = next((i for i in plan.map.fields if i.field == target.title), None)
        if title is not None:
            for line in plan.table.lines():
                plan.promised.add(cell_of(title, dict(zip(plan.table.header, line.cells, strict=False))))


def _recall(space: Space, plan: Plan) -> None:
    """After an interruption: the keys of the rows handled before."""
    item = next((i for i in plan.map.fields if i.field == plan.map.key), None)
    if item is None:
        return
    with space.read(plan.run.actor) as work:
        key = importable(work, work.catalog.object(plan.target))[item.field]
        for line in plan.table.lines():
            if line.number >= plan.run.row:
                break
            cells = dict(zip(plan.table.header, line.cells, strict=False))
            plan.seen.add(_stored(work, key, cell_of(item, cells)))


def _errors(row: Prepared, outcome: Outcome | None) -> list[tuple[str, str, Message]]:
    if outcome is not None and outcome.errors:
        return [(e.field, e.code, e.message) for e in outcome.errors]
    return row.errors


def _count(run: Run, found: Sequence[tuple[Prepared, Outcome | None]]) -> None:
    for row, outcome in found:
        run.done += 1
        if row.state == "duplicate":
            run.duplicates += 1
        elif row.state == "deferred":
            continue
        elif _errors(row, outcome):
            run.failed += 1
        elif outcome is not None:
            name = {"created": "created", "updated": "updated"}.get(outcome.done, "same")
            setattr(run, name, getattr(run, name) + 1)


def _faults(found: Sequence[tuple[Prepared, Outcome | None]], so_far: int) -> list[Fault]:
    if so_far > MAX_FAULTS:
        return []
    faults = []
    for row, outcome in found:
        errors = _errors(row, outcome)
        if errors:
            name, code, _ = errors[0]
            faults.append(Fault(row.line.number, code, name, row.cells, tuple(errors), row.near, row.state))
    return faults


def _note(space: Space, run: Run, found: Sequence[tuple[Prepared, Outcome | None]]) -> None:
    _count(run, found)
    with space.write(run.actor, entry="import") as work:
        state.forget_faults(work.session, run.id, [row.line.number for row, _ in found])
        state.add_faults(work.session, run.id, _faults(found, run.failed))
        state.store_run(work.session, run)


def _recount(work: Work, run: Run) -> None:
    """After mending some rows the totals come from the faults left."""
    sql = f"SELECT state, count(*) FROM {work.session.table('import_fault')} WHERE run = ? GROUP BY state"
    left: dict[str, int] = dict(work.session.rows(sql, (run.id,)))
    run.failed, run.duplicates = int(left.get("open", 0)), int(left.get("duplicate", 0))
    run.done = run.total or run.done
