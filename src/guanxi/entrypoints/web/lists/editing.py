"""Cells edited in place: an editor for one value, and the finished cell after it was saved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.dates import from_us, iso_date, zone_of
from guanxi.base.errors import Forbidden, Invalid, NotFound, msg
from guanxi.base.i18n import Locale
from guanxi.base.money import plain, plain_money
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists.cells import cell_html, is_editable
from guanxi.entrypoints.web.lists.facets import config_options
from guanxi.entrypoints.web.lists.page import target_for
from guanxi.entrypoints.web.lists.posted import name_of, posted, text_of, toast
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import get, names
from guanxi.kernel.records.sealing import sealed_clear
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Change, Row
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MOST = 200


def show_editor(request: Request) -> Response:
    """The editor of one cell."""
    me = visit(request)
    with me.space.read(me.user) as work:
        target, field = editable(work, request)
        row = get(work, target.name, request.path_params["id"])
        editor = editor_of(work, field, row, me.locale)
    return piece(request, "record/list_cell.html", me, **editor, error="")


def editable(work: Work, request: Request) -> tuple[Object, Field]:
    """The object and field of the address, if the caller may edit it in lists."""
    target = target_for(work, name_of(request))
    known = {**readable(work, target), **sealed_clear(work, target)}
    field = known.get(request.path_params["field"])
    if field is None:
        raise NotFound
    if not is_editable(work, target, field):
        raise Forbidden(msg("{field} cannot be changed here.", field=field.label))
    return target, field


def editor_of(work: Work, field: Field, row: Row | None, locale: Locale, typed: str | None = None) -> dict[str, Any]:
    """What the editor template needs: kind of control, present value as people type it, options."""
    value = row.get(field.column) if row else None
    found: dict[str, Any] = {"field": field, "control": field.type, "value": typed, "options": [], "shown": ""}
    found["currency"] = (row or {}).get(f"{field.column}__c") or locale.currency
    if field.type in ("choice", "multi_choice"):
        found["control"] = "choice"
        found["options"] = [(c.key, c.label.in_(locale.language)) for c in field.options["choices"] if not c.retired]
    elif field.type in ("lookup", "user", "team"):
        found["control"] = "select"
        found["options"] = config_options(work, field, locale)
        other = targets_of(field)[0]
        if other not in work.catalog.config or len(found["options"]) >= MOST:
            found["control"], found["object"] = "lookup", other
            found["shown"] = names(work, other, [value]).get(value, "") if value else ""
    elif field.type == "boolean":
        found["control"] = "choice"
        found["options"] = [("1", "是"), ("0", "否")] if locale.language == "zh-CN" else [("1", "Yes"), ("0", "No")]
    if typed is None:
        found["value"] = typed_form(field, value, locale)
    return found


def typed_form(field: Field, value: Any, locale: Locale) -> str:
    """A stored value as somebody would type it."""
    if value is None:
        return ""
    if field.type == "money":
        return plain_money(value)
    if field.type in ("decimal", "percent"):
        return plain(value, TYPES[field.type].scale(field))
    if field.type == "date":
        return iso_date(value)
    if field.type == "datetime":
        return f"{from_us(value, zone_of(locale.zone)):%Y-%m-%dT%H:%M}"
    if field.type in ("tags", "multi_choice"):
        return ", ".join(TYPES[field.type].to_json(field, (value,)))
    return str(value)


def raw_value(field: Field, form: FormData, row: Row | None) -> Any:
    """What the editor sent, as the kernel parses it; an amount keeps its currency."""
    given = text_of(form, "value").strip()
    if field.type == "money" and given:
        currency = text_of(form, "currency") or (row or {}).get(f"{field.column}__c")
        return {"amount": given, "currency": currency} if currency and not given.isalpha() else given
    return given


def save_cell(request: Request, form: FormData) -> Response:
    """Saves one cell: the finished cell, or the editor again with what is wrong."""
    me = visit(request)
    ident, version = request.path_params["id"], text_of(form, "version")
    with me.space.read(me.user) as work:
        target, field = editable(work, request)
        before = get(work, target.name, ident)
    change = Change("edit", target.name, {field.name: raw_value(field, form, before)}, id=ident,
                    version=int(version) if version.isdigit() else None)  # fmt: skip
    try:
        with me.space.write(me.user) as work:
            saved = save(work, [change])
    except Invalid as problem:
        with me.space.read(me.user) as work:
            editor = editor_of(work, field, before, me.locale, text_of(form, "value"))
        text = render.sentence((problem.errors[0] if problem.errors else problem).message, me.locale)
        return piece(request, "record/list_cell.html", me, status=422, **editor, error=text)
    with me.space.read(me.user) as work:
        html = cell_html(work, target, field, get(work, target.name, ident), me.locale)
    answer = render.respond(html)
    if saved.outcomes[0].done != "same":
        told = toast(render.sentence(msg("Saved"), me.locale), f"/operations/{saved.operation}/undo")
        answer.headers["HX-Trigger"] = json.dumps(told)
    answer.headers["X-Version"] = str(saved.outcomes[0].version)
    return answer


store_cell = posted(save_cell)
