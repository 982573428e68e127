"""The addresses of long work in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.paths import (
    FLAG,
    ID_PATH,
    NUMBER,
    TEXT,
    listed,
    operation,
    parameter,
    response,
)
from guanxi.entrypoints.api.schemas import ID, MAYBE_ID

MAYBE = {"type": ["string", "null"]}
TASK = {
    "type": "object",
    "properties": {"id": ID, "kind": TEXT, "status": TEXT, "done": NUMBER, "total": {"type": ["integer", "null"]},
                   "failed": NUMBER, "rate": {"type": ["number", "null"]},
                   "seconds_left": {"type": ["integer", "null"]}, "operation": MAYBE_ID, "file": MAYBE},
    "required": ["id", "kind", "status", "done"],
}  # fmt: skip
EXPORT = {
    "type": "object",
    "properties": {"object": TEXT, "filter": MAYBE, "q": MAYBE, "fields": {"type": "array", "items": TEXT},
                   "format": {"type": "string", "enum": ["csv", "jsonl", "xlsx"]},
                   "header": {"type": "string", "enum": ["names", "labels"]}, "bom": FLAG,
                   "purpose": TEXT, "channel": TEXT, "anonymous": FLAG},
    "required": ["object"],
    "additionalProperties": False,
}  # fmt: skip
BULK = {
    "type": "object",
    "properties": {"object": TEXT, "filter": MAYBE, "q": MAYBE, "op": {"type": "string", "enum": ["edit", "trash"]},
                   "values": {"type": "object"},
                   "add": {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}},
    "required": ["object"],
    "additionalProperties": False,
}  # fmt: skip
LEFT = {"type": "object", "properties": {"id": ID, "reason": TEXT}}


def task_paths(language: str) -> dict[str, Any]:
    """Beginning, watching and stopping long work."""

    def op(ident: str, text: Any, answer: Any, **rest: Any) -> dict[str, Any]:
        made = operation(ident, render(text, language), tag="tasks", answers=answer, **rest)
        made["parameters"] = [p for p in made.get("parameters", []) if p.get("in") != "header"]
        return made

    begun = {"202": response(TASK, "Accepted")}
    limit = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000})
    most = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200})
    after = parameter("after", {"type": "integer", "minimum": 0})
    wish = parameter("wish", {"type": "string", "enum": ["pause", "go-on", "cancel"]}, where="path", required=True)
    file = {"200": {"description": "OK", "content": {"application/octet-stream": {}}}}
    return {
        "/exports": {"post": op("export", msg("Export to a file in the background"), begun, body=EXPORT, writes=True)},
        "/bulk": {"post": op("bulk", msg("Change all that match"), begun, body=BULK, writes=True)},
        "/tasks": {"get": op("tasks", msg("Long work, newest first"), {"200": response(listed(TASK))}, params=[most])},
        "/tasks/{id}": {"get": op("task", msg("How far it is"), {"200": response(TASK)}, params=[ID_PATH])},
        "/tasks/{id}/file": {"get": op("task_file", msg("The file of an export"), file, params=[ID_PATH])},
        "/tasks/{id}/left": {"get": op("task_left", msg("What could not be changed, and why"),
                                       {"200": response(listed(LEFT))}, params=[ID_PATH, after, limit])},
        "/tasks/{id}/{wish}": {"post": op("task_wish", msg("Pause, go on or end"), {"200": response(TASK)},
                                          params=[ID_PATH, wish], writes=True)},
    }  # fmt: skip
