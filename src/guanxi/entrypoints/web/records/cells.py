"""One field edited in place: an editor for it, and the finished value after it was stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from guanxi.base.errors import Conflict, Forbidden, Invalid, NotFound, msg
from guanxi.entrypoints.web.lists.cells import cell_html
from guanxi.entrypoints.web.records.clash import show_clash
from guanxi.entrypoints.web.records.desk import Desk, at_desk, ident_of, open_desk, speaking
from guanxi.entrypoints.web.records.forms import errors_by_field
from guanxi.entrypoints.web.records.given import text_of
from guanxi.entrypoints.web.records.inputs import input_of
from guanxi.entrypoints.web.records.values import show_field
from guanxi.entrypoints.web.render import sentence, t
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.fields.registry import type_of
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.output import json_value, values_of
from guanxi.kernel.records.read import get
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

AS_TEXT = ("address", "multi_choice")
"""Edited as one line of text here; their types read it."""


def _field_of(desk: Desk, name: str) -> Field:
    field = desk.fields.get(name)
    if field is None:
        raise NotFound
    if not desk.may_edit(field):
        raise Forbidden(msg("{field} cannot be changed here.", field=field.label))
    return field


def show_cell(request: Request) -> Response:
    """The editor."""
    with at_desk(request) as desk:
        field = _field_of(desk, request.path_params["field"])
        raw = values_of(desk.work.catalog, desk.target, desk.row, [field.name]).get(field.name)
        return _editor(request, desk, field, raw)


def _editor(request: Request, desk: Desk, field: Field, raw: Any, error: str = "", status: int = 200) -> HTMLResponse:
    if field.type in AS_TEXT and not isinstance(raw, str):
        raw = type_of(field).show(field, tuple(desk.row.get(c) for c in _columns(field)), desk.me.locale)
    made = input_of(desk.work, field, raw, error=error or None, known=desk.names, name="value")
    if field.type in AS_TEXT:
        made = replace(made, kind="text", raw=raw)
    return piece(request, "record/cell.html", desk.me, status=status, input=made)


def _columns(field: Field) -> tuple[str, ...]:
    return (field.column, field.column + "__r") if field.type == "address" else (field.column,)


async def store_cell(request: Request) -> Response:
    """Stores the value; 422 gives the editor back with its fault, 409 the dialog of the clash."""
    form = await request.form(max_files=0, max_fields=30)
    return await run_in_threadpool(_store, request, form)


def _raw(form: FormData, field: Field) -> Any:
    value = text_of(form, "value")
    if field.type == "money" and value:
        return {"amount": value, "currency": text_of(form, "currency") or None}
    if field.type == "boolean":
        return value == "1"
    if field.type == "lookup" and len(targets_of(field)) > 1 and value:
        kind, _, ident = value.partition(":")
        return {"object": kind, "id": ident}
    return value


def _store(request: Request, form: FormData) -> Response:
    me = visit(request)
    name, ident, field_name = request.path_params["object"], ident_of(request), request.path_params["field"]
    version = text_of(form, "version")
    raw: Any = None
    try:
        with me.space.write(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, ident)
            field = _field_of(desk, field_name)
            raw = _raw(form, field)
            seen = _version_for(me, desk, field, raw, int(version) if version.isdecimal() else None)
            saved = save(work, [Change("edit", name, {field.name: raw}, ident, seen)])
        return _finished(request, me, name, ident, field_name, saved.operation)
    except Conflict:
        was = _value_at(me, name, ident, field_name, int(version))
        return show_clash(request, me, name, ident, {field_name: raw}, {field_name: was}, form)
    except Invalid as problem:
        with me.space.read(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, ident)
            field = _field_of(desk, field_name)
            said = errors_by_field(problem, me)
            told = said.get(field_name) or " ".join(said.values()) or sentence(problem.message, me.locale)
            return _editor(request, desk, field, raw, told, 422)


def _version_for(me: Visit, desk: Desk, field: Field, raw: Any, seen: int | None) -> int | None:
    """An edit elsewhere in the record since it was opened does not stop the edit of this field."""
    if seen is None or seen >= desk.row["version"]:
        return None
    was = _value_at(me, desk.target.name, desk.id, field.name, seen, desk)
    now = values_of(desk.work.catalog, desk.target, desk.row, [field.name]).get(field.name)
    return None if now in (was, raw) else seen


def _value_at(me: Visit, name: str, ident: int, field_name: str, version: int, desk: Desk | None = None) -> Any:
    """The field's value as of that version: what the first later change found."""
    if desk is None:
        with me.space.read(me.user) as work, speaking(me.locale):
            return _value_at(me, name, ident, field_name, version, open_desk(me, work, name, ident))
    value = values_of(desk.work.catalog, desk.target, desk.row, [field_name]).get(field_name)
    for step in steps(desk.work, name, ident, limit=200):
        if step.version <= version:
            break
        for part in step.fields:
            if part.field.name == field_name and part.old is not None:
                value = json_value(desk.work.catalog, part.field, part.old)
    return value


def _finished(request: Request, me: Visit, name: str, ident: int, field_name: str, operation: int) -> Response:
    with me.space.read(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, name, ident)
        field = desk.fields[field_name]
        if request.query_params.get("at") == "page":
            html = str(show_field(desk, field))
        else:
            html = cell_html(work, desk.target, field, get(work, name, ident), me.locale)
        headers = {"X-Version": str(desk.row["version"]), "Cache-Control": "private, no-store"}
        if operation:
            toast = {"text": t("Saved"), "undo": f"/operations/{operation}/undo"}
            headers["HX-Trigger"] = json.dumps({"gx:toast": toast})
        return HTMLResponse(html, 200, headers)
