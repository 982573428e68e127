"""Checks of the log's seal, its followers and the jobs."""

from __future__ import annotations

from guanxi.base.errors import msg
from guanxi.kernel.context import Space
from guanxi.kernel.doctor.finding import Finding, finding

LAG = 10_000  # sets a follower may be behind
UNSEALED_FOR = 60_000_000  # µs


def seal_check(space: Space, _sample: int) -> Finding:
    """Positions are whole, nothing waits for its seal, followers are not far behind."""
    with space.db.read(timeout=None) as session:
        count, head = session.rows(f"SELECT count(*), max(pos) FROM {session.table('seal')}")[0]
        waiting = session.value(
            f"SELECT count(*) FROM {session.table('unsealed')} u"
            f" JOIN {session.table('change_set')} s ON s.id = u.set_id WHERE s.at < ?",
            (space.clock() - UNSEALED_FOR,),
        )
        behind = session.rows(f"SELECT name, pos, error FROM {session.table('follower')}")
    wrong = [f"{count} positions, the last is {head}"] if count != (head or 0) else []
    wrong += [f"{waiting} change-sets wait for their seal"] if waiting else []
    wrong += [
        f"follower {name} is {(head or 0) - pos} sets behind" for name, pos, _ in behind if (head or 0) - pos > LAG
    ]
    wrong += [f"follower {name} fails" for name, _, error in behind if error]
    return finding("seal", int(count) + len(behind), wrong, msg("See that the worker runs: guanxi work"))


def job_check(space: Space, _sample: int) -> Finding:
    """Jobs that gave up."""
    with space.db.read() as session:
        rows = session.rows(
            f"SELECT kind, count(*) FROM {session.table('job')} WHERE status = 'dead' GROUP BY kind ORDER BY kind"
        )
    wrong = [f"{number} × {kind}" for kind, number in rows]
    return finding(
        "jobs", sum(number for _, number in rows), wrong, msg("Look at them and try again, or discard them.")
    )
