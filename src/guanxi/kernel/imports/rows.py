"""One chunk of an import: cells → values → references → create or update → `save`, with an outcome per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from guanxi.base.errors import Message, msg
from guanxi.base.text import nearest
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.fields.base import ParseError
from guanxi.kernel.fields.registry import TYPES
from guanxi.kernel.imports.mapping import ColumnMap, cell_of, importable
from guanxi.kernel.imports.plan import Handled, Plan, Prepared
from guanxi.kernel.imports.resolve import Unresolved, existing, keys_of, merged_keys, resolve
from guanxi.kernel.imports.similar import store
from guanxi.kernel.imports.state import Fault
from guanxi.kernel.imports.table import Line
from guanxi.kernel.records.shape import REFERENCES, targets_of
from guanxi.kernel.records.types import Change

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

FAULTS: dict[str, Message] = {
    "unfinished": msg("The file ends in the middle of this row."),
    "unreadable": msg("The quotation marks in this row do not match."),
    "too_long": msg("A cell in this row is longer than a million characters."),
    "too_many": msg("This row has more cells than there are columns."),
}
SHOWN = 2_000  # characters of a cell that are kept of a faulty row


def handle(work: Work, plan: Plan, lines: Sequence[Line], *, rehearse: bool) -> list[Handled]:
    """One chunk: cells → values → references → create or update → save with an outcome per row."""
    target = work.catalog.object(plan.target)
    fields = importable(work, target)
    read = _reader(plan)
    rows = [_prepare(plan, line, read) for line in lines]
    _resolve_references(work, target, fields, plan, rows, rehearse=rehearse)
    _decide(work, target, fields, plan, rows)
    return store(work, plan, rows, rehearse=rehearse)


Cells = tuple[str, ...]
Reader = Callable[[Cells], dict[str, Any]]


def _reader(plan: Plan) -> Reader:
    """From a row's cells to its raw values by field. Worked out once per chunk: most fields are a column as it is."""
    header, items = plan.table.header, plan.map.fields
    plain = [i for i in items if not i.template and i.column in header]
    other = [i for i in items if i.template or i.values or i.default or i.column not in header]
    if len({i.field for i in items}) < len(items):
        plain, other = [], list(items)
    names, places = [i.field for i in plain], [header.index(i.column) for i in plain]

    def read(cells: Cells) -> dict[str, Any]:
        values: dict[str, Any] = {name: cells[place] for name, place in zip(names, places, strict=True)}
        if other:
            named = dict(zip(header, cells, strict=True))
            for item in other:
                values[item.field] = cell_of(item, named)
        return values

    return read


def _prepare(plan: Plan, line: Line, read: Reader) -> Prepared:
    header, cells = plan.table.header, line.cells
    fault, missing = line.fault, len(header) - len(cells)
    if missing < 0:
        fault = fault or ("too_many" if any(cells[len(header) :]) else "")
        cells = cells[: len(header)]
    elif missing:
        cells = (*cells, *[""] * missing)
    if mends := plan.patches.get(line.number):
        cells = tuple(mends.get(name, cell) for name, cell in zip(header, cells, strict=True))
    row = Prepared(line, cells, {})
    if fault:
        row.errors.append(("", fault, FAULTS[fault]))
        return row
    row.values = read(cells)
    if plan.map.fixed:
        row.values.update({name: raw for name, raw in plan.map.fixed.items() if not row.values.get(name)})
    return row


def _resolve_references(
    work: Work, target: Object, fields: dict[str, Field], plan: Plan, rows: Sequence[Prepared], *, rehearse: bool
) -> None:
    items = {i.field: i for i in plan.map.fields}
    for name in (*items, *plan.map.fixed):
        field_ = fields[name]
        if field_.type not in REFERENCES:
            continue
        item = items.get(name) or ColumnMap(name)
        several = field_.type == "links"
        cells = [part for r in rows for part in _parts(r.values.get(name, ""), several)]
        known = resolve(work, field_, cells, item.match, plan.titles)
        self_made = target.name in targets_of(field_)
        for row in rows:
            parts = _parts(row.values.get(name, ""), several)
            found = [known.get(p) for p in parts]
            bad = next((f for f in found if isinstance(f, Unresolved)), None)
            if bad is None:
                row.values[name] = [str(f) for f in found] if several else (found[0] if found else "")
            elif self_made and bad.code == "unresolved" and not plan.last:
                _wait_for_row(plan, row, name, parts, rehearse, bad)
            else:
                row.errors.append((name, bad.code, bad.message))
                row.near = row.near or bad.near


