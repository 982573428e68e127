"""The paths of the OpenAPI document: what every object offers, and the addresses that are always there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from guanxi.base.errors import msg
from guanxi.base.i18n import render
from guanxi.entrypoints.api.schemas import ID, LABEL, MAYBE_ID
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.registry import type_of

READ_PROBLEMS = ("400", "401", "403", "404", "422", "429", "503")
WRITE_PROBLEMS = (*READ_PROBLEMS, "409", "412", "413", "415", "428", "507")
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
FLAG = {"type": "boolean"}
NEXT = {"type": ["string", "null"]}


def response(schema: Any, description: str = "OK", media: str = "application/json") -> dict[str, Any]:
    """A documented answer."""
    return {"description": description, "content": {media: {"schema": schema}}}


def listed(item: Any, **more: Any) -> dict[str, Any]:
    """A list under `data`, with what stands beside it."""
    return {
        "type": "object",
        "properties": {"data": {"type": "array", "items": item}, **more},
        "required": ["data", *more],
    }


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(name: str, schema: Mapping[str, Any], *, where: str = "query", required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": where, "required": required, "schema": schema}


ID_PATH = parameter("id", ID, where="path", required=True)
KEY = parameter("Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255}, where="header")
MATCH = parameter("If-Match", TEXT, where="header")
LIMIT = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000})
ASK = [parameter("filter", TEXT), parameter("q", TEXT), parameter("trashed", FLAG)]


def operation(
    ident: str,
    summary: str,
    *,
    tag: str,
    answers: Mapping[str, Any],
    params: list[Any] | None = None,
    body: Any = None,
    optional: bool = False,
    writes: bool = False,
) -> dict[str, Any]:
    """One operation with the problems it may answer."""
    problems = WRITE_PROBLEMS if writes else READ_PROBLEMS
    made: dict[str, Any] = {
        "operationId": ident,
        "summary": summary,
        "tags": [tag],
        "parameters": [*(params or []), *([KEY] if writes else [])],
        "responses": {**answers, **{code: {"$ref": "#/components/responses/problem"} for code in problems}},
    }
    if body is not None:
        made["requestBody"] = {"required": not optional, "content": {"application/json": {"schema": body}}}
    return made


def object_paths(
    target: Object, verbs: set[str], fields: Sequence[Field], language: str, masked: Collection[str]
) -> dict[str, Any]:
    """Addresses of one object: those the caller may use. `masked` fields are shown, and no question may name them."""
    asked = [f for f in fields if f.name not in masked]
    name, label = target.name, target.plural.in_(language)

    def op(do: str, text: Any, **rest: Any) -> dict[str, Any]:
        return operation(f"{do}_{name}", render(text, language), tag=name, **rest)

    record = {"200": response(ref(name))}
    page = listed(ref(name), next=NEXT, previous=NEXT)
    page["properties"]["names"] = {"type": "object"}
    page["required"] = ["data", "next", "previous"]
    named = parameter("fields", names_in(f.name for f in fields))
    sorted_by = names_in((f.name for f in asked if type_of(f).sort(f) is not None), sign="-?", most=4)
    more = [parameter("sort", sorted_by), named, parameter("cursor", TEXT)]
    every: dict[str, Any] = {
        "get": op("list", msg("List {objects}", objects=label), params=[*ASK, *more, LIMIT, parameter("names", FLAG)],
                  answers={"200": response(page)}),
    }  # fmt: skip
    one: dict[str, Any] = {
        "get": op("read", msg("Read one"), params=[ID_PATH, named, parameter("trashed", FLAG)],
                  answers={**record, "301": {"description": "Merged into another record"},
                           "304": {"description": "Not modified"}}),
    }  # fmt: skip
    paths: dict[str, Any] = {f"/{name}": every, f"/{name}/{{id}}": one, **_figures(op, name, asked)}
    if masked and "reveal" in verbs:
        paths[f"/{name}/{{id}}/reveal"] = {"post": _reveal(op, masked)}
    if "create" in verbs:
        alike = op("find_duplicates_of", msg("What it would look like"), body=ref(f"{name}.new"),
                   answers={"200": response(listed({"type": "object"}))})  # fmt: skip
        alike["responses"] |= {code: {"$ref": "#/components/responses/problem"} for code in ("413", "415")}
        paths[f"/{name}/duplicates"] = {"post": alike}
        created = {"201": response(ref(name), "Created")}
        policy = [parameter("duplicates", {"type": "string", "enum": ["ask", "allow"]})]
        every["post"] = op("create", msg("Create one"), params=policy, body=ref(f"{name}.new"), answers=created,
                           writes=True)  # fmt: skip
    if "edit" in verbs:
        params = [ID_PATH, MATCH]
        one["patch"] = op("change", msg("Change one"), params=params, body=ref(f"{name}.change"),
                          answers=record, writes=True)  # fmt: skip
    if "delete" in verbs:
        gone = {"204": {"description": "In the trash"}}
        one["delete"] = op("trash", msg("Put into the trash"), params=[ID_PATH, MATCH], answers=gone, writes=True)
        restore = op("restore", msg("Take out of the trash"), params=[ID_PATH], answers=record, writes=True)
        paths[f"/{name}/{{id}}/restore"] = {"post": restore}
    paths |= _merging(op, target, verbs)
    return paths


def _reveal(op: Any, masked: Collection[str]) -> dict[str, Any]:
    body = {"type": "object", "properties": {"field": {"type": "string", "enum": sorted(masked)}},
            "required": ["field"], "additionalProperties": False}  # fmt: skip
    answer = {"type": "object", "properties": {"field": TEXT, "value": {}}, "required": ["field", "value"]}
    made: dict[str, Any] = op("reveal", msg("A masked value in clear; noted and limited"), params=[ID_PATH], body=body,
                              answers={"200": response(answer)}, writes=True)  # fmt: skip
    made["parameters"] = [ID_PATH]
    return made


def _merging(op: Any, target: Object, verbs: set[str]) -> dict[str, Any]:
    if not {"edit", "delete"} <= verbs or target.kind not in ("record", "document") or target.access == "personal":
        return {}
    answers = {"200": response(MERGED)}
    return {f"/{target.name}/merge": {"post": op("merge", msg("Merge several into one"), body=MERGE, answers=answers,
                                                 writes=True)}}  # fmt: skip


def names_in(names: Iterable[str], *, sign: str = "", most: int = 30) -> dict[str, Any]:
    """Names separated by commas, as a schema that says which."""
    one = f"{sign}({'|'.join(names)})"
    return {"type": "string", "pattern": f"^{one}(,{one}){{0,{most - 1}}}$"}


def _figures(op: Any, name: str, fields: Sequence[Field]) -> dict[str, Any]:
    sums = [f.name for f in fields if type_of(f).kind == "number" and f.type != "formula"]
    keys = [f"{f.name}(:(day|week|month|quarter|year))?" for f in fields if type_of(f).kind in ("date", "datetime")]
    keys += [f.name for f in fields if type_of(f).kind in ("text", "ref", "boolean", "number")]
    counted = {"type": "object", "properties": {"count": NUMBER, "more": FLAG}, "required": ["count", "more"]}
    group = {
        "type": "object",
        "properties": {"keys": {"type": "object"}, "count": NUMBER, "sum": {"type": "object"}},
        "required": ["keys", "count", "sum"],
    }
    groups = {"type": "object", "properties": {"groups": {"type": "array", "items": group}, "more": FLAG}}
    past = listed({"type": "object"}, before={"type": ["integer", "null"]})
    before = parameter("before", {"type": "integer", "minimum": 0})
    limit = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 500})
    return {
        f"/{name}/count": {"get": op("count", msg("Count"), params=[*ASK, parameter("exact", FLAG)],
                                     answers={"200": response(counted)})},
        f"/{name}/group": {"get": op("group", msg("Count and sum by group"),
                                     params=[*ASK, parameter("by", names_in(keys, most=4)),
                                             parameter("sum", names_in(sums, most=10))],
                                     answers={"200": response(groups)})},
        f"/{name}/{{id}}/history": {"get": op("history", msg("What happened to it"), params=[ID_PATH, before, limit],
                                              answers={"200": response(past)})},
    }  # fmt: skip


CHANGE = {
    "type": "object",
    "properties": {
        "op": {"type": "string", "enum": ["create", "edit", "trash", "restore"]},
        "object": TEXT,
        "id": ID,
        "ref": {"type": "string", "description": 'A name for a new record, for {"$ref": name} further down.'},
        "values": {"type": "object"},
        "version": NUMBER,
        "lines": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
    },
    "required": ["op", "object"],
    "additionalProperties": False,
}  # fmt: skip
OUTCOME = {
    "type": "object",
    "properties": {"id": ID, "done": TEXT, "version": NUMBER},
    "required": ["id", "done", "version"],
}
FEED_CHANGE = {
    "type": "object",
    "properties": {
        "pos": TEXT, "operation": ID, "at": {"type": "string", "format": "date-time"}, "by": MAYBE_ID, "entry": TEXT,
        "kind": TEXT, "object": TEXT, "id": ID, "version": NUMBER, "op": TEXT,
        "old": {"type": ["object", "null"]}, "new": {"type": ["object", "null"]},
    },
    "required": ["pos", "object", "id", "version", "op"],
}  # fmt: skip
OBJECT = {
    "type": "object",
    "properties": {"name": TEXT, "label": LABEL, "plural": LABEL, "kind": TEXT,
                   "fields": {"type": "array", "items": {"type": "object"}}},
    "required": ["name", "label", "fields"],
}  # fmt: skip
HIT = {
    "type": "object",
    "properties": {"object": TEXT, "id": ID, "title": TEXT, "matched": TEXT, "why": TEXT},
    "required": ["object", "id", "title"],
}
OPERATION = {
    "type": "object",
    "properties": {"id": ID, "kind": TEXT, "state": TEXT, "at": {"type": "string", "format": "date-time"},
                   "changes": NUMBER, "undo_of": MAYBE_ID, "undone_by": MAYBE_ID},
    "required": ["id", "kind", "state", "at"],
}  # fmt: skip
MERGE = {
    "type": "object",
    "properties": {"winner": ID, "losers": {"type": "array", "items": ID, "minItems": 1, "maxItems": 19},
                   "values": {"type": "object"}, "from": {"type": "object", "additionalProperties": ID},
                   "versions": {"type": "object", "additionalProperties": NUMBER}},
    "required": ["winner", "losers"],
    "additionalProperties": False,
}  # fmt: skip
MERGED = {
    "type": "object",
    "properties": {"id": ID, "operation": ID, "moved": NUMBER, "waiting": FLAG},
    "required": ["id", "operation", "moved", "waiting"],
}
UNDO = {
    "type": "object",
    "properties": {
        "dry_run": FLAG,
        "edited": {"type": "string", "enum": ["skip", "take"]},
        **{name: {"type": "array", "items": ID, "maxItems": 1000} for name in ("take", "keep")},
    },
    "additionalProperties": False,
}
UNDONE = {
    "type": "object",
    "properties": {"operation": ID, "dry_run": FLAG, "undo": MAYBE_ID, "restored": NUMBER, "trashed": NUMBER,
                   "skipped": NUMBER, "clashes": {"type": "array", "items": {"type": "object"}}},
    "required": ["operation", "dry_run", "undo", "restored", "trashed", "skipped", "clashes"],
}  # fmt: skip
ROWS = {"type": "array", "items": {"type": "object"}}
ROLE_RIGHTS = {"type": "object", "properties": {"rights": {"type": "object"}}, "required": ["rights"]}
ROLE_CHANGE = {
    "type": "object",
    "properties": {"people": NUMBER, "complete": FLAG, "records": ROWS, "fields": ROWS, "abilities": ROWS},
    "required": ["people", "complete", "records", "fields", "abilities"],
}  # fmt: skip


def fixed_paths(language: str) -> dict[str, Any]:
    """Addresses that do not depend on the catalogue. Those of imports are added by their own module."""

    def op(ident: str, text: Any, tag: str, schema: Any, **rest: Any) -> dict[str, Any]:
        answers = {"200": response(schema)}
        return operation(ident, render(text, language), tag=tag, answers=answers, **rest)

    anything = {"type": "object"}
    few = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 50})
    some = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 500})
    many = parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200})
    before = parameter("before", {"type": "integer", "minimum": 0})
    feed = {"type": "object", "properties": {"changes": {"type": "array", "items": FEED_CHANGE}, "next": TEXT,
            "more": FLAG}, "required": ["changes", "next", "more"]}  # fmt: skip
    batched = {"type": "object", "properties": {"operation": MAYBE_ID,
               "outcomes": {"type": "array", "items": OUTCOME}}, "required": ["operation", "outcomes"]}  # fmt: skip
    return {
        "/me": {"get": op("me", msg("Who you are here"), "you", anything)},
        "/objects": {"get": op("objects", msg("All objects and their fields"), "catalogue", listed(OBJECT))},
        "/objects/{name}": {"get": op("object", msg("One object and its fields"), "catalogue", OBJECT,
                                      params=[parameter("name", TEXT, where="path", required=True)])},
        "/batch": {"post": op("batch", msg("Many changes, all or none"), "changes", batched,
                              body={"type": "array", "items": CHANGE, "maxItems": 1000}, writes=True)},
        "/changes": {"get": op("changes", msg("What changed since"), "changes", feed,
                               params=[parameter("since", {"type": "string", "pattern": "^[0-9]{1,18}$"}), some])},
        "/search": {"get": op("search", msg("Search everything"), "changes", listed(HIT),
                              params=[parameter("q", {"type": "string", "minLength": 1, "maxLength": 200},
                                                required=True), parameter("objects", TEXT), few])},
        "/actions": {"get": op("actions", msg("What can be done by name"), "actions", listed(anything))},
        "/operations": {"get": op("operations", msg("Operations, newest first"), "operations",
                                  listed(OPERATION, before=MAYBE_ID),
                                  params=[before, many, parameter("actor", ID),
                                          *(parameter(name, TEXT) for name in ("entry", "kind", "cause"))])},
        "/operations/{id}": {"get": op("operation", msg("One operation"), "operations", OPERATION, params=[ID_PATH])},
        "/operations/{id}/undo": {"post": _undo(op)},
        "/role/{id}/preview": {"post": op("preview_role", msg("What other rights of a role would change"), "role",
                                          ROLE_CHANGE, params=[ID_PATH], body=ROLE_RIGHTS, writes=True)},
        "/files": {"post": _upload(language)},
        "/files/{id}": {"get": _download(language)},
    }  # fmt: skip


def _undo(op: Any) -> dict[str, Any]:
    made: dict[str, Any] = op(
        "undo", msg("Take an operation back"), "operations", UNDONE, params=[ID_PATH], body=UNDO, optional=True,
        writes=True,
    )  # fmt: skip
    made["parameters"] = [ID_PATH]  # a second undo answers 409 by itself: no key needed
    return made


def _upload(language: str) -> dict[str, Any]:
    made = operation(
        "upload", render(msg("Send a file"), language), tag="files", writes=True,
        params=[parameter("name", {"type": "string", "minLength": 1, "maxLength": 200}, required=True)],
        answers={"201": response({"type": "object"}, "Created")},
    )  # fmt: skip
    made["parameters"] = made["parameters"][:1]
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    made["requestBody"] = {"required": True, "content": content}
    return made


def _download(language: str) -> dict[str, Any]:
    return operation(
        "download", render(msg("Fetch a file"), language), tag="files", params=[ID_PATH],
        answers={"200": response({"type": "string", "format": "binary"}, media="application/octet-stream")},
    )  # fmt: skip
