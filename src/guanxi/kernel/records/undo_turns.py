"""One undo of an operation at a time: taking the turn, going on where a killed one stopped, giving it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guanxi.base.errors import Conflict, msg
from guanxi.kernel.changes.log import close_operation

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

STALE = 10 * 60_000_000  # µs without a change-set after which an undo counts as killed
BACKGROUND = "undo in the background"  # cause of undos by a job, of which the queue runs one at a time


def lock_operation(work: Work, ident: int) -> None:
    """Others who want to undo it wait here, and then see what became of it; SQLite has one writer anyway."""
    if work.session.dialect == "postgresql":
        work.session.run(f"SELECT 1 FROM {work.session.table('operation')} WHERE id = ? FOR UPDATE", (ident,))


def take_turn(work: Work, ident: int, state: str, earlier: int | None, *, background: bool) -> int:
    """
    The undo's own operation, with the undone one marked "undoing"; the caller holds its lock. An undo that was killed
    goes on as what it was: at once if a job does it again, else after it has been still for a while.
    """
    if state == "undoing" and earlier is not None:
        table, sets = work.session.table("operation"), work.session.table("change_set")
        newest = f"(SELECT max(s.at) FROM {sets} s WHERE s.operation = o.id)"
        found = work.session.one(f"SELECT o.state, o.cause, o.at, {newest} FROM {table} o WHERE o.id = ?", (earlier,))
        if found is not None and found[0] == "open":
            still = work.now - max(found[2], found[3] or 0)
            if not (background and found[1] == BACKGROUND) and still < STALE:
                raise Conflict(msg("This is being undone right now. Wait until that is done."))
            return earlier
    close_operation(work.session, ident, "undoing")
    return work.begin_operation()


def give_back_turn(space: Space, actor: Any, ident: int, state: str, undo: int) -> None:
    """After an undo that failed: what was taken back stays, and it may be tried again."""
    with space.write(actor, kind="undo", operation=undo) as work:
        close_operation(work.session, undo, "failed")
        close_operation(work.session, ident, "done" if state == "undoing" else state)
