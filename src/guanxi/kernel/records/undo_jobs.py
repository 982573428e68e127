"""Undoing large operations in the background: the job, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guanxi.kernel.jobs.queue import JobRun, enqueue
from guanxi.kernel.records.undo import Edited, may_undo, undo

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

KIND = "undo"
AT_ONCE = 2_000  # changes; more than this is a job


@dataclass(frozen=True, slots=True)
class UndoState:
    """How far the newest undo job of an operation is. `status`: ready, running, done, dead."""

    status: str
    done: int
    total: int
    error: str


def start_undo(
    space: Space, actor: int, ident: int, *, edited: Edited, total: int, chosen: Mapping[int, Edited] | None = None
) -> int:
    """Puts the undo into the queue; asked twice, one job is enough."""
    with space.write(actor) as work:
        may_undo(work, ident)
        args = {"actor": actor, "operation": str(ident), "edited": edited, "total": total,
                "chosen": {str(i): e for i, e in (chosen or {}).items()}}  # fmt: skip
        return enqueue(work.session, KIND, args, queue="bulk", dedupe=f"{KIND}:{ident}", operation=ident, person=actor)


def run_undo(space: Space, run: JobRun) -> None:
    """The worker's part. Begun again after a crash it goes on as the undo it was."""
    total = int(run.args["total"])

    def tell(done: int) -> None:
        run.progress(min(done, total), total)

    actor, ident = int(run.args["actor"]), int(run.args["operation"])
    chosen: dict[int, Edited] = {int(i): e for i, e in run.args.get("chosen", {}).items()}
    undo(space, actor, ident, edited=run.args["edited"], chosen=chosen, progress=tell, background=True)


def undo_state(work: Work, ident: int) -> UndoState | None:
    """The newest undo job of an operation the caller may see."""
    row = work.session.one(
        f"SELECT status, done, total, error FROM {work.session.table('job')}"
        " WHERE operation = ? AND kind = ? ORDER BY id DESC LIMIT 1",
        (ident, KIND),
    )
    return UndoState(row[0], row[1] or 0, row[2] or 0, row[3] or "") if row is not None else None
