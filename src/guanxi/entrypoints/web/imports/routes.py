"""The wizard's addresses, and which step an import stands at."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.dates import iso_datetime
from guanxi.entrypoints.web.imports import columns, mending, upload
from guanxi.entrypoints.web.imports.shared import BUSY, address, loaded, run_of
from guanxi.entrypoints.web.posting import posted, text_of
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import go, page, piece
from guanxi.kernel.imports import jobs, state
from guanxi.kernel.imports.mapping import sealed_columns
from guanxi.kernel.imports.state import Run


def show_step(request: Request) -> Response:
    """The step this import stands at; `?step=columns` goes back to the mapping."""
    me = visit(request)
    run = loaded(request, me)
    back = request.query_params.get("step") == "columns" and run.operation is None
    if run.state == "draft" or (back and run.state not in BUSY):
        return columns.show_columns(request, me, run)
    if run.state == "checked":
        return mending.show_mending(request, me, run)
    context = _context(me, run)
    return page(request, "imports/running.html" if run.state in BUSY else "imports/done.html", me, **context)


def _context(me: Visit, run: Run) -> dict[str, Any]:
    target = me.catalog.object(run.object)
    records = f"/o/{run.object}?" + urlencode(
        {"where": f'source = "import" and created_at >= "{iso_datetime(run.at)}"'}
    )
    share = 100 * run.done / run.total if run.total else 0
    return {"active": run.object, "target": target, "run": run, "reason": jobs.reason_of(run), "records": records,
            "share": share, "hidden": bool(sealed_columns(target, run.map))}  # fmt: skip


def show_progress(request: Request) -> Response:
    """How far it is; asks again by itself until it is over."""
    me = visit(request)
    run = loaded(request, me)
    if run.state not in BUSY:
        return go(address(run), request)
    return piece(request, "imports/progress.html", me, **_context(me, run))


def start_run(request: Request, me: Visit, form: FormData) -> Response:
    """Writes the good rows, or all of them or none; also goes on after a pause."""
    with me.space.write(me.user) as work:
        run = run_of(request, me, work)
        jobs.start(work, run, "run", all_or_nothing=text_of(form, "all") == "1")
    return go(address(run), request)


def pause_run(request: Request, me: Visit, _form: FormData) -> Response:
    """Stops after the chunk at hand."""
    with me.space.write(me.user) as work:
        run = run_of(request, me, work)
        jobs.pause(work, run)
    return go(address(run), request)


def show_all(request: Request) -> Response:
    """One's own imports of all kinds."""
    me = visit(request)
    with me.space.read(me.user) as work:
        runs = [r for r in state.runs_of(work.session, me.user) if r.object in me.catalog.objects]
    return page(request, "imports/all.html", me, runs=runs, objects=me.catalog.objects)


_RUN = "/import/{object}/{run:int}"
ROUTES = [
    Route("/import", show_all),
    Route("/import/{object}", upload.show_upload),
    Route("/import/{object}", posted(upload.take_file, upload.show_upload, who=visit), methods=["POST"]),
    Route(_RUN, show_step),
    Route(f"{_RUN}/columns", posted(columns.keep_columns, who=visit), methods=["POST"]),
    Route(f"{_RUN}/progress", show_progress),
    Route(f"{_RUN}/totals", mending.show_totals),
    Route(f"{_RUN}/replace", posted(mending.replace_all, who=visit), methods=["POST"]),
    Route(f"{_RUN}/cell/{{row:int}}/{{place:int}}", mending.edit_cell),
    Route(f"{_RUN}/cell/{{row:int}}/{{place:int}}", posted(mending.keep_cell, who=visit), methods=["POST"]),
    Route(f"{_RUN}/paste", posted(mending.paste, who=visit), methods=["POST"]),
    Route(f"{_RUN}/failed.csv", mending.download_failed),
    Route(f"{_RUN}/run", posted(start_run, who=visit), methods=["POST"]),
    Route(f"{_RUN}/pause", posted(pause_run, who=visit), methods=["POST"]),
    Route(f"{_RUN}/drop", posted(upload.drop, who=visit), methods=["POST"]),
]
