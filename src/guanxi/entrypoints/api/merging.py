"""Merging over REST: several records become one; an old id leads to what the record is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.entrypoints.api.call import Call, Done, reply
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.context import Work
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.parts import parse_id
from guanxi.kernel.records.aliases import winner_of
from guanxi.kernel.records.merge import KIND, MOST, Merge, merge
from guanxi.kernel.records.read import get, target_of

KNOWN = ("winner", "losers", "values", "from", "versions")


def merge_records(call: Call) -> Response:
    """
    `{"winner": id, "losers": [ids], "values": {field: value}, "from": {field: id}, "versions": {id: version}}`: what
    neither `values` nor `from` names is the winner's, or the newest there is; sets are united.
    """
    call.params()
    with call.writing(kind=KIND) as work:
        wish = wish_of(target_of(work, call.path("object")).name, call.object())

        def effect() -> Done:
            made = merge(work, wish)
            answer = {"id": str(made.winner), "operation": made.operation, "moved": made.moved, "waiting": made.waiting}
            return Done(200, answer)

        done = call.once(work, effect)
    response = reply({**done.answer, "operation": str(done.answer["operation"])}, done=done)
    response.headers["Guanxi-Operation"] = str(done.answer["operation"])
    return response


def wish_of(name: str, body: Mapping[str, Any]) -> Merge:
    """The body as a wish; BadInput says what is wrong with it."""
    for key in body:
        if key not in KNOWN:
            raise BadInput(msg("There is no parameter «{name}» here.", name=key[:80]))
    losers = body.get("losers")
    if not isinstance(losers, list) or not 0 < len(losers) < MOST:
        raise BadInput(msg("«{name}» must be a list of at most {most} ids.", name="losers", most=MOST - 1))
    chosen = {field: _id(ident) for field, ident in _mapping(body, "from").items()}
    versions = {_id(ident): _version(version) for ident, version in _mapping(body, "versions").items()}
    return Merge(name, _id(body.get("winner")), tuple(map(_id, losers)), _mapping(body, "values"), chosen, versions)


def _mapping(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise BadInput(msg("«{name}» must be an object.", name=name))
    return found


def _id(raw: Any) -> int:
    try:
        return parse_id(raw)
    except ParseError as error:
        raise BadInput(error.message) from error


def _version(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise BadInput(msg("«{name}» must be a whole number.", name="versions"))
    return raw


def moved(call: Call, work: Work, target: Object, ident: int) -> Response:
    """For an id that gives no record: where it was merged into one the caller may read, its address; else NotFound."""
    winner = winner_of(work, target, ident)
    if winner is None:
        raise NotFound
    get(work, target.name, winner)
    place = call.request.url.path.rpartition("/")[0]
    return reply({"merged_into": str(winner)}, 301, Location=f"{place}/{winner}")
