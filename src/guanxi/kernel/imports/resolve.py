"""From names in cells to records: users by name or e-mail, accounts by name or number, stages by either name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import Message, msg
from guanxi.base.text import fold, nearest
from guanxi.kernel.access.branches import pad, reach
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.records.shape import targets_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

KEYS = ("name", "name_en", "code", "key", "number", "email", "title", "subject")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A cell that names no record (or several)."""

    message: Message
    code: str
    near: str = ""


def resolve(work: Work, field: Field, cells: Sequence[str], match: str = "") -> dict[str, int | Unresolved]:
    """Cell text -> record id, for one reference field; one or two questions per chunk."""
    names = targets_of(field) if field.name not in ("owner", "team") else (field.options["to"][0],)
    other = work.catalog.objects.get(names[0])
    wanted = sorted({c for c in cells if c})
    if other is None or not wanted:
        return {}
    if other.kind == "config":
        return _in_snapshot(work, other, wanted, match)
    found: dict[str, int | Unresolved] = {}
    for key in _keys(work, other, match):
        open_cells = [c for c in wanted if c not in found]
        if open_cells:
            found.update(_in_table(work, other, key, open_cells))
    for cell in wanted:
        if cell not in found:
            found[cell] = _by_id(cell) or _unknown(other, cell, "")
    return found


def _keys(work: Work, other: Object, match: str) -> list[Field]:
    fields = work.catalog.fields(other)
    names = [match] if match else list(dict.fromkeys((other.title, *KEYS)))
    return [fields[n] for n in names if n in fields and fields[n].type in ("text", "auto_number", "email")]


def _in_snapshot(work: Work, other: Object, cells: Sequence[str], match: str) -> dict[str, int | Unresolved]:
    known: dict[str, int | None] = {}
    for ident, row in work.catalog.config[other.name].items():
        for name in [match] if match else KEYS:
            value = row.get(name)
            if isinstance(value, str):
                folded = fold(value)
                known[folded] = ident if known.get(folded, ident) == ident else None
    found: dict[str, int | Unresolved] = {}
    for cell in cells:
        folded = fold(cell)
        one = known.get(folded)
        if one is not None:
            found[cell] = one
        elif folded in known:
            found[cell] = _several(other, cell)
        elif cell.isdigit() and int(cell) in work.catalog.config[other.name]:
            found[cell] = int(cell)
        else:
            found[cell] = _unknown(other, cell, nearest(cell, [k for k in known if k]) or "")
    return found


def _in_table(work: Work, other: Object, key: Field, cells: Sequence[str]) -> dict[str, int | Unresolved]:
    condition, params = reach(work.session, work.catalog, work.actor, other, "read", work.now).condition()
    also = f" AND {condition}" if condition else ""
    found: dict[str, int | Unresolved] = {}
    table = work.session.table(other.table)
    for start in range(0, len(cells), 512):
        some = pad(list(cells[start : start + 512]))
        marks = ", ".join("?" * len(some))
        sql = f'SELECT r."{key.column}", r."id" FROM {table} r WHERE r."{key.column}" IN ({marks})'
        for text, ident in work.session.rows(sql + f' AND r."trashed_at" IS NULL{also}', [*some, *params]):
            found[text] = ident if found.get(text, ident) == ident else _several(other, text)
    return found


def _by_id(cell: str) -> int | None:
    """An id from an export of ours; `save` checks that it exists."""
    return int(cell) if cell.isdigit() and len(cell) > 15 else None


def _unknown(other: Object, cell: str, near: str) -> Unresolved:
    if near:
        message = msg("There is no {object} «{name}». Did you mean «{near}»?", object=other.label, name=cell, near=near)
    else:
        message = msg("There is no {object} «{name}».", object=other.label, name=cell)
    return Unresolved(message, "unresolved", near)


def _several(other: Object, cell: str) -> Unresolved:
    message = msg("Several {objects} are called «{name}»; use the number or id.", objects=other.plural, name=cell)
    return Unresolved(message, "ambiguous")


def existing(work: Work, target: Object, key: Field, values: Mapping[str, Any]) -> dict[str, int]:
    """Raw key cell -> id of the live record that has this (parsed) value; for updates by key."""
    stored = {value: raw for raw, value in values.items() if value is not None}
    found: dict[str, int] = {}
    keys = list(stored)
    for start in range(0, len(keys), 512):
        some = pad(keys[start : start + 512])
        marks = ", ".join("?" * len(some))
        sql = f'SELECT "{key.column}", "id" FROM {work.session.table(target.table)} WHERE "{key.column}" IN ({marks})'
        for value, ident in work.session.rows(sql + ' AND "trashed_at" IS NULL ORDER BY "id" DESC', some):
            found[stored[value]] = ident
    return found
