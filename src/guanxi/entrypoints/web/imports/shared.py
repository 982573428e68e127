"""What all steps of the wizard need: whose import it is, its file, its address."""

from __future__ import annotations

from starlette.requests import Request

from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.session import Visit
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Work
from guanxi.kernel.imports import state
from guanxi.kernel.imports.state import Run
from guanxi.kernel.imports.table import TableFile, open_table

BUSY = ("checking", "running", "pausing")


def run_of(request: Request, me: Visit, work: Work) -> Run:
    """The import in the address: one's own, on that object; anything else is not there."""
    run = state.load_run(work.session, request.path_params["run"], me.user)
    if run.object != request.path_params["object"]:
        raise NotFound
    return run


def loaded(request: Request, me: Visit) -> Run:
    with me.space.read(me.user) as work:
        return run_of(request, me, work)


def table_of(me: Visit, run: Run) -> TableFile:
    return open_table(state.path_of(me.space, run), run.name)


def target_of(request: Request, me: Visit) -> Object:
    """The object in the address, if records of it can be imported."""
    target = me.catalog.objects.get(request.path_params["object"])
    if target is None or target.retired or target.parent is not None:
        raise NotFound
    return target


def address(run: Run, page: str = "") -> str:
    return f"/import/{run.object}/{run.id}" + (f"/{page}" if page else "")
