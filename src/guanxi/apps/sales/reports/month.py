"""A month so far against the month before: money won, new deals, leads; with the days the pace is measured by."""

from __future__ import annotations

from typing import Any

from guanxi.base.dates import add_months, iso_date, period_start
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import askable
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query


def month(work: Work, *, where: str | None = None) -> dict[str, Any]:
    """
    Each figure as {now, before, pace}: this month up to today, the whole month before, and what that month had
    reached on the same day. There are no targets yet, so last month is what one is measured by.
    """
    start = period_start("month", work.today)
    before = add_months(start, -1)
    pace = min(before + (work.today - start) + 1, start)  # first day that last month does not count yet
    since = f'>= "{iso_date(before)}"'
    won = _days(work, "closed_on", f'state = "won" and closed_on {since}', where)
    opened = _days(work, "opened_on", f"opened_on {since}", where)
    return {
        "start": start,
        "won_amount": _figure(won, start, pace, work.today, 1),
        "won": _figure(won, start, pace, work.today, 0),
        "opened": _figure(opened, start, pace, work.today, 0),
        "filter": f'state = "won" and closed_on >= "{iso_date(start)}" and closed_on <= "{iso_date(work.today)}"',
    }


def _days(work: Work, field: str, condition: str, where: str | None) -> list[tuple[int, tuple[int, int]]]:
    wanted = f"{condition} and ({where})" if where else condition
    sums = askable(work, "opportunity", "amount")
    groups = tally(work, Query("opportunity", where=wanted), by=(f"{field}:day",), measures=sums)
    return [(group.keys[0], (group.count, group.values.get("amount") or 0)) for group in groups]


def _figure(days: list[tuple[int, tuple[int, int]]], start: int, pace: int, today: int, place: int) -> dict[str, int]:
    return {
        "now": sum(values[place] for day, values in days if start <= day <= today),
        "before": sum(values[place] for day, values in days if day < start),
        "pace": sum(values[place] for day, values in days if day < pace),
    }
