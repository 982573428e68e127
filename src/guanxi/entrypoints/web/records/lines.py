"""Lines of a document in its form: one grid per kind of line, read back as changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from guanxi.entrypoints.web.records.desk import Desk, is_writable
from guanxi.entrypoints.web.records.given import line_numbers, read_field, text_of
from guanxi.entrypoints.web.records.inputs import Input, default_raw, input_of
from guanxi.entrypoints.web.render import label
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.output import values_of
from guanxi.kernel.records.read import find, references
from guanxi.kernel.records.types import Change, Query, Row

MOST = 500
Raw = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a grid; `id` and `version` are empty for a new one."""

    number: str
    id: str
    version: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """All lines of one kind; `blank` is the pattern for a new one (number `__n__`)."""

    name: str
    label: str
    heads: tuple[Field, ...]
    rows: tuple[Line, ...]
    blank: Line


def columns(work: Work, line: Object) -> list[Field]:
    """Fields of a line as columns of the grid: what may be set, and the total that follows."""
    allowed = readable(work, line)
    names = line.quick or tuple(f.name for f in line.fields)
    names = (*names, *(n for n in line.columns if n not in names))
    return [allowed[n] for n in names if n in allowed and n != line.parent and not allowed[n].hidden]


def rows_of_document(work: Work, line: Object, document: int, limit: int = MOST) -> list[Row]:
    """The document's live lines, oldest first."""
    query = Query(line.name, where=f"{line.parent} = {document}", sort=("created_at", "id"), limit=limit)
    return find(work, query).rows


def grids(work: Work, target: Object, desk: Desk | None, given: Raw | None) -> list[Grid]:
    """The grids of a document's form."""
    made = []
    for name in target.lines:
        line = work.catalog.objects.get(name)
        if line is None or work.actor.rights.scope(name, "read") == "none":
            continue
        heads = columns(work, line)
        stored = rows_of_document(work, line, desk.id) if desk is not None else []
        known = references(work, line, stored, [f.name for f in heads])
        raws = (given or {}).get(name)
        if raws is None:
            raws = [values_of(work.catalog, line, row, [f.name for f in heads]) for row in stored]
        rows = tuple(_line(work, line, heads, str(n), raw, known) for n, raw in enumerate(raws))
        blank = {f.name: default_raw(work, f) for f in heads}
        made.append(Grid(name, label(line.plural), tuple(heads), rows, _line(work, line, heads, "__n__", blank, {})))
    return made


def _line(work: Work, line: Object, heads: list[Field], number: str, raw: Mapping[str, Any], known: Any) -> Line:
    inputs = []
    for field in heads:
        prefix = f"{line.name}.{number}.{field.name}"
        if is_writable(work, line, field):
            inputs.append(input_of(work, field, raw.get(field.name), known=known, name=prefix))
        else:
            value = raw.get(field.name)
            shown = value.get("amount") if isinstance(value, Mapping) else value
            inputs.append(Input(prefix, label(field.label), "readonly", shown=shown or ""))
    return Line(number, str(raw.get("id") or ""), str(raw.get("version") or ""), tuple(inputs))


def raw_of(form: FormData, work: Work, target: Object) -> Raw | None:
    """Lines as they were sent, to show them again."""
    found: Raw = {}
    for name in target.lines:
        line = work.catalog.objects.get(name)
        if line is None or not text_of(form, f"_lines_{name}"):
            continue
        found[name] = []
        for number in line_numbers(form, name):
            prefix = f"{name}.{number}."
            raw = {f.name: read_field(form, f, prefix + f.name) for f in columns(work, line)}
            if not text_of(form, prefix + "_gone"):
                found[name].append(
                    {**raw, "id": text_of(form, prefix + "id"), "version": text_of(form, prefix + "version")}
                )
    return found or None


def changes(form: FormData, work: Work, target: Object) -> dict[str, list[Change]]:
    """What happened to the lines: new ones, edited ones, removed ones; an empty new line is nothing."""
    found: dict[str, list[Change]] = {}
    for name in target.lines:
        line = work.catalog.objects.get(name)
        if line is None or not text_of(form, f"_lines_{name}"):
            continue
        fields = [f for f in columns(work, line) if is_writable(work, line, f)]
        kept = [_change(form, line, fields, n) for n in list(line_numbers(form, name))[:MOST]]
        found[name] = [c for c in kept if c is not None]
    return found


def _change(form: FormData, line: Object, fields: list[Field], number: int) -> Change | None:
    prefix = f"{line.name}.{number}."
    ident, version = text_of(form, prefix + "id"), text_of(form, prefix + "version")
    values = {f.name: read_field(form, f, prefix + f.name) for f in fields}
    if ident.isdecimal():
        if text_of(form, prefix + "_gone"):
            return Change("trash", line.name, id=int(ident))
        return Change("edit", line.name, values, int(ident), int(version) if version.isdecimal() else None)
    given = {n: v for n, v in values.items() if v not in (None, "", [], False)}
    told = {f.name for f in fields if f.default is None}
    return Change("create", line.name, given) if given.keys() & told else None
