"""What today asks of a person, ordered by consequence, with the reason under each line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from guanxi.base.dates import day_start, iso_datetime, local_day
from guanxi.base.errors import Message, msg
from guanxi.base.i18n import L
from guanxi.kernel.catalog.model import Report
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import find, names
from guanxi.kernel.records.types import Query, Row

DAY = 86_400_000_000
LEAD_WAIT_DAYS = 3
SECTIONS = {
    "overdue": L("Overdue", "已逾期"),
    "today": L("Today", "今天"),
    "losing": L("Losing them", "再不动就丢了"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the day: what, why now, and the record to open."""

    section: str
    object: str
    id: int
    kind: str  # task kind, "visit", "rotting", "lead": chooses the icon and the chip
    title: str
    reason: Message
    at: int | None  # µs; None: no fixed time
    weight: int = 0  # money at stake in base currency × 10^4: larger comes first in "losing"
    about: tuple[str, int] | None = None


def today(work: Work, *, team: bool = False, limit: int = 50) -> dict[str, Any]:
    """Sections with items; `team=True` for everybody below the caller."""
    mine = "team in my_teams()" if team else "owner = me()"
    items = [item for part in (_tasks, _visits, _rotting, _leads) for item in part(work, mine, limit)]
    return {
        "sections": [
            {"key": key, "label": label, "items": _ordered(key, (i for i in items if i.section == key))}
            for key, label in SECTIONS.items()
        ],
        "count": len(items),
        "kinds": _kinds(items),
    }


def _ordered(section: str, items: Iterable[Item]) -> list[Item]:
    if section == "losing":
        return sorted(items, key=lambda i: (-i.weight, i.id))
    return sorted(items, key=lambda i: (i.at is None, i.at or 0, i.id))


def _kinds(items: Iterable[Item]) -> dict[str, int]:
    """Numbers for the chips above the queue."""
    found = {"task": 0, "visit": 0, "rotting": 0, "lead": 0}
    for item in items:
        found[item.kind if item.kind in found else "task"] += 1
    return found


def _tasks(work: Work, mine: str, limit: int) -> list[Item]:
    start = day_start(work.today, work.zone)
    end = day_start(work.today + 1, work.zone)
    where = f'{mine} and done = false and due_at < datetime("{iso_datetime(end)}")'
    rows = find(work, Query("task", where=where, sort=("due_at",), limit=limit)).rows
    about = _about_names(work, rows)
    return [
        Item(
            section="overdue" if row["due_at"] < min(start, work.now) else "today",
            object="task",
            id=row["id"],
            kind=row["kind"] if row["kind"] != "visit" else "task",
            title=row["subject"],
            reason=_task_reason(work, row, about),
            at=row["due_at"],
            about=_about(row),
        )
        for row in rows
    ]


def _task_reason(work: Work, row: Row, about: Mapping[tuple[str, int], str]) -> Message:
    link = _about(row)
    name = about.get(link, "") if link else ""
    late = max(work.today - local_day(row["due_at"], work.zone), 0)
    if late == 1:
        return msg("{name} · due yesterday", name=name) if name else msg("Due yesterday")
    if late and name:
        return msg("{name} · {days} days late", name=name, days=late)
    if late:
        return msg("{days} days late", days=late)
    return msg("{name}", name=name)


def _visits(work: Work, mine: str, limit: int) -> list[Item]:
    start, end = day_start(work.today, work.zone), day_start(work.today + 1, work.zone)
    where = (
        f'{mine} and state = "planned" and at >= datetime("{iso_datetime(start)}")'
        f' and at < datetime("{iso_datetime(end)}")'
    )
    rows = find(work, Query("visit", where=where, sort=("at",), limit=limit)).rows
    about = _about_names(work, rows)
    return [
        Item(
            section="today",
            object="visit",
            id=row["id"],
            kind="visit",
            title=row["subject"] or about.get(_about(row) or ("", 0), ""),
            reason=msg("Visit · {name}", name=about.get(_about(row) or ("", 0), "")),
            at=row["at"],
            about=_about(row),
        )
        for row in rows
    ]


def _rotting(work: Work, mine: str, limit: int) -> list[Item]:
    """Deals that stand still, from the sales app's report of that name."""
    reports = {report.name: report for app in work.catalog.apps for report in app.reports}
    if "rotting" not in reports:
        return []
    found = reports["rotting"].run(work, where=mine, limit=limit)
    return [
        Item(
            section="losing",
            object="opportunity",
            id=deal["id"],
            kind="rotting",
            title=deal["name"],
            reason=msg(
                "{days} days without progress in «{stage}»; {limit} are usual",
                days=deal["idle_days"],
                stage=deal["stage_name"],
                limit=deal["rotting_days"],
            ),
            at=None,
            weight=deal["amount__b"] or 0,
            about=("opportunity", deal["id"]),
        )
        for deal in found["deals"]
    ]


def _leads(work: Work, mine: str, limit: int) -> list[Item]:
    """Open leads that nobody has followed up, or whose follow-up day is past."""
    waiting = iso_datetime(work.now - LEAD_WAIT_DAYS * DAY)
    where = (
        f'{mine} and state in ["new", "contacted", "qualified"] and (next_follow_up_on < today()'
        f' or (is_empty(last_activity_at) and created_at < datetime("{waiting}")))'
    )
    rows = find(work, Query("lead", where=where, sort=("next_follow_up_on",), limit=limit)).rows
    return [
        Item(
            section="losing",
            object="lead",
            id=row["id"],
            kind="lead",
            title=" · ".join(part for part in (row["name"], row["company"]) if part),
            reason=_lead_reason(work, row),
            at=None,
            weight=(row["budget__b"] or 0) // 10,  # a lead is worth a tenth of its budget
            about=("lead", row["id"]),
        )
        for row in rows
    ]


def _lead_reason(work: Work, row: Row) -> Message:
    if row["last_activity_at"] is None:
        return msg("New for {days} days, nobody has called", days=(work.now - row["created_at"]) // DAY)
    return msg("Follow-up was due {days} days ago", days=work.today - row["next_follow_up_on"])


def _about(row: Row) -> tuple[str, int] | None:
    return (row["about__o"], row["about"]) if row.get("about") is not None else None


def _about_names(work: Work, rows: Iterable[Row]) -> dict[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for row in rows:
        link = _about(row)
        if link is not None:
            wanted.setdefault(link[0], set()).add(link[1])
    return {(name, ident): title for name, ids in wanted.items() for ident, title in names(work, name, ids).items()}


REPORTS = (Report("today", L("Today", "今天"), today),)
