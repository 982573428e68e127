"""The addresses of imports in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.paths import FLAG, ID_PATH, NUMBER, TEXT, listed, operation, parameter, response
from guanxi.entrypoints.api.schemas import ID, MAYBE_ID

COLUMN_MAP = {
    "type": "object",
    "properties": {"field": TEXT, "column": TEXT, "template": TEXT, "match": TEXT, "default": TEXT,
                   "values": {"type": "object", "additionalProperties": TEXT}},
    "required": ["field"],
}  # fmt: skip
MAPPING = {
    "type": "object",
    "properties": {
        "fields": {"type": "array", "items": COLUMN_MAP},
        "key": TEXT,
        "mode": {"type": "string", "enum": ["upsert", "create", "update"]},
        "empty": {"type": "string", "enum": ["keep", "clear"]},
        "fixed": {"type": "object", "additionalProperties": TEXT},
    },
    "required": ["fields"],
}
IMPORT = {
    "type": "object",
    "properties": {
        "id": ID, "object": TEXT, "name": TEXT, "state": TEXT, "at": {"type": "string", "format": "date-time"},
        "operation": MAYBE_ID, "rows": {"type": "object"},
        "counts": {"type": "object", "additionalProperties": NUMBER}, "mapping": {"type": "object"},
        "error": {"type": ["string", "null"]}, "kinds": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["id", "object", "name", "state", "counts", "mapping"],
}  # fmt: skip
FAULT = {
    "type": "object",
    "properties": {"row": NUMBER, "cells": {"type": "array", "items": TEXT},
                   "errors": {"type": "array", "items": {"type": "object"}}, "near": {"type": ["string", "null"]}},
    "required": ["row", "cells", "errors"],
}  # fmt: skip
STRICT = {"type": "object", "properties": {"all_or_nothing": FLAG}, "additionalProperties": False}


def import_paths(language: str) -> dict[str, Any]:
    """All of them; they are the same for everybody who may import."""

    def op(ident: str, text: Any, answers: dict[str, Any], **rest: Any) -> dict[str, Any]:
        made = operation(ident, render(text, language), tag="imports", answers=answers, **rest)
        made["parameters"] = [p for p in made["parameters"] if p["name"] != "Idempotency-Key"]
        return made

    here, one = [ID_PATH], {"200": response(IMPORT)}
    started = {"202": response(IMPORT, "Started")}
    send = op("send_import", msg("Send a file to import"), {"201": response(IMPORT, "Created")}, writes=True,
              params=[parameter("object", TEXT, required=True), parameter("name", TEXT)])  # fmt: skip
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    send["requestBody"] = {"required": True, "content": binary}
    many = [*here, parameter("code", TEXT), parameter("field", TEXT),
            parameter("after", {"type": "integer", "minimum": 0, "maximum": 2**53}),
            parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000})]  # fmt: skip
    faults = listed(FAULT, after={"type": ["integer", "null"]})
    return {
        "/imports": {"post": send,
                     "get": op("imports", msg("Your imports, newest first"), {"200": response(listed(IMPORT))})},
        "/imports/{id}": {"get": op("import", msg("How far an import is"), one, params=here)},
        "/imports/{id}/mapping": {"put": op("map_import", msg("Say which column becomes which field"), one,
                                            params=here, body=MAPPING, writes=True)},
        "/imports/{id}/check": {"post": op("check_import", msg("Rehearse an import without writing"), started,
                                           params=here, writes=True)},
        "/imports/{id}/run": {"post": op("run_import", msg("Start an import or go on with it"), started, params=here,
                                         body=STRICT, optional=True, writes=True)},
        "/imports/{id}/pause": {"post": op("pause_import", msg("Pause an import"), started, params=here, writes=True)},
        "/imports/{id}/faults": {"get": op("import_faults", msg("Faulty rows with their reasons"),
                                           {"200": response(faults)}, params=many)},
        "/imports/{id}/failed.csv": {"get": op("import_failed", msg("Faulty rows as a file"), params=here,
                                               answers={"200": response(TEXT, media="text/csv")})},
    }  # fmt: skip
