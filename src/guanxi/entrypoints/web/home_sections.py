"""Pieces of the start page by role: what each kind of person looks at first, made from records that are there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from guanxi.base.errors import BadInput, NotFound
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.render import t, url
from guanxi.kernel.access.roles import closure, roles_of
from guanxi.kernel.admin.watch import alerts
from guanxi.kernel.jobs.queue import dead
from guanxi.kernel.records.read import count
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

GIB = 1024**3
LOW_SPACE = 5 * GIB
MONTH = "created_at >= now() - days(30)"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a section: a number (money in base currency × 10^4), where it leads, and how it stands."""

    text: str
    value: int
    url: str = ""
    tone: str = ""
    money: int | None = None
    more: bool = False
    shown: str = ""  # instead of the number


@dataclass(frozen=True, slots=True)
class Section:
    """A titled piece; `lines` is None for those that the page makes itself (month, visits, news)."""

    name: str
    label: Label
    lines: Sequence[Figure] | None = None


Make = Callable[["Work", str | None], list[Figure]]
"""Its figures for this person, within the scope chosen on the page."""


def _joined(*parts: str | None) -> str:
    return " and ".join(f"({part})" for part in parts if part)


def _counted(work: Work, text: str, name: str, where: str, *, bad: bool = False) -> list[Figure]:
    """How many records match, with the list behind it; nothing where the person may not ask that."""
    if name not in work.catalog.objects or work.actor.rights.scope(name, "read") == "none":
        return []
    try:
        n, more = count(work, Query(name, where))
    except (BadInput, NotFound):
        return []
    return [Figure(text, n, url(f"/o/{name}", where=where), "amber" if bad and n else "", more=more)]


def pipeline(work: Work, scope: str | None) -> list[Figure]:
    """Open deals by stage: number and money."""
    if "opportunity" not in work.catalog.objects or work.actor.rights.scope("opportunity", "read") == "none":
        return []
    where = _joined('state = "open"', scope)
    try:
        groups = tally(work, Query("opportunity", where), ("stage",), ("amount",))
    except (BadInput, NotFound):
        return []
    stages = work.catalog.config["stage"]
    found = [(stages[g.keys[0]], g) for g in groups if g.keys[0] in stages]
    found.sort(key=lambda pair: (pair[0]["pipeline"] or 0, pair[0].get("position") or 0))
    english = work.actor.language == "en"
    return [
        Figure(
            str((row.get("name_en") if english else None) or row["name"]),
            g.count,
            url("/o/opportunity", where=_joined(where, f"stage = {g.keys[0]}")),
            money=g.values.get("amount"),
        )
        for row, g in found
    ]


def risks(work: Work, scope: str | None) -> list[Figure]:
    """Open deals that are late, have no next step, or nobody responsible."""
    is_open = 'state = "open"'
    late = _joined(is_open, "close_on < today()", scope)
    return [
        *_counted(work, t("Past their closing date"), "opportunity", late, bad=True),
        *_counted(work, t("Without a closing date"), "opportunity", _joined(is_open, "is_empty(close_on)", scope)),
        *_counted(work, t("Overdue tasks"), "task", _joined("not done", "due_at < now()", scope), bad=True),
    ]  # fmt: skip


def leads(work: Work, scope: str | None) -> list[Figure]:
    """New leads of thirty days by source, and how many became customers."""
    if "lead" not in work.catalog.objects or work.actor.rights.scope("lead", "read") == "none":
        return []
    where = _joined(MONTH, scope)
    try:
        groups = tally(work, Query("lead", where), ("origin",))
    except (BadInput, NotFound):
        return []
    choices = work.catalog.field(work.catalog.object("lead"), "origin").options["choices"]
    names = {c.key: c.label.in_(work.actor.language) for c in choices}
    found = [
        Figure(names.get(g.keys[0], t("Unknown source")), g.count,
               url("/o/lead", where=_joined(where, f'origin = "{g.keys[0]}"' if g.keys[0] else "is_empty(origin)")))
        for g in sorted(groups, key=lambda g: -g.count)[:6]
    ]  # fmt: skip
    total = sum(g.count for g in groups)
    converted = _counted(work, t("Became customers"), "lead", _joined(where, 'state = "converted"'))
    if converted and total:
        share = f"{converted[0].value} / {total} · {100 * converted[0].value / total:.0f}%"
        converted = [Figure(converted[0].text, converted[0].value, converted[0].url, shown=share)]
    return [*found, *converted]


def touched(work: Work, scope: str | None) -> list[Figure]:
    """What was done with customers this week, and what is open."""
    week = "at >= now() - days(7)"
    return [
        *_counted(work, t("Calls this week"), "call", _joined(week, scope)),
        *_counted(work, t("Visits this week"), "visit", _joined(week, scope)),
        *_counted(work, t("Open tasks"), "task", _joined("not done", scope)),
        *_counted(work, t("Overdue tasks"), "task", _joined("not done", "due_at < now()", scope), bad=True),
    ]


def quality(work: Work, _scope: str | None) -> list[Figure]:
    """Records that lack what others need."""
    silent = "is_empty(mobile) and is_empty(phone) and is_empty(email)"
    return [
        *_counted(work, t("Contacts without an account"), "contact", "is_empty(account)"),
        *_counted(work, t("Contacts nobody can reach"), "contact", silent, bad=True),
        *_counted(work, t("Accounts without an industry"), "account", "is_empty(industry)"),
        *_counted(work, t("Leads without a source"), "lead", "is_empty(origin)"),
    ]  # fmt: skip


