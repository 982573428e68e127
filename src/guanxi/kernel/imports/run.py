"""Checking and running an import in chunks: the same rules as the form, an outcome per row, resumable, undoable."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.log import close_operation
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import cell_of, check_map, importable, sealed_columns
from guanxi.kernel.imports.plan import Handled, Plan, Prepared
from guanxi.kernel.imports.rows import errors_of, faults_in, handle, stored
from guanxi.kernel.imports.state import Fault, Run
from guanxi.kernel.imports.table import Line, open_table
from guanxi.kernel.records.shape import REFERENCES, targets_of
from guanxi.kernel.records.types import Outcome
from guanxi.kernel.records.undo import undo
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

CHUNK = 2_000
Progress = Callable[[Run], bool | None]
"""Called after each chunk; False stops the import (it can go on later)."""
Fence = Callable[[Session], None]
"""Called inside each transaction with effects; raises if somebody else has the work now."""


class _Rollback(Exception):
    """Ends a rehearsal's transaction; never leaves this module."""


def open_plan(space: Space, run: Run, fence: Fence | None = None) -> Plan:
    """The file, the mapping and the mends of an import, ready to be gone through."""
    with space.read(run.who) as work:
        table = open_table(state.path_of(space, run), run.name)
        check_map(work, work.catalog.object(run.object), run.map, table.header)
        return Plan(run, table, run.map, run.object, state.patches_of(work.session, run.id), fence=fence)


def check(
    space: Space,
    run: Run,
    progress: Progress | None = None,
    rows: Iterable[int] | None = None,
    fence: Fence | None = None,
) -> Run:
    """
    Rehearses the import (or only some rows, after mending) without writing a record: counts and faults are kept.
    """
    plan = open_plan(space, run, fence)
    only = None if rows is None else set(rows)
    if only is None:
        run.created = run.updated = run.same = run.failed = run.duplicates = run.done = 0
        with space.write(run.who, entry="import") as work:
            state.forget_faults(work.session, run.id)
    else:
        _recall(space, plan, only)
    _promise(space, plan)
    for lines in chunked(plan.table.lines(), only):
        found: list[Handled] = []
        try:
            with space.write(run.who, entry="import", kind="import", bulk=True) as work:
                found = handle(work, plan, lines, rehearse=True)
                raise _Rollback
        except _Rollback:
            _note(space, plan, found, mending=only is not None)
        if progress is not None and progress(run) is False:
            break
    with space.write(run.who, entry="import") as work:
        if only is None:
            run.total = run.done
        else:
            _recount(work, run)
        run.state = "checked"
        state.store_run(work.session, run)
    return run


def execute(
    space: Space,
    run: Run,
    progress: Progress | None = None,
    *,
    all_or_nothing: bool = False,
    fence: Fence | None = None,
) -> Run:
    """Writes the good rows; goes on where it was if it ran before. The operation can be undone as a whole."""
    if all_or_nothing and run.operation is None:
        check(space, run, fence=fence)
        if run.failed:
            return run
    plan = open_plan(space, run, fence)
    if run.operation is None:
        _begin(space, run, plan)
    else:
        _recall(space, plan, None)
        with space.write(run.who, entry="import") as work:
            state.set_state(work.session, run, "running")
    for lines in chunked(plan.table.lines(run.row), None):
        _write_chunk(space, plan, lines, lines[-1].number + 1)
        if run.state == "pausing" or (progress is not None and progress(run) is False):
            with space.write(run.who, entry="import") as work:
                state.set_state(work.session, run, "paused")
            return run
    _finish_deferred(space, plan)
    _close(space, run, take_back=all_or_nothing and run.failed > 0)
    return run


def _begin(space: Space, run: Run, plan: Plan) -> None:
    with space.write(run.who, entry="import", kind="import", cause=run.name) as work:
        run.operation = work.begin_operation()
        run.created = run.updated = run.same = run.failed = run.duplicates = run.done = 0
        run.state, run.row = "running", plan.table.first
        state.forget_faults(work.session, run.id)
        state.store_run(work.session, run)


def _close(space: Space, run: Run, *, take_back: bool) -> None:
    if take_back:
        undo(space, run.who, run.operation or 0, edited="take", entry="import")
        run.created = run.updated = 0
        run.operation = None
    run.state = "failed" if take_back else "done"
    with space.write(run.who, entry="import") as work:
        run.ended_at, run.total = work.now, run.done
        held = sealed_columns(work.catalog.object(run.object), run.map)
        state.store_run(work.session, run)
        if run.operation is not None:
            close_operation(work.session, run.operation)
    if held:
        state.path_of(space, run).unlink(missing_ok=True)


