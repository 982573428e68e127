"""Which physical columns an object has: system columns first, then those of its fields in order."""

from __future__ import annotations

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.catalog.system import TEXT_COLUMNS, system_columns
from guanxi.kernel.fields.base import Storage

LINKED: dict[str, Storage] = {"links": "INT", "tags": "TEXT", "multi_choice": "TEXT"}
"""Types with a link table, and what its second column holds."""

_INT = {"integer", "decimal", "percent", "money", "date", "datetime", "boolean", "lookup", "user", "team"}


def field_columns(field: Field) -> tuple[tuple[str, Storage], ...]:
    """Physical columns of one field with their storage; none for formulas."""
    if field.type == "formula":
        return ()
    main: Storage = "INT" if field.type in _INT else "TEXT"
    more: tuple[tuple[str, Storage], ...] = ()
    if field.type == "money":
        more = (("__c", "TEXT"), ("__b", "INT"))
    elif field.type == "lookup" and len(field.options["to"]) > 1:
        more = (("__o", "TEXT"),)
    elif field.type == "address":
        more = (("__r", "TEXT"),)
    elif field.options.get("sortable"):
        more = (("__k", "TEXT"),)
    return ((field.column, main), *((field.column + suffix, storage) for suffix, storage in more))


def sort_suffix(field: Field) -> str | None:
    """Suffix of the column to sort by; None if the type has no order."""
    if field.type in {"formula", "address", "image", "files", "long_text", *LINKED}:
        return None
    if field.type == "money":
        return "__b"
    return "__k" if field.options.get("sortable") else ""


def all_columns(obj: Object) -> tuple[tuple[str, Storage], ...]:
    """Physical columns of the object's table with their storage."""
    system: list[tuple[str, Storage]] = [
        (name, "TEXT" if name in TEXT_COLUMNS else "INT") for name in system_columns(obj.kind)
    ]
    return (*system, *(pair for f in obj.fields for pair in field_columns(f)))


def link_table(obj: Object, field: Field) -> str:
    """Name of the table that holds a many-to-many field: `m_<table>_<column>`."""
    return f"m_{obj.table}_{field.column}"
