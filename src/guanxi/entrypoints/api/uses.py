"""Whom may one address? Asked by programs that send, for up to a thousand people at once; each asking is noted."""

from __future__ import annotations

from starlette.responses import Response

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.call import Call, reply
from guanxi.entrypoints.api.records import id_in
from guanxi.kernel.records.read import rows_of
from guanxi.kernel.records.uses import note_use, uses_of, verdicts

MOST = 1_000
KNOWN = frozenset({"object", "ids", "purpose", "channel", "data"})


def check_use(call: Call) -> Response:
    """`{"object": "contact", "ids": ["…"], "purpose": "marketing", "channel": "email"}`"""
    call.params()
    body = call.object()
    if unknown := sorted(body.keys() - KNOWN):
        raise BadInput(msg("There is no field «{name}».", name=unknown[0][:80]))
    name, purpose, channel = (_text(body.get(key, "")) for key in ("object", "purpose", "channel"))
    ids, data = body.get("ids"), body.get("data", [])
    if not isinstance(ids, list) or len(ids) > MOST:
        raise BadInput(msg("Name up to {n} ids.", n=MOST))
    if not isinstance(data, list) or not all(isinstance(key, str) for key in data):
        raise BadInput(msg("«{name}» must be a list of names.", name="data"))
    wanted = [id_in(str(ident)) for ident in ids]
    with call.reading() as work:
        if uses_of(work, name) is None:
            raise BadInput(msg("Consent is kept of people only."))
        seen = rows_of(work, name, wanted, ("id",))
        found = verdicts(work, name, list(seen), purpose, channel, data)
        user = work.actor.user
    allowed = [str(i) for i, verdict in found.items() if verdict.allowed]
    refused = [
        {"id": str(i), "reason": render(verdict.reason, call.language)}
        for i, verdict in found.items()
        if not verdict.allowed
    ]
    note_use(call.space, user, name, purpose, channel=channel, count=len(allowed), refused=len(refused),
             entry=call.entry)  # fmt: skip
    return reply({"allowed": allowed, "refused": refused})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
