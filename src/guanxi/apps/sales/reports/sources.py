"""New leads by where they come from and how they came in, and what became of them (C13)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from guanxi.base.dates import day_start, iso_datetime
from guanxi.kernel.context import Work
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query


@dataclass(frozen=True, slots=True)
class Source:
    """Leads of one source: all, still open, turned into customers, found unqualified; rate in 1/10000 of all."""

    key: str | None
    name: str
    count: int = 0
    open: int = 0
    converted: int = 0
    unqualified: int = 0
    filter: str = ""

    @property
    def rate(self) -> int | None:
        return (self.converted * 20_000 + self.count) // (self.count * 2) if self.count else None


def lead_sources(
    work: Work, *, start: int | None = None, end: int | None = None, where: str | None = None
) -> dict[str, Any]:
    """Leads created from day `start` to before day `end`: by origin, by way in, by month."""
    parts = []
    if start is not None:
        parts.append(f'created_at >= datetime("{iso_datetime(day_start(start, work.zone))}")')
    if end is not None:
        parts.append(f'created_at < datetime("{iso_datetime(day_start(end, work.zone))}")')
    parts += [f"({where})"] if where else []
    condition = " and ".join(parts) or None
    months = tally(work, Query("lead", where=condition), by=("created_at:month",))
    origins = _by(work, "origin", condition)
    total = Source(None, "")
    for row in origins:
        total = replace(
            total,
            count=total.count + row.count,
            open=total.open + row.open,
            converted=total.converted + row.converted,
            unqualified=total.unqualified + row.unqualified,
        )
    return {
        "rows": origins,
        "ways": _by(work, "source", condition),
        "total": replace(total, filter=condition or ""),
        "months": [{"key": g.keys[0], "count": g.count} for g in months],
    }


def _by(work: Work, field: str, condition: str | None) -> list[Source]:
    names = _names(work, field)
    rows: dict[str | None, Source] = {}
    for group in tally(work, Query("lead", where=condition), by=(field, "state")):
        key, state = group.keys
        row = rows.get(key) or Source(key, names.get(key or "", key or ""), filter=_filter(field, key, condition))
        row = replace(row, count=row.count + group.count)
        if state in ("converted", "unqualified"):
            row = replace(row, **{state: getattr(row, state) + group.count})
        else:
            row = replace(row, open=row.open + group.count)
        rows[key] = row
    return sorted(rows.values(), key=lambda row: (-row.count, row.name))


def _names(work: Work, field: str) -> dict[str, str]:
    choices = work.catalog.field(work.catalog.object("lead"), field).options.get("choices", ())
    return {c.key: c.label.in_(work.actor.language) for c in choices}


def _filter(field: str, key: str | None, condition: str | None) -> str:
    own = f"is_empty({field})" if key is None else f'{field} = "{key}"'
    return f"{own} and ({condition})" if condition else own
