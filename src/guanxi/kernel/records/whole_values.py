"""One record in the open format: readable JSON by field name, exact where the readable form would lose something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guanxi.base.text import sort_key
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.snapshot import Catalog
from guanxi.kernel.catalog.system import system_fields
from guanxi.kernel.fields.base import ParseEnv, ParseError
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.records.output import json_value
from guanxi.kernel.records.shape import shape_of
from guanxi.kernel.records.types import Row

EXACT = "_stored"  # in a record: columns as they are stored, of fields whose readable form does not say all
IDS = ("id", "version")


@dataclass(frozen=True, slots=True)
class Cell:
    """A field and its physical columns without those that are worked out."""

    field: Field
    columns: tuple[str, ...]


def cells_of(catalog: Catalog, target: Object) -> tuple[Cell, ...]:
    """System fields first, then declared ones in their order; formulas have no columns, roll-ups are made anew."""
    shape = shape_of(catalog, target)
    system = (Cell(f, (f.column,)) for f in system_fields(target.kind) if f.name not in {*IDS, *shape.fields})
    return (*system, *(Cell(known.field, known.logged) for known in shape.stored if known.field.rollup is None))


def written(catalog: Catalog, target: Object, env: ParseEnv) -> Callable[[Row], dict[str, Any]]:
    """Row -> what the file holds."""
    cells = cells_of(catalog, target)

    def write(row: Row) -> dict[str, Any]:
        found: dict[str, Any] = {"id": str(row["id"]), "version": row["version"]}
        exact = {}
        for cell in cells:
            values = [row[column] for column in cell.columns]
            if values.count(None) == len(values):
                continue
            said = json_value(catalog, cell.field, values)
            if said is not None:
                found[cell.field.name] = said
            if _read_value(cell, said, env) != values:
                exact[cell.field.name] = values
        if exact:
            found[EXACT] = exact
        return found

    return write


def read_back(catalog: Catalog, target: Object, env: ParseEnv) -> Callable[[Mapping[str, Any]], Row]:
    """What the file holds -> row, with columns that are worked out."""
    shape, cells = shape_of(catalog, target), cells_of(catalog, target)
    keyed = [(s.field.column, s.field.column + "__k") for s in shape.stored if s.field.column + "__k" in s.names]

    def read(said: Mapping[str, Any]) -> Row:
        row: Row = dict(shape.blank)
        row["id"], row["version"] = int(said["id"]), int(said["version"])
        exact = said.get(EXACT, {})
        for cell in cells:
            name = cell.field.name
            if name in exact:
                row.update(zip(cell.columns, exact[name], strict=True))
            elif said.get(name) is not None:
                values = _read_value(cell, said[name], env)
                if values is None:
                    raise ValueError(f"{target.name} {said['id']}: {name}")
                row.update(zip(cell.columns, values, strict=True))
        for column, key in keyed:
            row[key] = sort_key(row[column]) if row[column] else None
        return row

    return read


def _read_value(cell: Cell, said: Any, env: ParseEnv) -> list[Any] | None:
    """Column values that the readable form means; None if it cannot be read."""
    field = cell.field
    if field.type in ("user", "team", "lookup") and len(cell.columns) == 1:
        return [int(said)] if isinstance(said, str) and said.lstrip("-").isdigit() else None
    if field.type in ("links", "files", "image") and isinstance(said, Sequence) and not isinstance(said, str):
        return [msgspec.json.encode(list(said)).decode()]
    if field.type in ("auto_number", "choice", "text", "long_text") and isinstance(said, str):
        return [said]
    try:
        return list(TYPES[field.type].parse(field, said, env))[: len(cell.columns)]
    except (ParseError, ValueError, TypeError, KeyError):
        return None