def unassigned(work: Work, _scope: str | None) -> list[Figure]:
    """Records nobody is responsible for."""
    language = work.actor.language
    names = [n for n in ("lead", "account", "contact", "opportunity") if n in work.catalog.objects]
    return [
        line for n in names
        for line in _counted(work, work.catalog.object(n).plural.in_(language), n, "is_empty(owner)", bad=True)
    ]  # fmt: skip


def jobs(work: Work, _scope: str | None) -> list[Figure]:
    """Work in the background that gave up; with the right to import also what came in."""
    failed = len(dead(work.session, 100))
    health = "/settings/health" if work.actor.rights.admin else ""
    found = [Figure(t("Failed jobs"), failed, health, "red" if failed else "", more=failed == 100)]
    for name in ("lead", "contact", "account"):
        if name in work.catalog.objects:
            text = t("Imported in 30 days: {objects}", objects=work.catalog.object(name).plural)
            found += _counted(work, text, name, _joined(MONTH, 'source = "import"'))
    return found


def people(work: Work, _scope: str | None) -> list[Figure]:
    """Who may sign in, and who lacks a team or a role."""
    users = [row for row in work.catalog.config["user"].values() if row["active"]]
    alone = sum(row["team"] is None for row in users)
    idle = sum(not roles_of(row) for row in users)
    return [
        Figure(t("People who may sign in"), len(users), "/settings/users"),
        Figure(t("Without a team"), alone, "/settings/users", "amber" if alone else ""),
        Figure(t("Without a role"), idle, "/settings/users", "amber" if idle else ""),
    ]


def storage(work: Work, _scope: str | None) -> list[Figure]:
    """Room left where the workspace keeps its files."""
    try:
        free = shutil.disk_usage(work.space.folder).free
    except OSError:
        return []
    return [
        Figure(t("Room left on the disk"), free, "", "red" if free < LOW_SPACE else "", shown=f"{free / GIB:,.0f} GB")
    ]


def alarms(work: Work, _scope: str | None) -> list[Figure]:
    """Unusual reading and exporting that nobody has looked at."""
    found = len(alerts(work.session, open_only=True))
    return [Figure(t("Alerts nobody has looked at"), found, "/settings/audit", "red" if found else "")]


MADE: Mapping[str, tuple[Label, Make | None]] = {
    "month": (L("This month", "本月"), None),
    "pipeline": (L("Open deals", "进行中的商机"), pipeline),
    "risks": (L("At risk", "有风险"), risks),
    "leads": (L("New leads, 30 days", "近 30 天新线索"), leads),
    "touched": (L("With customers", "客户往来"), touched),
    "visits": (L("Visits today", "今天的拜访"), None),
    "quality": (L("Data quality", "数据质量"), quality),
    "unassigned": (L("Nobody responsible", "没有负责人"), unassigned),
    "jobs": (L("Imports and jobs", "导入与任务"), jobs),
    "people": (L("People", "人员"), people),
    "storage": (L("Storage", "存储"), storage),
    "alarms": (L("Alerts", "警报"), alarms),
    "news": (L("News", "动态"), None),
}
BY_ROLE: Mapping[str, Sequence[str]] = {
    "administrator": ("alarms", "people", "storage", "jobs", "month", "news"),
    "sales": ("month", "pipeline", "visits", "news"),
    "sales_manager": ("month", "pipeline", "risks", "news"),
    "management": ("month", "pipeline", "risks", "leads"),
    "marketing": ("leads", "quality", "news"),
    "service": ("touched", "visits", "news"),
    "analyst": ("leads", "pipeline", "quality"),
    "operations": ("jobs", "unassigned", "quality", "news"),
}
USUAL = ("month", "pipeline", "visits", "news")


def offered(work: Work) -> list[str]:
    """The sections of a person's roles, then all others their rights give a meaning to."""
    row = work.catalog.config["user"].get(work.actor.user)
    roles = work.catalog.config["role"]
    keys = [roles[r]["key"] for r in closure(roles, roles_of(row))] if row is not None else []
    mine = [name for key in keys for name in BY_ROLE.get(key or "", ())] or list(USUAL)
    for_all = [name for name in MADE if name not in ("alarms", "people", "storage") or work.actor.rights.admin]
    return list(dict.fromkeys([*(name for name in mine if name in for_all), *for_all]))


def usual(work: Work) -> list[str]:
    """What a person's start page shows as long as they chose nothing themselves."""
    row = work.catalog.config["user"].get(work.actor.user)
    roles = work.catalog.config["role"]
    keys = [roles[r]["key"] for r in closure(roles, roles_of(row))] if row is not None else []
    found = list(dict.fromkeys(name for key in keys for name in BY_ROLE.get(key or "", ()))) or list(USUAL)
    return [name for name in found if name in offered(work)]


def chosen(work: Work) -> list[str]:
    """The sections of this person's start page, in their order."""
    row = work.catalog.config["user"].get(work.actor.user) or {}
    try:
        kept = msgspec.json.decode(row.get("home") or b"[]", type=list[str])
    except msgspec.MsgspecError:
        kept = []
    known = set(offered(work))
    return [name for name in dict.fromkeys(kept) if name in known] if row.get("home") else usual(work)


def sections_of(work: Work, scope: str | None) -> list[Section]:
    """The chosen sections with their figures; those without any are left out."""
    found = []
    for name in chosen(work):
        label, make = MADE[name]
        lines = make(work, scope) if make is not None else None
        if lines is None or lines:
            found.append(Section(name, label, lines))
    return found


def offered_sections(work: Work) -> list[tuple[str, Label, bool]]:
    """For the dialog in which one chooses: all sections, the shown ones first and in their order."""
    shown = chosen(work)
    order = [*shown, *(name for name in offered(work) if name not in shown)]
    return [(name, MADE[name][0], name in shown) for name in order]
