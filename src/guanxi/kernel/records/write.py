"""The one way to write records: may · parse · fill · rules · check · store · log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from guanxi.base.errors import BadInput, Conflict, FieldError, Invalid, Message, NotFound, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.attachments import tie_files
from guanxi.kernel.records.checks import check_restored, check_trash
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.duplicates import LIKE, REFUSED, LooksLike, Policy, check_duplicates
from guanxi.kernel.records.grants import check_given_again
from guanxi.kernel.records.hits import Found
from guanxi.kernel.records.lines import store_lines
from guanxi.kernel.records.parse import Numbered, drafts_for, errors_of
from guanxi.kernel.records.prepare import prepare
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.store import insert, update
from guanxi.kernel.records.types import Change, Outcome, Saved

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def save(
    work: Work,
    changes: Sequence[Change],
    *,
    collect: bool = False,
    rehearse: bool = False,
    duplicates: Policy = "allow",
) -> Saved:
    """
    Writes a list of changes in this unit of work. Statements do not grow with the list.

    collect=False: any fault raises (`Invalid` with every `FieldError`, `Conflict`, `NotFound`) and the unit of
    work rolls back. collect=True: faulty rows are left out and told in their outcome, the others are written.
    rehearse=True: everything but the storing; the caller rolls the unit of work back.
    duplicates="ask": a new record that looks like one that is there is a fault too (`LooksLike`); keys that an
    administrator allows once only are checked always.
    """
    outcomes: list[Outcome | None] = [None] * len(changes)
    similar: dict[int, Found] = {}
    for group in _runs(changes):
        target = work.catalog.object(group[0][1].object)
        drafts = _save_alike(work, target, group[0][1].op, group, collect, rehearse, duplicates, similar)
        for draft in drafts:
            outcomes[draft.index] = _outcome(draft)
        if target.kind == "config":
            work.settings_changed = True
    return Saved(tuple(o for o in outcomes if o is not None), work.operation, similar)


def _runs(changes: Sequence[Change]) -> Iterator[list[tuple[int, Change]]]:
    """Changes of one kind in a row; a record named again begins a new run, which sees what the one before made."""
    run: list[tuple[int, Change]] = []
    named: set[int] = set()
    for index, change in enumerate(changes):
        if run and ((change.object, change.op) != (run[0][1].object, run[0][1].op) or change.id in named):
            yield run
            run, named = [], set()
        run.append((index, change))
        if change.id is not None:
            named.add(change.id)
    if run:
        yield run


def _save_alike(
    work: Work,
    target: Object,
    op: str,
    changes: Numbered,
    collect: bool,
    rehearse: bool,
    duplicates: Policy,
    similar: dict[int, Found],
) -> list[Draft]:
    if target.parent is not None and not work.actor.is_system and work.kind not in ("demo", "undo"):
        raise BadInput(msg("{lines} are saved together with the record they belong to.", lines=target.plural))
    drafts = drafts_for(work, target, op, changes)
    if op in ("create", "edit"):
        prepare(work, target, op, drafts)
    elif op == "trash":
        check_trash(work, target, drafts)
    else:
        check_given_again(work, shape_of(work.catalog, target), [d for d in drafts if not d.errors])
        check_restored(work, shape_of(work.catalog, target), [d for d in drafts if not d.errors])
    if op != "trash":
        similar |= check_duplicates(work, target, op, [d for d in drafts if not d.errors], duplicates)
    if not collect:
        refuse(drafts, similar)
    good = [d for d in drafts if not d.errors]
    shape = shape_of(work.catalog, target)
    if rehearse:
        for draft in good:
            draft.done = draft.done if op == "create" or draft.differences() else "same"
        return drafts
    if op == "create":
        if good:
            insert(work, shape, good)
    elif op == "edit":
        update(work, shape, good)
    else:
        for draft in good:
            draft.new["trashed_at"] = work.now if op == "trash" else None
            draft.done = "trashed" if op == "trash" else "restored"
        update(work, shape, good, op)
    store_lines(work, target, op, good)
    tie_files(work, shape, good)
    return drafts


def refuse(drafts: Sequence[Draft], similar: Mapping[int, Found]) -> None:
    """Raises the most telling error if any draft has one."""
    errors = errors_of(drafts)
    if not errors:
        return
    codes = {e.code for e in errors}
    if codes == {"not_found"} and all(e.field == "id" for e in errors):
        raise NotFound(row=errors[0].row)
    if "conflict" in codes:
        held = next(d for d in drafts if any(e.code == "conflict" for e in d.errors))
        raise Conflict(
            msg("Somebody changed this record since you opened it."),
            errors=errors,
            current=held.old,
            object=held.object.name,
        )
    if codes <= {LIKE, REFUSED} and similar:
        raise LooksLike(summary(errors), similar, errors)
    raise Invalid(summary(errors), errors=errors)


def summary(errors: Sequence[FieldError]) -> Message:
    """One sentence over all errors: the first one, or how many there are."""
    if len(errors) == 1:
        return errors[0].message
    return msg("{n} values need your attention.", n=len(errors))


def _outcome(draft: Draft) -> Outcome:
    if draft.errors:
        return Outcome(draft.change.id, "failed", errors=tuple(draft.errors))
    return Outcome(draft.id, draft.done, draft.version, row=draft.new)
