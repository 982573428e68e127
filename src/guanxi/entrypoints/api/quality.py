"""Data quality over REST: the newest figures of each object, as far as the caller sees its records."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_date
from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, reply
from guanxi.kernel.context import Work
from guanxi.kernel.quality.scores import Quality, Tally, grouped, objects_for, quality_of, scores_of, trend

CUTS = ("owner", "team", "source")


def read_quality(call: Call) -> Response:
    """`object` and `by` (owner, team, source, day) narrow it; without them the figures of all objects."""
    params = call.params("object", "by")
    by = params.get("by", "")
    if by and by not in (*CUTS, "day"):
        raise BadInput(msg("«{name}» must be one of: {known}.", name="by", known="owner, team, source, day"))
    with call.reading() as work:
        targets = [t for t in objects_for(work) if params.get("object", t.name) == t.name]
        if params.get("object") and not targets:
            raise BadInput(msg("There is no object «{name}».", name=params["object"][:80]))
        found = [q for t in targets if (q := quality_of(work, t)) is not None]
        return reply({"data": [_shown(work, q, by) for q in found]})


def _shown(work: Work, found: Quality, by: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "object": found.object.name,
        "day": iso_date(found.day),
        "records": found.tally.records,
        "scores": rounded(found.scores),
        "checks": [
            {"name": c.name, "dimension": c.dimension, "weight": c.weight, "looked": looked, "good": good,
             "filter": c.where or None}
            for c in found.checks
            for looked, good in [found.tally.counts.get(c.name, (0, 0))]
        ],
    }  # fmt: skip
    if by == "day":
        days = trend(work, found.object, found.checks)
        told["groups"] = [{"key": iso_date(day), "scores": rounded(scores)} for day, scores in days]
    elif by in CUTS:
        groups: dict[Any, Tally] = grouped(work, found.object, by, found.day)  # type: ignore[arg-type]  # checked above
        told["groups"] = [
            {"key": str(key) if key else None, "records": tally.records,
             "scores": rounded(scores_of(tally, found.checks))}
            for key, tally in groups.items()
        ]  # fmt: skip
    return told


def rounded(scores: Any) -> dict[str, float | None]:
    """To one decimal."""
    return {name: None if score is None else round(score, 1) for name, score in scores.items()}
