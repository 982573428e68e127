"""Rows that look like a record that is there, or like a row before them: taken, left out, or taken for that record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guanxi.base.errors import msg
from guanxi.kernel.imports.plan import Handled, Plan, Prepared
from guanxi.kernel.records.duplicates import LIKE, REFUSED
from guanxi.kernel.records.hits import Found
from guanxi.kernel.records.types import Change, Outcome
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def store(work: Work, plan: Plan, rows: Sequence[Prepared], *, rehearse: bool) -> list[Handled]:
    """Saves the chunk; what looks like something is then treated as the mapping says."""
    going = [r for r in rows if r.change is not None]
    changes = [r.change for r in going if r.change is not None]
    if not changes:
        return [(row, None) for row in rows]
    policy = "allow" if plan.map.similar == "create" else "ask"
    saved = save(work, changes, collect=True, rehearse=rehearse, duplicates=policy)  # type: ignore[arg-type]  # one of two words
    outcomes: dict[int, Outcome | None] = {r.line.number: o for r, o in zip(going, saved.outcomes, strict=True)}
    stopped = [(going[n], found) for n, found in saved.similar.items() if _only_like(saved.outcomes[n])]
    if plan.map.similar == "update":
        stopped = _update(work, stopped, outcomes, rehearse=rehearse)
    if plan.map.similar in ("skip", "update"):
        for row, found in stopped:
            _leave_out(row, found, outcomes)
    return [(row, outcomes.get(row.line.number)) for row in rows]


def _only_like(outcome: Outcome) -> bool:
    return {e.code for e in outcome.errors} <= {LIKE, REFUSED}


def _update(
    work: Work,
    stopped: Sequence[tuple[Prepared, Found]],
    outcomes: dict[int, Outcome | None],
    *,
    rehearse: bool,
) -> list[tuple[Prepared, Found]]:
    """Rows that look like one record only become edits of it; gives those that are left."""
    edits: dict[int, tuple[Prepared, Change]] = {}
    left: list[tuple[Prepared, Found]] = []
    for row, found in stopped:
        one = found.hits[0] if len(found.hits) == 1 else None
        if one is None or one.row is not None or one.id in edits or row.change is None:
            left.append((row, found))
        else:
            edits[one.id] = (row, Change("edit", row.change.object, row.change.values, id=one.id))
    if edits:
        saved = save(work, [change for _, change in edits.values()], collect=True, rehearse=rehearse)
        for (row, change), outcome in zip(edits.values(), saved.outcomes, strict=True):
            row.change = change
            outcomes[row.line.number] = outcome
    return left


def _leave_out(row: Prepared, found: Found, outcomes: dict[int, Outcome | None]) -> None:
    hit = found.hits[0] if found.hits else None
    if hit is None:
        said = msg("A record like this is there already.")
    elif hit.row is not None:
        said = msg("It looks like a row before it in the file ({score}).", score=hit.score)
    else:
        said = msg("Looks like «{title}» ({score}).", title=hit.title, score=hit.score)
    row.state = "duplicate"
    row.errors = [("", "duplicate", said)]
    outcomes[row.line.number] = None
