"""What a form sent: raw values by field, as `save` takes them, and which of them differ from what was opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from starlette.datastructures import FormData

from guanxi.base.gate import BadValue
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.shape import shape_of, targets_of

MOST_LINES = 500
ADDRESS = ("region", "street", "postcode", "country", "province", "city", "district")


def text_of(form: FormData, name: str) -> str:
    """A text field; a file in its place counts as nothing."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> list[str]:
    """All values sent under one name."""
    return [value for value in form.getlist(name) if isinstance(value, str) and value]


def shown_fields(form: FormData, fields: Mapping[str, Field]) -> list[Field]:
    """The fields the form held, as it says itself."""
    return [fields[name] for name in text_of(form, "_fields").split(",") if name in fields]


def read_given(form: FormData, fields: Sequence[Field], prefix: str = "") -> dict[str, Any]:
    """Raw values by field name."""
    return {field.name: read_field(form, field, prefix + field.name) for field in fields}


def read_field(form: FormData, field: Field, name: str) -> Any:
    """The raw value of one field, in the form JSON has where the type has parts."""
    if field.type == "money":
        amount = text_of(form, name)
        return {"amount": amount, "currency": text_of(form, name + "__c") or None} if amount else ""
    if field.type in ("multi_choice", "links", "files", "image"):
        return texts_of(form, name)
    if field.type == "boolean":
        return bool(text_of(form, name))
    if field.type == "address":
        return _address(form, name)
    if field.type == "long_text":
        value = form.get(name)
        return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
    if field.type == "lookup" and len(targets_of(field)) > 1:
        kind, _, ident = text_of(form, name).partition(":")
        return {"object": kind, "id": ident} if ident else ""
    return text_of(form, name)


def _address(form: FormData, name: str) -> Any:
    parts = {part: text_of(form, f"{name}__{part}") for part in ADDRESS}
    levels = [text_of(form, f"{name}__{level}") for level in ("l3", "l2", "l1")]
    parts["region"] = parts["region"] or next((code for code in levels if code), "")
    if not any(parts.values()):
        return text_of(form, name)
    kept = {key: value for key, value in parts.items() if value}
    return kept if kept.get("region") or set(kept) != {"street"} else kept["street"]


def differs(work: Work, target: Object, field: Field, raw: Any, was: Any) -> bool:
    """Whether two raw values mean different stored values; what cannot be read counts as different."""
    try:
        return columns_for(work, target, field, raw) != columns_for(work, target, field, was)
    except BadValue:
        return True


def columns_for(work: Work, target: Object, field: Field, raw: Any) -> tuple[Any, ...]:
    """A raw value as stored columns."""
    if field.name in ("owner", "team"):
        return (str(raw or ""),)
    known = shape_of(work.catalog, target).fields[field.name]
    if raw is None or raw in ("", [], {}):
        return (None,) * len(known.columns)
    return tuple(known.type.parse(known.field, raw, work.env))


def changed_values(
    work: Work, target: Object, given: Mapping[str, Any], was: Mapping[str, Any], fields: Mapping[str, Field]
) -> dict[str, Any]:
    """Only what the person changed: other fields stay as they are now, whoever changed them."""
    return {n: raw for n, raw in given.items() if differs(work, target, fields[n], raw, was.get(n))}


def json_of(text: str) -> dict[str, Any]:
    """A hidden JSON object of our own form; anything else counts as empty."""
    try:
        value = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def line_numbers(form: FormData, line: str) -> Iterator[int]:
    """Numbers of the lines of one kind that the form holds, in order."""
    found = {part[1] for key in form if len(part := key.split(".", 2)) == 3 and part[0] == line and part[1].isdigit()}
    yield from sorted((int(n) for n in found), key=int)
