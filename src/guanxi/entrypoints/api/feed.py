"""The change feed for programs that keep a copy: everything that happened after a position, nothing missed."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_datetime
from guanxi.entrypoints.api.call import Call, reply, whole
from guanxi.kernel.changes.feed import seal
from guanxi.kernel.records.feed import SeenChange, read_changes
from guanxi.kernel.records.looks import note_feed


def read_feed(call: Call) -> Response:
    """Call again with `since` = the `next` you got, also when the list was empty."""
    params = call.params("since", "limit")
    since = whole(params, "since", 0, 0, 2**62)
    limit = whole(params, "limit", 100, 1, 500)
    if call.secret:
        seal(call.space.db)  # the caller's own last change is in the answer even where no worker runs
    with call.reading() as work:
        found, following, more = read_changes(work, since, limit)
        seen = ((item.object, {**(item.old or {}), **(item.new or {})}) for item in found)
        note_feed(work, seen, entry="api", address=call.address)
    return reply({"changes": [_shown(item) for item in found], "next": str(following), "more": more})


def _shown(item: SeenChange) -> dict[str, Any]:
    return {
        "pos": str(item.pos),
        "operation": str(item.operation),
        "at": iso_datetime(item.at),
        "by": str(item.actor) if item.actor else None,
        "entry": item.entry,
        "kind": item.kind,
        "object": item.object,
        "id": str(item.id),
        "version": item.version,
        "op": item.op,
        "old": item.old,
        "new": item.new,
    }
