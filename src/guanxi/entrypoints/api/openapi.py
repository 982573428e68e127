"""The OpenAPI 3.1 document, made from the catalogue for the caller's rights and kept on the snapshot."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from starlette.responses import Response

from guanxi import __version__
from guanxi.base.i18n import translate
from guanxi.entrypoints.api.actions import actions_of, input_schema
from guanxi.entrypoints.api.audit_paths import audit_paths
from guanxi.entrypoints.api.call import HEADERS, Call, encode
from guanxi.entrypoints.api.catalogue import visible_objects
from guanxi.entrypoints.api.import_paths import import_paths
from guanxi.entrypoints.api.paths import fixed_paths, object_paths, operation, response
from guanxi.entrypoints.api.quality_paths import quality_paths, use_paths
from guanxi.entrypoints.api.schemas import ID, LABEL, read_schema, write_schema
from guanxi.entrypoints.api.share_paths import share_paths
from guanxi.entrypoints.api.task_paths import task_paths
from guanxi.kernel.access.rights import CLEAR
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.masks import may_become_edit, shown, veils

PROBLEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "row": {"type": "integer"},
                },
                "required": ["field", "code", "message", "row"],
            },
        },
        "current": {"type": "object", "description": "The record as it is now, after a conflict."},
    },
    "required": ["type", "title", "status", "code", "detail"],
}


def read_openapi(call: Call) -> Response:
    """The document; `Accept-Language` chooses the language of its titles."""
    call.params()
    with call.reading() as work:
        rights = hashlib.sha256(msgspec.json.encode(work.actor.rights, order="deterministic")).digest()
        key = ("openapi", rights, call.language)
        known: bytes | None = work.catalog.memo.get(key)
        if known is None:
            base = call.request.scope.get("root_path") or "/"
            known = work.catalog.memo[key] = encode(document(work, call.language, base))
    return Response(known, media_type="application/json", headers=HEADERS)


def document(work: Work, language: str, base: str) -> dict[str, Any]:
    """The whole document for this caller."""
    objects = visible_objects(work)
    schemas: dict[str, Any] = {"problem": PROBLEM, "id": ID, "label": LABEL}
    paths = fixed_paths(language) | import_paths(language) | task_paths(language) | quality_paths(language)
    paths |= use_paths(language)
    if work.actor.rights.admin:
        paths |= audit_paths(language)
    for target in objects:
        _add_object(work, target, schemas, paths, language)
    for action in actions_of(work).values():
        schemas[f"{action.name}.input"] = input_schema(action)
        done = operation(
            f"run_{action.name}",
            action.label.in_(language),
            tag="actions",
            body={"$ref": f"#/components/schemas/{action.name}.input"},
            answers={"200": response({"type": ["object", "null"]})},
            writes=True,
        )
        paths[f"/actions/{action.name}"] = {"post": done}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Guanxi: {work.catalog.settings.get('name', '')}", "version": __version__},
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "tags": [{"name": o.name, "description": o.plural.in_(language)} for o in objects],
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "problem": {
                    "description": translate("What went wrong", language),
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}},
                }
            },
        },
    }


def _add_object(work: Work, target: Object, schemas: dict[str, Any], paths: dict[str, Any], language: str) -> None:
    fields = [f for f in shown(work, target).values() if not f.hidden]
    schemas[target.name] = read_schema(target, fields, language)
    masked = {name for name, veil in veils(work, target).items() if veil.right.level not in CLEAR}
    masked &= {f.name for f in fields}
    for name in masked:
        _masked(schemas[target.name]["properties"], name)
    verbs = {v for v in ("create", "edit", "delete") if may(work, target, v)} if target.parent is None else set()
    verbs |= {"reveal"} if work.actor.rights.can("reveal") else set()
    settable = [f for f in fields if may_set(work, target, f)]
    if not settable:  # written by other addresses
        verbs -= {"create", "edit"}
    if "create" in verbs:
        schemas[f"{target.name}.new"] = write_schema(target, settable, language, version=False)
    if "edit" in verbs:
        schemas[f"{target.name}.change"] = write_schema(target, settable, language, version=True)
    paths |= object_paths(target, verbs, fields, language, masked)
    paths |= share_paths(target, {"share"} if may(work, target, "share") else set(), language)


def may(work: Work, target: Object, verb: str) -> bool:
    """Whether the caller may do this with any record of the object."""
    rights = work.actor.rights
    if target.access == "personal":
        return True
    named = target.kind != "config" or rights.admin or target.name in rights.objects
    return named and rights.scope(target.name, verb) != "none"


def may_set(work: Work, target: Object, field: Field) -> bool:
    """Whether the caller may send a value for the field."""
    if field.read_only or field.type == "formula" or field.name in ("id", "version"):
        return False
    level = work.actor.rights.level(target.name, field.name)
    return level == "edit" or may_become_edit(work, target, field.name)


def _masked(properties: dict[str, Any], name: str) -> None:
    """Where a mask may stand in place of the value."""
    properties[name] = {"anyOf": [properties[name], {"type": "string", "description": "A mask: 138****1234"}]}
