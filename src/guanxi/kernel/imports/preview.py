"""A look at a file before it is imported: first cells of each column, and a row as the record it will become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from guanxi.base.errors import Message
from guanxi.base.i18n import Locale
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.imports.mapping import FileMap, cell_of, importable
from guanxi.kernel.imports.resolve import Unresolved, resolve
from guanxi.kernel.imports.table import Line, TableFile
from guanxi.kernel.records.shape import REFERENCES, targets_of

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Look:
    """What a column holds: its first different cells, how many of the sample its field cannot take, and why."""

    column: str
    first: tuple[str, ...]
    bad: int = 0
    reason: Message | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of the record that a row will become."""

    field: Field
    text: str
    error: Message | None = None


def sample_of(table: TableFile) -> list[Line]:
    """The first rows that can be read."""
    return [line for line in islice(table.lines(), SAMPLE) if not line.fault]


def looks(work: Work, name: str, table: TableFile, lines: Sequence[Line], file_map: FileMap) -> list[Look]:
    """Every column of the file with what its field makes of the sample."""
    target = work.catalog.object(name)
    fields = importable(work, target)
    items = {i.column: i for i in file_map.fields if i.column and not i.template}
    found = []
    for place, column in enumerate(table.header):
        cells = [line.cells[place] for line in lines if place < len(line.cells) and line.cells[place]]
        item = items.get(column)
        first = tuple(dict.fromkeys(cells))[:3]
        if item is None or item.field not in fields:
            found.append(Look(column, first))
            continue
        field = fields[item.field]
        own = target.name in targets_of(field) if field.type in REFERENCES else False
        wrong = {} if own else _wrong(work, field, [item.values.get(c, c) for c in cells], item.match)
        bad = sum(1 for c in cells if item.values.get(c, c) in wrong)
        found.append(Look(column, first, bad, next(iter(wrong.values()), None)))
    return found


def _wrong(work: Work, field: Field, cells: Sequence[str], match: str) -> dict[str, Message]:
    """Cells that the field does not take, with the reason."""
    if field.type in REFERENCES:
        known = resolve(work, field, cells, match, {})
        return {cell: one.message for cell, one in known.items() if isinstance(one, Unresolved)}
    wrong = {}
    for cell in dict.fromkeys(cells):
        try:
            TYPES[field.type].parse(field, cell, work.env)
        except ParseError as error:
            wrong[cell] = error.message
    return wrong


def record_of(work: Work, name: str, table: TableFile, line: Line, file_map: FileMap, locale: Locale) -> list[Shown]:
    """The row as it will look; faults stand at their fields."""
    fields = importable(work, work.catalog.object(name))
    cells = dict(zip(table.header, line.cells, strict=False))
    found = []
    for item in file_map.fields:
        field = fields.get(item.field)
        raw = cell_of(item, cells)
        if field is None or not raw:
            continue
        if field.type in REFERENCES:
            known = resolve(work, field, [raw], item.match, {}).get(raw)
            error = known.message if isinstance(known, Unresolved) and name not in targets_of(field) else None
            found.append(Shown(field, raw, error))
            continue
        try:
            found.append(Shown(field, TYPES[field.type].show(field, _values(work, field, raw), locale)))
        except ParseError as error:
            found.append(Shown(field, raw, error.message))
    return found


def _values(work: Work, field: Field, raw: str) -> tuple[object, ...]:
    return TYPES[field.type].parse(field, raw, work.env)
