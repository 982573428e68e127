"""Many records at once: dialogs that ask what to do, and the deed with its undo."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, Invalid, NotFound, Problem, msg
from guanxi.base.i18n import translate
from guanxi.entrypoints.web import render, sharing
from guanxi.entrypoints.web.lists.cells import is_editable
from guanxi.entrypoints.web.lists.editing import editor_of, raw_value
from guanxi.entrypoints.web.lists.page import ask, target_for
from guanxi.entrypoints.web.lists.posted import came_from, ident, leave, name_of, posted, text_of
from guanxi.entrypoints.web.lists.state import read_query
from guanxi.entrypoints.web.session import Visit, safe_path, visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.bulk import AT_ONCE, BulkEdit, BulkResult, bulk_edit, may_bulk, start_bulk
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.merge import MOST
from guanxi.kernel.records.read import count, ids_of
from guanxi.kernel.records.types import Query

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MOST_IDS = 1_000
VERBS = ("edit", "owner", "tag", "share", "merge", "trash", "export")


def begin(request: Request, form: FormData) -> Response:
    """`/o/{object}/bulk/{verb}`: trash and export at once, the others ask first."""
    me, verb, name = visit(request), request.path_params["verb"], name_of(request)
    if verb not in VERBS:
        raise NotFound
    back = came_from(request, f"/o/{name}")
    if verb == "export":
        picked = text_of(form, "ids")
        path = f"/o/{name}/export.csv?" + (text_of(form, "where") if text_of(form, "all") else f"ids={picked}")
        return leave(request, path)
    if verb == "merge":
        if text_of(form, "all") or not 1 < len(text_of(form, "ids").split(",")) <= MOST:
            raise Invalid(msg("Choose 2 to {n} different records to merge.", n=MOST))
        return leave(request, f"/merge/{name}?ids={text_of(form, 'ids')}")
    if verb == "trash":
        return _run(request, me, form, {}, {}, back)
    if verb == "share":
        return _ask_share(request, me, name, form, back)
    with me.space.read(me.user) as work:
        target = target_for(work, name)
        number, more = how_many(work, me, target.name, form)
        fields = fields_for(work, target, verb)
        editor = editor_of(work, fields[0], None, me.locale) if verb != "edit" and fields else {}
    meant = f"{number:,}{'+' if more else ''}"
    return piece(request, "record/list_bulk.html", me, target=target, verb=verb, count_text=meant,
                 fields=fields, editor=editor, scope=_scope(form), back=back, error="")  # fmt: skip


def _ask_share(request: Request, me: Visit, name: str, form: FormData, back: str) -> Response:
    with me.space.read(me.user) as work:
        target = target_for(work, name)
        where, text = scope_of(work, me, name, form)
        number, more = count(work, Query(name, where, text=text, verb="share"), AT_ONCE)
        may_edit = me.actor.rights.scope(name, "edit") != "none"
        sub = translate("{n} records, as one step that can be undone", me.locale.language,
                        n=f"{number:,}{'+' if more else ''}")  # fmt: skip
        return piece(request, "record/share.html", me, desk=None, given={}, said="", to=sharing.TO, shares=(),
                     parts=sharing.parts(), may_edit=may_edit, url=f"/o/{target.name}/bulk/share/apply", sub=sub,
                     hidden={**_scope(form), "back": back})  # fmt: skip


def _ids_to_share(request: Request, me: Visit, form: FormData) -> list[int]:
    """Those of the records meant that the visitor may share."""
    name = name_of(request)
    with me.space.read(me.user) as work:
        where, text = scope_of(work, me, name, form)
        query = Query(name, where, text=text, verb="share")
        if count(work, query, AT_ONCE)[1]:
            raise Invalid(msg("Share at most {n} records at once, or make a sharing rule.", n=AT_ONCE))
        return next(ids_of(work, query, AT_ONCE), [])


def fields_for(work: Work, target: Object, verb: str) -> list[Field]:
    """Fields the dialog offers: all that may be edited, the owner, or the tags."""
    allowed = [f for f in readable(work, target).values() if is_editable(work, target, f) and not f.hidden]
    if verb == "owner":
        return [f for f in allowed if f.name == "owner"]
    if verb == "tag":
        return [f for f in allowed if f.type == "tags"][:1]
    return [f for f in allowed if not f.unique and f.name != target.title]


def show_field(request: Request) -> Response:
    """The control for the field chosen in the dialog."""
    me = visit(request)
    with me.space.read(me.user) as work:
        target = target_for(work, name_of(request))
        chosen = request.query_params.get("field", "")
        field = next((f for f in fields_for(work, target, "edit") if f.name == chosen), None)
        if field is None:
            raise NotFound
        editor = editor_of(work, field, None, me.locale)
    return piece(request, "record/list_bulk_field.html", me, editor=editor)


def apply(request: Request, form: FormData) -> Response:
    """Does what the dialog asked for."""
    me, verb, back = visit(request), request.path_params["verb"], safe_path(text_of(form, "back"))
    if verb == "share":
        return leave(request, back, **sharing.share_many(me, name_of(request), _ids_to_share(request, me, form), form))
    if verb not in ("edit", "owner", "tag"):
        raise NotFound
    with me.space.read(me.user) as work:
        target = target_for(work, name_of(request))
        chosen = text_of(form, "field")
        field = next((f for f in fields_for(work, target, verb) if f.name == chosen), None)
        if field is None:
            raise BadInput(msg("There is no field «{name}».", name=chosen[:80]))
    if verb == "tag":
        items = [word.strip() for word in text_of(form, "value").replace("，", ",").split(",") if word.strip()]
        if not items:
            raise Invalid(msg("Write at least one tag."))
        return _run(request, me, form, {}, {field.name: items}, back)
    return _run(request, me, form, {field.name: raw_value(field, form, None)}, {}, back)


def _scope(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name) for name in ("ids", "all", "where") if text_of(form, name)}


def scope_of(work: Work, me: Visit, name: str, form: FormData) -> tuple[str | None, str | None]:
    """The records meant, as condition and words: those picked, or all that match the list's address."""
    if text_of(form, "all"):
        may_bulk(work, name)
        asked = ask(work, read_query(name, text_of(form, "where")), me.locale)
        return asked.where, asked.state.q or None
    picked = [ident(i) for i in text_of(form, "ids").split(",") if i][:MOST_IDS]
    if not picked:
        raise BadInput(msg("Select at least one record."))
    return f"id in [{', '.join(str(i) for i in picked)}]", None


