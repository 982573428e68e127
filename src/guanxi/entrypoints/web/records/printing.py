"""One record on paper: the values its reader may see, masks included; only with the right to print."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import Forbidden, msg
from guanxi.entrypoints.web.records import head
from guanxi.entrypoints.web.records.desk import at_desk
from guanxi.entrypoints.web.records.show import facts, line_tables
from guanxi.entrypoints.web.session import Visit, address_of
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.changes.access_log import note


def check_print(me: Visit) -> None:
    """Refuses whoever has no role that lets them print."""
    if not me.actor.rights.can("print"):
        raise Forbidden(msg("Your roles do not let you print. Ask an administrator."))


def print_record(request: Request) -> Response:
    """`/o/{object}/{id}/print`"""
    with at_desk(request) as desk:
        check_print(desk.me)
        filled = [(s.label, [f for f in s.facts if not f.empty]) for s in facts(desk)]
        note(desk.me.space, "print", desk.me.user, object=desk.target.name, record=desk.id, entry="form",
             address=address_of(request))  # fmt: skip
        return piece(
            request, "print/record.html", desk.me, desk=desk, target=desk.target, subtitle=head.subtitle(desk),
            sections=[(label, found) for label, found in filled if found], grids=line_tables(desk),
            by=desk.me.actor.name, now=desk.work.now, title=desk.title,
        )  # fmt: skip
