"""The list as a file: CSV, Excel or JSON lines; at once while it is small, in the background when it is not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from guanxi.entrypoints.web.lists import cells
from guanxi.entrypoints.web.lists.page import Asked, ask
from guanxi.entrypoints.web.lists.posted import ident, name_of, posted, text_of
from guanxi.entrypoints.web.lists.state import read_query, read_state
from guanxi.entrypoints.web.posting import speaker
from guanxi.entrypoints.web.session import Visit, address_of, visit
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.records.export import FORMATS, Header, export, may_export, note_export
from guanxi.kernel.records.export_jobs import Wanted, start_export
from guanxi.kernel.records.export_uses import use_for
from guanxi.kernel.records.read import count
from guanxi.kernel.records.types import Query
from guanxi.kernel.records.uses import SETTING, channels_of, purposes_of

SECONDS = 60.0
AT_ONCE = 5_000  # rows; more than these are a job
BLOCK = 65_536
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_csv(request: Request) -> Response:
    """`/o/{object}/export.csv` with the parameters of a list, or `ids`: up to `AT_ONCE` rows, else a job."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = _picked(ask(work, read_state(name_of(request), request.query_params), me.locale), request)
        may_export(work, asked.target.name)
        names = ("id", *(f.name for f in cells.columns_for(work, asked.target, asked.state.columns)))
    given = request.query_params
    use = use_for(given.get("purpose", ""), given.get("channel", ""), anonymous=given.get("anonymous") == "1")
    return _answer(request, me, Wanted(asked.target.name, asked.where, asked.state.q or None, names, use=use))


def show_export(request: Request) -> Response:
    """`/o/{object}/export`: what to export, in which form."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        target = may_export(work, asked.target.name)
        fields: list[Field] = cells.columns_for(work, asked.target, asked.state.columns)
        found, more = count(work, replace(asked.query(), verb="export"), 10_000)
        purposes, channels = purposes_of(work, target.name), channels_of(work, target.name)
        required = bool(work.catalog.settings.get(SETTING))
    return page(request, "record/list_export.html", me, active=target.name, target=target, fields=fields, found=found,
                more=more, state=request.url.query, back=asked.state.url(), purposes=purposes, channels=channels,
                required=required)  # fmt: skip


def start(request: Request, form: FormData) -> Response:
    """The file at once, or a line among the visitor's tasks."""
    me = visit(request)
    format_, header = text_of(form, "format"), text_of(form, "header")
    with me.space.read(me.user) as work:
        asked = ask(work, read_query(name_of(request), text_of(form, "state")), me.locale)
        may_export(work, asked.target.name)
        shown = text_of(form, "columns") != "all"
        names = tuple(f.name for f in cells.columns_for(work, asked.target, asked.state.columns)) if shown else ()
    use = use_for(text_of(form, "purpose"), text_of(form, "channel"), anonymous=text_of(form, "anonymous") == "1")
    wanted = Wanted(asked.target.name, asked.where, asked.state.q or None, ("id", *names) if names else (),
                    format_ if format_ in FORMATS else "csv",
                    "names" if header == "names" else "labels", use=use)  # fmt: skip
    return _answer(request, me, wanted)


def _picked(asked: Asked, request: Request) -> Asked:
    picked = [ident(i) for i in request.query_params.get("ids", "").split(",") if i]
    if not picked:
        return asked
    return replace(asked, narrowed=(), extra=f"id in [{', '.join(str(i) for i in picked[:1000])}]")


def _answer(request: Request, me: Visit, wanted: Wanted) -> Response:
    with me.space.read(me.user) as work:
        many = count(work, wanted.query, AT_ONCE)[1]
    if many:
        start_export(me.space, me.user, wanted, address=address_of(request))
        t = speaker(me.locale)
        return see_other("/tasks", note=t("The export runs in the background; the file waits here when it is done."))
    header: Header = wanted.header
    query = Query(wanted.object, wanted.where, wanted.fields, text=wanted.text)
    out = tempfile.SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115 - closed when it has been sent
    with me.space.read(me.user, timeout=SECONDS) as work:
        left: list[int] = []
        number = export(work, query, out, format=wanted.format, header=header, bom=wanted.bom, use=wanted.use,
                        left=left)  # fmt: skip
    note_export(me.space, me.user, wanted.object, number, wanted.fields, entry="form", address=address_of(request),
                use=wanted.use, refused=sum(left))  # fmt: skip
    return sent(out, f"{wanted.object}.{wanted.format}", wanted.format)


def sent(out: IO[bytes] | Any, name: str, format_: str) -> Response:
    """The file as a download, read again from its start and closed at its end."""

    def blocks() -> Iterator[bytes]:
        try:
            out.seek(0)
            while block := out.read(BLOCK):
                yield block
        finally:
            out.close()

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(blocks(), media_type=MEDIA[format_], headers=headers)


start_posted = posted(start)
