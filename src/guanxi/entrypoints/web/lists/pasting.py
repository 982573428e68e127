"""A block of cells pasted into a list: what would change is shown, then done as one operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guanxi.base.errors import BadInput, msg
from guanxi.entrypoints.web import render
from guanxi.entrypoints.web.lists.cells import is_editable
from guanxi.entrypoints.web.lists.page import target_for
from guanxi.entrypoints.web.lists.posted import came_from, ident, leave, name_of, posted, text_of
from guanxi.entrypoints.web.session import safe_path, visit
from guanxi.entrypoints.web.shell import piece
from guanxi.kernel.catalog.model import Object
from guanxi.kernel.records.filters import readable
from guanxi.kernel.records.types import Change
from guanxi.kernel.records.write import save

if TYPE_CHECKING:
    from guanxi.kernel.context import Work

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the block."""

    id: str
    version: str
    values: dict[str, str]


def read_lines(form: FormData) -> list[Line]:
    """The block as the page sends it."""
    try:
        return msgspec.json.decode(text_of(form, "changes"), type=list[Line])[:MOST_ROWS]
    except msgspec.MsgspecError as error:
        raise BadInput(msg("What was pasted could not be read.")) from error


def changes_of(work: Work, target: Object, lines: list[Line]) -> list[Change]:
    """Edits of the cells the caller may change in lists; others are refused by the kernel by name."""
    allowed = readable(work, target)
    changes = []
    for line in lines:
        values = {n: v for n, v in line.values.items() if n in allowed and is_editable(work, target, allowed[n])}
        version = int(line.version) if line.version.isdigit() else None
        changes.append(Change("edit", target.name, values, id=ident(line.id), version=version))
    return changes


def show(request: Request, form: FormData) -> Response:
    """The preview: the block under its column heads."""
    me, lines = visit(request), read_lines(form)
    with me.space.read(me.user) as work:
        target = target_for(work, name_of(request))
        allowed = readable(work, target)
        names = [n for n in dict.fromkeys(n for line in lines for n in line.values) if n in allowed]
        fields = [allowed[n] for n in names]
    rows = [[line.values.get(n, "") for n in names] for line in lines]
    return piece(request, "record/list_paste.html", me, target=target, fields=fields, rows=rows,
                 changes=text_of(form, "changes"), back=came_from(request, f"/o/{target.name}"))  # fmt: skip


def apply(request: Request, form: FormData) -> Response:
    """Does it: good rows are saved, refused ones told."""
    me, lines = visit(request), read_lines(form)
    with me.space.write(me.user, kind="paste") as work:
        target = target_for(work, name_of(request))
        saved = save(work, changes_of(work, target, lines), collect=True)
    failed = [o for o in saved.outcomes if o.errors]
    told: list[Any] = [msg("Changed {n} records.", n=len(saved.outcomes) - len(failed))]
    if failed:
        told += [msg("{n} could not be changed.", n=len(failed)), failed[0].errors[0].message]
    note = " ".join(render.sentence(one, me.locale) for one in told)
    undo = f"/operations/{saved.operation}/undo" if saved.operation else ""
    return leave(request, safe_path(text_of(form, "back")), note=note, undo=undo)


show_paste, apply_paste = posted(show), posted(apply)
