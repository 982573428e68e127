"""Doing something with a record: actions, moving a stage, comments, following, files, trash, putting a value back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guanxi.base.errors import BadInput, Invalid, NotFound, msg
from guanxi.entrypoints.web.records import filing
from guanxi.entrypoints.web.records.desk import Desk, at_desk, ident_of, open_desk, speaking
from guanxi.entrypoints.web.records.forms import errors_by_field, t_for
from guanxi.entrypoints.web.records.given import read_field, text_of, texts_of
from guanxi.entrypoints.web.records.inputs import Input, config_options, input_of, today_text
from guanxi.entrypoints.web.records.offers import FOLLOW_UP, action_of, followed, input_names, typed_input
from guanxi.entrypoints.web.render import find_template, label, sentence, t
from guanxi.entrypoints.web.session import Visit, safe_path, visit
from guanxi.entrypoints.web.shell import piece, see_other
from guanxi.kernel.catalog.model import Action
from guanxi.kernel.records.history import steps
from guanxi.kernel.records.output import json_value, values_of
from guanxi.kernel.records.read import find, get
from guanxi.kernel.records.shape import targets_of
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

LONG = ("close_note", "text", "note", "description")


def redirected(request: Request, path: str, *, note: str = "", undo: int = 0, tone: str = "") -> Response:
    """Back to a page with a word of what was done, for forms and for htmx alike."""
    answer = see_other(path, note=note, undo=f"/operations/{undo}/undo" if undo else "", tone=tone)
    if request.headers.get("hx-request") != "true":
        return answer
    made = Response(status_code=204, headers={"HX-Redirect": answer.headers["location"]})
    made.raw_headers += [(k, v) for k, v in answer.raw_headers if k == b"set-cookie"]
    return made


# --- actions of the catalogue --------------------------------------------------------------------------------------


def show_action(request: Request) -> Response:
    """The dialog of an action: what it asks for, with the record's own inputs."""
    with at_desk(request) as desk:
        return _action_piece(request, desk, action_of(desk, request.path_params["action"]), {}, {})


def _action_piece(
    request: Request,
    desk: Desk,
    action: Action,
    given: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    said: str = "",
    matches: Any = None,
    status: int = 200,
) -> Response:
    follow_up = action.name.startswith(FOLLOW_UP)
    template = find_template(f"record/{'follow_up' if follow_up else action.name}.html", "record/action.html")
    return piece(
        request, template, desk.me, status=status, desk=desk, action=action, url=f"{desk.url}/do/{action.name}",
        inputs=_action_inputs(desk, action, given, errors), said=said, matches=matches, given=given,
        choices=_follow_up_choices(desk) if follow_up else {},
    )  # fmt: skip


def _action_inputs(desk: Desk, action: Action, given: Mapping[str, Any], errors: Mapping[str, str]) -> list[Input]:
    """Inputs by the record's fields of the same name; others by the type the action declares."""
    names = [n for n in input_names(action) if n not in ("values", "task")]
    now = values_of(desk.work.catalog, desk.target, desk.row, [n for n in names if n in desk.fields])
    found = []
    for name in names:
        field = desk.fields.get(name)
        if field is not None:
            found.append(input_of(desk.work, field, given.get(name, now.get(name)), error=errors.get(name)))
            continue
        made = Input(
            name, _name_of(desk, name), "long" if name in LONG else "text", given.get(name), error=errors.get(name)
        )
        if name in desk.work.catalog.config:
            made = dataclasses.replace(made, kind="select", options=config_options(desk.work, name))
        elif name in desk.work.catalog.objects:
            made = dataclasses.replace(made, kind="lookup", objects=name, raw="")
        elif name.endswith("_on"):
            made = dataclasses.replace(made, kind="date")
        found.append(made)
    return found


