"""The history of a record as its reader may see it: who changed which field from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.kernel.access.rights import Level
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.log import Past, history
from guanxi.kernel.records.masks import hide, levels_for_log, shown
from guanxi.kernel.records.read import get, target_of
from guanxi.kernel.records.sealing import open_value
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


@dataclass(frozen=True, slots=True)
class FieldStep:
    """One field before and after, as column values (None where a side is unknown)."""

    field: Field
    old: tuple[Any, ...] | None
    new: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the record. `op`: create, edit, trash, restore, undo; `way`: form, import, api …"""

    version: int
    op: str
    at: int
    actor: int
    way: str
    kind: str
    operation: int
    fields: tuple[FieldStep, ...]


def steps(work: Work, object_name: str, ident: int, *, before: int | None = None, limit: int = 50) -> list[Step]:
    """Newest first; only fields the caller may read. NotFound if the record is not theirs to see."""
    target = target_of(work, object_name)
    row = get(work, object_name, ident, trashed=True)
    allowed, levels = shown(work, target), levels_for_log(work, target, row)
    known = {str(field.id): field for field in allowed.values()}
    past = history(work.session, target.id, ident, before=before, limit=limit)
    return [step_of(work, target, item, known, levels) for item in past]


def step_of(work: Work, target: Object, past: Past, known: Mapping[str, Field], levels: Mapping[str, Level]) -> Step:
    """One entry of the log in the fields given by their number; `levels` of those that are not simply clear."""
    old, new = past.entry.old, past.entry.new or {}

    def seen(field: Field, value: Any) -> tuple[Any, ...]:
        opened = open_value(work, target, field, past.entry.record, _tuple(value))
        return hide(field, opened, levels.get(field.name, "read"))

    fields = tuple(
        FieldStep(known[key], seen(known[key], old.get(key)) if old is not None else None, seen(known[key], value))
        for key, value in new.items()
        if key in known
    )
    return Step(past.entry.version, past.entry.op, past.at, past.actor, past.way, past.kind, past.operation, fields)


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def raw_of(row: Row, field: Field, values: tuple[Any, ...]) -> Row:
    """A row as it was for one field: what `show` and `to_json` need."""
    return {**row, field.column: values[0] if values else None}
