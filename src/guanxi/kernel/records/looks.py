"""What the access log keeps of reading: one row when sensitive values were shown in clear, whatever the number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work


def note_record(
    work: Work, target: Object, row: Row, names: Iterable[str] | None = None, *, entry: str, address: str = ""
) -> None:
    """The page or answer of one record; `names` are the fields shown, all one may read if none are named."""
    if shown := shown_in_clear(work, target, [row], names):
        note(work.space, "read", work.actor.user, object=target.name, record=row["id"], detail={"fields": shown},
             entry=entry, address=address)  # fmt: skip


def note_rows(
    work: Work, target: Object, rows: Sequence[Row], names: Iterable[str], *, entry: str, address: str = ""
) -> None:
    """A page of a list: how many records, not which."""
    if shown := shown_in_clear(work, target, rows, names):
        note(work.space, "list", work.actor.user, object=target.name, count=len(rows), detail={"fields": shown},
             entry=entry, address=address)  # fmt: skip


def shown_in_clear(work: Work, target: Object, rows: Sequence[Row], names: Iterable[str] | None) -> list[str]:
    """Sensitive fields of which one of the rows shows a value, not a mask: rows hold only what may be read."""
    fields = sensitive_fields(work, target)
    if not fields or work.actor.is_system:
        return []
    wanted = None if names is None else set(names)
    return [
        f.name
        for f in fields
        if (wanted is None or f.name in wanted) and any(_is_clear(row.get(f.column)) for row in rows)
    ]


def _is_clear(value: object) -> bool:
    return value is not None and type(value) is not Masked


def sensitive_fields(work: Work, target: Object) -> tuple[Field, ...]:
    """The object's fields whose reading is noted; most objects have none."""
    key = ("sensitive", target.name)
    known: tuple[Field, ...] | None = work.catalog.memo.get(key)
    if known is None:
        known = work.catalog.memo[key] = tuple(f for f in target.fields if f.sensitive and not f.retired)
    return known
