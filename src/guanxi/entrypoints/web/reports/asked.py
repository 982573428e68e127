"""What a report is asked for, kept in its address: period, person, team, product, region, pipeline, grouping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from guanxi.base.dates import add_months, period, period_start
from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import L, Label
from guanxi.kernel.access.teams import subtree_of
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

PERIODS: Mapping[str, Label] = {
    "this_month": L("This month", "本月"),
    "last_month": L("Last month", "上月"),
    "this_quarter": L("This quarter", "本季"),
    "last_quarter": L("Last quarter", "上季"),
    "this_year": L("This year", "今年"),
    "last_year": L("Last year", "去年"),
    "year": L("Last 12 months", "近 12 个月"),
    "all": L("All time", "全部时间"),
}
BY: Mapping[str, Label] = {
    "owner": L("By person", "按人"),
    "team": L("By team", "按团队"),
    "product": L("By product", "按产品"),
    "region": L("By region", "按大区"),
    "account": L("By account", "按客户"),
    "month": L("By month", "按月"),
    "quarter": L("By quarter", "按季"),
    "close_reason": L("By reason", "按输赢原因"),
    "origin": L("By source", "按来源"),
}
FILTERS = ("owner", "team", "product", "region", "pipeline")
OF_LEADS = ("owner", "team", "product", "region")
ANY = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; ids are 0 where everything is meant."""

    report: str
    period: str = "this_year"
    by: str = "owner"
    owner: int = 0
    team: int = 0
    product: int = 0
    region: int = 0
    pipeline: int = 0

    def bounds(self, today: int) -> tuple[int | None, int | None]:
        """First day and day after the last; None is open."""
        if self.period == "all":
            return None, None
        if self.period == "year":
            return add_months(period_start("month", today), -11), today + 1
        return period(self.period, today)

    def earlier(self, today: int) -> tuple[int | None, int | None]:
        """The same days a year before; a period that still runs is compared up to today."""
        start, end = self.bounds(today)
        if start is None or end is None:
            return None, None
        return add_months(start, -12), add_months(min(end, today + 1), -12)

    def where(self, work: Work, names: tuple[str, ...] = FILTERS) -> str | None:
        """The filters as one condition; a team means all below it."""
        parts = []
        for name in names:
            ident = getattr(self, name)
            if ident and name == "team":
                teams = subtree_of(work.catalog.config["team"], ident)
                parts.append(f"team in [{', '.join(map(str, teams))}]")
            elif ident:
                parts.append(f"{name} = {ident}")
        return " and ".join(parts) or None

    def url(self, report: str | None = None, **changes: Any) -> str:
        """The address of this question with some things changed."""
        asked = replace(self, **changes)
        pairs = [("period", asked.period), ("by", asked.by), ("owner", asked.owner or ANY)]
        pairs += [(name, getattr(asked, name)) for name in FILTERS[1:] if getattr(asked, name)]
        name = self.report if report is None else report
        return f"/reports/{name}?{urlencode(pairs)}".replace("/reports/?", "/reports?")


def read_asked(work: Work, report: str, params: Mapping[str, str]) -> Asked:
    """The question of an address. Who sees a team's records but answers for own ones starts with these."""
    own = work.actor.rights.scope("opportunity", "read") in ("own", "team")
    wanted = params.get("owner", "")
    owner = 0 if wanted == ANY else _id(wanted) or (work.actor.user if own and not wanted else 0)
    asked = Asked(
        report,
        period=params.get("period") or "this_year",
        by=params.get("by") or "owner",
        owner=owner,
        **{name: _id(params.get(name, "")) for name in FILTERS[1:]},
    )
    if asked.period not in PERIODS or asked.by not in BY:
        raise BadInput(msg("There is no report of that kind. Choose from the lists above it."))
    return asked


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def choices(work: Work, asked: Asked) -> list[tuple[str, str, str | int, list[tuple[str | int, str | Label]]]]:
    """The select boxes: name, what all means, chosen value, options."""
    config, zh = work.catalog.config, work.actor.language.startswith("zh")
    users = [(i, row["name"]) for i, row in config["user"].items() if row["active"] and _sells(row)]
    found: list[tuple[str, str, str | int, list[tuple[str | int, Any]]]] = [
        ("owner", "Everybody", asked.owner or ANY, [(ANY, ""), *sorted(users, key=lambda u: u[1])]),
        ("team", "All teams", asked.team, [(0, ""), *((i, row["name"]) for i, row in config["team"].items())]),
        ("product", "All products", asked.product, [(0, ""), *_named(work, "product")]),
        ("region", "All regions", asked.region, [(0, ""), *_named(work, "region")]),
    ]
    active = [row for row in config["pipeline"].values() if row["active"]]
    active.sort(key=lambda row: (row["position"] or 0, row["id"]))
    pipelines = [(row["id"], (not zh and row["name_en"]) or row["name"]) for row in active]
    if len(pipelines) > 1 and asked.report != "sources":
        every = [(0, "")] if asked.report != "funnel" else []
        found.append(("pipeline", "All pipelines", asked.pipeline, [*every, *pipelines]))
    return [box for box in found if len(box[3]) > 1]


def _sells(row: Mapping[str, Any]) -> bool:
    return row["team"] is not None


def _named(work: Work, name: str) -> list[tuple[int, str]]:
    target = work.catalog.objects.get(name)
    if target is None or target.title not in readable(work, target):
        return []
    if target.kind == "config":
        rows = work.catalog.config[name].values()
        zh = work.actor.language.startswith("zh")
        return [(row["id"], (not zh and row.get("name_en")) or row["name"]) for row in rows]
    rows_found = find(work, Query(name, fields=(target.title,), sort=(target.title,), limit=200)).rows
    return [(row["id"], str(row[target.title] or "")) for row in rows_found]
