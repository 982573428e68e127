"""Sharing rules: which records of an object people get by what stands in them."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guanxi.base.errors import BadInput, NotFound, Problem, msg
from guanxi.base.i18n import Locale
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists import builder
from guanxi.entrypoints.web.lists.posted import json_of
from guanxi.entrypoints.web.posting import NONE, Errors, administrator, ident_of, speaker, text_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import given_or, setting_page
from guanxi.entrypoints.web.settings.users import undo_link
from guanxi.entrypoints.web.shell import piece, see_other
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.context import Work
from guanxi.kernel.expr import parse
from guanxi.kernel.records.shares import can_share
from guanxi.kernel.records.sharing import check_rule_condition
from guanxi.kernel.records.sharing_jobs import people_behind, preview
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

PLACE = "/settings/sharing"
TO = "user,team,role,virtual_team"
NOT_STORED = ("updated_at", "updated_by", "trashed_at", "merged_into")
BY_ASKER = ("is_me", "is_my_team", "is_my_teams", "in_period")
CAP = 100_000


def shareable(catalog: Catalog, locale: Locale) -> list[tuple[str, str]]:
    """Objects that rules can give, as choices."""
    return [(o.name, render.sentence(o.plural, locale)) for o in catalog.objects.values() if can_share(o)]


def show_rules(request: Request) -> Response:
    """All rules in words, those in force first."""
    me = administrator(request)
    rows = sorted(me.catalog.config["sharing_rule"].values(), key=lambda r: (not r["active"], str(r["name"])))
    with me.space.read(me.user) as work:
        people = {to: people_behind(work, to) for to in {int(r["to"]) for r in rows}}
    shown = [{**row, "given_to": given_name(me.catalog, row), "people": people[int(row["to"])],
              "plural": me.catalog.objects[row["object"]].plural if row["object"] in me.catalog.objects else None}
             for row in rows]  # fmt: skip
    return setting_page(request, me, "sharing", PLACE, rows=shown)


def given_name(catalog: Catalog, row: Any) -> str:
    """The name of the person, team or role a rule gives records to."""
    return str(catalog.config.get(row.get("to__o") or "", {}).get(row.get("to") or 0, {}).get("name", ""))


def show_rule(
    request: Request, /, *, errors: Errors = NONE, given: FormData | None = None, status: int = 200
) -> Response:
    """One rule, or a new one."""
    me = administrator(request)
    ident = ident_of(request) if "id" in request.path_params else 0
    row: Any = me.catalog.config["sharing_rule"].get(ident) if ident else {"object": "account", "level": "read"}
    if row is None:
        raise NotFound
    value = given_or(given, {**row, "active": row.get("active", 1)})
    to = str(given.get("to") or "") if given else f"{row['to__o']}:{row['to']}" if row.get("to") else ""
    kind, _, number = to.partition(":")
    to_name = given_name(me.catalog, {"to__o": kind, "to": int(number) if number.isdecimal() else 0})
    return setting_page(request, me, "sharing_rule", PLACE, errors=errors, status=status, row=row, ident=ident,
                        value=value, objects=shareable(me.catalog, me.locale), to=TO,
                        to_value=to, to_name=to_name)  # fmt: skip


def save_rule(request: Request, me: Visit, form: FormData) -> Response:
    """Saves the rule; a job then gives and takes what it says."""
    t = speaker(me.locale)
    ident = ident_of(request) if "id" in request.path_params else None
    values = _values(form)
    with me.space.write(me.user, catalog_change=True) as work:
        saved = save(work, [Change("edit" if ident else "create", "sharing_rule", values, id=ident)])
    return see_other(PLACE, note=t("Rule saved. It takes a moment to reach every record."),
                     undo=undo_link(saved.operation))  # fmt: skip


def _values(form: FormData) -> dict[str, Any]:
    kind, _, number = text_of(form, "to").partition(":")
    return {
        "name": text_of(form, "name"),
        "object": text_of(form, "object"),
        "condition": text_of(form, "condition") or None,
        "to": {"object": kind, "id": number} if number else None,
        "level": text_of(form, "level"),
        "active": ticked(form, "active"),
    }


def drop_rule(request: Request, me: Visit, _form: FormData) -> Response:
    """Into the trash; what it gave is taken back."""
    t = speaker(me.locale)
    with me.space.write(me.user, catalog_change=True) as work:
        saved = save(work, [Change("trash", "sharing_rule", id=ident_of(request))])
    return see_other(PLACE, note=t("Rule deleted"), undo=undo_link(saved.operation))


def show_preview(request: Request, me: Visit, form: FormData) -> Response:
    """ "Gives 3,410 records to 12 people", for what stands in the form."""
    values, said, numbers = _values(form), "", (0, 0)
    with me.space.read(me.user, timeout=10.0) as work:
        target = _target(work, str(values["object"]))
        try:
            if values["condition"]:
                check_rule_condition(work, target, parse(str(values["condition"])))
            to = int(values["to"]["id"]) if values["to"] else 0
            numbers = preview(work, {"object": target.name, "condition": values["condition"], "to": to}, CAP)
        except Problem as problem:
            said = render.sentence(problem.message, me.locale)
    return piece(request, "settings/sharing_preview.html", me, said=said, records=numbers[0], people=numbers[1],
                 more=numbers[0] >= CAP, chosen=bool(values["to"]))  # fmt: skip


def show_condition(request: Request) -> Response:
    """The condition builder over the stored fields of the object."""
    me = administrator(request)
    text = request.query_params.get("condition", "")
    with me.space.read(me.user) as work:
        target = _target(work, request.query_params.get("object", ""))
        try:
            groups = builder.groups_in(work, target, text)
        except Problem:
            groups = {"all": [{"text": text}]}
        fields = _stored(builder.offers(work, target, me.locale))
        data = {"fields": fields, "periods": [], "groups": groups, "text": text, "query": target.name}
    return piece(request, "record/list_builder.html", me, data=data, target=target, rule=True)


def _target(work: Work, name: str) -> Object:
    target = work.catalog.objects.get(name)
    if target is None or not can_share(target):
        raise NotFound
    return target


def _stored(offers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what looks beyond the record, at the clock or at whoever asks."""
    kept = [o for o in offers if "." not in o["name"] and o["name"] not in NOT_STORED]
    return [{**o, "operators": [op for op in o["operators"] if op[0] not in BY_ASKER]} for o in kept]


def estimate(_request: Request, me: Visit, form: FormData) -> Response:
    """How many records each line of the builder lets through, and the condition as text."""
    groups, text = json_of(text_of(form, "groups")), text_of(form, "text")
    with me.space.read(me.user) as work:
        target = _target(work, text_of(form, "query"))
        if text_of(form, "mode") == "text":
            groups = {"all": [{"text": text}]} if text.strip() else {"all": []}
        found = builder.estimates(work, target, groups, None)
        if not found["errors"]:
            found["groups"] = builder.groups_in(work, target, found["text"])
            try:
                if found["text"]:
                    check_rule_condition(work, target, parse(found["text"]))
            except BadInput as problem:
                found["errors"]["0"] = problem
    if len(found["text"]) > 4_000:
        found["errors"]["0"] = BadInput(msg("This condition is too long."))
    found["errors"] = {
        place: {"text": render.sentence(problem.message, me.locale), "excerpt": problem.extra.get("excerpt", "")}
        for place, problem in found["errors"].items()
    }
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
