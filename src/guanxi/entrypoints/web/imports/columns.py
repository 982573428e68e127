"""Second step: which column becomes which field; what happens to records that are there; a record as it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, Message, msg
from guanxi.entrypoints.web.imports.shared import address, run_of, table_of, target_of
from guanxi.entrypoints.web.posting import text_of, ticked
from guanxi.entrypoints.web.session import Visit
from guanxi.entrypoints.web.shell import go, page, piece
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.context import Work
from guanxi.kernel.imports import jobs, state
from guanxi.kernel.imports.mapping import ColumnMap, FileMap, Similar, check_map, importable, remember, remembered
from guanxi.kernel.imports.preview import Look, looks, record_of, sample_of
from guanxi.kernel.imports.state import Run
from guanxi.kernel.imports.table import TableFile

KEYS = ("text", "email", "phone", "auto_number", "integer")
TREATMENT: Mapping[str, Message] = {
    "text": msg("Spaces at both ends are cut"),
    "long_text": msg("Kept with its line breaks"),
    "phone": msg("Written as +86 …"),
    "email": msg("Checked, in small letters"),
    "money": msg("“12万” and “¥1,200” are understood"),
    "integer": msg("Whole number"),
    "decimal": msg("Number"),
    "percent": msg("“12%” and “12” are the same"),
    "date": msg("2026/11/5, 5 Nov 2026 … are understood"),
    "datetime": msg("Date and time in your time zone"),
    "boolean": msg("Yes and no, 是 and 否, 1 and 0"),
    "choice": msg("By name in either language"),
    "multi_choice": msg("Several with ; between"),
    "tags": msg("Several with ; between"),
    "lookup": msg("Found by name or number"),
    "links": msg("Found by name, several with ; between"),
    "user": msg("Found by name or e-mail"),
    "team": msg("Found by name"),
    "address": msg("Province, city and district are recognised"),
}
SIMILAR = (
    ("create", msg("take it as new")),
    ("ask", msg("let me look at it")),
    ("update", msg("take it for that record")),
    ("skip", msg("leave it out")),
)
EXISTING: Mapping[str, tuple[str, str]] = {
    "update": ("upsert", "keep"),
    "replace": ("upsert", "clear"),
    "skip": ("create", "keep"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One column of the file on the page."""

    place: int
    look: Look
    field: str
    treatment: Message | None
    remembered: bool
    is_key: bool


def show_columns(request: Request, me: Visit, run: Run) -> Response:
    """The page of the second step."""
    return page(request, "imports/columns.html", me, active=run.object, **_context(request, me, run, 0))


def _context(request: Request, me: Visit, run: Run, row: int) -> dict[str, Any]:
    target, table = target_of(request, me), table_of(me, run)
    sample = sample_of(table)
    row = min(max(row, 0), len(sample) - 1)
    with me.space.read(me.user) as work:
        fields = importable(work, target)
        known = remembered(work, target)
        file_map = run.map
        lines = _lines(looks(work, run.object, table, sample, file_map), file_map, fields, known)
        shown = record_of(work, run.object, table, sample[row], file_map, me.locale) if sample else []
    used = {line.field for line in lines if line.field}
    missing = [f for f in fields.values() if f.required and f.default is None and f.name not in _mapped(file_map)]
    return {
        "target": target, "run": run, "table": table, "lines": lines, "fields": list(fields.values()),
        "keys": [f for f in fields.values() if f.name in used and f.type in KEYS and not f.encrypted],
        "map": file_map, "row": row, "rows": len(sample), "row_number": sample[row].number if sample else 0,
        "shown": shown, "missing": missing,
        "existing": next((n for n, v in EXISTING.items() if v == (file_map.mode, file_map.empty)), "update"),
        "matched": sum(1 for line in lines if line.field), "known": sum(1 for line in lines if line.remembered),
        "similar": SIMILAR if target.matching is not None else (),
        "doubtful": sum(1 for line in lines if line.look.bad),
    }  # fmt: skip


def _mapped(file_map: FileMap) -> set[str]:
    return {i.field for i in file_map.fields} | set(file_map.fixed)


def _lines(found: list[Look], file_map: FileMap, fields: Mapping[str, Field], known: Mapping[str, str]) -> list[Line]:
    by_column = {i.column: i.field for i in file_map.fields if i.column and not i.template}
    lines = []
    for place, look in enumerate(found):
        name = by_column.get(look.column, "")
        treatment = TREATMENT.get(fields[name].type) if name in fields else None
        is_known = bool(name) and known.get(look.column) == name
        lines.append(Line(place, look, name, treatment, is_known, bool(name) and name == file_map.key))
    return lines


def keep_columns(request: Request, me: Visit, form: FormData) -> Response:
    """Keeps the mapping; asked to go on it starts the check, else it shows what the change means."""
    target = target_of(request, me)
    with me.space.write(me.user) as work:
        run = run_of(request, me, work)
        table = table_of(me, run)
        state.set_map(work.session, run, _read(form, run, table))
        if text_of(form, "go"):
            _go_on(work, run, target, table, form)
    if text_of(form, "go"):
        return go(address(run), request)
    row = text_of(form, "row")
    context = _context(request, me, run, int(row) if row.lstrip("-").isdigit() else 0)
    return piece(request, "imports/columns_body.html", me, **context)


def _read(form: FormData, run: Run, table: TableFile) -> FileMap:
    """The mapping as the page has it; what it does not show (templates, replaced cells) stays."""
    before = {(i.column, i.field): i for i in run.map.fields if i.column}
    taken: set[str] = set()
    fields: list[ColumnMap] = [i for i in run.map.fields if i.template]
    for place, column in enumerate(table.header):
        name = text_of(form, f"field-{place}")
        if name and name not in taken:
            taken.add(name)
            fields.append(before.get((column, name)) or ColumnMap(name, column))
    mode, empty = EXISTING.get(text_of(form, "existing"), EXISTING["update"])
    key = text_of(form, "key")
    made = replace(run.map, fields=fields, columns=table.header, key=key if key in taken else "")
    similar = text_of(form, "similar")
    similar = similar if similar in get_args(Similar) else run.map.similar
    made = replace(made, similar=similar)  # type: ignore[arg-type]  # one of its words
    return replace(made, mode=mode if made.key else "upsert", empty=empty)  # type: ignore[arg-type]  # words of EXISTING


def _go_on(work: Work, run: Run, target: Object, table: TableFile, form: FormData) -> None:
    file_map = run.map
    if not file_map.fields:
        raise BadInput(msg("Choose a field for at least one column."))
    check_map(work, target, file_map, table.header)
    if ticked(form, "remember"):
        remember(work, target, file_map)
    jobs.start(work, run, "check")
