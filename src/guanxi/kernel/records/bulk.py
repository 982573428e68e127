"""Sets of records at once: change or trash all that match, move some, fill one object from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from guanxi.base.errors import FieldError, Forbidden, Invalid, msg
from guanxi.base.i18n import render
from guanxi.kernel.changes.log import close_operation
from guanxi.kernel.jobs.control import add_faults
from guanxi.kernel.jobs.queue import Interrupted, JobRun, enqueue
from guanxi.kernel.records.read import find, ids_of, rows_of
from guanxi.kernel.records.sealing import sealed_of, without_values
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.types import Change, Outcome, Query, Row, Saved
from guanxi.kernel.records.write import save
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

CHUNK = 2_000  # records per transaction: other writers get their turn in between
AT_ONCE = 2_000  # more than this is a job
FAULTS = 50  # so many are told one by one; the others are counted
KIND = "bulk_edit"


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """
    One wish about all records a query finds. `values` are raw values set on each; `add` are members put into
    set fields (tags, multiple choices) besides those that are there.
    """

    op: Literal["edit", "trash"]
    object: str
    where: str | None = None
    text: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def query(self) -> Query:
        """Which records: those the caller may do this with in numbers, not only see."""
        return Query(self.object, self.where, text=self.text, verb="bulk" if self.op == "edit" else "bulk_delete")


@dataclass(slots=True)
class BulkResult:
    """How it went: records changed, already so, refused (the first ones with their errors)."""

    operation: int
    done: int = 0
    same: int = 0
    failed: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    last: int = 0  # where to go on
    fresh: list[tuple[int, str]] = field(default_factory=list)  # all faults of the chunk at hand

    @property
    def looked(self) -> int:
        """Records it has been at."""
        return self.done + self.same + self.failed


Kept = Callable[[Session, BulkResult], None]
"""Called in the transaction of each chunk: how far it is becomes true together with the chunk."""


def bulk_edit(
    space: Space, actor: int, edit: BulkEdit, *, entry: str = "form", operation: int | None = None,
    so_far: BulkResult | None = None, kept: Kept | None = None, told: Callable[[], None] | None = None,
) -> BulkResult:  # fmt: skip
    """
    All of them as one operation, a transaction for each 2,000: filter and rights are asked again in each, in the
    order of ids, so that two bulk edits over the same records neither wait for each other in a ring nor lose a change.
    `so_far` goes on with an earlier run; `told` is called after each commit and may raise to stop.
    """
    if operation is None:
        with space.write(actor, entry=entry, kind="bulk") as work:
            _refuse_sealed(work, edit)
            operation = work.begin_operation()
    result = so_far or BulkResult(operation)
    more = True
    while more:
        more = _chunk(space, actor, edit, entry, result, kept)
        if told is not None and more:
            told()
    with space.write(actor, entry=entry, kind="bulk", operation=operation) as work:
        close_operation(work.session, operation, note=_note(result))
    return result


def _refuse_sealed(work: Work, edit: BulkEdit) -> None:
    """A wish for many records is kept while it runs, and one value for many people is no secret of any of them."""
    for sealed in sealed_of(work.catalog.object(edit.object)):
        if sealed.name in edit.values:
            raise Invalid(msg("“{field}” is encrypted and cannot be set on many records at once.", field=sealed.label))


def _chunk(space: Space, actor: int, edit: BulkEdit, entry: str, result: BulkResult, kept: Kept | None) -> bool:
    with space.write(actor, entry=entry, kind="bulk", bulk=True, operation=result.operation) as work:
        ids = next(ids_of(work, edit.query, CHUNK, after=result.last), [])
        if ids:
            saved = save(work, changes_for(work, edit, ids), collect=True)
            _count(result, saved.outcomes, work)
            result.last = ids[-1]
            if kept is not None:
                kept(work.session, result)
    return len(ids) == CHUNK


def changes_for(work: Work, edit: BulkEdit, ids: Sequence[int]) -> list[Change]:
    """The changes of one chunk."""
    if not edit.add:
        return [Change(edit.op, edit.object, edit.values, id=i) for i in ids]
    known = shape_of(work.catalog, work.catalog.object(edit.object)).fields
    rows = rows_of(work, edit.object, ids, tuple(edit.add))
    changes = []
    for ident in ids:
        row = rows.get(ident, {})
        merged = {name: _united(row.get(known[name].names[0]), items) for name, items in edit.add.items()}
        changes.append(Change(edit.op, edit.object, {**edit.values, **merged}, id=ident))
    return changes


def _united(stored: str | None, items: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*msgspec.json.decode(stored or "[]"), *items]))


def _count(result: BulkResult, outcomes: Sequence[Outcome], work: Work) -> None:
    result.fresh = []
    for outcome in outcomes:
        if outcome.errors:
            result.failed += 1
            result.fresh.append((outcome.id or 0, _said(outcome.errors[0], work)))
        elif outcome.done == "same":
            result.same += 1
        else:
            result.done += 1
    result.faults += result.fresh[: FAULTS - len(result.faults)]


def _said(error: FieldError, work: Work) -> str:
    return str(render(error.message, work.actor.language))


def _note(result: BulkResult) -> str:
    told = {"done": result.done, "same": result.same, "failed": result.failed, "faults": result.faults}
    return msgspec.json.encode(told).decode()


def start_bulk(space: Space, actor: int, edit: BulkEdit, total: int, *, entry: str = "form") -> tuple[int, int]:
    """A bulk edit as a job: gives the operation and the job."""
    with space.write(actor, entry=entry, kind="bulk") as work:
        _refuse_sealed(work, edit)
        edit = replace(edit, where=without_values(work, work.catalog.object(edit.object), edit.where))
        operation = work.begin_operation()
        args = {"actor": actor, "edit": msgspec.to_builtins(edit), "entry": entry, "total": total}
        job = enqueue(work.session, KIND, args, queue="bulk", operation=operation, person=actor)
    return operation, job


def run_bulk(space: Space, run: JobRun) -> None:
    """The worker's part: after a crash or a pause it goes on after the last chunk that was committed."""
    edit = msgspec.convert(run.args["edit"], BulkEdit)
    total, entry = int(run.args["total"]), run.args["entry"]
    so_far = BulkResult(run.operation or 0, **msgspec.convert(run.keep, dict[str, Any]))
    so_far.faults = [(int(i), why) for i, why in so_far.faults]
    wish: str | None = None

    def kept(session: Session, result: BulkResult) -> None:
        nonlocal wish
        state = {"done": result.done, "same": result.same, "failed": result.failed, "last": result.last}
        wish = run.advance(session, min(result.looked, total), total, {**state, "faults": result.faults})
        add_faults(session, run.id, result.fresh)

    def told() -> None:
        if wish:
            raise Interrupted(wish)

    bulk_edit(space, run.args["actor"], edit, entry=entry, operation=run.operation, so_far=so_far, kept=kept, told=told)


