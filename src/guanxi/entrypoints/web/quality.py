"""Data quality: four figures per object, the lists to mend, by source, team and owner, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.dates import from_day
from guanxi.base.errors import Forbidden, NotFound, msg
from guanxi.base.i18n import L, Label, Locale
from guanxi.entrypoints.web.posting import posted, speaker
from guanxi.entrypoints.web.records.desk import speaking
from guanxi.entrypoints.web.render import label, sentence, t, url
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.catalog.system import SOURCES
from guanxi.kernel.context import Work
from guanxi.kernel.quality.checks import DIMENSIONS, DUPLICATES
from guanxi.kernel.quality.keep import ask_for
from guanxi.kernel.quality.scores import Quality, grouped, objects_for, quality_of, scores_of, trend

NAMES: dict[str, Label] = {
    "completeness": L("Completeness", "完整性"),
    "accuracy": L("Accuracy", "准确性"),
    "authenticity": L("Authenticity", "真实性"),
    "timeliness": L("Timeliness", "时效性"),
}
MEANING: dict[str, Label] = {
    "completeness": L("Fields that matter are filled", "重要的字段都填了"),
    "accuracy": L("Values can be what they say", "值本身说得通"),
    "authenticity": L("Real customers, each once", "是真实客户，且不重复"),
    "timeliness": L("Touched lately, nothing overdue", "近期有跟进，没有过期"),
}
COLOURS = ("var:accent", "var:green", "var:amber", "var:red")
GOOD, FAIR = 90, 70
MOST_LINES = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """One check: how many fail it, and the list of these."""

    dimension: str
    text: str
    looked: int
    bad: int
    share: float
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """One owner, team or source with its scores."""

    name: str
    url: str
    records: int
    overall: float | None
    scores: dict[str, float | None]


def show_all(request: Request) -> Response:
    """`/quality`: every object with its four figures."""
    me = visit(request)
    with me.space.read(me.user) as work, speaking(me.locale):
        targets = objects_for(work)
        if not targets:
            raise NotFound
        lines = [(target, quality_of(work, target)) for target in targets]
        day = max((q.day for _, q in lines if q is not None), default=None)
        return page(request, "quality/all.html", me, active="quality", lines=lines, day=from_day(day) if day else None,
                    may_measure=_may_measure(work), **_words())  # fmt: skip


def show_object(request: Request) -> Response:
    """`/quality/{object}`: its faults, sources, teams, owners and trend."""
    me, name = visit(request), str(request.path_params["object"])
    with me.space.read(me.user) as work, speaking(me.locale):
        targets = {target.name: target for target in objects_for(work)}
        if name not in targets:
            raise NotFound
        found = quality_of(work, targets[name])
        more: dict[str, Any] = {"found": found, "target": targets[name], "targets": list(targets.values())}
        if found is not None:
            lines, days = faults(found, me.locale), trend(work, found.object, found.checks)
            more |= {
                "bad": [line for line in lines if line.bad],
                "fine": [line for line in lines if not line.bad],
                "sources": _groups(work, found, "source"),
                "teams": _groups(work, found, "team"),
                "owners": _groups(work, found, "owner"),
                "chart": drawn(days) if len(days) > 1 else None,
                "day": from_day(found.day),
            }
        return page(request, "quality/object.html", me, active="quality", may_measure=_may_measure(work), **more,
                    **_words())  # fmt: skip


def measure_now(_request: Request, me: Visit, _form: FormData) -> Response:
    """Puts a measuring into the queue."""
    with me.space.write(me.user, kind="quality") as work:
        if not _may_measure(work):
            raise Forbidden(msg("Only who sees all records may measure now; it is done every night."))
        ask_for(work.session)
    return see_other("/quality", note=speaker(me.locale)("The measuring runs; look again in a moment."))


def _may_measure(work: Work) -> bool:
    scopes = {work.actor.rights.scope(o.name, "read") for o in objects_for(work)}
    return work.actor.rights.admin or scopes == {"all"}


def _words() -> dict[str, Any]:
    return {"names": NAMES, "meaning": MEANING, "dimensions": DIMENSIONS, "tone": tone}


def tone(score: float | None) -> str:
    """Green, amber or red."""
    if score is None:
        return ""
    return "green" if score >= GOOD else "amber" if score >= FAIR else "red"


def faults(found: Quality, locale: Locale) -> list[Fault]:
    """The checks with what fails them, by dimension, the worst first."""
    lines = []
    for check in found.checks:
        looked, good = found.tally.counts.get(check.name, (0, 0))
        if not looked:
            continue
        there = url(f"/o/{found.object.name}", edited="1", where=check.where)
        if check.name == DUPLICATES:
            there = f"/duplicates/{found.object.name}"
        share = 100 * good / looked
        lines.append(Fault(check.dimension, sentence(check.text, locale), looked, looked - good, share, there))
    return sorted(lines, key=lambda f: (DIMENSIONS.index(f.dimension), -f.bad))


def _groups(work: Work, found: Quality, by: Any) -> list[Group]:
    lines = []
    for key, tally in list(grouped(work, found.object, by, found.day).items())[:MOST_LINES]:
        name, where = _group_name(work, by, key)
        scores = scores_of(tally, found.checks)
        link = url(f"/o/{found.object.name}", edited="1", where=where)
        lines.append(Group(name, link, tally.records, overall(scores), scores))
    return lines


def _group_name(work: Work, by: str, key: Any) -> tuple[str, str]:
    """What a group is called, and the condition of its records."""
    if not key:
        return {"owner": t("Nobody"), "team": t("No team"), "source": t("Unknown")}[by], f"is_empty({by})"
    if by == "source":
        known = next((c for c in SOURCES if c.key == key), None)
        return (label(known.label) if known else str(key)), f'source = "{key}"'
    row = work.catalog.config["user" if by == "owner" else "team"].get(key)
    return (str(row["name"]) if row else f"#{key}"), f"{by} = {key}"


def overall(scores: dict[str, float | None]) -> float | None:
    """The mean of the dimensions there are."""
    known = [s for s in scores.values() if s is not None]
    return sum(known) / len(known) if known else None


def drawn(days: list[tuple[int, dict[str, float | None]]]) -> dict[str, Any]:
    """The trend as lines, one for each dimension."""
    return {
        "xAxis": {"type": "category", "data": [from_day(day).isoformat() for day, _ in days]},
        "yAxis": {"type": "value", "max": 100, "scale": True, "splitNumber": 4},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "right": 0, "itemWidth": 12, "itemHeight": 4},
        "grid": {"top": 32},
        "series": [
            {"type": "line", "name": label(NAMES[d]), "symbolSize": 5, "itemStyle": {"color": colour},
             "data": [None if scores[d] is None else round(scores[d] or 0, 1) for _, scores in days]}
            for d, colour in zip(DIMENSIONS, COLOURS, strict=True)
        ],
    }  # fmt: skip


ROUTES = [
    Route("/quality", show_all, methods=["GET"]),
    Route("/quality/measure", posted(measure_now, who=visit), methods=["POST"]),
    Route("/quality/{object}", show_object, methods=["GET"]),
]