@contextmanager
def _without_collector() -> Iterator[None]:
    """
    Tens of thousands of live values make Python look for rings again and again; a chunk makes none. If two imports run
    at once, the first that ends lets it look again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_collector()
def _write_chunk(space: Space, plan: Plan, lines: Sequence[Line], following: int) -> None:
    """Records, faults and the place to go on from, in one transaction: a killed import loses and doubles nothing."""
    run = plan.run
    with space.write(run.who, entry="import", kind="import", operation=run.operation, bulk=True) as work:
        if plan.fence is not None:
            plan.fence(work.session)
        found = handle(work, plan, lines, rehearse=False)
        _count(run, found)
        if plan.again:
            state.forget_faults(work.session, run.id, [line.number for line in lines])
        _keep(work, run, faults_in(found))
        run.row = max(run.row, following)
        state.store_progress(work.session, run)
        run.state = state.state_of(work.session, run.id)


def _finish_deferred(space: Space, plan: Plan) -> None:
    """Rows that point at rows further down are tried again, as long as that brings some of them in."""
    run = plan.run
    plan.again = True
    while True:
        with space.read(run.who, timeout=60.0) as work:
            waiting = {f.row for f in state.faults_of(work.session, run.id, state="deferred", limit=state.MAX_FAULTS)}
        if not waiting:
            return
        before = run.good
        for lines in chunked(plan.table.lines(), waiting):
            _write_chunk(space, plan, lines, 0)
        if run.good == before:
            plan.last = True


def chunked(lines: Iterator[Line], only: set[int] | None) -> Iterator[list[Line]]:
    """Rows in chunks, all or some of them; the file is read as the chunks are asked for."""
    wanted = lines
    if only is not None:
        last = max(only, default=0)
        wanted = (line for line in takewhile(lambda one: one.number <= last, lines) if line.number in only)
    while chunk := list(islice(wanted, CHUNK)):
        yield chunk


def _promise(space: Space, plan: Plan) -> None:
    """Titles the file will bring, needed only where its rows point at each other."""
    with space.read(plan.run.who) as work:
        target = work.catalog.object(plan.target)
        fields = importable(work, target)
    mapped = [fields[i.field] for i in plan.map.fields if fields[i.field].type in REFERENCES]
    if any(target.name in targets_of(f) for f in mapped):
        title = next((i for i in plan.map.fields if i.field == target.title), None)
        if title is not None:
            for line in plan.table.lines():
                plan.promised.add(cell_of(title, _named(plan, line)))


def _named(plan: Plan, line: Line) -> dict[str, str]:
    named = dict(zip(plan.table.header, line.cells, strict=False))
    named.update(plan.patches.get(line.number, {}))
    return named


def _recall(space: Space, plan: Plan, only: set[int] | None) -> None:
    """The keys of the rows handled before: after an interruption, or those around the ones that are mended."""
    item = next((i for i in plan.map.fields if i.field == plan.map.key), None)
    if item is None:
        return
    with space.read(plan.run.who, timeout=60.0) as work:
        key = importable(work, work.catalog.object(plan.target))[item.field]
        for line in plan.table.lines():
            if only is None and line.number >= plan.run.row:
                break
            if only is None or line.number not in only:
                raw = cell_of(item, _named(plan, line)) or plan.map.fixed.get(item.field, "")
                value = stored(work, key, raw) if raw and not line.fault else None
                if value is not None:
                    plan.seen.add(hash(value))


def _count(run: Run, found: Sequence[Handled]) -> None:
    for handled in found:
        row, outcome = handled
        if row.state == "deferred":
            continue
        run.done += 1
        if row.state == "duplicate":
            run.duplicates += 1
        elif errors_of(handled):
            run.failed += 1
        elif outcome is not None:
            if outcome.done == "created":
                run.created += 1
            elif outcome.done == "updated":
                run.updated += 1
            else:
                run.same += 1


def _keep(work: Work, run: Run, faults: list[Fault]) -> None:
    """The first hundred thousand faulty rows; rows that wait for others are kept whatever their number."""
    if run.failed > state.MAX_FAULTS:
        faults = [f for f in faults if f.state == "deferred"]
    target = work.catalog.object(run.object)
    hidden = sealed_columns(target, run.map)
    state.add_faults(work.session, run.id, [_unsaid(f, target, run, hidden) for f in faults] if hidden else faults)


def _unsaid(fault: Fault, target: Object, run: Run, hidden: frozenset[str]) -> Fault:
    """A faulty row as it is kept: without cells of encrypted fields, in its errors too."""
    sealed = {f.name for f in target.fields if f.encrypted}
    header = run.columns
    cells = tuple("" if n < len(header) and header[n] in hidden else c for n, c in enumerate(fault.cells))
    errors = tuple(
        (name, code, replace(message, params={k: "…" if k == "value" else v for k, v in message.params.items()}))
        if name in sealed else (name, code, message)
        for name, code, message in fault.errors
    )  # fmt: skip
    return replace(fault, cells=cells, errors=errors, near="" if fault.field in sealed else fault.near)


def _note(space: Space, plan: Plan, found: Sequence[Handled], *, mending: bool) -> None:
    """What a rehearsed chunk brought; a mended row stays in sight as mended, with what it will become."""
    run = plan.run
    with space.write(run.who, entry="import") as work:
        if plan.fence is not None:
            plan.fence(work.session)
        _count(run, found)
        faults = faults_in(found)
        if mending:
            numbers = [row.line.number for row, _ in found]
            for outcome, count in state.mended_before(work.session, run.id, numbers).items():
                setattr(run, outcome, getattr(run, outcome) - count)
            faults += [_mended(row, o) for row, o in found if o is not None and not o.errors]
        _keep(work, run, faults)
        state.store_progress(work.session, run)


def _mended(row: Prepared, outcome: Outcome) -> Fault:
    becomes = outcome.done if outcome.done in ("created", "updated") else "same"
    return Fault(row.line.number, becomes, "", row.cells, (), "", "mended")


def _recount(work: Work, run: Run) -> None:
    """After mending some rows the totals come from the faults left."""
    sql = f'SELECT "state", count(*) FROM {work.session.table("import_fault")} WHERE "run" = ? GROUP BY "state"'
    left: dict[str, int] = dict(work.session.rows(sql, (run.id,)))
    run.failed, run.duplicates = int(left.get("open", 0)), int(left.get("duplicate", 0))
    run.done = run.total or run.done
