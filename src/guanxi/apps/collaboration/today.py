"""What today asks of a person, ordered by consequence, with the reason under each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from guanxi.apps.collaboration.facts import NONE, Facts, gather
from guanxi.apps.collaboration.month import contacts_month
from guanxi.apps.collaboration.news import news
from guanxi.base.dates import day_start, iso_datetime, local_day
from guanxi.base.errors import BadInput, Message, msg
from guanxi.base.i18n import L, Label
from guanxi.kernel.catalog.model import Report
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import askable, readable
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.types import Query, Row

DAY = 86_400_000_000
LEAD_WAIT_DAYS = 3
OPEN_LEAD = 'state in ["new", "contacted", "qualified"]'
COUNTED = 1_000  # lines of a kind beyond which nobody needs to know how many
SECTIONS = {
    "overdue": L("Overdue", "已逾期"),
    "today": L("Today", "今天"),
    "losing": L("Losing them", "再不动就丢了"),
}
KINDS = ("task", "visit", "rotting", "lead")
SCOPES = {"mine": "owner = me()", "team": "team in my_teams()", "all": ""}


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
    contact: int | None = None
    owner: int | None = None
    days: int = 0  # late, standing or waiting
    place: str | None = None  # JSON of an address
    facts: Facts = NONE

    @property
    def group(self) -> str:
        """The chip it is counted under."""
        return self.kind if self.kind in KINDS else "task"


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of work: its question, the lines of its rows."""

    kind: str
    query: Query
    lines: Callable[[Work, Sequence[Row]], list[Item]]


def scopes_of(work: Work) -> list[str]:
    """How far the queue may reach for this person, the usual one first."""
    rights = work.actor.rights
    deals = rights.scope("opportunity", "read")
    wide = {"all": ["all", "mine"], "subtree": ["team", "mine"], "team": ["mine", "team"]}.get(deals, ["mine"])
    if deals == "all" and rights.scope("opportunity", "create") == "none" != rights.scope("task", "create"):
        wide.reverse()  # service agents see all deals, but work on their own tasks
    if deals == "all" and work.actor.team is not None:
        wide.insert(0 if rights.admin else len(wide), "team")  # one's own people before the whole company
    return wide