def _name_of(desk: Desk, name: str) -> str:
    """The label of the field of that name on whatever object has one; else the name itself as words."""
    for other in desk.work.catalog.objects.values():
        if other.kind in ("record", "document"):
            field = next((f for f in other.fields if f.name == name), None)
            if field is not None:
                return label(field.label)
    return t(name.replace("_", " ").capitalize())


def _follow_up_choices(desk: Desk) -> dict[str, Any]:
    """Chips of the composer: how it was, what came of it, when to go on."""
    call = desk.work.catalog.objects.get("call")
    results = [f for f in call.fields if f.name == "result"] if call else []
    days = [(today_text(desk.work, 1), t("Tomorrow"))]
    weekday = (desk.work.today + 3) % 7  # 0 is Monday
    if weekday < 4:
        days.append((today_text(desk.work, 4 - weekday), t("Friday")))
    days += [(today_text(desk.work, 8 - weekday), t("Next Tuesday")), (today_text(desk.work, 14), t("In two weeks"))]
    kinds = [(n, desk.work.catalog.objects[n]) for n in ("call", "visit", "meeting", "mail", "note")]
    return {
        "kinds": [(n, label(o.label), o.icon) for n, o in kinds],
        "results": [(c.key, label(c.label)) for c in (results[0].options["choices"] if results else ())],
        "days": days,
        "contacts": _contacts(desk),
    }


def _contacts(desk: Desk) -> list[tuple[str, str]]:
    """People of the record, to say with whom one spoke."""
    contact = desk.work.catalog.objects.get("contact")
    account = desk.id if desk.target.name == "account" else desk.row.get("account")
    if contact is None or not account or desk.target.name == "contact":
        return []
    rows = find(desk.work, Query("contact", where=f"account = {account}", fields=("name",), limit=8)).rows
    return [(str(r["id"]), str(r["name"])) for r in rows]


async def do_action(request: Request) -> Response:
    """Runs an action; faults come back into its dialog."""
    form = await request.form(max_files=0, max_fields=200)
    return await run_in_threadpool(_do_action, request, form)


def _do_action(request: Request, form: FormData) -> Response:
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    given: dict[str, Any] = {}
    try:
        with me.space.write(me.user, cause=request.path_params["action"]) as work, speaking(me.locale):
            desk = open_desk(me, work, name, ident)
            action = action_of(desk, request.path_params["action"])
            given = _given(form, desk, action)
            result = action.run(work, _typed(action, {**given, "id": ident}))
            work.finish()
            operation = work.operation
            path = _onward(desk, result, form)
        return redirected(request, path, note=_done(me, action), undo=operation)
    except Invalid as problem:
        with me.space.read(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, ident)
            action = action_of(desk, request.path_params["action"])
            errors = errors_by_field(problem, me)
            known = set(input_names(action))
            rest = [text for field, text in errors.items() if field not in known]
            said = " ".join(rest) if problem.errors else sentence(problem.message, me.locale)
            return _action_piece(
                request, desk, action, given, errors, said=said, matches=problem.extra.get("matches"), status=422
            )


def _done(me: Visit, action: Action) -> str:
    return t_for(me, "Done: {action}", action=action.label)


def _given(form: FormData, desk: Desk, action: Action) -> dict[str, Any]:
    """What was filled in, as texts; an empty field is left to the action."""
    values: dict[str, Any] = {}
    flags = {f.name for f in dataclasses.fields(action.input) if f.type in ("bool", bool)}
    for name in input_names(action):
        if name == "values":
            continue
        if name in flags:
            if text_of(form, f"_has_{name}") or text_of(form, name):
                values[name] = text_of(form, name) == "1"
            continue
        field = desk.fields.get(name)
        if field is not None and field.type == "money":
            raw = read_field(form, field, name)
            values[name] = f"{raw['currency'] or ''} {raw['amount']}".strip() if raw else None
        else:
            values[name] = text_of(form, name) or None
    return {n: v for n, v in values.items() if v is not None}


