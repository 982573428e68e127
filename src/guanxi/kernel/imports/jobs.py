"""Imports in the background: put into the queue, run by a worker, paused and taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from guanxi.base.errors import Conflict, Message, Problem, msg
from guanxi.kernel.imports import state
from guanxi.kernel.imports.run import check, execute
from guanxi.kernel.imports.state import Run
from guanxi.kernel.jobs.queue import JobRun, Stale, enqueue

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

KIND = "import"
What = Literal["check", "run"]
AT_ONCE = 2_000  # rows that are checked again while the visitor waits
IDLE = ("draft", "checked", "paused", "failed")


def start(work: Work, run: Run, what: What, *, all_or_nothing: bool = False, rows: Sequence[int] = ()) -> None:
    """Queues a check or the import itself; Conflict while it is at work or after it is done."""
    following = "checking" if what == "check" else "running"
    if what == "check" and run.operation is not None:
        raise Conflict(msg("This import has begun to write; it can only go on or be undone."))
    if not state.set_state(work.session, run, following, only=IDLE):
        raise Conflict(msg("This import is at work or done already."))
    args = {"import": str(run.id), "what": what, "all_or_nothing": all_or_nothing, "rows": list(rows)}
    enqueue(work.session, KIND, args, queue="bulk", dedupe=f"{KIND}:{run.id}", person=run.actor or None)


def pause(work: Work, run: Run) -> None:
    """Asks it to stop after the chunk at hand; it goes on later where it was."""
    if not state.set_state(work.session, run, "pausing", only=("running",)):
        raise Conflict(msg("Only an import that is running can be paused."))


def run_import(space: Space, job: JobRun) -> None:
    """The worker's part. Begun again after a crash it goes on after the last finished chunk."""
    with space.db.read() as session:
        run = state.load_run(session, int(job.args["import"]))

    def tell(known: Run) -> None:
        job.progress(known.done, known.total or 0)

    try:
        if job.args["what"] == "check":
            check(space, run, tell, rows=job.args["rows"] or None, fence=job.fence)
        elif run.state in ("running", "pausing"):
            execute(space, run, tell, all_or_nothing=bool(job.args["all_or_nothing"]), fence=job.fence)
    except Stale:
        raise
    except Problem as problem:
        with space.db.write() as session:
            job.fence(session)
            run.state, run.error = "failed", pack(problem.message)
            state.store_run(session, run)


def pack(message: Message) -> str:
    """A message as kept beside the import, to be said in the reader's language."""
    return msgspec.json.encode([message.text, state.plain(message.params)]).decode()


def reason_of(run: Run) -> Message | None:
    """Why the import failed as a whole."""
    if not run.error:
        return None
    text, params = msgspec.json.decode(run.error)
    return state.message_of(text, params)
