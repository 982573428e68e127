"""First step: choosing the file; and one's own imports, to go on with or to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, Forbidden, msg
from guanxi.entrypoints.web.imports.shared import address, loaded, table_of, target_of
from guanxi.entrypoints.web.posting import NONE, Errors, file_of
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import go, page, see_other
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import remembered, suggest

BLOCK = 1 << 20


def show_upload(
    request: Request,
    *,
    errors: Errors = NONE,
    given: FormData | None = None,  # noqa: ARG001 - a file cannot be shown again
    status: int = 200,
) -> Response:
    """The page to drop a file on."""
    me = visit(request)
    target = target_of(request, me)
    if not me.actor.rights.can("import"):
        raise Forbidden(msg("Your roles do not let you import files."))
    with me.space.read(me.user) as work:
        runs = [r for r in state.runs_of(work.session, me.user) if r.object == target.name]
    return page(request, "imports/upload.html", me, status=status, active=target.name, target=target, runs=runs,
                errors=errors)  # fmt: skip


def take_file(request: Request, me: Visit, form: FormData) -> Response:
    """Keeps the file, looks into it, and makes a first mapping."""
    target = target_of(request, me)
    upload = file_of(form, "file")
    if upload is None:
        raise BadInput(msg("Choose a file first."))
    with me.space.write(me.user) as work:
        run = state.new_run(work, target.name, (upload.filename or "file.csv")[-200:])
    try:
        state.keep_file(me.space, run, _blocks(upload))
        table = table_of(me, run)
    except BadInput:
        with me.space.write(me.user) as work:
            state.drop_run(work, run)
        raise
    with me.space.write(me.user) as work:
        found = suggest(work, target, table.header, remembered(work, target))
        state.set_map(work.session, run, replace(found, columns=table.header))
    return go(address(run), request)


def _blocks(upload: UploadFile) -> Iterator[bytes]:
    while block := upload.file.read(BLOCK):
        yield block


def drop(request: Request, me: Visit, _form: FormData) -> Response:
    """Forgets an import that has written nothing."""
    run = loaded(request, me)
    with me.space.write(me.user) as work:
        state.drop_run(work, run)
    return see_other(f"/import/{run.object}")