@dataclass(frozen=True, slots=True)
class JobState:
    """What the page shows of a running bulk edit."""

    status: str  # ready, running, paused, cancelled, done, dead
    done: int
    total: int
    operation: int
    note: Mapping[str, Any]


def job_state(work: Work, job: int) -> JobState | None:
    """How far a job of the caller is; None if it is not theirs or unknown."""
    jobs, operations = work.session.table("job"), work.session.table("operation")
    row = work.session.one(
        f"SELECT j.status, j.done, j.total, o.id, o.note FROM {jobs} j JOIN {operations} o ON o.id = j.operation"
        f" WHERE j.id = ? AND j.kind = ? AND o.actor = ?",
        (job, KIND, work.actor.user),
    )
    if row is None:
        return None
    return JobState(row[0], row[1] or 0, row[2] or 0, row[3], msgspec.json.decode(row[4]) if row[4] else {})


def may_bulk(work: Work, object_name: str) -> None:
    """Changing all that match is a verb of its own."""
    if work.actor.rights.scope(object_name, "bulk") == "none":
        raise Forbidden(msg("Your roles do not let you change many records at once."))


def move(work: Work, query: Query, values: Mapping[str, Any], limit: int = CHUNK) -> Saved:
    """Sets `values` on the first `limit` records (by id) that match; in the caller's transaction."""
    ids = next(ids_of(work, replace(query, verb="edit"), min(limit, CHUNK)), [])
    return save(work, [Change("edit", query.object, values, id=i) for i in ids], collect=True)


def fill(
    work: Work, target: str, query: Query, mapping: Mapping[str, str | Callable[[Row], Any]], unique: Sequence[str]
) -> Saved:
    """
    One new `target` for each record of one page of the query that has none yet. `mapping`: field of the target →
    column of the source row, or a function of the row; `unique`: the target's fields that tell whether it is there.
    """
    known = shape_of(work.catalog, work.catalog.object(target)).fields
    if unique and unique[0] not in known:
        raise Invalid(msg("There is no field «{name}».", name=unique[0]))
    rows = find(work, query).rows
    wanted = [{name: _taken(row, source) for name, source in mapping.items()} for row in rows]
    there = _there(work, target, wanted, unique)
    fresh: list[Change] = []
    for values in wanted:
        key = tuple(str(values[name]) for name in unique)
        if key not in there:
            there.add(key)
            fresh.append(Change("create", target, values))
    return save(work, fresh, collect=True)


def _taken(row: Row, source: str | Callable[[Row], Any]) -> Any:
    return row.get(source) if isinstance(source, str) else source(row)


def _there(work: Work, target: str, wanted: Sequence[Mapping[str, Any]], unique: Sequence[str]) -> set[tuple[str, ...]]:
    if not unique or not wanted:
        return set()
    known = shape_of(work.catalog, work.catalog.object(target)).fields
    firsts = sorted({int(values[unique[0]]) for values in wanted})
    found: set[tuple[str, ...]] = set()
    for start in range(0, len(firsts), 500):
        listed = ", ".join(str(i) for i in firsts[start : start + 500])
        question = Query(target, f"{unique[0]} in [{listed}]", fields=tuple(unique), limit=1_000)
        while True:
            page = find(work, question)
            found.update(tuple(str(row[known[name].names[0]]) for name in unique) for row in page.rows)
            if page.next is None:
                break
            question = replace(question, cursor=page.next)
    return found
