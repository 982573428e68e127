"""A list on paper: the columns shown, in the order shown, up to a thousand rows; only with the right to print."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import Forbidden, msg
from guanxi.entrypoints.web.lists import cells
from guanxi.entrypoints.web.lists.page import ask, is_number, sort_of
from guanxi.entrypoints.web.lists.posted import name_of
from guanxi.entrypoints.web.lists.state import read_state
from guanxi.entrypoints.web.session import address_of, visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.records.read import MAX_LIMIT, count, find

SECONDS = 20.0


def print_list(request: Request) -> Response:
    """`/o/{object}/print` with the parameters of a list."""
    me = visit(request)
    with me.space.read(me.user, timeout=SECONDS) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        if not me.actor.rights.can("print"):
            raise Forbidden(msg("Your roles do not let you print. Ask an administrator."))
        target = asked.target
        fields = cells.columns_for(work, target, asked.state.columns)
        wanted = asked.query(fields=cells.needed(work, target, fields), sort=sort_of(work, asked), limit=MAX_LIMIT)
        rows = find(work, wanted).rows
        total, more = count(work, wanted, 10_000)
        texts = cells.texts_of(work, target, fields, rows, me.locale)
        now = work.now
    note(me.space, "print", me.user, object=target.name, count=len(rows), entry="form", address=address_of(request),
         detail={"fields": [f.name for f in fields]})  # fmt: skip
    return piece(
        request, "print/list.html", me, target=target, heads=[f.label for f in fields], rows=texts, by=me.actor.name,
        numeric=[is_number(f) for f in fields], total=total, more=more, now=now, title=target.plural,
    )  # fmt: skip
