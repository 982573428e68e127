"""Whom a record is shared with: the lines on its page, the dialog that gives it, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, Invalid, NotFound, msg
from guanxi.entrypoints.web.lists.posted import ident, leave, posted, text_of
from guanxi.entrypoints.web.records.desk import Desk, at_desk, ident_of, open_desk, speaking
from guanxi.entrypoints.web.records.forms import t_for
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import visit
from guanxi.entrypoints.web.sharing import TO, day_of, parts, read_wish, undo_of
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.records.read import names
from guanxi.kernel.records.shares import Given, can_share, given_to, share, unshare
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save


def shared_with(desk: Desk) -> Sequence[Given]:
    """The lines of the page; nothing for records whose rights come from another one."""
    if desk.trashed or not can_share(desk.target):
        return ()
    return [g for g in given_to(desk.work, desk.target, desk.id) if not g.ended]


def show_dialog(request: Request) -> Response:
    """Who has the record, and one more to give it to."""
    with at_desk(request) as desk:
        if not can_share(desk.target) or "share" not in desk.verbs:
            raise NotFound
        return _dialog(request, desk, {}, "")


def _dialog(request: Request, desk: Desk, given: dict[str, str], said: str) -> Response:
    users = desk.work.catalog.config["user"]
    return piece(request, "record/share.html", desk.me, status=422 if said else 200, desk=desk, given=given, said=said,
                 to=TO, parts=parts(), shares=given_to(desk.work, desk.target, desk.id), users=users,
                 may_edit="edit" in desk.verbs, url=f"{desk.url}/shares", day_of=day_of, sub=desk.title,
                 hidden={})  # fmt: skip


def give(request: Request, form: FormData) -> Response:
    """Shares the record; a fault comes back into the dialog."""
    me, name, number = visit(request), request.path_params["object"], ident_of(request)
    try:
        with me.space.write(me.user) as work, speaking(me.locale):
            wish = read_wish(work, form)
            saved = share(work, name, [number], wish.to, wish.level, until=wish.until, role=wish.role)
            who = str(work.catalog.config[wish.to[0]][wish.to[1]]["name"])
    except (Invalid, BadInput) as problem:
        with me.space.read(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, number)
            return _dialog(request, desk, _typed(form), sentence(problem.message, me.locale))
    note = t_for(me, "Shared with {who}", who=who)
    return leave(request, f"/o/{name}/{number}", note=note, undo=undo_of(saved.operation))


def take(request: Request, _form: FormData) -> Response:
    """Takes one share back."""
    me, name, number = visit(request), request.path_params["object"], ident_of(request)
    with me.space.write(me.user) as work, speaking(me.locale):
        saved = unshare(work, name, number, [ident(str(request.path_params["share"]))])
    return leave(request, f"/o/{name}/{number}", note=t_for(me, "No longer shared"), undo=undo_of(saved.operation))


def show_transfer(request: Request) -> Response:
    """The dialog that gives the record to somebody else for good."""
    with at_desk(request) as desk:
        if "transfer" not in desk.verbs or "edit" not in desk.verbs:
            raise NotFound
        return _transfer_dialog(request, desk, "")


def _transfer_dialog(request: Request, desk: Desk, said: str) -> Response:
    return piece(request, "record/transfer.html", desk.me, status=422 if said else 200, desk=desk, said=said,
                 keep=can_share(desk.target) and "share" in desk.verbs)  # fmt: skip


def give_away(request: Request, form: FormData) -> Response:
    """A new owner; whoever had it may keep sight of it by a share, in the same operation."""
    me, name, number = visit(request), request.path_params["object"], ident_of(request)
    try:
        with me.space.write(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, number)
            owner, before = text_of(form, "owner"), desk.row.get("owner")
            if not owner:
                raise Invalid(msg("Choose who is responsible from now on."))
            if text_of(form, "keep") and before and str(before) != owner:
                share(work, name, [number], ("user", int(before)))
            saved = save(work, [Change("edit", name, {"owner": owner}, number)])
            seen = names(work, name, [number])
            who = str(work.catalog.config["user"].get(ident(owner), {}).get("name", ""))
    except (Invalid, BadInput) as problem:
        with me.space.read(me.user) as work, speaking(me.locale):
            desk = open_desk(me, work, name, number)
            return _transfer_dialog(request, desk, sentence(problem.message, me.locale))
    note = t_for(me, "{who} is responsible now", who=who)
    return leave(request, f"/o/{name}/{number}" if seen else f"/o/{name}", note=note, undo=undo_of(saved.operation))


def _typed(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name) for name in ("to", "level", "role", "until")}


add_share, end_share, hand_over = posted(give), posted(take), posted(give_away)
