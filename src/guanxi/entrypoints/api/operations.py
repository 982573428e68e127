"""Operations and taking them back, over REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_datetime
from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, reply, whole
from guanxi.kernel.records.read import names
from guanxi.kernel.records.undo import OperationInfo, Undone, operation_info, operations, preview, undo

HOW = ("skip", "take")


def list_operations(call: Call) -> Response:
    """Newest first: one's own, or everybody's for those who may undo others' work."""
    params = call.params("before", "limit")
    limit = whole(params, "limit", 50, 1, 200)
    with call.reading() as work:
        found = operations(work, before=whole(params, "before", 0, 0, 2**62) or None, limit=limit)
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
    """`{"dry_run": true}` tells what would happen; `"edited": "take"` also puts back what was edited since."""
    call.params()
    body = call.object() if call.body else {}
    unknown = next((key for key in body if key not in ("dry_run", "edited")), None)
    if unknown is not None:
        raise BadInput(msg("There is no parameter «{name}» here.", name=unknown[:80]))
    dry, edited = body.get("dry_run", False), body.get("edited", "skip")
    if not isinstance(dry, bool):
        raise BadInput(msg("«{name}» must be true or false.", name="dry_run"))
    if edited not in HOW:
        raise BadInput(msg("«{name}» must be one of: {known}.", name="edited", known=", ".join(HOW)))
    ident = call.id()
    with call.reading("read" if dry else "write") as work:
        actor = work.actor
    if dry:
        return reply(_result(preview(call.space, actor, ident), dry=True))
    return reply(_result(undo(call.space, actor, ident, edited=edited, entry="api"), dry=False))


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
