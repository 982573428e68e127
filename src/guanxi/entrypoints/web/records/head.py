"""The head of a record's page: subtitle, badges, key figures and the path through its stages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from guanxi.entrypoints.web.records.desk import Desk
from guanxi.entrypoints.web.records.values import EMPTY, show_field
from guanxi.entrypoints.web.render import label, money, plural, relative, t
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.filters import askable
from guanxi.kernel.records.rollup_fresh import Freshness
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.tally import tally
from guanxi.kernel.records.timeline import Stay, stays
from guanxi.kernel.records.types import Query

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One key figure."""

    label: str
    value: Markup | str
    note: Markup | str = ""
    tone: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path: state is done, now, todo, won or lost; `key` is what a click asks for."""

    key: str
    text: str
    state: str
    days: str = ""
    fixed: bool = False  # reached by an action, not by a click


def subtitle(desk: Desk) -> list[Markup]:
    """The fields under the name, empty ones left out."""
    found = [show_field(desk, desk.fields[n]) for n in desk.target.subtitle if n in desk.fields]
    return [f for f in found if f != EMPTY]


def badges(desk: Desk) -> list[Markup]:
    """Coloured words beside the name: choices with a tone, and the tags."""
    found = []
    for field in desk.fields.values():
        stored = desk.row.get(field.column)
        coloured = field.type == "choice" and any(c.key == stored and c.tone for c in field.options["choices"])
        steps = desk.target.steps
        if field.type == "tags" or (coloured and field.name in desk.target.filters):
            if stored is not None and not (steps and steps.field == field.name):
                found.append(show_field(desk, field))
    return found[:5]


def figures(desk: Desk, fresh: Freshness | None = None) -> list[Figure]:
    """Sums over deals that point here, then the object's own figures."""
    found = _deals(desk, fresh)
    for name in desk.target.figures:
        field = desk.fields.get(name)
        if field is not None and not (desk.target.steps and desk.target.steps.field == name):
            found.append(_own(desk, field))
    return found[:6]


def _own(desk: Desk, field: Field) -> Figure:
    value = desk.row.get(field.column)
    if field.type == "datetime" and value is not None:
        return Figure(label(field.label), relative(value), name=field.name)
    if field.type == "money" and value is not None:
        return Figure(label(field.label), money(value, desk.row[field.column + "__c"], compact=True), name=field.name)
    return Figure(label(field.label), show_field(desk, field), name=field.name)


def deal_objects(desk: Desk) -> list[tuple[Object, Field]]:
    """Objects with amounts in stages whose lookup points at this record, such as an account's opportunities."""
    found: dict[str, tuple[Object, Field]] = {}
    for other, field in desk.work.catalog.referrers(desk.target.name):
        states = {f.name for f in other.fields}
        if other.steps and other.steps.amount and "state" in states and len(targets_of(field)) == 1:
            if desk.work.actor.rights.scope(other.name, "read") != "none" and other.timeline == field.name:
                found.setdefault(other.name, (other, field))
    return list(found.values())


def _deals(desk: Desk, fresh: Freshness | None) -> list[Figure]:
    found = []
    base = str(desk.work.catalog.settings.get("currency", "CNY"))
    for other, field in deal_objects(desk):
        amount = other.steps.amount if other.steps is not None else None
        if amount is None or len(askable(desk.work, other.name, field.name, "state", amount)) < 3:
            continue
        sums = _kept(desk, other, field, amount) if fresh is not None and fresh.complete else None
        if sums is None:
            groups = tally(desk.work, Query(other.name, where=f"{field.name} = {desk.id}"), ("state",), (amount,))
            sums = {str(g.keys[0]): (g.count, g.values[amount] or 0) for g in groups}
        for state, text in (("open", t("Open {objects}", objects=_lower(other))), ("won", t("Won in all"))):
            count, total = sums.get(state, (0, 0))
            note = t("{n} deals", n=count) if count != 1 else t("1 deal")
            found.append(Figure(text, money(total, base, compact=True), note, name=f"{other.name}.{state}"))
    return found


