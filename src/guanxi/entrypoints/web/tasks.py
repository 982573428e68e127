"""Long work in the background: how far it is, pausing, going on, ending, and what came of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from guanxi.base.errors import NotFound
from guanxi.base.i18n import L, Label
from guanxi.entrypoints.web.lists.export import sent
from guanxi.entrypoints.web.posting import ident_of, posted, speaker
from guanxi.entrypoints.web.session import Visit, address_of, visit
from guanxi.entrypoints.web.shell import page, piece, see_other
from guanxi.kernel.imports import state as import_state
from guanxi.kernel.jobs import control
from guanxi.kernel.jobs.control import Task
from guanxi.kernel.records.export import note_export
from guanxi.kernel.records.export_files import guard
from guanxi.kernel.records.export_jobs import finished, path_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

PLACE = "/tasks"
KINDS: Mapping[str, tuple[Label, str]] = {
    "import": (L("Import", "导入"), "upload"),
    "bulk_edit": (L("Bulk edit", "批量改"), "edit"),
    "export": (L("Export", "导出"), "download"),
    "undo": (L("Undo", "撤销"), "arrow-back-up"),
}
WISHES: Mapping[str, Callable[..., None]] = {"pause": control.pause, "go-on": control.go_on, "cancel": control.cancel}
FAULTS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Line:
    """One task as the page shows it; addresses are empty where there is nothing."""

    task: Task
    title: str
    icon: str
    result: str = ""  # where the file, the import or the operation is
    said: str = ""
    failed: int = 0
    controls: bool = True  # an import is paused on its own page

    @property
    def share(self) -> float:
        """Per cent that is through."""
        return 100 * self.task.done / self.task.total if self.task.total else 0


def show_tasks(request: Request) -> Response:
    """The visitor's own, newest first."""
    me = visit(request)
    return page(request, "shell/tasks.html", me, active=PLACE, lines=_lines(me))


def show_lines(request: Request) -> Response:
    """The lines alone, asked for again while something runs."""
    me = visit(request)
    return piece(request, "shell/task_lines.html", me, lines=_lines(me))


def _lines(me: Visit) -> list[Line]:
    with me.space.read(me.user) as work:
        return [_line(work, me, task) for task in control.tasks(work.session, me.user, kinds=tuple(KINDS))]


def _line(work: Work, me: Visit, task: Task) -> Line:
    t = speaker(me.locale)
    label, icon = KINDS[task.kind]
    target = work.catalog.objects.get(_object_of(work, task))
    title = label.in_(me.locale.language) + (f" · {target.plural.in_(me.locale.language)}" if target else "")
    if task.kind == "import":
        ident = int(task.args["import"])
        place = f"/import/{target.name}/{ident}" if target else ""
        return Line(task, title, icon, place, t("Look at the import"), controls=False)
    if task.kind == "undo":
        return Line(task, title, icon, f"/operations/{task.args['operation']}", t("Look at the operation"),
                    controls=False)  # fmt: skip
    if task.kind == "export":
        there = task.status == "done" and path_of(work.space, task.id).is_file()
        said = t("Download") if there else t("The file was cleared away") if task.status == "done" else ""
        return Line(task, title, icon, f"{PLACE}/{task.id}/file" if there else "", said)
    failed = int(task.keep.get("failed", 0))
    return Line(task, title, icon, f"/operations/{task.operation}", t("Look at the operation"), failed)


def _object_of(work: Work, task: Task) -> str:
    if task.kind == "import":
        try:
            return import_state.load_run(work.session, int(task.args["import"]), task.person).object
        except NotFound:
            return ""
    return str(task.args.get("wanted", task.args.get("edit", {})).get("object", ""))


def wish(request: Request, me: Visit, _form: FormData) -> Response:
    """Pause, go on, or end."""
    deed = WISHES.get(str(request.path_params["wish"]))
    if deed is None:
        raise NotFound
    with me.space.write(me.user) as work:
        task = control.task(work.session, ident_of(request), me.user)
        if task.kind not in ("bulk_edit", "export"):
            raise NotFound
        deed(work.session, task.id)
    return see_other(PLACE)


def download(request: Request) -> Response:
    """The file of one's own export that is done."""
    me = visit(request)
    with me.space.read(me.user) as work:
        task, wanted, path = finished(work, ident_of(request))
    note_export(me.space, me.user, wanted.object, task.done, wanted.fields, entry="form", address=address_of(request))
    return sent(path.open("rb"), f"{wanted.object}.{wanted.format}", wanted.format)


def download_faults(request: Request) -> Response:
    """Every record that could not be changed, and why, as CSV."""
    me = visit(request)
    with me.space.read(me.user) as work:
        task = control.task(work.session, ident_of(request), me.user)
    headers = {"Content-Disposition": f'attachment; filename="{task.kind}-{task.id}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_fault_lines(me, task), media_type="text/csv; charset=utf-8", headers=headers)


def _fault_lines(me: Visit, task: Task) -> Iterator[str]:
    t = speaker(me.locale)
    yield "\ufeff" + _csv([("ID", t("Reason"))])
    after = 0
    while True:
        with me.space.read(me.user) as work:
            some = control.faults(work.session, task.id, after, FAULTS_AT_ONCE)
        if not some:
            return
        after = some[-1][0]
        yield _csv([(str(record), str(guard(why))) for record, why in some])


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


ROUTES = (
    Route(PLACE, show_tasks),
    Route(f"{PLACE}/lines", show_lines),
    Route(f"{PLACE}/{{id:int}}/file", download),
    Route(f"{PLACE}/{{id:int}}/left.csv", download_faults),
    Route(f"{PLACE}/{{id:int}}/{{wish}}", posted(wish, who=visit), methods=["POST"]),
)
