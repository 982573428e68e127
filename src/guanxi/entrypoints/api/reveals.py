"""A masked value in clear, over REST."""

from __future__ import annotations

from starlette.responses import Response

from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, reply
from guanxi.kernel.records.reveal import reveal


def reveal_value(call: Call) -> Response:
    """`{"field": "mobile"}`: noted in the access log before it is answered, and limited per person."""
    call.params()
    body = call.object()
    name = body.get("field")
    if not isinstance(name, str) or len(body) != 1:
        raise BadInput(msg("Name the masked field: {example}.", example='{"field": "mobile"}'))
    ident, target = call.id(), call.path("object")
    with call.reading() as work:
        actor = work.actor
    found = reveal(call.space, actor, target, ident, name, entry=call.entry, address=call.address)
    return reply({"field": found.field.name, "value": found.json})