def _typed(action: Action, values: dict[str, Any]) -> Any:
    try:
        return typed_input(action, values)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadInput(msg("The input does not fit: {reason}", reason=str(error)[:200])) from error


def _onward(desk: Desk, result: Any, form: FormData) -> str:
    """Where to go on: to what was made, if an action made a record; else back."""
    back = text_of(form, "_back")
    for name in ("opportunity", "contact", "account"):
        if isinstance(getattr(result, name, None), int) and getattr(result, "moved", None) is not None:
            return f"/o/{name}/{getattr(result, name)}"
    return safe_path(back) if back else desk.url


# --- stages --------------------------------------------------------------------------------------------------------


async def move(request: Request) -> Response:
    """Moves the record to another step; what the step still asks for is asked in place."""
    form = await request.form(max_files=0, max_fields=100)
    return await run_in_threadpool(_move, request, form)


def _move(request: Request, form: FormData) -> Response:
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    version = text_of(form, "version")
    to = text_of(form, "to")
    try:
        with me.space.write(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, ident)
            if desk.target.steps is None:
                raise NotFound
            asked = [f for f in texts_of(form, "_gate") if f in desk.fields]
            values = {n: read_field(form, desk.fields[n], n) for n in asked}
            change = {**values, desk.target.steps.field: to}
            saved = save(work, [Change("edit", name, change, ident, int(version) if version.isdecimal() else None)])
        return redirected(request, f"/o/{name}/{ident}", note=t_for(me, "Moved"), undo=saved.operation)
    except Invalid as problem:
        return gate(request, me, name, ident, to, problem, {f: text_of(form, f) for f in texts_of(form, "_gate")})


def gate(
    request: Request, me: Visit, name: str, ident: int, to: str, problem: Invalid, given: Mapping[str, Any]
) -> Response:
    """The dialog that asks for what a step requires; also used by boards."""
    errors = errors_by_field(problem, me)
    with me.space.read(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, name, ident)
        now = values_of(work.catalog, desk.target, desk.row, [n for n in errors if n in desk.fields])
        wanted = [n for n in dict.fromkeys((*given, *errors)) if n in desk.fields]
        inputs = [input_of(work, desk.fields[n], given.get(n) or now.get(n), error=errors.get(n)) for n in wanted]
        rest = [text for n, text in errors.items() if n not in desk.fields]
        return piece(
            request, "record/gate.html", me, status=422, desk=desk, to=to, stage=_stage_name(desk, to),
            inputs=inputs, said=" ".join(rest) or ("" if inputs else sentence(problem.message, me.locale)),
        )  # fmt: skip


def _stage_name(desk: Desk, to: str) -> str:
    assert desk.target.steps is not None
    field = desk.work.catalog.field(desk.target, desk.target.steps.field)
    if field.type == "lookup":
        row = desk.work.catalog.config.get(targets_of(field)[0], {}).get(int(to) if to.isdecimal() else 0, {})
        return str((desk.me.locale.language == "en" and row.get("name_en")) or row.get("name") or to)
    return next((label(c.label) for c in field.options["choices"] if c.key == to), to)


# --- comments, following, files ------------------------------------------------------------------------------------


async def comment(request: Request) -> Response:
    """Adds a comment, with files if any."""
    async with request.form(max_files=10, max_fields=30) as form:
        sent = [p for p in form.getlist("file") if isinstance(p, UploadFile) and p.filename]
        kept = await run_in_threadpool(filing.keep, request, sent) if sent else []
        return await run_in_threadpool(_comment, request, text_of(form, "body"), [str(f.id) for f in kept])


def _comment(request: Request, body: str, files: list[str]) -> Response:
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    with me.space.write(me.user) as work, speaking(me.locale):
        get(work, name, ident)
        values = {"about": {"object": name, "id": str(ident)}, "body": body, "files": files}
        saved = save(work, [Change("create", "comment", values)])
        filing.tie(work, work.catalog.object("comment"), saved.id, values)
    return redirected(request, f"/o/{name}/{ident}#timeline", note=t_for(me, "Comment added"), undo=saved.operation)


