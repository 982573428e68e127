"""Files: upload, download, pictures in the page; who may see the record may fetch its files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from guanxi.base.errors import Invalid, NotFound, msg
from guanxi.entrypoints.web.records.desk import Desk, number_of
from guanxi.entrypoints.web.session import visit
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import get
from guanxi.kernel.records.types import Row
from guanxi.kernel.storage import files as store

LIMIT = 100 << 20
CHUNK = 1 << 20
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
KINDS = ("files", "image")


async def upload(request: Request) -> Response:
    """Keeps one or more files that belong to nobody's record yet; answers with their ids and names."""
    async with request.form(max_files=20, max_fields=10) as form:
        sent = [part for part in form.getlist("file") if isinstance(part, UploadFile) and part.filename]
        kept = await run_in_threadpool(keep, request, sent)
    return JSONResponse([{"id": str(f.id), "name": f.name, "size": f.size} for f in kept])


def keep(request: Request, sent: list[UploadFile]) -> list[store.File]:
    """Stores uploads under the caller's name; the contents are on disk before the rows are."""
    me = visit(request)
    if not sent:
        raise Invalid(msg("Choose a file first."))
    blobs = [(part, store.store(me.space.folder, _chunks(part.file), LIMIT)) for part in sent]
    with me.space.write(me.user) as work:
        return [
            store.add(
                work.session,
                blob,
                id=me.space.ids.next(),
                name=_plain_name(part.filename or ""),
                type=(part.content_type or "application/octet-stream").partition(";")[0][:100],
                by=me.user,
                at=work.now,
            )
            for part, blob in blobs
        ]


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk


def _plain_name(name: str) -> str:
    """The last part of the name, without what no file system likes."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in bare if c.isprintable() and c not in '<>:"|?*')[:200] or "file"


def tie(work: Work, target: Object, ident: int, values: Mapping[str, Any]) -> None:
    """Files named in the values belong to the record from now on, if the caller brought them."""
    names = {f.name for f in target.fields if f.type in KINDS}
    ids = [int(i) for n in names & values.keys() for i in (values[n] or []) if str(i).isdecimal()]
    mine = [i for i, f in store.some(work.session, ids).items() if f.record is None and f.created_by == work.actor.user]
    if mine:
        store.attach(work.session, mine, target.id, ident)


def check_own(work: Work, target: Object, values: Mapping[str, Any], row: Row | None = None) -> None:
    """Refuses ids of files that are not the caller's own nor the record's already."""
    for field in target.fields:
        if field.type in KINDS and values.get(field.name):
            before = set(json.loads((row or {}).get(field.column) or "[]"))
            new = [int(i) for i in values[field.name] if str(i) not in before and str(i).isdecimal()]
            found = store.some(work.session, new)
            if any(i not in found or found[i].created_by != work.actor.user for i in new):
                raise NotFound(msg("This file is gone. Upload it again."))


def download(request: Request) -> Response:
    """The contents, as an attachment; pictures in the page when asked `inline`."""
    me = visit(request)
    with me.space.read(me.user) as work:
        found = store.get(work.session, number_of(request.path_params["id"]))
        if not _may_fetch(work, found):
            raise NotFound
    inline = found.type in PICTURES and request.query_params.get("inline") == "1"
    place = "inline" if inline else "attachment"
    return FileResponse(
        store.path_of(me.space.folder, found.sha256),
        media_type=found.type if inline else "application/octet-stream",
        headers={
            "Content-Disposition": f"{place}; filename*=UTF-8''{quote(found.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=3600",
        },
    )


def _may_fetch(work: Work, found: store.File) -> bool:
    if found.record is None or found.object is None:
        return found.created_by == work.actor.user
    target = work.catalog.objects_by_id.get(found.object)
    if target is None or target.name not in work.catalog.objects:
        return False
    row = get(work, target.name, found.record, trashed=True)
    fields = [f for f in readable(work, target).values() if f.type in KINDS]
    return any(str(found.id) in json.loads(row.get(f.column) or "[]") for f in fields)


def files_of(desk: Desk) -> dict[str, store.File]:
    """Files of the record's readable file fields, by id: one statement."""
    return named_files(desk.work, desk.target, [desk.row])


def named_files(work: Work, target: Object, rows: list[Row]) -> dict[str, store.File]:
    """Files that rows name, by id as text."""
    columns = [f.column for f in readable(work, target).values() if f.type in KINDS]
    ids = [int(i) for row in rows for c in columns if row.get(c) for i in json.loads(row[c])]
    return {str(i): f for i, f in store.some(work.session, ids).items()}
