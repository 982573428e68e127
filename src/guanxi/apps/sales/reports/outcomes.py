"""Win rate and how long deals take, per month, quarter or year: the median counts, not the odd deal of three years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from guanxi.apps.sales.reports.results import PERIODS, drill_period, period_name
from guanxi.base.dates import iso_date
from guanxi.kernel.context import Work
from guanxi.kernel.expr import parse
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

DAYS = parse("closed_on - opened_on")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One period: deals closed in it, share won in 1/10000, median days from opening to winning."""

    key: int
    name: str
    won: int
    won_amount: int
    lost: int
    win_rate: int | None
    median_days: int | None
    filter: str


def outcomes(
    work: Work,
    *,
    by: Literal["month", "quarter", "year"] = "month",
    start: int | None = None,
    end: int | None = None,
    where: str | None = None,
) -> dict[str, Any]:
    """Deals closed from day `start` to before day `end` by period, and the same over all of them."""
    assert by in PERIODS
    parts = ['state in ["won", "lost"]', "not is_empty(closed_on)"]
    parts += [f'closed_on >= "{iso_date(start)}"'] if start is not None else []
    parts += [f'closed_on < "{iso_date(end)}"'] if end is not None else []
    parts += [f"({where})"] if where else []
    query = Query("opportunity", where=" and ".join(parts))
    cells: dict[int, list[tuple[str, int | None, int, int]]] = {}
    for group in tally(work, query, by=(f"closed_on:{by}", "state", DAYS), measures=("amount",)):
        key, state, days = group.keys
        cells.setdefault(key, []).append((state, days, group.count, group.values["amount"] or 0))
    rows = [_outcome(by, key, found, where) for key, found in sorted(cells.items())]
    every = [cell for found in cells.values() for cell in found]
    return {"by": by, "rows": rows, "total": _outcome(by, 0, every, where, name="")}


def _outcome(
    by: str, key: int, cells: Sequence[tuple[str, int | None, int, int]], where: str | None, name: str | None = None
) -> Outcome:
    won = sum(count for state, _, count, _ in cells if state == "won")
    lost = sum(count for state, _, count, _ in cells if state == "lost")
    closed = won + lost
    took: dict[int, int] = {}
    for state, days, count, _ in cells:
        if state == "won" and days is not None:
            took[days] = took.get(days, 0) + count
    return Outcome(
        key=key,
        name=period_name(by, key) if name is None else name,
        won=won,
        won_amount=sum(amount for state, _, _, amount in cells if state == "won"),
        lost=lost,
        win_rate=(won * 20_000 + closed) // (closed * 2) if closed else None,
        median_days=median(took),
        filter=drill_period(by, key, where) if name is None else "",
    )


def median(counts: Mapping[int, int]) -> int | None:
    """The middle one of all values, given how often each occurs; the lower one of two."""
    middle = (sum(counts.values()) + 1) // 2
    return next((value for value, upto in _running(sorted(counts.items())) if upto >= middle > 0), None)


def _running(pairs: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    total = 0
    for value, count in pairs:
        total += count
        yield value, total
