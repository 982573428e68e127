"""Imports over REST: send a file, say what its columns mean, check, run, pause, fetch what was faulty."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.call import HEADERS, Call, asked_language, endpoint, reply, respond, whole
from guanxi.entrypoints.api.problems import TooLarge, answer
from guanxi.kernel.context import Work
from guanxi.kernel.imports import jobs, state
from guanxi.kernel.imports.mapping import check_map, read_map, remembered, suggest
from guanxi.kernel.imports.mending import write_failed
from guanxi.kernel.imports.state import Fault, Run
from guanxi.kernel.imports.table import open_table

LIMIT = 300_000_000
BLOCK = 1 << 20


def upload() -> Callable[[Request], Any]:
    """The endpoint that takes a file of any size: to disk block by block, after the token was looked at."""

    async def run(request: Request) -> Response:
        refused = await run_in_threadpool(respond, _may_send, request, b"")
        if refused.status_code != 204:
            return refused
        with tempfile.TemporaryFile() as file:
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > LIMIT:
                    text = msg("At most {n} MB can be sent at once.", n=LIMIT // 1_000_000)
                    return answer(TooLarge(text), asked_language(request) or "zh-CN")
                await run_in_threadpool(file.write, part)
            file.seek(0)
            return await run_in_threadpool(respond, lambda call: add_import(call, file), request, b"")

    return run


def _may_send(call: Call) -> Response:
    with call.reading("write"):
        return Response(status_code=204)


def add_import(call: Call, file: IO[bytes]) -> Response:
    """Keeps the file and suggests a mapping; nothing is written to records."""
    params = call.params("object", "name")
    name = params.get("name", "file.csv")[-200:]
    with call.writing() as work:
        run = state.new_run(work, params.get("object", ""), name)
    try:
        state.keep_file(call.space, run, _blocks(file))
        table = open_table(state.path_of(call.space, run), name)
    except BadInput:
        with call.writing() as work:
            state.drop_run(work, run)
        raise
    with call.writing() as work:
        target = work.catalog.object(run.object)
        found = suggest(work, target, table.header, remembered(work, target))
        state.set_map(work.session, run, replace(found, columns=table.header))
    return reply(_shown(run, call), 201)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def list_imports(call: Call) -> Response:
    """One's own, newest first."""
    call.params()
    with call.reading() as work:
        found = state.runs_of(work.session, work.actor.user)
    return reply({"data": [_shown(run, call) for run in found]})


def read_import(call: Call) -> Response:
    """How far it is, and its counts."""
    call.params()
    with call.reading() as work:
        run = _own(call, work)
        kinds = state.kinds_of(work.session, run.id)
    return reply({**_shown(run, call), "kinds": [{"code": k.code, "field": k.field, "count": k.count} for k in kinds]})


def set_mapping(call: Call) -> Response:
    """The mapping as in a mapping file; checked against the file's columns and the object's fields."""
    call.params()
    file_map = read_map(msgspec.json.encode(call.object()))
    with call.writing() as work:
        run = _own(call, work)
        if run.operation is not None:
            raise BadInput(msg("This import has begun to write; it can only go on or be undone."))
        table = open_table(state.path_of(call.space, run), run.name)
        check_map(work, work.catalog.object(run.object), file_map, table.header)
        state.set_map(work.session, run, replace(file_map, columns=table.header))
    return reply(_shown(run, call))


def check_import(call: Call) -> Response:
    """Starts a rehearsal of the whole file; nothing is written to records."""
    call.params()
    with call.writing() as work:
        run = _own(call, work)
        jobs.start(work, run, "check")
    return reply(_shown(run, call), 202)


def run_import(call: Call) -> Response:
    """Starts it, or goes on after a pause; `{"all_or_nothing": true}` keeps all rows out if one is faulty."""
    call.params()
    body = call.object() if call.body else {}
    strict = body.get("all_or_nothing", False)
    if body.keys() - {"all_or_nothing"} or not isinstance(strict, bool):
        raise BadInput(msg("«{name}» must be true or false.", name="all_or_nothing"))
    with call.writing() as work:
        run = _own(call, work)
        jobs.start(work, run, "run", all_or_nothing=strict)
    return reply(_shown(run, call), 202)


def pause_import(call: Call) -> Response:
    """Stops after the chunk at hand."""
    call.params()
    with call.writing() as work:
        run = _own(call, work)
        jobs.pause(work, run)
    return reply(_shown(run, call), 202)


def list_faults(call: Call) -> Response:
    """Faulty rows by number, with every reason; `after` is the last row of the page before."""
    params = call.params("code", "field", "after", "limit")
    limit = whole(params, "limit", 100, 1, 1_000)
    with call.reading() as work:
        run = _own(call, work)
        found = state.faults_of(
            work.session, run.id, code=params.get("code", ""), field=params.get("field", ""), state="open",
            after=whole(params, "after", 0, 0, 2**53), limit=limit,
        )  # fmt: skip
    following = found[-1].row if len(found) == limit else None
    return reply({"data": [_fault(f, call) for f in found], "after": following})


def download_failed(call: Call) -> Response:
    """The rows that did not go in, with why, as CSV."""
    call.params()
    with call.reading() as work:
        run = _own(call, work)
    out = io.StringIO(newline="")
    write_failed(call.space, run, out, call.language)
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=HEADERS)


def _own(call: Call, work: Work) -> Run:
    return state.load_run(work.session, call.id(), work.actor.user)


def _fault(fault: Fault, call: Call) -> dict[str, Any]:
    errors = [{"field": n, "code": c, "message": render(m, call.language)} for n, c, m in fault.errors]
    return {"row": fault.row, "cells": fault.cells, "errors": errors, "near": fault.near or None}


def _shown(run: Run, call: Call) -> dict[str, Any]:
    reason = jobs.reason_of(run)
    return {
        "id": str(run.id),
        "object": run.object,
        "name": run.name,
        "state": run.state,
        "at": iso_datetime(run.at),
        "operation": str(run.operation) if run.operation else None,
        "rows": {"done": run.done, "total": run.total},
        "counts": {name: getattr(run, name) for name in state.COUNTS},
        "mapping": msgspec.to_builtins(run.map),
        "error": render(reason, call.language) if reason else None,
    }


def _route(path: str, handle: Callable[[Call], Response], method: str = "GET") -> Route:
    return Route(path, endpoint(handle), methods=[method])


ROUTES: list[BaseRoute] = [
    Route("/imports", upload(), methods=["POST"]),
    _route("/imports", list_imports),
    _route("/imports/{id}", read_import),
    _route("/imports/{id}/mapping", set_mapping, "PUT"),
    _route("/imports/{id}/check", check_import, "POST"),
    _route("/imports/{id}/run", run_import, "POST"),
    _route("/imports/{id}/pause", pause_import, "POST"),
    _route("/imports/{id}/faults", list_faults),
    _route("/imports/{id}/failed.csv", download_failed),
]
