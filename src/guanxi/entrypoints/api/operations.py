"""Operations and taking them back, over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, reply, whole
from guanxi.kernel.records.operations import OperationInfo, operation_info, operations
from guanxi.kernel.records.read import names
from guanxi.kernel.records.undo import Edited, Undone, preview, undo

HOW = ("skip", "take")
ONE_BY_ONE: Mapping[str, Edited] = {"take": "take", "keep": "skip"}
MOST_CHOSEN = 1_000


def list_operations(call: Call) -> Response:
    """Newest first: one's own, or everybody's for those who may undo others' work."""
    params = call.params("before", "limit", "actor", "entry", "kind", "cause")
    limit = whole(params, "limit", 50, 1, 200)
    with call.reading() as work:
        found = operations(
            work, before=whole(params, "before", 0, 0, 2**62) or None, limit=limit,
            actor=whole(params, "actor", 0, 0, 2**62) or None, cause=params.get("cause", "")[:100],
            entries=tuple(filter(None, [params.get("entry", "")])), kinds=tuple(filter(None, [params.get("kind", "")])),
        )  # fmt: skip
        people = names(work, "user", {info.actor for info in found if info.actor})
    before = str(found[-1].id) if len(found) == limit else None
    return reply({"data": [_shown(info, people) for info in found], "before": before})


def read_operation(call: Call) -> Response:
    """One operation and whether it was undone."""
    call.params()
    with call.reading() as work:
        info = operation_info(work, call.id())
        people = names(work, "user", {info.actor} if info.actor else set())
    return reply(_shown(info, people))


def undo_operation(call: Call) -> Response:
    """
    `{"dry_run": true}` tells what would happen; `"edited": "take"` also puts back what was edited since, `"take"` and
    `"keep"` decide single records by id.
    """
    call.params()
    body = call.object() if call.body else {}
    unknown = next((key for key in body if key not in ("dry_run", "edited", *ONE_BY_ONE)), None)
    if unknown is not None:
        raise BadInput(msg("There is no parameter «{name}» here.", name=unknown[:80]))
    dry, edited = body.get("dry_run", False), body.get("edited", "skip")
    if not isinstance(dry, bool):
        raise BadInput(msg("«{name}» must be true or false.", name="dry_run"))
    if edited not in HOW:
        raise BadInput(msg("«{name}» must be one of: {known}.", name="edited", known=", ".join(HOW)))
    chosen: dict[int, Edited] = {}
    for name, how in ONE_BY_ONE.items():
        chosen.update(dict.fromkeys(_ids(body.get(name, []), name), how))
    ident = call.id()
    with call.reading("read" if dry else "write") as work:
        actor = work.actor
    if dry:
        return reply(_result(preview(call.space, actor, ident, edited=edited, chosen=chosen), dry=True))
    return reply(_result(undo(call.space, actor, ident, edited=edited, chosen=chosen, entry=call.entry), dry=False))


def _ids(given: Any, name: str) -> list[int]:
    listed = given if isinstance(given, list) and len(given) <= MOST_CHOSEN else None
    if listed is None or not all(isinstance(i, str) and i.isascii() and i.isdigit() and len(i) < 20 for i in listed):
        raise BadInput(msg("«{name}» must be a list of at most {most} ids.", name=name, most=MOST_CHOSEN))
    return [int(i) for i in listed]


def _shown(info: OperationInfo, people: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": str(info.id),
        "kind": info.kind,
        "state": info.state,
        "by": {"id": str(info.actor), "name": people.get(info.actor, "")} if info.actor else None,
        "entry": info.entry,
        "at": iso_datetime(info.at),
        "changes": info.changes,
        "undo_of": str(info.undo_of) if info.undo_of else None,
        "undone_by": str(info.undone_by) if info.undone_by else None,
    }


def _result(done: Undone, *, dry: bool) -> dict[str, Any]:
    return {
        "operation": str(done.operation),
        "dry_run": dry,
        "undo": str(done.undo) if done.undo else None,
        "restored": done.restored,
        "trashed": done.trashed,
        "skipped": done.skipped,
        "clashes": [{"object": c.object, "id": str(c.id), "reason": c.reason} for c in done.clashes],
    }
