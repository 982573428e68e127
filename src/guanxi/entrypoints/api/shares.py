"""Whom a record is shared with, over REST: list, give, take back."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_datetime, parse_datetime
from guanxi.base.errors import BadInput, msg
from guanxi.base.gate import BadValue
from guanxi.entrypoints.api.call import Call, Done, reply
from guanxi.entrypoints.api.records import id_in
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import get
from guanxi.kernel.records.shares import Given, given_to, share, shareable, unshare

KNOWN = {"to", "level", "until", "role"}


def list_shares(call: Call) -> Response:
    """Everybody the record was given to: by shares, and by rules (these have no id)."""
    call.params()
    with call.reading() as work:
        target, ident = shareable(work, call.path("object")), call.id()
        get(work, target.name, ident)
        data = [_told(g) for g in given_to(work, target, ident)]
    return reply({"data": data})


def add_share(call: Call) -> Response:
    """Gives the record to a person or team; what they have by an earlier share is changed."""
    call.params()
    with call.writing() as work:
        target, ident = shareable(work, call.path("object")), call.id()

        def effect() -> Done:
            to, level, until, role = _wish(call, work)
            get(work, target.name, ident)
            saved = share(work, target.name, [ident], to, level, until=until, role=role)
            return Done(201, {"id": saved.id, "operation": saved.operation})

        done = call.once(work, effect)
        made = next((g for g in given_to(work, target, ident) if g.id == done.answer["id"]), None)
    return reply(_told(made) if made else {}, 201, done=done)


def end_share(call: Call) -> Response:
    """Takes one share back."""
    call.params()
    with call.writing() as work:
        target, ident, number = shareable(work, call.path("object")), call.id(), call.id("share")

        def effect() -> Done:
            get(work, target.name, ident)
            return Done(204, {"operation": unshare(work, target.name, ident, [number]).operation})

        call.once(work, effect)
    return Response(status_code=204)


def _wish(call: Call, work: Work) -> tuple[tuple[str, int], str, int | None, str]:
    body = call.object()
    for name in body:
        if name not in KNOWN:
            raise BadInput(msg("There is no field «{name}» you could set.", name=name[:80]))
    to = body.get("to")
    if not isinstance(to, dict) or not isinstance(to.get("object"), str) or "id" not in to:
        raise BadInput(msg("Send «to» as an object and an id: a user, a team or a virtual_team."))
    level, role, raw = body.get("level", "read"), body.get("role") or "", body.get("until")
    if not isinstance(level, str) or not isinstance(role, str):
        raise BadInput(msg("«level» and «role» are texts."))
    try:
        until = None if raw is None else parse_datetime(raw, work.zone, work.today)
    except BadValue as error:
        raise BadInput(error.message) from error
    return (to["object"], id_in(to["id"])), level, until, role[:40]


def _told(given: Given) -> dict[str, Any]:
    return {
        "id": str(given.id) if given.id else None,
        "to": {"object": given.to_object, "id": str(given.to), "name": given.name},
        "level": given.level,
        "role": given.role or None,
        "until": iso_datetime(given.until) if given.until is not None else None,
        "by": str(given.by) if given.by else None,
        "rule": given.rule or None,
        "ended": given.ended,
    }
