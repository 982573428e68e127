"""Conversations and visits of a month so far against the month before."""

from __future__ import annotations

from typing import Any

from guanxi.base.dates import add_months, day_start, iso_datetime, period_start
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

MADE = {"call": "", "meeting": "", "mail": "", "visit": 'state = "done"'}


def contacts_month(work: Work, *, where: str | None = None) -> dict[str, Any]:
    """Each figure as {now, before, pace}: up to now, all of last month, last month up to the same day."""
    start = period_start("month", work.today)
    before = add_months(start, -1)
    pace = min(before + (work.today - start) + 1, start)
    found = {name: {"now": 0, "before": 0, "pace": 0} for name in MADE}
    for name, extra in MADE.items():
        target = work.catalog.objects.get(name)
        if target is None or "at" not in readable(work, target):
            continue
        since = iso_datetime(day_start(before, work.zone))
        parts = [f'at >= datetime("{since}")', "at <= now()", extra, f"({where})" if where else ""]
        query = Query(name, where=" and ".join(part for part in parts if part))
        for group in tally(work, query, by=("at:day",)):
            day, figure = group.keys[0], found[name]
            figure["now"] += group.count if day >= start else 0
            figure["before"] += group.count if day < start else 0
            figure["pace"] += group.count if day < pace else 0
    total = {key: sum(figure[key] for figure in found.values()) for key in ("now", "before", "pace")}
    return {"activities": total, "visits": found["visit"], "kinds": found}
