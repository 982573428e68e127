"""The part each person on a page of the timeline plays there: decision maker, user …; as badges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from guanxi.entrypoints.web.lists import marks
from guanxi.entrypoints.web.records.desk import Desk
from guanxi.entrypoints.web.render import label
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import find
from guanxi.kernel.records.types import Query, Row

ROLE = "contact_role"
Place = tuple[str, int]
Roles = Mapping[tuple[int, Place], Markup]
"""Badges by person and the record in which they play that part."""


def roles_of(desk: Desk, people: Sequence[int]) -> Roles:
    """The roles of all those people in one statement; empty where the caller may not read them."""
    target = desk.work.catalog.objects.get(ROLE)
    if not people or target is None or desk.work.actor.rights.scope(ROLE, "read") == "none":
        return {}
    wanted = ("contact", "about", "role")
    if not readable(desk.work, target).keys() >= set(wanted):
        return {}
    where = " or ".join(f"contact = {ident}" for ident in sorted(set(people)))
    found: dict[tuple[int, Place], Markup] = {}
    for row in find(desk.work, Query(ROLE, where=where, fields=wanted, sort=("id",), limit=200)).rows:
        key = (row["contact"], (row["about__o"], row["about"]))
        found[key] = found.get(key, Markup("")) + Markup(" ") + _badge(target, row)
    return found


def _badge(target: Object, row: Row) -> Markup:
    choices = next(f for f in target.fields if f.name == "role").options["choices"]
    known = next((c for c in choices if c.key == row["role"]), None)
    return marks.badge(label(known.label) if known else str(row["role"]), known.tone if known else "")


def role_in(desk: Desk, roles: Roles, row: Row, about: str) -> Markup:
    """The person's part in what the talk was about, else in the record on the table."""
    person = row.get("contact") or 0
    places: list[Place] = [(str(row.get(about + "__o")), row.get(about) or 0), (desk.target.name, desk.id)]
    return next((roles[person, place] for place in places if (person, place) in roles), Markup(""))
