"""Saving, renaming, sharing and deleting views."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import Invalid, msg
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists.page import ask, target_for
from guanxi.entrypoints.web.lists.posted import leave, name_of, posted, text_of
from guanxi.entrypoints.web.lists.state import read_query
from guanxi.entrypoints.web.session import visit
from guanxi.kernel.records.views import add_view, change_view, drop_view


def add(request: Request, form: FormData) -> Response:
    """A new view of the list as it is."""
    me, name = visit(request), text_of(form, "name").strip()[:60]
    if not name:
        raise Invalid(msg("Give the view a name."))
    with me.space.write(me.user) as work:
        target = target_for(work, name_of(request))
        spec = ask(work, read_query(target.name, _query(form)), me.locale).state.spec()
        view = add_view(work, target.name, name, spec, shared=bool(text_of(form, "shared")))
    note = render.sentence(msg("View «{name}» saved", name=name), me.locale)
    return leave(request, f"/o/{target.name}?view={view}", note=note)


def change(request: Request, form: FormData) -> Response:
    """Keeps the list as it is in the open view, or renames or shares the view."""
    me, ident = visit(request), request.path_params["view"]
    with me.space.write(me.user) as work:
        target = target_for(work, name_of(request))
        spec = ask(work, read_query(target.name, _query(form)), me.locale).state.spec() if form.get("state") else None
        name = text_of(form, "name").strip()[:60] or None
        shared = bool(text_of(form, "shared")) if form.get("sharing") else None
        saved = change_view(work, ident, name=name, spec=spec, shared=shared)
    note = render.sentence(msg("Saved"), me.locale)
    return leave(request, f"/o/{target.name}?view={ident}", note=note, undo=f"/operations/{saved.operation}/undo")


def drop(request: Request, _form: FormData) -> Response:
    """Deletes a view; the undo in the toast brings it back."""
    me = visit(request)
    with me.space.write(me.user) as work:
        target = target_for(work, name_of(request))
        saved = drop_view(work, request.path_params["view"])
    note = render.sentence(msg("View deleted"), me.locale)
    return leave(request, f"/o/{target.name}", note=note, undo=f"/operations/{saved.operation}/undo")


def _query(form: FormData) -> str:
    return text_of(form, "state").partition("?")[2]


new_view, save_view, delete_view = posted(add), posted(change), posted(drop)