def follow(request: Request) -> Response:
    """Follows the record, or no more."""
    me = visit(request)
    with me.space.write(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, request.path_params["object"], ident_of(request))
        known = followed(desk)
        if known is None:
            raise NotFound
        if known:
            save(work, [Change("trash", "follow", id=known)])
        else:
            about = {"object": desk.target.name, "id": str(desk.id)}
            save(work, [Change("create", "follow", {"about": about, "person": str(me.user)})])
        return piece(request, "record/follow.html", me, desk=desk, followed=0 if known else 1)


async def add_files(request: Request) -> Response:
    """Puts uploads into the record's files."""
    async with request.form(max_files=20, max_fields=10) as form:
        sent = [p for p in form.getlist("file") if isinstance(p, UploadFile) and p.filename]
        kept = await run_in_threadpool(filing.keep, request, sent)
    return await run_in_threadpool(_add_files, request, [str(f.id) for f in kept])


def _add_files(request: Request, ids: list[str]) -> Response:
    me = visit(request)
    with me.space.write(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, request.path_params["object"], ident_of(request))
        field = next((f for f in desk.fields.values() if f.type == "files" and desk.may_edit(f)), None)
        if field is None:
            raise NotFound
        values = {field.name: [*json.loads(desk.row.get(field.column) or "[]"), *ids]}
        saved = save(work, [Change("edit", desk.target.name, values, desk.id)])
        filing.tie(work, desk.target, desk.id, values)
        url = desk.url
    return redirected(request, url, note=t_for(me, "Files added"), undo=saved.operation)


def mark_done(request: Request) -> Response:
    """Settles a task (anything with a `done` field) from wherever it is shown."""
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    with me.space.write(me.user) as work:
        row = get(work, name, ident)
        saved = save(work, [Change("edit", name, {"done": not row.get("done")}, ident)])
    back = safe_path(request.query_params.get("back") or f"/o/{name}/{ident}")
    return redirected(request, back, note=t_for(me, "Saved"), undo=saved.operation)


# --- trash, history ------------------------------------------------------------------------------------------------


def trash(request: Request) -> Response:
    """Moves the record to the trash; the note on the list takes it back."""
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    with me.space.write(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, name, ident)
        saved = save(work, [Change("trash", name, id=ident)])
        note = t("«{title}» is in the trash", title=desk.title)
    return redirected(request, f"/o/{name}", note=note, undo=saved.operation)


def restore(request: Request) -> Response:
    """Takes the record out of the trash."""
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    with me.space.write(me.user) as work:
        save(work, [Change("restore", name, id=ident)])
    return redirected(request, f"/o/{name}/{ident}", note=t_for(me, "Taken out of the trash"))


async def put_back(request: Request) -> RedirectResponse | Response:
    """Gives one field the value it had before a change."""
    form = await request.form(max_files=0, max_fields=10)
    return await run_in_threadpool(_put_back, request, text_of(form, "field"), text_of(form, "version"))


def _put_back(request: Request, field_name: str, version: str) -> Response:
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    with me.space.write(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, name, ident)
        field = desk.fields.get(field_name)
        if field is None or not desk.may_edit(field) or not version.isdecimal():
            raise NotFound
        found = steps(work, name, ident, before=int(version) + 1, limit=1)
        old = next((f.old for s in found if s.version == int(version) for f in s.fields if f.field == field), None)
        if old is None:
            raise NotFound
        raw = json_value(work.catalog, field, old)
        saved = save(work, [Change("edit", name, {field_name: raw}, ident)])
        note = t("{field} is as it was", field=field.label)
    return redirected(request, f"/o/{name}/{ident}", note=note, undo=saved.operation)
