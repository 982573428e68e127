"""Mending an import before or after it ran: faults alike, one replacement for all, the failed rows as a file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from guanxi.base.errors import BadInput, msg
from guanxi.base.i18n import render
from guanxi.kernel.imports import state
from guanxi.kernel.imports.mapping import FORMAT_GAP, ColumnMap, FileMap, sealed_columns
from guanxi.kernel.imports.state import Fault, Run
from guanxi.kernel.imports.table import open_table
from guanxi.kernel.storage.session import Session

if TYPE_CHECKING:
    from guanxi.kernel.context import Space, Work

MAX_ALIKE = 20_000  # faulty rows looked at for groups


@dataclass(frozen=True, slots=True)
class Alike:
    """Rows with the same cell wrong in the same way; `near` is what was probably meant."""

    code: str
    field: str
    column: str
    value: str
    near: str
    count: int


def columns_of(file_map: FileMap, field: str) -> list[str]:
    """The file's columns a field is made from."""
    item = next((i for i in file_map.fields if i.field == field), None)
    if item is None:
        return []
    return [m[1] for m in FORMAT_GAP.finditer(item.template)] if item.template else [item.column]


def alike(session: Session, run: Run, header: Sequence[str], code: str = "", field: str = "") -> list[Alike]:
    """Open faults grouped by the cell that is wrong, the most frequent first; cells that can be replaced at once."""
    file_map = run.map
    places: dict[str, int] = {}
    for item in file_map.fields:
        if item.column and not item.template:
            places[item.field] = list(header).index(item.column)
    found: dict[tuple[str, str, str], tuple[int, str]] = {}
    for fault in state.faults_of(session, run.id, code=code, field=field, state="open", limit=MAX_ALIKE):
        place = places.get(fault.field)
        if place is not None and place < len(fault.cells) and fault.cells[place]:
            key = (fault.code, fault.field, fault.cells[place])
            count, near = found.get(key, (0, ""))
            found[key] = (count + 1, near or fault.near)
    groups = [Alike(c, f, header[places[f]], value, near, count) for (c, f, value), (count, near) in found.items()]
    return sorted(groups, key=lambda g: (-bool(g.near), -g.count, g.value))


def replace_value(work: Work, run: Run, field: str, value: str, by: str) -> list[int]:
    """From now on this cell means that, for the field in this file; gives the rows to check again."""
    fields = [
        replace(i, values={**i.values, value: by}) if i.field == field and not i.template else i for i in run.map.fields
    ]
    if field in {f.name for f in work.catalog.object(run.object).fields if f.encrypted}:
        raise BadInput(msg("Values of encrypted fields are not kept with an import: correct them in the file."))
    state.set_map(work.session, run, replace(run.map, fields=fields))
    place = _place_of(run, fields, field)
    if place is None:
        return []
    faults = state.faults_of(work.session, run.id, state="open", limit=state.MAX_FAULTS)
    return [f.row for f in faults if f.cells[place : place + 1] == (value,)]


def _place_of(run: Run, fields: Sequence[ColumnMap], field: str) -> int | None:
    header = run.columns
    item = next((i for i in fields if i.field == field and i.column), None)
    return header.index(item.column) if item is not None and item.column in header else None


def mend(work: Work, run: Run, cells: Mapping[int, Mapping[str, str]]) -> list[int]:
    """New cells for some rows (row -> column -> text); gives the rows to check again."""
    known = set(run.columns)
    hidden = sealed_columns(work.catalog.object(run.object), run.map)
    if any(hidden & given.keys() for given in cells.values()):
        raise BadInput(msg("Values of encrypted fields are not kept with an import: correct them in the file."))
    for row, given in cells.items():
        state.patch(work.session, run.id, row, {k: v for k, v in given.items() if k in known})
    return list(cells)


def write_failed(space: Space, run: Run, out: IO[str], language: str, *, reason: str = "") -> int:
    """
    The rows that did not go in as they are in the file (mended cells as mended), with why; can be imported again.
    """
    with space.read(run.who, timeout=60.0) as work:
        faults = {
            f.row: f
            for kind in ("open", "duplicate")
            for f in state.faults_of(work.session, run.id, state=kind, limit=state.MAX_FAULTS)
        }
        mends = state.patches_of(work.session, run.id)
    writer = csv.writer(out)
    if not state.path_of(space, run).exists():  # it held values of encrypted fields
        writer.writerow([*run.columns, reason or ("原因" if language == "zh-CN" else "Reason")])
        writer.writerows([*fault.cells, _why(fault, language)] for fault in faults.values())
        return len(faults)
    table = open_table(state.path_of(space, run), run.name)
    writer.writerow([*table.header, reason or ("原因" if language == "zh-CN" else "Reason")])
    for line in table.lines():
        fault = faults.get(line.number)
        if fault is not None:
            named = dict(zip(table.header, (*line.cells, *[""] * len(table.header)), strict=False))
            named.update(mends.get(line.number, {}))
            writer.writerow([*(named[c] for c in table.header), _why(fault, language)])
    return len(faults)


def _why(fault: Fault, language: str) -> str:
    return "; ".join(str(render(message, language)) for _, _, message in fault.errors)
