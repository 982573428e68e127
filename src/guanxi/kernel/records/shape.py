"""What the engine needs to know about an object again and again, worked out once per catalogue snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.fields.base import Column, FieldType
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.fields.sealed import INDEX

OWNED = ("record", "document")
SET_TYPES = {"multi_choice": "TEXT", "tags": "TEXT", "links": "INT"}
REFERENCES = ("lookup", "user", "team", "links")


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field with its type and physical columns (`names` in order, `logged` without derived ones)."""

    field: Field
    type: FieldType
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    logged: tuple[str, ...]
    key: str  # the field's id as text: its key in the log

    @property
    def compared(self) -> str:
        """The column that tells whether two values are equal."""
        return self.field.column + INDEX if self.field.encrypted else self.names[0]

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row.get(name) for name in self.logged)


@dataclass(frozen=True, slots=True)
class Shape:
    """An object as the engine sees it. `stored` leaves out formulas; `columns` is the table's order."""

    object: Object
    columns: tuple[str, ...]
    fields: Mapping[str, FieldShape]
    stored: tuple[FieldShape, ...]
    by_column: Mapping[str, FieldShape]
    blank: Mapping[str, Any]
    owned: bool


def shape_of(catalog: Catalog, target: Object) -> Shape:
    """The shape of an object in this snapshot."""
    known: Shape | None = catalog.memo.get(("shape", target.name))
    if known is None:
        known = catalog.memo[("shape", target.name)] = _build(catalog, target)
    return known


def _build(catalog: Catalog, target: Object) -> Shape:
    fields = {f.name: _field_shape(f) for f in target.fields if not f.retired}
    stored = tuple(s for s in fields.values() if s.columns)
    columns = catalog.columns(target)
    return Shape(
        object=target,
        columns=columns,
        fields=fields,
        stored=stored,
        by_column={name: s for s in stored for name in s.names},
        blank=dict.fromkeys(columns) | counted(stored),
        owned=target.kind in OWNED,
    )


def counted(stored: Iterable[FieldShape]) -> dict[str, int]:
    """Roll-ups that count start at none; the others have no value yet."""
    return {s.names[0]: 0 for s in stored if s.field.rollup is not None and s.field.rollup.measure == "count"}


def _field_shape(field: Field) -> FieldShape:
    kind = TYPES[field.type]
    columns = kind.columns(field)
    return FieldShape(
        field=field,
        type=kind,
        columns=columns,
        names=tuple(field.column + c.suffix for c in columns),
        logged=tuple(field.column + c.suffix for c in columns if c.logged),
        key=str(field.id),
    )


def targets_of(field: Field) -> tuple[str, ...]:
    """Names of the objects a reference field may point at."""
    if field.type in ("user", "team"):
        return (field.type,)
    found: tuple[str, ...] = field.options.get("to", ())
    return found


def pointed_at(known: FieldShape, row: Mapping[str, Any]) -> tuple[str, tuple[int, ...]] | None:
    """The object and ids a reference field holds in this row; None if empty."""
    value = row.get(known.names[0])
    if value is None:
        return None
    if known.field.type == "links":
        return targets_of(known.field)[0], tuple(int(i) for i in msgspec.json.decode(value))
    targets = targets_of(known.field)
    return (row[known.names[1]] if len(targets) > 1 else targets[0]), (value,)
