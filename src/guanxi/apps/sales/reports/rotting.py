"""Deals that stand still: longer in their stage, and longer without contact, than the stage allows."""

from __future__ import annotations

from typing import Any

from guanxi.kernel.context import Work
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query

DAY = 86_400_000_000


def rotting(work: Work, *, where: str | None = None, limit: int = 50) -> dict[str, Any]:
    """The largest such deals, each with days without progress and the stage's limit."""
    stages = work.catalog.config["stage"]
    limits = {ident: row for ident, row in stages.items() if row["kind"] == "open" and row["rotting_days"]}
    found: list[dict[str, Any]] = []
    for ident, stage in limits.items():
        name = stage["name"] if work.actor.language.startswith("zh") else stage["name_en"] or stage["name"]
        condition = (
            f"stage = {ident} and stage_since < now() - days({stage['rotting_days']})"
            f" and coalesce(last_activity_at, stage_since) < now() - days({stage['rotting_days']})"
        )
        if where:
            condition += f" and ({where})"
        for row in find(work, Query("opportunity", where=condition, sort=("-amount",), limit=limit)).rows:
            since = max(row["stage_since"], row["last_activity_at"] or 0)
            idle = (work.now - since) // DAY
            found.append({**row, "idle_days": idle, "stage_name": name, "rotting_days": stage["rotting_days"]})
    found.sort(key=lambda row: (-(row["amount__b"] or 0), row["id"]))
    return {"deals": found[:limit], "more": len(found) > limit}
