"""The addresses of the audit and of erasures in the OpenAPI document, for administrators."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.paths import FLAG, ID_PATH, NEXT, NUMBER, TEXT, listed, operation, parameter, response
from guanxi.entrypoints.api.schemas import ID, MAYBE_ID
from guanxi.kernel.admin.forget import ASKED_BY

MOMENT = {"type": "string", "format": "date-time"}
RECORD = {"type": "object", "properties": {"object": TEXT, "id": ID}, "required": ["object", "id"]}
TRACE = {
    "type": "object",
    "properties": {
        "at": MOMENT, "source": {"type": "string", "enum": ["access", "change"]}, "id": TEXT, "kind": TEXT,
        "by": {"type": ["object", "null"]}, "object": TEXT, "record": MAYBE_ID, "count": NUMBER, "entry": TEXT,
        "address": TEXT, "detail": {"type": "object"},
    },
    "required": ["at", "source", "id", "kind", "by", "object", "record", "count", "entry", "address", "detail"],
}  # fmt: skip
WISH = {
    "type": "object",
    "properties": {"object": TEXT, "id": ID, "asked_by": {"type": "string", "enum": list(ASKED_BY)}, "texts": FLAG,
                   "also": {"type": "array", "items": RECORD, "maxItems": 100}, "dry_run": FLAG},
    "required": ["object", "id"],
    "additionalProperties": False,
}  # fmt: skip
CERTIFICATE = {
    "type": "object",
    "properties": {"id": ID, "report": {"type": "object"}, "sha256": TEXT, "bytes_at": {"type": ["string", "null"]}},
    "required": ["id", "report", "sha256", "bytes_at"],
}
PREVIEW = {
    "type": "object",
    "properties": {"records": {"type": "array", "items": RECORD}, "texts": {"type": "object"}, "files": NUMBER,
                   "changes": NUMBER, "kept": {"type": "object"}, "same": {"type": "array", "items": RECORD}},
    "required": ["records", "texts", "files", "changes", "kept", "same"],
}  # fmt: skip


def audit_paths(language: str) -> dict[str, Any]:
    """What only administrators may ask."""

    def op(ident: str, text: Any, answers: Any, **rest: Any) -> dict[str, Any]:
        return operation(ident, render(text, language), tag="audit", answers=answers, **rest)

    params = [parameter(name, TEXT) for name in ("kind", "object", "entry", "from", "to", "cursor")]
    params += [parameter(name, ID) for name in ("actor", "record")]
    params.append(parameter("source", {"type": "string", "enum": ["access", "change"]}))
    params.append(parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200}))
    lines = {"200": response(listed(TRACE, next=NEXT))}
    erased = {"200": response(PREVIEW), "201": response(CERTIFICATE, "Erased")}
    kept = {"200": response(CERTIFICATE)}
    return {
        "/audit": {"get": op("audit", msg("What was done and read, by whom"), lines, params=params)},
        "/erasures": {"post": op("erase", msg("Erase a person everywhere"), erased, body=WISH, writes=True)},
        "/erasures/{id}": {"get": op("erasure", msg("The certificate of an erasure"), kept, params=[ID_PATH])},
    }