def today(
    work: Work, *, team: bool = False, scope: str | None = None, kind: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """Sections with lines; `scope` mine, team or all; `kind` shows one kind, the numbers stay those of all."""
    known = scopes_of(work)
    chosen = "team" if team else scope if scope in known else known[0]
    parts = _parts(work, SCOPES[chosen], limit)
    items: list[Item] = []
    numbers: dict[str, int] = dict.fromkeys(KINDS, 0)
    capped: set[str] = set()
    for part in parts:
        try:
            rows = find(work, part.query).rows
        except BadInput:  # it asks by a field that this person does not read in clear
            continue
        number, more = count(work, part.query, COUNTED) if len(rows) == limit else (len(rows), False)
        numbers[part.kind] += number
        if more:
            capped.add(part.kind)
        if kind in (None, part.kind):
            items += part.lines(work, rows)
    items = [replace(item, facts=facts) for item, facts in zip(items, gather(work, items), strict=True)]
    return {
        "scope": chosen,
        "scopes": known,
        "where": SCOPES[chosen] or None,
        "filters": conditions(work, SCOPES[chosen]),
        "sections": [
            {"key": key, "label": label, "items": _ordered(key, (i for i in items if i.section == key))}
            for key, label in SECTIONS.items()
        ],
        "shown": len(items),
        "count": sum(numbers.values()),
        "kinds": numbers,
        "capped": sorted(capped),
    }


def _ordered(section: str, items: Iterable[Item]) -> list[Item]:
    if section == "losing":
        return sorted(items, key=lambda i: (-i.weight, i.id))
    return sorted(items, key=lambda i: (i.at is None, i.at or 0, i.id))


def conditions(work: Work, mine: str) -> dict[str, tuple[str, str]]:
    """Object and condition of each kind of work: what is counted here is what a list with it shows."""
    start, end = (iso_datetime(day_start(work.today + n, work.zone)) for n in (0, 1))
    late, waiting = lead_conditions(work)
    found = {
        "task": ("task", f'done = false and due_at < datetime("{end}")'),
        "visit": ("visit", f'state = "planned" and at >= datetime("{start}") and at < datetime("{end}")'),
        "lead": ("lead", f"{OPEN_LEAD} and ({late} or ({waiting}))"),
    }
    reports = {report.name: report for app in work.catalog.apps for report in app.reports}
    if "rotting" in reports and _seen(work, "opportunity"):
        found["rotting"] = ("opportunity", f"({reports['rotting'].run(work, limit=0)['where']})")
    return {
        kind: (name, f"{mine} and {where}" if mine else where)
        for kind, (name, where) in found.items()
        if _seen(work, name)
    }


def lead_conditions(work: Work) -> tuple[str, str]:
    """The follow-up is late; nobody has ever followed up, for days."""
    since = iso_datetime(work.now - LEAD_WAIT_DAYS * DAY)
    never = f'is_empty(next_follow_up_on) and is_empty(last_activity_at) and created_at < datetime("{since}")'
    return "next_follow_up_on < today()", never


def _seen(work: Work, name: str) -> bool:
    return name in work.catalog.objects and bool(readable(work, work.catalog.objects[name]))


def _parts(work: Work, mine: str, limit: int) -> list[Part]:
    """Questions whose order is an index of their own: leads are asked for twice, late ones and those never called."""
    shapes: dict[str, tuple[str, Callable[[Work, Sequence[Row]], list[Item]]]] = {
        "task": ("due_at", _tasks),
        "visit": ("at", _visits),
        "rotting": ("-amount", _rotting),
    }
    asked = conditions(work, mine)
    parts = [
        Part(kind, Query(asked[kind][0], asked[kind][1], sort=askable(work, asked[kind][0], sort), limit=limit), lines)
        for kind, (sort, lines) in shapes.items()
        if kind in asked
    ]
    if "lead" in asked:
        for sort, where in zip(("next_follow_up_on", "created_at"), lead_conditions(work), strict=True):
            whole = " and ".join(part for part in (mine, OPEN_LEAD, where) if part)
            parts.append(Part("lead", Query("lead", whole, sort=askable(work, "lead", sort), limit=limit), _leads))
    return parts


def _tasks(work: Work, rows: Sequence[Row]) -> list[Item]:
    start = day_start(work.today, work.zone)
    return [
        Item(
            section="overdue" if row["due_at"] < min(start, work.now) else "today",
            object="task",
            id=row["id"],
            kind=row["kind"] if row["kind"] != "visit" else "task",
            title=row["subject"],
            reason=_task_reason(max(work.today - local_day(row["due_at"], work.zone), 0)),
            at=row["due_at"],
            about=_about(row),
            contact=row.get("contact"),
            owner=row.get("owner"),
            days=max(work.today - local_day(row["due_at"], work.zone), 0),
        )
        for row in rows
    ]


def _task_reason(late: int) -> Message:
    if late:
        return msg("Due yesterday") if late == 1 else msg("{days} days late", days=late)
    return msg("Due today")


def _visits(_work: Work, rows: Sequence[Row]) -> list[Item]:
    return [
        Item(
            section="today",
            object="visit",
            id=row["id"],
            kind="visit",
            title=row["subject"] or "",
            reason=msg("Visit planned for today"),
            at=row["at"],
            about=_about(row),
            contact=row.get("contact"),
            owner=row.get("owner"),
            place=row.get("place"),
        )
        for row in rows
    ]


def _rotting(work: Work, rows: Sequence[Row]) -> list[Item]:
    """Deals that stand still, by the sales app's own limits."""
    stages = work.catalog.config["stage"]
    found = []
    for row in rows:
        stage = stages[row["stage"]]
        days = (work.now - max(row["stage_since"], row.get("last_activity_at") or 0)) // DAY
        reason = msg(
            "{days} days without progress in «{stage}»; {limit} are usual",
            days=days,
            stage=Label(stage["name_en"] or stage["name"], stage["name"]),
            limit=stage["rotting_days"],
        )
        found.append(
            Item(
                section="losing",
                object="opportunity",
                id=row["id"],
                kind="rotting",
                title=row["name"],
                reason=reason,
                at=None,
                weight=row.get("amount__b") or 0,
                about=("opportunity", row["id"]),
                contact=row.get("contact"),
                owner=row.get("owner"),
                days=days,
            )
        )
    return found


def _leads(work: Work, rows: Sequence[Row]) -> list[Item]:
    """Open leads that nobody has followed up, or whose follow-up day is past."""
    return [
        Item(
            section="losing",
            object="lead",
            id=row["id"],
            kind="lead",
            title=" · ".join(part for part in (row["name"], row.get("company")) if part),
            reason=_lead_reason(work, row),
            at=None,
            weight=(row.get("budget__b") or 0) // 10,  # a lead is worth a tenth of its budget
            about=("lead", row["id"]),
            owner=row.get("owner"),
            days=_lead_days(work, row),
        )
        for row in rows
    ]


def _lead_days(work: Work, row: Row) -> int:
    if row.get("next_follow_up_on") is not None:
        return int(work.today - row["next_follow_up_on"])
    return int((work.now - row["created_at"]) // DAY)


def _lead_reason(work: Work, row: Row) -> Message:
    if row.get("next_follow_up_on") is None:
        return msg("New for {days} days, nobody has called", days=_lead_days(work, row))
    return msg("Follow-up was due {days} days ago", days=_lead_days(work, row))


def _about(row: Row) -> tuple[str, int] | None:
    return (row["about__o"], row["about"]) if row.get("about") is not None else None


REPORTS = (
    Report("today", L("Today", "今天"), today),
    Report("contacts_month", L("Contacts this month", "本月联系"), contacts_month),
    Report("news", L("News", "动态"), news),
)
