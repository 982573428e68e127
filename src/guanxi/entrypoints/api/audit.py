"""The audit over REST, for administrators: both logs on one line, erasures and their certificates."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from guanxi.base.dates import iso_datetime, parse_datetime
from guanxi.base.errors import BadInput, NotFound, msg
from guanxi.base.gate import BadValue
from guanxi.entrypoints.api.call import Call, reply, whole
from guanxi.entrypoints.api.records import id_in
from guanxi.kernel.admin.erasures import Certificate, certificate, forget, preview
from guanxi.kernel.admin.forget import Wish
from guanxi.kernel.changes.trail import Asked, Trace, timeline
from guanxi.kernel.context import Work
from guanxi.kernel.records.read import names

FILTERS = ("actor", "kind", "object", "record", "entry", "source", "from", "to")
WISHES = frozenset({"object", "id", "asked_by", "texts", "also", "dry_run"})


def read_audit(call: Call) -> Response:
    """Newest first; `from` and `to` are moments, `source` is `access` or `change`."""
    params = call.params(*FILTERS, "limit", "cursor")
    with call.reading() as work:
        if not work.actor.rights.admin:
            raise NotFound
        asked = _asked(work, params)
        limit = whole(params, "limit", 50, 1, 200)
        found, following = timeline(work.session, asked, limit=limit, cursor=params.get("cursor", ""))
        people = names(work, "user", {trace.actor for trace in found if trace.actor})
        objects = {o.id: o.name for o in work.catalog.objects.values()}
    return reply({"data": [_shown(trace, people, objects) for trace in found], "next": following or None})


def _asked(work: Work, params: dict[str, str]) -> Asked:
    source = params.get("source", "")
    if source not in ("", "access", "change"):
        raise BadInput(msg("«{name}» must be one of: {known}.", name="source", known="access, change"))
    name = params.get("object", "")
    target = work.catalog.objects.get(name)
    if name and target is None:
        raise BadInput(msg("There is no object «{name}».", name=name[:80]))
    if params.get("record") and target is None:
        raise BadInput(msg("Say of which object the record is."))
    return Asked(
        actor=id_in(params["actor"]) if params.get("actor") else None,
        kind=params.get("kind", ""),
        object=name,
        object_id=target.id if target is not None else 0,
        record=id_in(params["record"]) if params.get("record") else None,
        entry=params.get("entry", ""),
        since=_moment(work, params.get("from")),
        until=_moment(work, params.get("to")),
        source=source,
    )


def _moment(work: Work, text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_datetime(text, work.zone, work.today)
    except BadValue as error:
        raise BadInput(error.message) from error


def _shown(trace: Trace, people: dict[int, str], objects: dict[int, str]) -> dict[str, Any]:
    changed = trace.source == "change"
    return {
        "at": iso_datetime(trace.at),
        "source": trace.source,
        "id": trace.ident,
        "kind": trace.kind,
        "by": {"id": str(trace.actor), "name": people.get(trace.actor, "")} if trace.actor else None,
        "object": objects.get(trace.detail.get("object", 0), "") if changed else trace.object,
        "record": str(trace.record) if trace.record else None,
        "count": trace.count,
        "entry": trace.entry,
        "address": trace.address,
        "detail": {"cause": trace.detail["cause"]} if changed else trace.detail,
    }


def erase_person(call: Call) -> Response:
    """`{"object": "contact", "id": "…", "asked_by": "person", "texts": true, "also": [], "dry_run": true}`."""
    call.params()
    body = call.object()
    unknown = next((key for key in body if key not in WISHES), None)
    if unknown is not None:
        raise BadInput(msg("There is no parameter «{name}» here.", name=unknown[:80]))
    wish, dry = _wish(body), body.get("dry_run", False)
    with call.reading("read" if dry else "write") as work:
        actor = work.actor
        if not actor.rights.admin:
            raise NotFound
    if dry:
        found = preview(call.space, actor, wish)
        return reply({"records": [{"object": t.name, "id": str(i)} for t, i in found.person.records],
                      "texts": found.texts, "files": found.files, "changes": found.changes, "kept": found.kept,
                      "same": [{"object": name, "id": str(i)} for name, i in found.same]})  # fmt: skip
    return reply(certificate_json(forget(call.space, actor, wish, entry="api")), 201)


def _wish(body: dict[str, Any]) -> Wish:
    texts, also = body.get("texts", True), body.get("also", [])
    for name in ("texts", "dry_run"):
        if not isinstance(body.get(name, True), bool):
            raise BadInput(msg("«{name}» must be true or false.", name=name))
    if not isinstance(also, list) or not all(isinstance(item, dict) for item in also):
        raise BadInput(msg("«{name}» must be a list of objects.", name="also"))
    pairs = tuple((str(item.get("object", "")), id_in(item.get("id"))) for item in also[:100])
    return Wish(str(body.get("object", "")), id_in(body.get("id")), str(body.get("asked_by", "person")), texts, pairs)


def read_certificate(call: Call) -> Response:
    """What was erased, when and at whose wish."""
    call.params()
    with call.reading() as work:
        found = certificate(work, call.id())
    return reply(certificate_json(found))


def certificate_json(found: Certificate) -> dict[str, Any]:
    """The report, its digest and when the bytes were overwritten."""
    done = iso_datetime(found.bytes_at) if found.bytes_at else None
    return {"id": str(found.id), "report": found.report, "sha256": found.digest, "bytes_at": done}
