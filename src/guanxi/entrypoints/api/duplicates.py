"""Duplicates over REST: what a new record would look like, and whether one that looks like another is taken."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.call import Call, reply
from guanxi.kernel.records.duplicates import Policy, look, row_of, told
from guanxi.kernel.records.parse import may
from guanxi.kernel.records.probes import veiled
from guanxi.kernel.records.read import target_of


def policy_of(params: Mapping[str, str]) -> Policy:
    """Whether records that look like others are taken."""
    given = params.get("duplicates", "ask")
    if given not in ("ask", "allow"):
        raise BadInput(msg("«{name}» must be one of: {known}.", name="duplicates", known="ask, allow"))
    return "allow" if given == "allow" else "ask"


def find_duplicates(call: Call) -> Response:
    """What a record with these values would look like, without writing it."""
    call.params()
    with call.reading() as work:
        target = target_of(work, call.path("object"))
        may(work, target, "create")
        (found,) = veiled(work, target, look(work, target, [row_of(work, target, call.object())]))
        data = told(found)
        reasons = {str(h.id): [render(r, call.language) for r in h.reasons] for h in found.hits}
        for one in data:
            one["reasons"] = reasons.get(one.get("id", ""), [])
    return reply({"data": data})
