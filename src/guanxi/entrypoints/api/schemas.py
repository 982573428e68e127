"""JSON Schemas of fields and records, made from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.registry import result_type, type_of
from guanxi.kernel.records.shape import targets_of

Schema = dict[str, Any]
ID: Schema = {"type": "string", "pattern": "^[0-9]{1,19}$"}
MAYBE_ID: Schema = {"type": ["string", "null"], "pattern": "^[0-9]{1,19}$"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
NUMBER_TEXT = "^-?[0-9]{1,20}(\\.[0-9]{1,10})?$"
IDS: Schema = {"type": "array", "items": ID}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
MONEY: Schema = {
    "type": ["object", "null"],
    "properties": {"amount": {"type": "string", "pattern": NUMBER_TEXT}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
}
ADDRESS: Schema = {
    "type": ["object", "null"],
    "properties": {
        name: {"type": "string"} for name in ("country", "region", "province", "city", "district", "street", "postcode")
    },
}
LABEL: Schema = {
    "type": "object",
    "properties": {"en": {"type": "string"}, "zh-CN": {"type": "string"}},
    "required": ["en", "zh-CN"],
}


def _choice(field: Field) -> Schema:
    keys = [c.key for c in field.options.get("choices", ())]
    return {"type": ["string", "null"], "enum": [*keys, None]} if keys else MAYBE_TEXT


def _lookup(field: Field) -> Schema:
    targets = targets_of(field)
    if len(targets) <= 1:
        return MAYBE_ID
    kinds = {"type": "string", "enum": list(targets)}
    return {"type": ["object", "null"], "properties": {"object": kinds, "id": ID}, "required": ["object", "id"]}


OUT: dict[str, Schema | Callable[[Field], Schema]] = {
    "text": MAYBE_TEXT,
    "long_text": MAYBE_TEXT,
    "email": MAYBE_TEXT,
    "url": MAYBE_TEXT,
    "phone": MAYBE_TEXT,
    "auto_number": MAYBE_TEXT,
    "integer": {"type": ["integer", "null"]},
    "decimal": {"type": ["string", "null"], "pattern": NUMBER_TEXT},
    "percent": {"type": ["string", "null"], "pattern": NUMBER_TEXT},
    "money": MONEY,
    "date": {"type": ["string", "null"], "format": "date"},
    "datetime": {"type": ["string", "null"], "format": "date-time"},
    "boolean": {"type": ["boolean", "null"]},
    "choice": _choice,
    "multi_choice": TEXTS,
    "tags": TEXTS,
    "lookup": _lookup,
    "user": MAYBE_ID,
    "team": MAYBE_ID,
    "links": IDS,
    "files": IDS,
    "image": IDS,
    "address": ADDRESS,
}
ANY_NUMBER: Schema = {"type": ["string", "number", "null"]}
IN: dict[str, Schema | Callable[[Field], Schema]] = {
    **OUT,
    "decimal": ANY_NUMBER,
    "percent": ANY_NUMBER,
    "money": {"anyOf": [ANY_NUMBER, MONEY]},
    "address": {"anyOf": [MAYBE_TEXT, ADDRESS]},
}


def _of(table: dict[str, Schema | Callable[[Field], Schema]], kind: str, field: Field, language: str) -> Schema:
    found = table[kind]
    made = dict(found(field) if callable(found) else found)
    made["title"] = field.label.in_(language)
    if field.help is not None:
        made["description"] = field.help.in_(language)
    return made


def read_schema(target: Object, fields: Iterable[Field], language: str) -> Schema:
    """A record as it is answered. No field is required: a caller may ask for some of them."""
    made: dict[str, Schema] = {"id": ID, "version": {"type": "integer", "minimum": 1}}
    for field in fields:
        if field.name not in made:
            made[field.name] = _of(OUT, result_type(field).name, field, language)
    for name in target.lines:
        made[name] = {"type": "array", "items": {"type": "object"}}
    return {"type": "object", "title": target.label.in_(language), "properties": made, "required": ["id"]}


def write_schema(target: Object, fields: Iterable[Field], language: str, *, version: bool) -> Schema:
    """What may be sent. `fields` are those the caller may set."""
    made: dict[str, Schema] = {}
    for field in fields:
        made[field.name] = _of(IN, field.type, field, language)
        if "max_length" in field.options and field.type == "text":
            made[field.name]["maxLength"] = field.options["max_length"]
        made[field.name]["examples"] = [type_of(field).example(field)]
    for name in target.lines:
        made[name] = {"type": "array", "items": {"type": "object"}}
    if version:
        made["version"] = {"type": "integer", "minimum": 1, "description": "The version you read."}
    required = [f.name for f in fields if f.required and f.default is None] if not version else []
    schema: Schema = {"type": "object", "properties": made, "additionalProperties": False}
    return {**schema, "required": required} if required else schema
