"""Several records become one: values chosen field by field, everything that pointed at them moved, one operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import BadInput, Conflict, NotFound, msg
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.changes.log import close_operation
from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.records.aliases import ALIAS, winners
from guanxi.kernel.records.attachments import hand_over
from guanxi.kernel.records.draft import Draft
from guanxi.kernel.records.lines import live_lines, store_lines
from guanxi.kernel.records.merge_fields import (
    OWNER,
    choosable,
    drawn,
    in_order,
    line_source,
    may_choose_owner,
    out_of_sight,
)
from guanxi.kernel.records.merge_links import CHUNK, Party, move_links
from guanxi.kernel.records.merge_shares import carry_shares
from guanxi.kernel.records.parse import current_rows, drafts_for, may
from guanxi.kernel.records.prepare import prepare
from guanxi.kernel.records.shape import OWNED, Shape, shape_of
from guanxi.kernel.records.store import update
from guanxi.kernel.records.transfer import check_transfer
from guanxi.kernel.records.types import Change, Row
from guanxi.kernel.records.undo_turns import lock_operation
from guanxi.kernel.records.write import refuse

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

KIND = "merge"
MOST = 20


@dataclass(frozen=True, slots=True)
class Merge:
    """
    The wish. `values`: raw values typed for the result; `chosen`: field (or line object) -> the record whose value it
    takes; what neither names follows the defaults. `versions`: as the caller saw the records, if they did.
    """

    object: str
    winner: int
    losers: tuple[int, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merged:
    """The operation, and whether more links wait than fit into one transaction."""

    operation: int
    winner: int
    moved: int
    waiting: bool


def merge(work: Work, wish: Merge) -> Merged:
    """In the caller's unit of work (kind "merge"): whole or not at all; the links of large records follow as a job."""
    target = checked(work, wish)
    rows = _locked(work, target, wish)
    shape = shape_of(work.catalog, target)
    _check_wish(work, target, wish, rows)
    ordered, kept = in_order(list(rows.values()), wish.winner), out_of_sight(work, target, wish.winner, wish.losers)
    party = Party(target, wish.winner, tuple(sorted(wish.losers)))
    reason = f"merge into {wish.winner}"
    work.cause = work.cause or reason
    operation = work.begin_operation()  # the person's own, though the system moves what they may not touch
    with work.as_system(reason):
        lines = _lines(work, target, wish, ordered)
        _retire(work, shape, [rows[i] for i in party.losers], wish.winner)
        _complete(work, shape, wish, drawn(work, shape, ordered, wish.chosen, kept), lines)
        hand_over(work, shape, party.losers, wish.winner)
        carry_shares(work, party)
        moved = move_links(work, party)
        waiting = moved >= CHUNK
        if waiting:
            enqueue(work.session, KIND, _args(work, party, moved), operation=operation)
    if not waiting:
        close_operation(work.session, operation)
    return Merged(operation, wish.winner, moved, waiting)


def _args(work: Work, party: Party, moved: int) -> dict[str, Any]:
    losers = [str(i) for i in party.losers]
    return {"actor": work.person or 0, "object": party.object.name, "winner": str(party.winner), "losers": losers,
            "moved": moved, "entry": work.entry}  # fmt: skip


def checked(work: Work, wish: Merge) -> Object:
    """The object, if its records can be merged and the wish makes sense."""
    target = work.catalog.object(wish.object)
    may(work, target, "edit")
    may(work, target, "delete")
    if target.kind not in OWNED or target.access == "personal":
        raise BadInput(msg("{objects} cannot be merged.", objects=target.plural))
    everyone = {wish.winner, *wish.losers}
    if len(everyone) != len(wish.losers) + 1 or not 2 <= len(everyone) <= MOST:
        raise BadInput(msg("Choose 2 to {n} different records to merge.", n=MOST))
    known = {k.field.name for k in choosable(work, target)} | set(target.lines)
    known |= {OWNER} if may_choose_owner(work, target) else set()
    for name, source in wish.chosen.items():
        if name not in known:
            raise BadInput(msg("There is no field «{name}» you could set.", name=name[:80]))
        if source not in everyone:
            raise BadInput(msg("«{name}» must come from one of the merged records.", name=name[:80]))
    for name in wish.values:
        if name not in known or name in target.lines:
            raise BadInput(msg("There is no field «{name}» you could set.", name=name[:80]))
    return target


