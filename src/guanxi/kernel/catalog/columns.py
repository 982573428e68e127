"""Which physical columns an object has: system columns first, then those of its fields in order."""

from __future__ import annotations

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import TEXT_COLUMNS, system_columns
from guanxi.kernel.fields.base import Storage
from guanxi.kernel.fields.registry import TYPES

LINKED: dict[str, Storage] = {"links": "INT", "tags": "TEXT", "multi_choice": "TEXT"}
"""Types with a link table, and what its second column holds."""


def field_columns(field: Field) -> tuple[tuple[str, Storage], ...]:
    """Physical columns of one field with their storage; none for formulas."""
    return tuple((field.column + column.suffix, column.storage) for column in TYPES[field.type].columns(field))


def sort_suffix(field: Field) -> str | None:
    """Suffix of the column to sort by; None if the type has no order."""
    return None if field.type == "formula" else TYPES[field.type].sort(field)


def all_columns(obj: Object) -> tuple[tuple[str, Storage], ...]:
    """Physical columns of the object's table with their storage."""
    system: list[tuple[str, Storage]] = [
        (name, "TEXT" if name in TEXT_COLUMNS else "INT") for name in system_columns(obj.kind)
    ]
    return (*system, *(pair for f in obj.fields for pair in field_columns(f)))


def link_table(obj: Object, field: Field) -> str:
    """Name of the table that holds a many-to-many field: `m_<table>_<column>`."""
    return f"m_{obj.table}_{field.column}"