def _parts(cell: Any, several: bool) -> list[str]:
    text = str(cell or "")
    return [p.strip() for p in text.replace("；", ";").split(";") if p.strip()] if several else [text] if text else []


def _wait_for_row(plan: Plan, row: Prepared, name: str, parts: Sequence[str], rehearse: bool, bad: Unresolved) -> None:
    """It points at a record that this very file may still bring."""
    if not rehearse:
        row.state = "deferred"
        row.errors.append((name, bad.code, bad.message))
    elif all(p in plan.promised for p in parts):
        row.values[name] = ""
    else:
        near = bad.near or nearest(parts[0], plan.promised) or ""
        row.errors.append((name, bad.code, bad.message))
        row.near = row.near or near


def _decide(work: Work, target: Object, fields: dict[str, Field], plan: Plan, rows: Sequence[Prepared]) -> None:
    """Create or update, by the key; a key that came before in the file is a duplicate."""
    known: dict[Any, int] = {}
    merged: dict[Any, int] = {}
    raws: dict[str, Any] = {}
    key = fields.get(plan.map.key)
    if key is not None:
        cells = {str(r.values[key.name]) for r in rows if r.values.get(key.name)}
        raws = {cell: stored(work, key, cell) for cell in cells}
        if not key.unique and plan.keys is None:
            plan.keys = keys_of(work, target, key)
        known = existing(work, target, key, [v for v in raws.values() if v is not None], plan.keys)
        missing = [v for v in raws.values() if v is not None and v not in known]
        merged = merged_keys(work, target, key, missing)
    for row in rows:
        ident = None
        if key is not None and (raw := row.values.get(key.name)):
            value = raws[str(raw)]
            if not plan.again and value is not None and _is_repeated(plan, value):
                row.state = "duplicate"
                row.errors = [(key.name, "duplicate", msg("This row's key came before in the file."))]
            ident = known.get(value)
            if ident is None and value in merged:  # the record is part of another by now, which keeps its own key
                ident = merged[value]
                del row.values[key.name]
        if row.errors:
            continue
        row.change = _change(plan, row, target.name, row.values, ident)


def _is_repeated(plan: Plan, value: Any) -> bool:
    mark = hash(value)
    if mark in plan.seen:
        return True
    plan.seen.add(mark)
    return False


def _change(plan: Plan, row: Prepared, name: str, values: dict[str, Any], ident: int | None) -> Change | None:
    if ident is None:
        if plan.map.mode == "update":
            row.errors.append((plan.map.key, "no_such", msg("No record has this key, and this import only updates.")))
            return None
        return Change("create", name, {k: v for k, v in values.items() if v or v not in ("", [])})
    if plan.map.mode == "create":
        row.state = "duplicate"
        row.errors.append((plan.map.key, "duplicate", msg("A record with this key is there already.")))
        return None
    kept = values if plan.map.empty == "clear" else {k: v for k, v in values.items() if v or v not in ("", [])}
    return Change("edit", name, kept, id=ident)


def errors_of(found: Handled) -> list[tuple[str, str, Message]]:
    """Why a row does not go in; empty if it does."""
    row, outcome = found
    if outcome is not None and outcome.errors:
        return [(e.field, e.code, e.message) for e in outcome.errors]
    return row.errors


def faults_in(found: Sequence[Handled]) -> list[Fault]:
    """What is kept of the rows that do not go in."""
    faults = []
    for handled in found:
        row, errors = handled[0], errors_of(handled)
        if errors:
            name, code, message = errors[0]
            near = row.near or str(message.params.get("near", ""))
            cells = tuple(c[:SHOWN] for c in row.cells)
            faults.append(Fault(row.line.number, code, name, cells, tuple(errors), near, row.state))
    return faults


def stored(work: Work, key: Field, raw: Any) -> Any:
    """The stored form of a key cell; None if it cannot be read."""
    try:
        return TYPES[key.type].parse(key, raw, work.env)[0]
    except ParseError:
        return None
