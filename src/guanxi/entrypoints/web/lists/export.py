"""The list as a CSV file: what is filtered or picked, in the columns shown, sent while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from guanxi.base.errors import Forbidden, msg
from guanxi.entrypoints.web.lists import cells
from guanxi.entrypoints.web.lists.page import Asked, ask
from guanxi.entrypoints.web.lists.posted import ident, name_of
from guanxi.entrypoints.web.lists.state import read_state
from guanxi.entrypoints.web.session import Visit, address_of, visit
from guanxi.kernel.catalog.model import Field
from guanxi.kernel.records.export import note_export
from guanxi.kernel.records.read import ids_of, rows_of

SECONDS = 600.0
SIZE = 1_000
RISKY = ("=", "+", "-", "@", "\t", "\r")


def export_csv(request: Request) -> Response:
    """`/o/{object}/export.csv` with the parameters of a list, or `ids`."""
    me = visit(request)
    with me.space.read(me.user) as work:
        asked = ask(work, read_state(name_of(request), request.query_params), me.locale)
        if me.actor.rights.scope(asked.target.name, "export") == "none":
            raise Forbidden(msg("Your roles do not let you do this with {objects}.", objects=asked.target.plural))
        picked = [ident(i) for i in request.query_params.get("ids", "").split(",") if i]
        if picked:
            asked = replace(asked, narrowed=(), extra=f"id in [{', '.join(str(i) for i in picked[:1000])}]")
        fields = cells.columns_for(work, asked.target, asked.state.columns)
    headers = {"Content-Disposition": f'attachment; filename="{asked.target.name}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(
        _lines(me, asked, fields, address_of(request)), media_type="text/csv; charset=utf-8", headers=headers
    )


def _lines(me: Visit, asked: Asked, fields: list[Field], address: str) -> Iterator[str]:
    names, count = [f.name for f in fields], 0
    try:
        yield "\ufeff" + _written([["ID", *(f.label.in_(me.locale.language) for f in fields)]])
        with me.space.read(me.user, timeout=SECONDS) as work:
            for ids in ids_of(work, replace(asked.query(), verb="export"), SIZE):
                found = rows_of(work, asked.target.name, ids, names)
                rows = [found[i] for i in ids if i in found]
                count += len(rows)
                texts = cells.texts_of(work, asked.target, fields, rows, me.locale)
                yield _written([[str(r["id"]), *line] for r, line in zip(rows, texts, strict=True)])
    finally:  # also when the reader hung up: what was sent is gone
        note_export(me.space, me.user, asked.target.name, count, names, entry="form", address=address)


def _written(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([[_safe(cell) for cell in row] for row in rows])
    return out.getvalue()


def _safe(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe; numbers stay numbers."""
    risky = cell.startswith(RISKY) and not cell.lstrip("+-").replace(".", "").replace(",", "").isdigit()
    return f"'{cell}" if risky else cell
