"""Configuration packs: a workspace's own objects, fields, layouts and settings as one JSON file, out and in."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import FieldError, Invalid, msg
from guanxi.entrypoints.web.posting import NONE, SHOWN, Errors, administrator, errors_of, file_of, speaker
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.packs import apply_pack
from guanxi.kernel.catalog.pack import decode, encode, export

PLACE = "/settings/packs"
LARGEST = 4_000_000


def show_packs(request: Request, *, errors: Errors = NONE, status: int = 200) -> Response:
    """What the pack holds now, its download, and the upload of another."""
    me = administrator(request)
    with me.space.read(me.user) as work:
        pack = export(work.session, work.catalog)
    counts = {
        "objects": len(pack.objects),
        "fields": sum(len(f) for f in pack.fields.values()) + sum(len(o.fields) for o in pack.objects),
        "changes": len(pack.changes) + sum(len(f) for f in pack.field_changes.values()),
    }
    return setting_page(request, me, "packs", PLACE, errors=errors, status=status, counts=counts)


def download(request: Request) -> Response:
    """The pack as a file."""
    me = administrator(request)
    with me.space.read(me.user) as work:
        text = encode(export(work.session, work.catalog, me.space.name))
    headers = {"Content-Disposition": 'attachment; filename="guanxi-pack.json"', "Cache-Control": "private, no-store"}
    return Response(text, media_type="application/json", headers=headers)


async def upload(request: Request) -> Response:
    """Puts a pack in: all of it or nothing."""
    async with request.form(max_files=1, max_fields=5) as form:
        file = file_of(form, "pack")
        body = await file.read(LARGEST + 1) if file is not None else b""
    return await run_in_threadpool(_upload, request, body)


def _upload(request: Request, body: bytes) -> Response:
    me = administrator(request)
    try:
        return put_in(me, body)
    except SHOWN as problem:
        return show_packs(request, errors=errors_of(problem, me), status=problem.status)


def put_in(me: Visit, body: bytes) -> Response:
    """Reads and applies it."""
    t = speaker(me.locale)
    if not body or len(body) > LARGEST:
        text = msg("Choose a pack: a JSON file of at most 4 MB.")
        raise Invalid(text, errors=[FieldError("pack", "required", text)])
    pack = decode(body)
    with me.space.write(me.user, kind="settings", catalog_change=True) as work:
        made = apply_pack(work, pack)
    return see_other(PLACE, note=t("Pack applied: {n} objects touched", n=len(made)))
