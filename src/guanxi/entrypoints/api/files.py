"""Files over REST: the bytes as they are in, the bytes as they are out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import FileResponse, Response

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.api.call import HEADERS, Call, reply
from guanxi.kernel.context import Work
from guanxi.kernel.records.attachments import KINDS
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.read import get
from guanxi.kernel.storage import files
from guanxi.kernel.storage.files import File

LIMIT = 50_000_000


def add_file(call: Call) -> Response:
    """The body is the file; put its id into an image or files field to keep it with a record."""
    params = call.params("name")
    name = params.get("name", "").strip().replace("/", "_").replace("\\", "_")
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise BadInput(msg("Say the file's name in «name», in at most {n} characters.", n=200))
    if not call.body:
        raise BadInput(msg("The file is empty."))
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()[:100]
    with call.reading("write"):
        pass  # nobody without a token fills the disk
    blob = files.store(call.space.folder, [call.body], LIMIT)
    with call.writing() as work:
        made = files.add(
            work.session,
            blob,
            id=work.space.ids.next(),
            name=name,
            type=kind or "application/octet-stream",
            by=work.actor.user,
            at=work.now,
        )
    return reply(_shown(made), 201)


def read_file(call: Call) -> Response:
    """The file's bytes, always as a download: an uploaded page must not run on our address."""
    call.params()
    with call.reading() as work:
        found = file_of(work, call.id())
    path = files.path_of(call.space.folder, found.sha256)
    if not path.is_file():
        raise NotFound
    headers: Mapping[str, str] = {
        **HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


def file_of(work: Work, ident: int) -> File:
    """A file of a record the caller may see, or one's own that belongs to no record yet."""
    found = files.get(work.session, ident)
    if found.record is None:
        if found.created_by != work.actor.user:
            raise NotFound
        return found
    target = work.catalog.objects_by_id.get(found.object or 0)
    if target is None:
        raise NotFound
    row = get(work, target.name, found.record)
    fields = [f for f in readable(work, target).values() if f.type in KINDS]
    if not any(str(found.id) in msgspec.json.decode(row[f.column] or "[]") for f in fields):
        raise NotFound  # it lies in a field that is not for them, or was taken out
    return found


def _shown(found: File) -> dict[str, Any]:
    return {"id": str(found.id), "name": found.name, "type": found.type, "size": found.size, "sha256": found.sha256}
