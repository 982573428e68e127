"""What the access log keeps of reading: one row when sensitive values were shown in clear, whatever the number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.changes.access_log import note
from guanxi.kernel.fields.masked import Masked
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.sealing import sealed_clear
from guanxi.kernel.records.types import Row

if TYPE_CHECKING:
    from guanxi.kernel.context import Work
    from guanxi.kernel.records.history import Step


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


def note_steps(work: Work, name: str, ident: int, steps: Sequence[Step], *, entry: str, address: str = "") -> None:
    """A record's history: old values count like new ones."""
    shown = {
        f.field.name for step in steps for f in step.fields
        if f.field.sensitive and any(_is_clear(value) for value in (*(f.old or ()), *(f.new or ())))
    }  # fmt: skip
    if shown and not work.actor.is_system:
        note(work.space, "read", work.actor.user, object=name, record=ident,
             detail={"fields": sorted(shown), "history": True}, entry=entry, address=address)  # fmt: skip


def note_feed(work: Work, changes: Iterable[tuple[str, Mapping[str, Any]]], *, entry: str, address: str = "") -> None:
    """A page of the feed: one row per object, for fields that are clear to the caller on every record."""
    counts: dict[str, tuple[int, set[str]]] = {}
    for name, values in changes:
        target = work.catalog.objects.get(name)
        allowed = {**readable(work, target), **sealed_clear(work, target)} if target is not None else {}
        sensitive = () if target is None else sensitive_fields(work, target)
        found = {f.name for f in sensitive if values.get(f.name) is not None and f.name in allowed}
        if found:
            count, names = counts.get(name, (0, set()))
            counts[name] = count + 1, names | found
    for name, (count, names) in counts.items():
        note(work.space, "list", work.actor.user, object=name, count=count, detail={"fields": sorted(names)},
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
