"""Third step: faulty rows by kind, in a grid to mend them; one click for those alike; totals live at the foot."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, Message, NotFound, msg
from guanxi.entrypoints.web.imports.shared import address, loaded, run_of
from guanxi.entrypoints.web.posting import speaker, text_of
from guanxi.entrypoints.web.render import sentence
from guanxi.entrypoints.web.session import Visit, visit
from guanxi.entrypoints.web.shell import go, page, piece, see_other
from guanxi.kernel.catalog.model import Field, Object
from guanxi.kernel.imports import jobs, state
from guanxi.kernel.imports.mending import alike, columns_of, mend, replace_value, write_failed
from guanxi.kernel.imports.run import check
from guanxi.kernel.imports.state import Fault, Kind, Run

PAGE, ALIKE, OTHERS = 50, 6, 4
MAX_PASTE = 5_000
WORDS: Mapping[str, Message] = {
    "required": msg("{field} is missing"),
    "unknown_choice": msg("{field}: not one of the choices"),
    "unresolved": msg("{field}: not found"),
    "ambiguous": msg("{field}: several have this name"),
    "not_unique": msg("{field}: taken already"),
}
ROWS: Mapping[str, Message] = {
    "unfinished": msg("Cut-off rows"),
    "unreadable": msg("Quotation marks that do not match"),
    "too_long": msg("Cells that are too long"),
    "too_many": msg("Too many cells"),
    "no_such": msg("No record with this key"),
}
OTHER = msg("{field}: cannot be read")


@dataclass(frozen=True, slots=True)
class Line:
    """One faulty row in the grid."""

    row: int
    cells: tuple[str, ...]
    bad: frozenset[int]
    why: str
    state: str


def words_of(kind: Kind | Fault, target: Object) -> Message:
    """What is wrong with this kind of rows, in few words."""
    field = next((f for f in target.fields if f.name == kind.field), None)
    label = field.label if field is not None else kind.field
    found = ROWS.get(kind.code) or WORDS.get(kind.code, OTHER)
    return Message(found.text, {"field": label} if "{field}" in found.text else {})


def show_mending(request: Request, me: Visit, run: Run) -> Response:
    """The page of the third step."""
    query = request.query_params
    target = me.catalog.object(run.object)
    show = query.get("show", "")
    after = int(query.get("after", "0")) if query.get("after", "0").isdigit() else 0
    with me.space.read(me.user) as work:
        kinds = state.kinds_of(work.session, run.id)
        chosen = next((k for k in kinds if (k.code, k.field) == (query.get("code"), query.get("field"))), None)
        if show not in ("duplicate", "mended"):
            chosen = chosen or (kinds[0] if kinds else None)
            show = "open"
        code, field = (chosen.code, chosen.field) if chosen is not None and show == "open" else ("", "")
        faults = state.faults_of(work.session, run.id, code=code, field=field, state=show, after=after, limit=PAGE + 1)
        groups = alike(work.session, run, run.columns, code, field)[:ALIKE] if chosen and show == "open" else []
        mended = state.count_faults(work.session, run.id, "mended")
    context: dict[str, Any] = {
        "target": target, "run": run, "kinds": [(k, words_of(k, target)) for k in kinds], "chosen": chosen,
        "show": show, "groups": [g for g in groups if g.near], "others": [g for g in groups if not g.near],
        "columns": _columns(run, target, field), "lines": [_line(f, run, me) for f in faults[:PAGE]],
        "next": faults[PAGE - 1].row if len(faults) > PAGE else None, "after": after, "mended": mended,
        "choices": _choices(target, field),
    }  # fmt: skip
    return page(request, "imports/mending.html", me, active=run.object, **context)


def _choices(target: Object, name: str) -> list[Any]:
    field: Field | None = next((f for f in target.fields if f.name == name), None)
    return [c for c in field.options.get("choices", ()) if not c.retired] if field is not None else []


def _columns(run: Run, target: Object, field: str) -> list[int]:
    """Places of the columns that are shown: the title, the wrong one, then others that are mapped."""
    header = list(run.columns)
    wanted = [*columns_of(run.map, target.title), *columns_of(run.map, field)]
    wanted += [c for i in run.map.fields for c in columns_of(run.map, i.field)]
    places = [header.index(c) for c in dict.fromkeys(wanted) if c in header]
    return places[: OTHERS + 1]


def _line(fault: Fault, run: Run, me: Visit) -> Line:
    header = list(run.columns)
    names = {c for field, _, _ in fault.errors for c in columns_of(run.map, field)}
    bad = frozenset(header.index(c) for c in names if c in header)
    why = "; ".join(sentence(message, me.locale) for _, _, message in fault.errors)
    return Line(fault.row, fault.cells, bad, why, fault.state)


def replace_all(request: Request, me: Visit, form: FormData) -> Response:
    """Replaces one wrong cell by another in every row that has it."""
    field, value, by = text_of(form, "field"), text_of(form, "value"), text_of(form, "by")
    if not by:
        raise BadInput(msg("Say what it should be."))
    with me.space.write(me.user) as work:
        run = _open(request, me, work)
        rows = replace_value(work, run, field, value, by)
    note = speaker(me.locale)("“{value}” is now “{by}” in {n} rows", value=value, by=by, n=len(rows))
    return _again(request, me, run, rows, note)


def _open(request: Request, me: Visit, work: Any) -> Run:
    run = run_of(request, me, work)
    if run.state != "checked":
        raise BadInput(msg("This import cannot be mended now."))
    return run


def _again(request: Request, me: Visit, run: Run, rows: Sequence[int], note: str) -> Response:
    if len(rows) > jobs.AT_ONCE:
        with me.space.write(me.user) as work:
            jobs.start(work, run, "check", rows=rows)
        return go(address(run), request)
    if rows:
        check(me.space, run, rows=rows)
    query = request.url.query
    return see_other(address(run) + (f"?{query}" if query else ""), note=note)


def edit_cell(request: Request) -> Response:
    """The input for one cell."""
    me = visit(request)
    run = loaded(request, me)
    row, place = _place(request, run)
    with me.space.read(me.user) as work:
        fault = state.fault_of(work.session, run.id, row)
    value = fault.cells[place] if place < len(fault.cells) else ""
    return piece(request, "imports/cell_edit.html", me, value=value, column=run.columns[place])


def _place(request: Request, run: Run) -> tuple[int, int]:
    row, place = request.path_params["row"], request.path_params["place"]
    if not 0 <= place < len(run.columns):
        raise NotFound
    return row, place


def keep_cell(request: Request, me: Visit, form: FormData) -> Response:
    """Mends one cell and checks its row at once."""
    with me.space.write(me.user) as work:
        run = _open(request, me, work)
        row, place = _place(request, run)
        before = state.fault_of(work.session, run.id, row)
        column = run.columns[place]
        value = text_of(form, "value")
        changed = before.cells[place : place + 1] != (value,)
        if changed:
            mend(work, run, {row: {column: value}})
    if changed:
        check(me.space, run, rows=[row])
    with me.space.read(me.user) as work:
        line = _line(state.fault_of(work.session, run.id, row), run, me)
    good = line.state == "mended"
    said = speaker(me.locale)("Mended") if good else line.why
    detail = {"row": row, "why": said, "good": good, "changed": changed}
    return piece(request, "imports/cell.html", me, line=line, place=place, trigger={"gx:mended": detail})


class Pasted(msgspec.Struct):
    """A pasted block: row -> place of the column -> text."""

    cells: dict[int, dict[int, str]]


def paste(request: Request, me: Visit, form: FormData) -> Response:
    """Mends many cells at once."""
    try:
        block = msgspec.json.decode(text_of(form, "block"), type=Pasted, strict=False)
    except msgspec.MsgspecError as error:
        raise BadInput(msg("This block cannot be read.")) from error
    if len(block.cells) > MAX_PASTE:
        raise BadInput(msg("At most {n} rows can be pasted at once.", n=MAX_PASTE))
    with me.space.write(me.user) as work:
        run = _open(request, me, work)
        names = run.columns
        cells = {
            row: {names[p]: text.strip() for p, text in given.items() if 0 <= p < len(names)}
            for row, given in block.cells.items()
        }
        rows = mend(work, run, cells)
    check(me.space, run, rows=rows)
    return Response(status_code=204)


def show_totals(request: Request) -> Response:
    """The figures at the foot and at the left."""
    me = visit(request)
    with me.space.read(me.user) as work:
        run = run_of(request, me, work)
        kinds = state.kinds_of(work.session, run.id)
        mended = state.count_faults(work.session, run.id, "mended")
    target = me.catalog.object(run.object)
    shown = [(k, words_of(k, target)) for k in kinds]
    return piece(request, "imports/totals.html", me, run=run, kinds=shown, mended=mended, show="", chosen=None)


def download_failed(request: Request) -> Response:
    """The rows that did not go in, with why, as a file for a spreadsheet."""
    me = visit(request)
    run = loaded(request, me)
    out = io.StringIO(newline="")
    write_failed(me.space, run, out, me.locale.language)
    name = quote(run.name.rsplit(".", 1)[0] + "-" + speaker(me.locale)("faulty rows") + ".csv")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
