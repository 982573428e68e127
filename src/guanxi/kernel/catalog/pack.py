"""A workspace's own objects, fields, layouts and settings as one JSON document, and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from guanxi.base.errors import BadInput, msg
from guanxi.kernel.catalog.rows import (
    FieldSpec,
    MetaField,
    ObjectSpec,
    Session,
    field_spec,
    object_spec,
    read_fields,
    read_objects,
)
from guanxi.kernel.catalog.snapshot import Catalog

PORTABLE = ("name", "currency", "zone", "country", "language")


class Pack(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """
    objects        objects made at run time, each with its fields
    changes        what is changed about declared objects, by object
    fields         fields added to declared objects, by object
    field_changes  what is changed about declared fields, by object and field
    settings       settings of the workspace
    """

    format: int = 1
    name: str = ""
    objects: tuple[ObjectSpec, ...] = ()
    changes: dict[str, ObjectSpec] = {}
    fields: dict[str, tuple[FieldSpec, ...]] = {}
    field_changes: dict[str, dict[str, FieldSpec]] = {}
    settings: dict[str, Any] = {}


def export(session: Session, catalog: Catalog, name: str = "") -> Pack:
    """Everything live that was made or changed at run time; ids stay at home."""
    of_object: dict[int, list[MetaField]] = {}
    for row in read_fields(session):
        if not row.retired:
            of_object.setdefault(row.object, []).append(row)
    objects, changes, added, changed = [], {}, {}, {}
    for meta in read_objects(session):
        rows = of_object.get(meta.id, [])
        own = tuple(_whole(row) for row in rows if row.custom)
        if meta.retired:
            continue
        if meta.custom:
            objects.append(msgspec.structs.replace(object_spec(meta.overlay), name=meta.name, fields=own))
            continue
        if meta.overlay != "{}":
            changes[meta.name] = object_spec(meta.overlay)
        if own:
            added[meta.name] = own
        overlaid = {row.name: field_spec(row.spec) for row in rows if not row.custom and row.spec != "{}"}
        if overlaid:
            changed[meta.name] = overlaid
    settings = {key: catalog.settings[key] for key in PORTABLE if key in catalog.settings}
    return Pack(
        name=name, objects=tuple(objects), changes=changes, fields=added, field_changes=changed, settings=settings
    )


def _whole(row: MetaField) -> FieldSpec:
    return msgspec.structs.replace(field_spec(row.spec), name=row.name, type=row.type)


def encode(pack: Pack) -> str:
    """Readable JSON, the same text for the same pack."""
    return msgspec.json.format(msgspec.json.encode(pack, order="deterministic"), indent=2).decode()


def decode(text: str | bytes) -> Pack:
    """A pack from its JSON; BadInput says where it does not fit the schema."""
    try:
        pack = msgspec.json.decode(text, type=Pack)
    except msgspec.DecodeError as error:
        raise BadInput(msg("The definition cannot be read: {reason}", reason=str(error))) from error
    if pack.format != 1:
        raise BadInput(msg("This pack has format {format}; this version reads format 1.", format=pack.format))
    return pack


def json_schema() -> Mapping[str, Any]:
    """JSON Schema (2020-12) of a pack, for editors and other tools."""
    found = msgspec.json.schema(Pack)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
