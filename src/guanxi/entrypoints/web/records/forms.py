"""Forms to make and to change a record: sections, faults at the fields, and two people who edit at once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from guanxi.base.errors import Conflict, Forbidden, Invalid, Problem, msg
from guanxi.entrypoints.web.records import filing, lines
from guanxi.entrypoints.web.records.clash import resolved, show_clash
from guanxi.entrypoints.web.records.desk import Desk, ident_of, is_writable, open_desk, speaking
from guanxi.entrypoints.web.records.given import changed_values, json_of, read_given, shown_fields, text_of
from guanxi.entrypoints.web.records.inputs import Input, default_raw, input_of
from guanxi.entrypoints.web.records.likeness import Like, chosen, likes_of, watched
from guanxi.entrypoints.web.records.values import show_field
from guanxi.entrypoints.web.render import label, object_template, sentence, t
from guanxi.entrypoints.web.session import Visit, address_of, safe_path, visit
from guanxi.entrypoints.web.shell import page, piece, see_other
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.duplicates import LooksLike
from guanxi.kernel.records.idempotency import claim, hash_of, remember
from guanxi.kernel.records.looks import note_record
from guanxi.kernel.records.masks import fillable, shown
from guanxi.kernel.records.output import values_of
from guanxi.kernel.records.parse import may
from guanxi.kernel.records.read import target_of
from guanxi.kernel.records.types import Change, Saved
from guanxi.kernel.records.write import save

LIMIT_FIELDS = 12_000


@dataclass(frozen=True, slots=True)
class Part:
    """One section of the form."""

    label: str
    inputs: tuple[Input, ...]
    folded: bool


def fields_of_form(
    work: Work, target: Object, *, quick: bool = False, desk: Desk | None = None
) -> list[tuple[str, list[Field], bool]]:
    """Fields by section: what the caller may fill in, and in the edit form also what they may only read."""
    edit = desk is not None
    allowed = desk.shown if desk is not None else fillable(work, target)
    if quick:
        names = target.quick or (target.title,)
        needed = [f.name for f in target.fields if f.required and f.default is None and f.name not in names]
        chosen = [allowed[n] for n in (*names, *needed) if n in allowed and is_writable(work, target, allowed[n])]
        return [("", chosen, False)]
    sections = [(label(s.label), s.fields, s.folded) for s in target.form] or [
        (label(target.label), tuple(f.name for f in target.fields), False)
    ]
    named = {n for _, names, _ in sections for n in names}
    rest = tuple(f.name for f in target.fields if f.name not in named and (f.required or f.custom) and not f.hidden)
    if rest:
        sections.append((t("Other"), rest, False))
    if target.kind in ("record", "document"):
        sections.append((t("Responsible"), ("owner",), edit is False))
    found = []
    for text, names, folded in sections:
        fields = [f for n in names if (f := allowed.get(n)) is not None and not f.hidden and f.rollup is None]
        kept = [f for f in fields if edit or is_writable(work, target, f)]
        if kept:
            found.append((text, kept, folded))
    return found


def build(
    work: Work,
    target: Object,
    sections: Sequence[tuple[str, list[Field], bool]],
    raw: Mapping[str, Any],
    errors: Mapping[str, str],
    desk: Desk | None = None,
) -> list[Part]:
    """Sections with their inputs; a section with a fault is never folded."""
    parts = []
    for text, fields, folded in sections:
        inputs = tuple(_input(work, target, f, raw, errors, desk) for f in fields)
        parts.append(Part(text, inputs, folded and not any(i.error for i in inputs)))
    return parts


def _input(
    work: Work, target: Object, field: Field, raw: Mapping[str, Any], errors: Mapping[str, str], desk: Desk | None
) -> Input:
    writable = desk.may_edit(field) if desk is not None else is_writable(work, target, field)
    if not writable:
        return Input(field.name, label(field.label), "readonly", shown=show_field(desk, field) if desk else "")
    return input_of(work, field, raw.get(field.name), error=errors.get(field.name), known=desk.names if desk else None)


def errors_by_field(problem: Problem, me: Visit) -> dict[str, str]:
    """Sentences by field; the first one counts."""
    found: dict[str, str] = {}
    for error in problem.errors:
        found.setdefault(error.field, sentence(error.message, me.locale))
    return found


# --- a new record --------------------------------------------------------------------------------------------------


def show_new(request: Request) -> Response:
    """The empty form, with what the address gives already; `quick=1` is the short form in a dialog."""
    me = visit(request)
    with me.space.read(me.user) as work, speaking(me.locale):
        target = _creatable(work, request.path_params["object"])
        given = {n: v for n, v in request.query_params.items() if n in fillable(work, target)}
        defaults = {f.name: default_raw(work, f) for f in target.fields if f.default is not None}
        owner = {"owner": str(me.user)} if target.kind in ("record", "document") else {}
        return new_page(request, me, work, target, {**owner, **defaults, **given}, {})


def _creatable(work: Work, name: str) -> Object:
    target = target_of(work, name)
    may(work, target, "create")
    return target


def new_page(
    request: Request,
    me: Visit,
    work: Work,
    target: Object,
    raw: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    said: str = "",
    token: str = "",
    status: int = 200,
    line_raw: lines.Raw | None = None,
    likes: Sequence[Like] = (),
) -> HTMLResponse:
    """The form of a new record, whole or short."""
    quick = request.query_params.get("quick") == "1"
    sections = fields_of_form(work, target, quick=quick)
    context: dict[str, Any] = {
        "target": target,
        "parts": build(work, target, sections, raw, errors),
        "fields": ",".join(f.name for _, fields, _ in sections for f in fields),
        "preset": preset(target, sections, raw),
        "token": token or secrets.token_hex(16),
        "action": f"/o/{target.name}/new" + ("?quick=1" if quick else ""),
        "back": safe_path(request.query_params.get("back") or f"/o/{target.name}"),
        "pick": request.query_params.get("pick", ""),
        "watched": watched(work, target),
        "likes": likes,
        "said": said or _elsewhere(errors, sections),
        "files": {str(i): f.name for i, f in filing.named_files(work, target, []).items()},
    }
    if quick:
        return piece(request, object_template(target.name, "quick"), me, status=status, **context)
    grids = lines.grids(work, target, None, line_raw)
    template = object_template(target.name, "form")
    return page(request, template, me, status=status, active=target.name, record=None, grids=grids, was="{}", version=0,
                draft=f"{target.name}-new", **context)  # fmt: skip


def preset(target: Object, sections: Sequence[tuple[str, list[Field], bool]], raw: Mapping[str, Any]) -> dict[str, str]:
    """Values the address gave for fields that the (short) form does not show: they travel hidden."""
    shown = {f.name for _, fields, _ in sections for f in fields}
    names = {f.name for f in target.fields if f.type == "lookup"}
    return {n: str(v) for n, v in raw.items() if n in names and n not in shown and isinstance(v, str) and v}


def _elsewhere(errors: Mapping[str, str], sections: Sequence[tuple[str, list[Field], bool]]) -> str:
    """Faults of fields that the form does not show are told above it."""
    shown = {f.name for _, fields, _ in sections for f in fields}
    return " ".join(text for name, text in errors.items() if name not in shown)


async def create(request: Request) -> Response:
    """Stores a new record; the same form sent twice makes one."""
    form = await request.form(max_files=0, max_fields=LIMIT_FIELDS)
    return await run_in_threadpool(_create, request, form)


def _create(request: Request, form: FormData) -> Response:
    me = visit(request)
    token = text_of(form, "_token")[:64]
    raw: dict[str, Any] = {}
    try:
        with me.space.write(me.user) as work, speaking(me.locale):
            target = _creatable(work, request.path_params["object"])
            allowed = fillable(work, target)
            fields = [f for f in shown_fields(form, allowed) if is_writable(work, target, f)]
            raw = read_given(form, fields)
            hidden = {n[8:]: v for n, v in form.items() if n.startswith("_preset_") and isinstance(v, str)}
            raw |= {n: v for n, v in hidden.items() if n in allowed and is_writable(work, target, allowed[n])}
            known = claim(work, f"form:{token}", hash_of(target.name.encode())) if token else None
            if known is not None:
                return _made(request, form, target, int(known.answer["id"]), str(known.answer["title"]), 0)
            if text_of(form, "_pick") and text_of(form, "_use"):
                return _made(request, form, target, *chosen(work, target, text_of(form, "_use")), 0)
            saved = _insert(work, target, raw, form)
            title = _title_of(target, raw)
            if token:
                remember(work, f"form:{token}", 201, {"id": str(saved.id), "title": title})
        with speaking(me.locale):
            return _made(request, form, target, saved.id, title, saved.operation)
    except (Invalid, LooksLike) as problem:
        with me.space.read(me.user) as work, speaking(me.locale):
            target = target_of(work, request.path_params["object"])
            if isinstance(problem, LooksLike):
                likes, given = likes_of(problem.found[0], me), lines.raw_of(form, work, target)
                return new_page(request, me, work, target, raw, {}, token=token, status=409, line_raw=given,
                                likes=likes)  # fmt: skip
            said = "" if problem.errors else sentence(problem.message, me.locale)
            errors = errors_by_field(problem, me)
            given = lines.raw_of(form, work, target)
            return new_page(request, me, work, target, raw, errors, said=said, token=token, status=422, line_raw=given)


def _insert(work: Work, target: Object, raw: Mapping[str, Any], form: FormData) -> Saved:
    values = {n: v for n, v in raw.items() if v not in (None, "", [])}
    filing.check_own(work, target, values)
    change = Change("create", target.name, values, lines=lines.changes(form, work, target))
    saved = save(work, [change], duplicates="allow" if text_of(form, "_duplicates") == "allow" else "ask")
    filing.tie(work, target, saved.id, values)
    return saved


def _title_of(target: Object, raw: Mapping[str, Any]) -> str:
    """What the record is called; titles made by rules are not known before it is read again."""
    given = raw.get(target.title)
    return given if isinstance(given, str) and given else label(target.label)


def _made(request: Request, form: FormData, target: Object, ident: int, title: str, operation: int) -> Response:
    note = t("{object} «{title}» created", object=target.label, title=title) if operation else ""
    undo = f"/operations/{operation}/undo" if operation else ""
    if request.headers.get("hx-request") == "true":
        if text_of(form, "_pick"):
            made = {"object": target.name, "id": str(ident), "title": title}
            return Response(status_code=204, headers={"HX-Trigger": _ascii({"gx:made": made})})
        answer = see_other(safe_path(text_of(form, "_back") or f"/o/{target.name}/{ident}"), note=note, undo=undo)
        return _as_htmx(answer)
    back = text_of(form, "_back")
    again = text_of(form, "_again")
    onward = f"/o/{target.name}/new" if again else (back if back and back != f"/o/{target.name}" else "")
    return see_other(safe_path(onward or f"/o/{target.name}/{ident}"), note=note, undo=undo)


def _as_htmx(answer: RedirectResponse) -> Response:
    """A redirect that htmx follows as a page; cookies stay."""
    made = Response(status_code=204, headers={"HX-Redirect": answer.headers["location"]})
    made.raw_headers += [(k, v) for k, v in answer.raw_headers if k == b"set-cookie"]
    return made


def _ascii(value: Any) -> str:
    return json.dumps(value)


# --- an existing record --------------------------------------------------------------------------------------------


def show_edit(request: Request) -> Response:
    """The form with the record as it is; it remembers what it opened with."""
    me = visit(request)
    with me.space.read(me.user) as work, speaking(me.locale):
        desk = open_desk(me, work, request.path_params["object"], ident_of(request))
        if "edit" not in desk.verbs:
            raise Forbidden(msg("You may read this record, but not change it."))
        note_record(work, desk.target, desk.row, entry="form", address=address_of(request))
        return edit_page(request, desk, None, {})


def edit_page(
    request: Request,
    desk: Desk,
    given: Mapping[str, Any] | None,
    errors: Mapping[str, str],
    *,
    said: str = "",
    form: FormData | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The edit form; `given` is what was sent when it comes back with faults."""
    work, target = desk.work, desk.target
    sections = fields_of_form(work, target, desk=desk)
    editable = [f for _, fields, _ in sections for f in fields if desk.may_edit(f)]
    now = values_of(work.catalog, target, desk.row, [f.name for f in editable])
    raw = {**now, **(given or {})}
    was = json_of(text_of(form, "_was")) if form is not None else now
    return page(
        request,
        object_template(target.name, "form"),
        desk.me,
        status=status,
        active=target.name,
        record=desk,
        target=target,
        parts=build(work, target, sections, raw, errors, desk),
        fields=",".join(f.name for f in editable),
        preset={},
        watched="",
        token="",
        action=f"{desk.url}/edit",
        back=desk.url,
        pick="",
        said=said or _elsewhere(errors, sections),
        grids=lines.grids(work, target, desk, lines.raw_of(form, work, target) if form is not None else None),
        was=_ascii(was),
        version=text_of(form, "_version") if form is not None else desk.row["version"],
        draft=f"{target.name}-{desk.id}",
        files={i: f.name for i, f in filing.files_of(desk).items()},
    )


