"""Where the data lie, who holds the keys, and the whole workspace to take along."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from guanxi import __version__
from guanxi.base.errors import NotFound
from guanxi.entrypoints.web.posting import administrator, speaker
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.settings.frame import setting_page
from guanxi.entrypoints.web.shell import see_other
from guanxi.kernel.admin.safekeeping import state_of
from guanxi.kernel.admin.whole import ask_for_export, folder_of, places_of, progress_of, ready
from guanxi.kernel.changes.access_log import note

PLACE = "/settings/data"


def show_data(request: Request) -> Response:
    """Database, files, backups, keys; the export."""
    me = administrator(request)
    return setting_page(
        request, me, "data", PLACE, places=places_of(me.space), backups=state_of(me.space, me.catalog.settings),
        version=__version__, ready=ready(me.space), progress=progress_of(me.space),
    )  # fmt: skip


def take_out(_request: Request, me: Visit, _form: FormData) -> Response:
    """The worker writes the file."""
    t = speaker(me.locale)
    with me.space.write(me.user, kind="export") as work:
        ask_for_export(work)
    return see_other(PLACE, note=t("The export is being written"))


def fetch(request: Request) -> Response:
    """The file, for a day, for administrators."""
    me = administrator(request)
    name = str(request.path_params["name"])
    if name not in {one.name for one in ready(me.space)}:
        raise NotFound
    note(me.space, "export", me.user, object="*", entry="form", detail={"file": name[:16]}, at_once=True)
    shown = f"guanxi-{me.space.name}.zip"
    return FileResponse(folder_of(me.space) / name, media_type="application/zip", filename=shown,
                        headers={"Cache-Control": "private, no-store"})  # fmt: skip
