"""Long work over REST: exports and bulk edits begun, watched, paused and fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import FileResponse, Response

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.api.call import HEADERS, Call, reply, whole
from guanxi.kernel.jobs import control
from guanxi.kernel.jobs.control import Task
from guanxi.kernel.records.bulk import BulkEdit, may_bulk, start_bulk
from guanxi.kernel.records.export import FORMATS, note_export
from guanxi.kernel.records.export_jobs import Wanted, finished, start_export
from guanxi.kernel.records.export_uses import use_for
from guanxi.kernel.records.read import count

KINDS = ("export", "bulk_edit", "import", "undo")
STOPPABLE = ("export", "bulk_edit")
WISHES: Mapping[str, Callable[..., None]] = {"pause": control.pause, "go-on": control.go_on, "cancel": control.cancel}
HEADINGS = ("names", "labels")


def begin_export(call: Call) -> Response:
    """`{"object": "contact", "filter": "…", "fields": […], "format": "csv", "header": "names"}`"""
    call.params()
    body = call.object()
    _known(body, ("object", "filter", "q", "fields", "format", "header", "bom", "purpose", "channel", "anonymous"))
    given = body.get("fields", [])
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise BadInput(msg("«{name}» must be a list of names.", name="fields"))
    format_, header = _one_of(body, "format", FORMATS), _one_of(body, "header", HEADINGS)
    use = use_for(_text(body, "purpose") or "", _text(body, "channel") or "", anonymous=body.get("anonymous") is True)
    wanted = Wanted(_text(body, "object") or "", _text(body, "filter"), _text(body, "q"), tuple(given), format_, header,
                    body.get("bom") is True, use)  # fmt: skip
    with call.reading("read") as work:
        person = work.actor.user
    job = start_export(call.space, person, wanted, entry=call.entry, address=call.address)
    return _begun(call, person, job)


def begin_bulk(call: Call) -> Response:
    """`{"object": "lead", "filter": "…", "values": {…}}` or `{"op": "trash", …}`: all that match, as one operation."""
    call.params()
    body = call.object()
    _known(body, ("object", "filter", "q", "op", "values", "add"))
    op = _one_of(body, "op", ("edit", "trash"))
    values, add = body.get("values", {}), body.get("add", {})
    if not isinstance(values, dict) or not isinstance(add, dict) or not all(isinstance(v, list) for v in add.values()):
        raise BadInput(msg("«{name}» must be an object of fields.", name="values"))
    edit = BulkEdit(op, _text(body, "object") or "", _text(body, "filter"), _text(body, "q"), values, add)
    with call.writing() as work:
        person = work.actor.user
        may_bulk(work, edit.object)
        total = count(work, edit.query, 0)[0]
    _operation, job = start_bulk(call.space, person, edit, total, entry=call.entry)
    return _begun(call, person, job)


def list_tasks(call: Call) -> Response:
    """One's own, newest first."""
    limit = whole(call.params("limit"), "limit", 50, 1, 200)
    with call.reading() as work:
        found = control.tasks(work.session, work.actor.user, limit=limit, kinds=KINDS)
    return reply({"data": [_shown(task) for task in found]})


def read_task(call: Call) -> Response:
    """How far it is."""
    call.params()
    with call.reading() as work:
        return reply(_shown(_own(call, work.session, work.actor.user)))


def wish(call: Call) -> Response:
    """Pause, go on, or end."""
    call.params()
    deed = WISHES.get(call.path("wish"))
    if deed is None:
        raise NotFound
    with call.writing() as work:
        task = _own(call, work.session, work.actor.user)
        if task.kind not in STOPPABLE:
            raise NotFound
        deed(work.session, task.id)
        return reply(_shown(_own(call, work.session, work.actor.user)))


def read_result(call: Call) -> Response:
    """The file of an export that is done."""
    call.params()
    with call.reading() as work:
        person = work.actor.user
        task, wanted, path = finished(work, call.id())
    note_export(call.space, person, wanted.object, task.done, wanted.fields, entry=call.entry, address=call.address,
                use=wanted.use)  # fmt: skip
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{wanted.object}.{wanted.format}"'}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


def list_left(call: Call) -> Response:
    """Records the task could not change, and why; `after` is the last id of the page before."""
    params = call.params("after", "limit")
    limit = whole(params, "limit", 100, 1, 1_000)
    with call.reading() as work:
        task = _own(call, work.session, work.actor.user)
        found = control.faults(work.session, task.id, whole(params, "after", 0, 0, 2**62), limit)
    return reply({"data": [{"id": str(record), "reason": why} for record, why in found]})


def _own(call: Call, session: Any, person: int) -> Task:
    task = control.task(session, call.id(), person)
    if task.kind not in KINDS:
        raise NotFound
    return task


def _begun(call: Call, person: int, job: int) -> Response:
    with call.space.db.read() as session:
        task = control.task(session, job, person)
    return reply(_shown(task), 202, location=f"/api/v1/tasks/{job}")


def _known(body: Mapping[str, Any], names: tuple[str, ...]) -> None:
    unknown = next((key for key in body if key not in names), None)
    if unknown is not None:
        raise BadInput(msg("There is no parameter «{name}» here.", name=unknown[:80]))


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(msg("«{name}» must be text.", name=name))
    return value


def _one_of(body: Mapping[str, Any], name: str, known: tuple[Any, ...]) -> Any:
    value = body.get(name, known[0])
    if value not in known:
        raise BadInput(msg("«{name}» must be one of: {known}.", name=name, known=", ".join(known)))
    return value


def _shown(task: Task) -> dict[str, Any]:
    file = f"/api/v1/tasks/{task.id}/file" if task.kind == "export" and task.status == "done" else None
    return {
        "id": str(task.id),
        "kind": task.kind,
        "status": task.status,
        "done": task.done,
        "total": task.total or None,
        "failed": int(task.keep.get("failed", 0)),
        "rate": round(task.rate, 1) if task.rate else None,
        "seconds_left": task.left,
        "created_at": iso_datetime(task.created_at),
        "finished_at": iso_datetime(task.finished_at) if task.finished_at else None,
        "operation": str(task.operation) if task.operation else None,
        "file": file,
    }