def how_many(work: Work, me: Visit, name: str, form: FormData) -> tuple[int, bool]:
    """How many records are meant, for the dialog's title."""
    where, text = scope_of(work, me, name, form)
    return count(work, replace(BulkEdit("edit", name, where, text).query), 10_000)


def _run(
    request: Request, me: Visit, form: FormData, values: dict[str, Any], add: dict[str, list[str]], back: str
) -> Response:
    name = name_of(request)
    with me.space.read(me.user) as work:
        target = target_for(work, name)
        where, text = scope_of(work, me, name, form)
        trash = request.path_params["verb"] == "trash"
        edit = BulkEdit("trash" if trash else "edit", target.name, where, text, values, add)
        number, more = count(work, edit.query, AT_ONCE)
        total = count(work, edit.query, 0)[0] if more else number
    if more:
        _operation, job = start_bulk(me.space, me.user, edit, total)
        join = "&" if "?" in back else "?"
        return leave(request, f"{back}{join}job={job}")
    try:
        result = bulk_edit(me.space, me.user, edit)
    except Problem as problem:
        return leave(request, back, note=render.sentence(problem.message, me.locale), tone="red")
    return leave(request, back, **_told(result, me, trash))


def _told(result: BulkResult, me: Visit, trash: bool) -> dict[str, str]:
    language = me.locale.language
    done = msg("Moved {n} to the trash.", n=result.done) if trash else msg("Changed {n} records.", n=result.done)
    text = render.sentence(done, me.locale)
    if result.failed:
        told = translate("{n} could not be changed.", language, n=result.failed)
        text = f"{text} {told} {result.faults[0][1]}"
    undo = f"/operations/{result.operation}/undo" if result.done else ""
    return {"note": text, "undo": undo, "tone": "red" if result.failed and not result.done else ""}


begin_bulk, apply_bulk = posted(begin), posted(apply)