def _kept(desk: Desk, other: Object, via: Field, amount: str) -> dict[str, tuple[int, int]] | None:
    """The same sums from roll-ups, for readers who see every deal: for others they would hold too much."""
    if desk.work.actor.rights.scope(other.name, "read") != "all":
        return None
    held: dict[tuple[str, str, str], int] = {}
    for field in desk.fields.values():
        made_of = field.rollup
        if made_of is not None and (made_of.object, made_of.via) == (other.name, via.name):
            held[made_of.measure, made_of.field, made_of.where] = desk.row.get(field.column) or 0
    found = {}
    for state in ("open", "won"):
        where = f'state = "{state}"'
        count, total = held.get(("count", "", where)), held.get(("sum", amount, where))
        if count is None or total is None:
            return None
        found[state] = (count, total)
    return found


def _lower(other: Object) -> str:
    return label(other.plural).lower()


def path(desk: Desk) -> list[Step]:
    """The stages with the days spent in each; those not reached yet are plain."""
    steps = desk.target.steps
    if steps is None or steps.field not in desk.fields:
        return []
    field = desk.fields[steps.field]
    current = desk.row.get(field.column)
    spent = stays(desk.work, desk.target, desk.id, field)
    options = _choices(field) if field.type == "choice" else _stages(desk, field, steps.pipeline)
    at = next((n for n, (key, _, _) in enumerate(options) if key == current), -1)
    passed = {s.value for s in spent}
    made = []
    for n, (key, text, kind) in enumerate(options):
        if kind in ("lost", "won") and key != current and at >= 0 and options[at][2] in ("won", "lost"):
            continue  # a closed deal shows how it ended, not how it might have
        state = _state(key, kind, current, n < at, passed)
        made.append(Step(str(key), text, state, _days(desk, key, current, spent), key == "converted"))
    return made


def guidance(desk: Desk) -> list[str]:
    """What the present stage tells to do and whom it calls for, as its administrator wrote it."""
    steps = desk.target.steps
    if steps is None or steps.field not in desk.fields:
        return []
    field = desk.fields[steps.field]
    if field.type == "choice":
        return []
    stage = desk.work.catalog.config[targets_of(field)[0]].get(desk.row.get(field.column) or 0, {})
    brought = stage.get("resource")
    told = [str(stage.get("tasks") or ""), t("Bring in: {who}", who=brought) if brought else ""]
    return [text for text in told if text]


def _state(key: Any, kind: str, current: Any, before: bool, passed: set[Any]) -> str:
    if key == current:
        return kind if kind in ("won", "lost") else "now"
    return "done" if before and kind == "open" and key in passed else "todo"


def _choices(field: Field) -> list[tuple[Any, str, str]]:
    ends = {"unqualified": "lost", "lost": "lost", "converted": "won", "won": "won"}
    return [(c.key, label(c.label), ends.get(c.key, "open")) for c in field.options["choices"] if not c.retired]


def _stages(desk: Desk, field: Field, pipeline: str | None) -> list[tuple[Any, str, str]]:
    name = targets_of(field)[0]
    english = desk.me.locale.language == "en"
    rows = [r for r in desk.work.catalog.config[name].values() if r.get("active") in (None, 1)]
    if pipeline is not None:
        line = desk.row.get(pipeline)
        rows = [r for r in rows if r.get("pipeline") == line]
    rows.sort(key=lambda r: (r.get("position") or 0, r["id"]))
    return [(r["id"], str((english and r.get("name_en")) or r["name"]), str(r.get("kind") or "open")) for r in rows]


def _days(desk: Desk, key: Any, current: Any, spent: Sequence[Stay]) -> str:
    """How long it was there in all; for the present stage how long it is there."""
    total = sum((s.until or desk.work.now) - s.since for s in spent if s.value == key)
    since = desk.row.get(f"{desk.target.steps.field}_since") if desk.target.steps and key == current else None
    total = max(total, desk.work.now - since) if isinstance(since, int) else total
    if not total:
        return ""
    days = max(1, math.ceil(total / DAY))
    if key == current:
        return t(plural(days, "for {n} day", "for {n} days"), n=days)
    return t(plural(days, "{n} day", "{n} days"), n=days)
