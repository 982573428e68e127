"""Deals that stand still: longer in their stage, and longer without contact, than the stage allows."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import askable
from guanxi.kernel.records.read import find
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

DAY = 86_400_000_000


def rotting(work: Work, *, where: str | None = None, limit: int = 50, totals: bool = False) -> dict[str, Any]:
    """The largest such deals, each with days without progress and the stage's limit; `totals`: count and money."""
    condition = standing(work)
    if where:
        condition = f"({condition}) and ({where})"
    query = Query("opportunity", where=condition, sort=askable(work, "opportunity", "-amount"), limit=limit + 1)
    rows = find(work, query).rows if limit else []  # without a limit only condition and totals are asked for
    deals = [_deal(work, row) for row in rows[:limit]]
    deals.sort(key=lambda row: (-(row.get("amount__b") or 0), row["id"]))
    found: dict[str, Any] = {"deals": deals, "more": len(rows) > limit, "where": condition}
    return {**found, **_totals(work, condition)} if totals else found


def standing(work: Work) -> str:
    """The condition that makes a deal stand still, by the limits of its stage."""
    by_days: dict[int, list[int]] = {}
    for ident, row in work.catalog.config["stage"].items():
        if row["kind"] == "open" and row["rotting_days"]:
            by_days.setdefault(row["rotting_days"], []).append(ident)
    parts = [
        f"(stage in [{', '.join(map(str, sorted(stages)))}] and stage_since < now() - days({days})"
        f" and coalesce(last_activity_at, stage_since) < now() - days({days}))"
        for days, stages in sorted(by_days.items())
    ]
    return " or ".join(parts) if parts else "is_empty(stage_since) and not is_empty(stage_since)"


def _deal(work: Work, row: dict[str, Any]) -> dict[str, Any]:
    stage = work.catalog.config["stage"][row["stage"]]
    name = stage["name"] if work.actor.language.startswith("zh") else stage["name_en"] or stage["name"]
    idle = (work.now - max(row["stage_since"], row["last_activity_at"] or 0)) // DAY
    return {**row, "idle_days": idle, "stage_name": name, "rotting_days": stage["rotting_days"]}


def _totals(work: Work, condition: str) -> dict[str, Any]:
    """How many stand still and what they are worth, by stage and in all."""
    groups = tally(work, Query("opportunity", where=condition), by=("stage",), measures=("amount",))
    stages = work.catalog.config["stage"]
    zh = work.actor.language.startswith("zh")
    by_stage = [
        {
            "stage": group.keys[0],
            "name": stages[group.keys[0]]["name" if zh or not stages[group.keys[0]]["name_en"] else "name_en"],
            "days": stages[group.keys[0]]["rotting_days"],
            "count": group.count,
            "amount": group.values["amount"] or 0,
            "filter": f"({condition}) and stage = {group.keys[0]}",
        }
        for group in groups
    ]
    by_stage.sort(key=lambda row: -row["amount"])
    sums = {"count": sum(row["count"] for row in by_stage), "amount": sum(row["amount"] for row in by_stage)}
    return {"stages": by_stage, **sums}
