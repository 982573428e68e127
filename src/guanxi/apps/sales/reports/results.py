"""Results by person, team, product, region or period, each figure with the filter that shows its records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from guanxi.base.dates import from_day, iso_date, period_start
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import names
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

By = Literal[
    "owner", "team", "account", "product", "region", "month", "quarter", "year", "close_reason", "origin"
]  # fmt: skip
TARGETS = {"owner": "user", "team": "team", "account": "account", "product": "product", "region": "region"}
PERIODS = ("month", "quarter", "year")
SUMMED = ("won", "won_amount", "lost", "lost_amount", "open", "open_amount", "weighted")


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of one group; amounts in base currency × 10^4, rates in 1/10000, `filter` for drill-down."""

    key: Any
    name: str
    won: int = 0
    won_amount: int = 0
    lost: int = 0
    lost_amount: int = 0
    open: int = 0
    open_amount: int = 0
    weighted: int = 0
    filter: str = ""
    won_filter: str = ""

    @property
    def win_rate(self) -> int | None:
        closed = self.won + self.lost
        return None if closed == 0 else (self.won * 20_000 + closed) // (closed * 2)

    @property
    def average_won(self) -> int | None:
        return None if self.won == 0 else (self.won_amount * 2 + self.won) // (self.won * 2)


def results(
    work: Work,
    *,
    by: By = "owner",
    start: int | None = None,
    end: int | None = None,
    where: str | None = None,
) -> dict[str, Any]:
    """
    Won and lost deals closed from day `start` to before day `end`, and what is open now, per group. A group's
    `filter` leads to all of these deals, its `won_filter` to the won ones.
    """
    rows: dict[Any, Result] = {}
    period = " and ".join(part for part in (_from(start), _to(end)) if part)
    _add(work, rows, by, _all('state in ["won", "lost"]', period, where))
    if by not in PERIODS:
        _add(work, rows, by, _all('state = "open"', where))
    _name(work, rows, by)
    won = _all('state = "won"', period, where)
    every = _all(f'state = "open" or ({period})' if period and by not in PERIODS else "", where)
    drill = [
        replace(row, filter=_all(own, every), won_filter=_all(own, won))
        for row in rows.values()
        for own in [_filter(by, row.key)]
    ]
    key: Callable[[Result], Any] = (lambda r: r.key or 0) if by in PERIODS else (lambda r: (-r.won_amount, r.name))
    ordered = sorted(drill, key=key)
    return {"by": by, "rows": ordered, "total": replace(total(ordered), filter=every, won_filter=won), "period": period}


def total(rows: Iterable[Result]) -> Result:
    """The sum line."""
    sums = Result(None, "")
    for row in rows:
        sums = replace(sums, **{name: getattr(sums, name) + getattr(row, name) for name in SUMMED})
    return sums


def _add(work: Work, rows: dict[Any, Result], by: By, where: str) -> None:
    column = f"closed_on:{by}" if by in PERIODS else by
    measures = ("amount", "weighted")
    for group in tally(work, Query("opportunity", where=where), by=(column, "state"), measures=measures):
        key, state = group.keys
        row = rows.get(key, Result(key, ""))
        amount = group.values["amount"] or 0
        if state == "won":
            row = replace(row, won=row.won + group.count, won_amount=row.won_amount + amount)
        elif state == "lost":
            row = replace(row, lost=row.lost + group.count, lost_amount=row.lost_amount + amount)
        else:
            weighted = row.weighted + (group.values["weighted"] or 0)
            row = replace(row, open=row.open + group.count, open_amount=row.open_amount + amount, weighted=weighted)
        rows[key] = row


def _name(work: Work, rows: dict[Any, Result], by: By) -> None:
    known = names(work, TARGETS[by], [key for key in rows if key is not None]) if by in TARGETS else {}
    choices = {c.key: c.label.in_(work.actor.language) for c in _choices(work, by)}
    for key, row in rows.items():
        if key is None:
            continue
        if by in PERIODS:
            name = period_name(by, key)
        else:
            name = known.get(key) or choices.get(key, "")
        rows[key] = replace(row, name=name)


def _choices(work: Work, by: By) -> Any:
    if by not in ("close_reason", "origin"):
        return ()
    return work.catalog.field(work.catalog.object("opportunity"), by).options["choices"]


def period_name(by: str, day: int) -> str:
    """2026, 2026-Q3, 2026-08: the same in both languages."""
    start = from_day(day)
    if by == "year":
        return str(start.year)
    return f"{start.year}-Q{(start.month + 2) // 3}" if by == "quarter" else f"{start.year}-{start.month:02d}"


def _filter(by: By, key: Any) -> str:
    if by in PERIODS:
        return drill_period(by, key)
    if key is None:
        return f"is_empty({by})"
    return f'{by} = "{key}"' if by in ("close_reason", "origin") else f"{by} = {key}"


def drill_period(by: str, key: int | None, where: str | None = None) -> str:
    """The condition of deals closed in the period that begins on day `key`."""
    if key is None:
        return _all("is_empty(closed_on)", where)
    after = period_start(by, key + {"month": 31, "quarter": 92, "year": 366}[by])
    return _all(_from(key), _to(after), where)


def _from(day: int | None) -> str:
    return "" if day is None else f'closed_on >= "{iso_date(day)}"'


def _to(day: int | None) -> str:
    return "" if day is None else f'closed_on < "{iso_date(day)}"'


def _all(*parts: str | None) -> str:
    return " and ".join(f"({part})" if " or " in part else part for part in parts if part)
