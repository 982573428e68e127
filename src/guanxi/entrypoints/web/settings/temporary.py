"""Temporary teams: made by whoever leads people, seen by their members."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.dates import iso_date
from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import NONE, WHOLE, Errors, Told, ident_of, speaker, text_of
from guanxi.entrypoints.web.records.given import texts_of
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.access.teams import lasts, people_of
from guanxi.kernel.records.temporary_teams import end_team, may_change, may_make, save_team, theirs, works_on

PLACE = "/temporary-teams"
NAMES = ("name", "purpose", "lead", "starts_on", "ends_on")


def show_teams(request: Request) -> Response:
    """The teams one leads, made or is in."""
    me = visit(request)
    with me.space.read(me.user) as work:
        users = work.catalog.config["user"]
        rows = [
            {**row, "people": [(i, str(users[i]["name"])) for i in people_of(row) if i in users],
             "over": lasts(work.catalog, row)[1] <= work.now}
            for row in theirs(work)
        ]  # fmt: skip
        may = may_make(work.actor, work.catalog)
    return page(request, "temporary/teams.html", me, active="/settings", rows=rows, may=may)


def show_team(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """One team with its members and what it works on; or a new one."""
    me = visit(request)
    ident = ident_of(request) if "id" in request.path_params else 0
    with me.space.read(me.user) as work:
        users = work.catalog.config["user"]
        row: Any = work.catalog.config["virtual_team"].get(ident) if ident else _blank(me, work.today)
        if row is None or (ident and row not in theirs(work)) or (not ident and not may_make(work.actor, work.catalog)):
            raise NotFound
        members = texts_of(given, "members") if given else msgspec.json.decode(row["members"] or "[]")
        value = {n: row[n] for n in ("name", "purpose", "lead")}
        value |= {n: iso_date(row[n]) if row[n] is not None else "" for n in ("starts_on", "ends_on")}
        if given is not None:
            value = {n: text_of(given, n) for n in NAMES}
        people = [(str(i), str(users[int(i)]["name"])) for i in members if int(i) in users]
        context = {"records": works_on(work, ident) if ident else [], "over": ident and _over(work, row)}
        lead = int(value["lead"]) if str(value["lead"] or "").isdecimal() else 0
        may = not ident or may_change(work.actor, row)
    return page(request, "temporary/team.html", me, active="/settings", status=status, errors=Told(errors),
                problem=errors.get(WHOLE, ""), ident=ident, value=value, members=people, may=may,
                lead_name=str(users.get(lead, {}).get("name", "")), catalog=me.catalog, **context)  # fmt: skip


def _over(work: Any, row: Any) -> bool:
    return bool(lasts(work.catalog, row)[1] <= work.now)


def _blank(me: Visit, today: int) -> dict[str, Any]:
    return {"name": "", "purpose": "", "lead": me.user, "members": "[]", "starts_on": today, "ends_on": None}


def save(request: Request, me: Visit, form: FormData) -> Response:
    """Makes the team, or changes it."""
    t = speaker(me.locale)
    ident = ident_of(request) if "id" in request.path_params else None
    values: dict[str, Any] = {name: text_of(form, name) for name in NAMES}
    values["members"] = list(dict.fromkeys(texts_of(form, "members")))
    with me.space.write(me.user) as work:
        saved = save_team(work, values, ident)
    return see_other(f"{PLACE}/{saved.id}", note=t("Team saved"), undo=undo_link(saved.operation))


def end(request: Request, me: Visit, _form: FormData) -> Response:
    """Ends the team now."""
    t = speaker(me.locale)
    with me.space.write(me.user) as work:
        saved = end_team(work, ident_of(request))
    return see_other(PLACE, note=t("The team has ended"), undo=undo_link(saved.operation))
