"""The trash: what was deleted, by whom and when, and bringing it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guanxi.base.errors import Invalid, NotFound, msg
from guanxi.entrypoints.web.posting import posted, speaker, text_of, texts_of
from guanxi.entrypoints.web.render import url
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import page, see_other
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.fields.operators import write_filter
from guanxi.kernel.fields.registry import operators_of
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.operations import Touch, last_touches
from guanxi.kernel.records.read import count, find
from guanxi.kernel.records.types import Change, Query
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

PAGE = 50
CAP = 1_000


@dataclass(frozen=True, slots=True)
class Deleted:
    """One record in the trash."""

    id: int
    name: str
    at: int
    person: str
    operation: int
    with_others: int  # how many of this page went in the same operation


def show_trash(request: Request) -> Response:
    """Tabs by object, newest first."""
    me = visit(request)
    asked = request.query_params
    with me.space.read(me.user) as work:
        objects = objects_for(work)
        counts = {o.name: count(work, Query(o.name, trashed=True, verb="delete"), CAP) for o in objects}
        target = next((o for o in objects if o.name == asked.get("object")), None) or _fullest(objects, counts)
        rows, following = ([], None) if target is None else rows_of_trash(work, target, asked)
    return page(
        request, "trash/list.html", me, active="/trash", objects=objects, counts=counts, target=target, rows=rows,
        q=asked.get("q", ""), following=following, operation=asked.get("operation", ""),
    )  # fmt: skip


def objects_for(work: Work) -> list[Object]:
    """Objects whose records the caller may delete and so bring back."""
    rights = work.actor.rights
    return [
        o
        for o in work.catalog.objects.values()
        if o.kind in ("record", "document") and o.name != "notification" and rights.scope(o.name, "read") != "none"
        if rights.scope(o.name, "delete") != "none"
    ]


def _fullest(objects: Sequence[Object], counts: dict[str, tuple[int, bool]]) -> Object | None:
    return next((o for o in objects if counts[o.name][0]), objects[0] if objects else None)


def rows_of_trash(work: Work, target: Object, asked: Mapping[str, str]) -> tuple[list[Deleted], str | None]:
    """One page of deleted records with who deleted them."""
    where = _matching(work, target, asked.get("q", "").strip())
    query = Query(target.name, where, ("updated_at", "trashed_at", target.title), ("-updated_at",), PAGE,
                  asked.get("cursor") or None, trashed=True, verb="delete")  # fmt: skip
    found = find(work, query)
    touched = last_touches(work, target.id, [r["id"] for r in found.rows])
    together: dict[int, int] = {}
    for touch in touched.values():
        together[touch.operation] = together.get(touch.operation, 0) + 1
    title = work.catalog.field(target, target.title).column
    people = work.catalog.config["user"]
    rows = []
    for row in found.rows:
        touch = touched.get(row["id"]) or Touch(row["id"], "", 0, row["trashed_at"], 0)
        name = people.get(touch.actor, {}).get("name") or ""
        rows.append(Deleted(row["id"], str(row.get(title) or f"#{row['id']}"), row["trashed_at"], str(name),
                            touch.operation, together.get(touch.operation, 0)))  # fmt: skip
    return rows, found.next


def _matching(work: Work, target: Object, words: str) -> str | None:
    """A condition on the title: the search index holds live records only."""
    field = readable(work, target).get(target.title)
    if not words or field is None or "contains" not in operators_of(field):
        return None
    return write_filter(field, "contains", [words], work.env)


def restore(request: Request, me: Visit, form: FormData) -> Response:
    """Brings the chosen records back, as one change that can be undone."""
    name = str(request.path_params["object"])
    ids = [int(i) for i in texts_of(form, "id") if i.isascii() and i.isdigit() and len(i) < 20]
    t = speaker(me.locale)
    with me.space.write(me.user, kind="bulk" if len(ids) > 1 else "edit") as work:
        if name not in {o.name for o in objects_for(work)}:
            raise NotFound
        if not ids:
            raise Invalid(msg("Choose at least one record."))
        saved = save(work, [Change("restore", name, id=i) for i in ids])
    back = url("/trash", object=name, q=text_of(form, "q"))
    note = t("Restored: {n}", n=len(ids))
    return see_other(back, note=note, undo=f"/operations/{saved.operation}/undo")


ROUTES = [
    Route("/trash", show_trash),
    Route("/trash/{object}/restore", posted(restore, who=visit), methods=["POST"]),
]