async def change(request: Request) -> Response:
    """Stores what was changed; a clash with somebody else's edit is shown, not overwritten."""
    form = await request.form(max_files=0, max_fields=LIMIT_FIELDS)
    return await run_in_threadpool(_change, request, form)


def _change(request: Request, form: FormData) -> Response:
    me = visit(request)
    name, ident = request.path_params["object"], ident_of(request)
    values: dict[str, Any] = {}
    given: dict[str, Any] = {}
    try:
        with me.space.write(me.user) as work, speaking(me.locale):
            target = target_of(work, name)
            allowed = {n: f for n, f in shown(work, target).items() if is_writable(work, target, f)}
            given = read_given(form, shown_fields(form, allowed))
            mine = resolved(form)
            values = (
                mine
                if mine is not None
                else changed_values(work, target, given, json_of(text_of(form, "_was")), allowed)
            )
            desk = open_desk(me, work, name, ident)
            filing.check_own(work, target, values, desk.row)
            version = int(text_of(form, "_version") or 0) or None
            line_changes = lines.changes(form, work, target)
            if not values and not any(line_changes.values()):
                return see_other(_back(form, desk.url))
            saved = save(work, [Change("edit", name, values, ident, version, line_changes)])
            filing.tie(work, target, ident, values)
        undo = f"/operations/{saved.operation}/undo" if saved.operation else ""
        return see_other(_back(form, f"/o/{name}/{ident}"), note=t_for(me, "Saved"), undo=undo)
    except Conflict:
        return show_clash(request, me, name, ident, values, json_of(text_of(form, "_was")), form)
    except Invalid as problem:
        with me.space.read(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, ident)
            said = "" if problem.errors else sentence(problem.message, me.locale)
            return edit_page(request, desk, given, errors_by_field(problem, me), said=said, form=form, status=422)


def t_for(me: Visit, text: str, **params: Any) -> str:
    """A sentence in the visitor's language, outside of templates."""
    with speaking(me.locale):
        return t(text, **params)


def _back(form: FormData, otherwise: str) -> str:
    back = text_of(form, "_back")
    return safe_path(back) if back.startswith("/o/") else otherwise
