"""Search over everything the caller may see."""

from __future__ import annotations

from starlette.responses import Response

from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.api.call import Call, reply, whole, words
from guanxi.kernel.records.read import target_of
from guanxi.kernel.records.search import search


def search_records(call: Call) -> Response:
    """Words, pinyin, initials or part of a number; `objects` narrows it down."""
    params = call.params("q", "objects", "limit")
    limit = whole(params, "limit", 10, 1, 50)
    text = params.get("q", "").strip()
    if not text or len(text) > 200:
        raise BadInput(msg("Say what to search for in «q», in at most {n} characters.", n=200))
    objects = words(params, "objects")
    with call.reading() as work:
        for name in objects:
            target_of(work, name)
        hits = search(work, text, objects, limit)
    data = [{"object": h.object, "id": str(h.id), "title": h.title, "matched": h.matched, "why": h.why} for h in hits]
    return reply({"data": data})