def _locked(work: Work, target: Object, wish: Merge) -> dict[int, Row]:
    """All of them, live, unchanged since they were seen, the winner the caller's to edit, the others to delete too."""
    everyone = [wish.winner, *wish.losers]
    rows = current_rows(work, target, "edit", everyone)
    if len(rows) < len(everyone):
        raise NotFound(msg("One of these records is gone, merged meanwhile, or not yours to change."))
    if len(current_rows(work, target, "trash", wish.losers)) < len(wish.losers):
        raise NotFound(msg("One of these records is gone, merged meanwhile, or not yours to delete."))
    for ident, version in wish.versions.items():
        if ident in rows and rows[ident]["version"] != version:
            raise Conflict(msg("Somebody changed one of these records since you opened them. Look at them again."))
    return rows


def _check_wish(work: Work, target: Object, wish: Merge, rows: Mapping[int, Row]) -> None:
    """As the caller: typed values are what an edit would take, and only who may give the winner away does."""
    change = Change("edit", target.name, wish.values, id=wish.winner)
    refuse(drafts_for(work, target, "edit", [(0, change)]) if wish.values else [], {})
    winner, source = rows[wish.winner], rows[wish.chosen.get(OWNER, wish.winner)]
    if target.kind not in OWNED or OWNER in wish.values or source[OWNER] == winner[OWNER]:
        return
    change = Change("edit", target.name, {OWNER: source[OWNER]}, id=wish.winner)
    draft = Draft(work, target, change, 0, winner, {**winner, OWNER: source[OWNER]})
    check_transfer(work, target, "edit", [draft])
    refuse([draft], {})


def _retire(work: Work, shape: Shape, rows: Sequence[Row], winner: int) -> None:
    """The losers go to the trash as what they were, under the name of the winner."""
    change = Change("trash", shape.object.name)
    drafts = [Draft(work, shape.object, change, n, row, dict(row)) for n, row in enumerate(rows)]
    for draft in drafts:
        draft.new["trashed_at"], draft.new[ALIAS] = work.now, winner
    update(work, shape, drafts, "trash")
    store_lines(work, shape.object, "trash", drafts)


def _complete(work: Work, shape: Shape, wish: Merge, columns: Row, lines: Mapping[str, Sequence[Change]]) -> None:
    """The winner takes the drawn values through the same rules and checks as any edit."""
    change = Change("edit", shape.object.name, wish.values, id=wish.winner, lines=lines)
    drafts = drafts_for(work, shape.object, "edit", [(0, change)])
    typed = {n for name in wish.values if name in shape.fields for n in shape.fields[name].names}
    typed |= {"owner", "team"} if OWNER in wish.values else set()
    drafts[0].new.update({c: v for c, v in columns.items() if c not in typed})
    prepare(work, shape.object, "edit", drafts)
    refuse(drafts, {})
    update(work, shape, drafts)
    store_lines(work, shape.object, "edit", drafts)


def _lines(work: Work, target: Object, wish: Merge, ordered: Sequence[Row]) -> dict[str, Sequence[Change]]:
    """The lines of the chosen record as lines of the winner: copies, so that un-merging finds the old ones again."""
    found: dict[str, Sequence[Change]] = {}
    for name in target.lines:
        line = work.catalog.object(name)
        known = live_lines(work, line, [row["id"] for row in ordered])
        source = wish.chosen.get(name) or line_source(known, ordered)
        if source == wish.winner or not known.get(source):
            continue
        shape = shape_of(work.catalog, line)
        gone = [Change("trash", name, id=i) for i in known.get(wish.winner, {})]
        found[name] = gone + [Change("create", name, _raw(shape, row)) for row in known[source].values()]
    return found


def _raw(shape: Shape, row: Row) -> dict[str, Any]:
    """A stored line as the values somebody would send to make it."""
    return {
        k.field.name: k.type.to_json(k.field, k.values(row))
        for k in shape.stored
        if k.field.name != shape.object.parent and not k.field.read_only and row[k.names[0]] is not None
    }


def run_merge(space: Space, run: JobRun) -> None:
    """The rest of a merge: chunk by chunk, each its own transaction; stops if the merge is undone meanwhile."""
    moved, operation = int(run.args["moved"]), int(run.operation or 0)
    losers = tuple(int(i) for i in run.args["losers"])
    while True:
        with space.write(run.args["actor"], entry=run.args["entry"], kind=KIND, operation=operation, bulk=True) as work:
            run.fence(work.session)
            lock_operation(work, operation)
            table = work.session.table("operation")
            if work.session.value(f"SELECT state FROM {table} WHERE id = ?", (operation,)) != "open":
                return
            target, winner = work.catalog.object(run.args["object"]), int(run.args["winner"])
            party = Party(target, winners(work, target, (winner,)).get(winner, winner), losers)
            with work.as_system(f"merge into {party.winner}"):
                now = move_links(work, party)
            moved += now
            if now < CHUNK:
                close_operation(work.session, operation)
        run.progress(moved, moved)
        if now < CHUNK:
            return
