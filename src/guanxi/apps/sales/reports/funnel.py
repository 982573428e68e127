"""The funnel: how many deals reached each stage, what share of those that left it moved on, and the weakest step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guanxi.apps.sales.opportunity.rules import first_stage, stages_of
from guanxi.kernel.context import Work
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.types import Query

ENOUGH = 5  # a step that fewer deals have left says nothing about the process


@dataclass(frozen=True, slots=True)
class Passed:
    """Deals that share one way through the pipeline and one present stage."""

    path: tuple[int, ...]
    stage: int
    count: int
    amount: int  # base currency × 10^4


@dataclass(frozen=True, slots=True)
class Step:
    """
    One stage of the funnel. `reached`: deals that were in it or went past it; `here`: now in it; `moved`: went
    further; `lost`: ended as lost from here; `conversion`: moved of those that left, in 1/10000 (None: none left);
    `skipped`: went past without ever being in it.
    """

    stage: int
    name: str
    name_en: str
    reached: int
    amount: int
    here: int
    here_amount: int
    moved: int
    lost: int
    skipped: int
    share: int | None
    conversion: int | None
    weakest: bool
    filter: str  # the deals now in this stage, for drill-down


def funnel(work: Work, *, pipeline: int | None = None, where: str | None = None) -> dict[str, Any]:
    """The funnel of one pipeline (the first one if not given) over the deals that meet `where`."""
    if pipeline is None:
        first = first_stage(work.catalog.config, None)
        pipeline = first["pipeline"] if first else None
    if pipeline is None:
        return {"pipeline": None, "steps": [], "won": 0, "won_amount": 0, "lost": 0, "win_rate": None}
    condition = f"pipeline = {pipeline}" + (f" and ({where})" if where else "")
    groups = tally(work, Query("opportunity", where=condition), by=("path", "stage"), measures=("amount",))
    passed = [
        Passed(
            tuple(int(part) for part in (group.keys[0] or "").split()),
            group.keys[1],
            group.count,
            group.values["amount"] or 0,
        )
        for group in groups
    ]
    return {"pipeline": pipeline, **compute_funnel(stages_of(work.catalog.config, pipeline), passed)}


def compute_funnel(stages: Sequence[Mapping[str, Any]], passed: Iterable[Passed]) -> dict[str, Any]:
    """Pure: stages in order and how deals passed them -> steps and totals."""
    open_stages = [row for row in stages if row["kind"] == "open"]
    place = {row["id"]: n for n, row in enumerate(open_stages)}
    kind = {row["id"]: row["kind"] for row in stages}
    size = len(open_stages)
    counts = {name: [0] * size for name in ("reached", "amount", "here", "here_amount", "moved", "lost", "skipped")}
    won = won_amount = lost = 0
    for group in passed:
        state = kind.get(group.stage, "open")
        far = size if state == "won" else max((place[s] for s in group.path if s in place), default=0)
        for n in range(min(far + 1, size)):
            counts["reached"][n] += group.count
            counts["amount"][n] += group.amount
            counts["moved"][n] += group.count if n < far else 0
            counts["skipped"][n] += group.count if n < far and open_stages[n]["id"] not in group.path else 0
        if state == "won":
            won, won_amount = won + group.count, won_amount + group.amount
        elif state == "lost":
            lost += group.count
            if size:
                counts["lost"][far] += group.count
        elif group.stage in place:
            counts["here"][place[group.stage]] += group.count
            counts["here_amount"][place[group.stage]] += group.amount
    rates = [_rate(counts["moved"][n], counts["moved"][n] + counts["lost"][n]) for n in range(size)]
    weak = _weakest(rates, counts["moved"], counts["lost"])
    steps = [
        Step(
            stage=row["id"],
            name=row["name"],
            name_en=row.get("name_en") or row["name"],
            share=_rate(counts["reached"][n], counts["reached"][0]),
            conversion=rates[n],
            weakest=n == weak,
            filter=f"stage = {row['id']}",
            **{name: values[n] for name, values in counts.items()},
        )
        for n, row in enumerate(open_stages)
    ]
    return {
        "steps": steps,
        "won": won,
        "won_amount": won_amount,
        "lost": lost,
        "win_rate": _rate(won, won + lost),
    }


def _rate(part: int, whole: int) -> int | None:
    """In 1/10000, half up."""
    return None if whole == 0 else (part * 20_000 + whole) // (whole * 2)


def _weakest(rates: Sequence[int | None], moved: Sequence[int], lost: Sequence[int]) -> int | None:
    known = [(rate, n) for n, rate in enumerate(rates) if rate is not None and moved[n] + lost[n] >= ENOUGH]
    return min(known)[1] if len(known) > 1 else None
